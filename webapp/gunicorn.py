"""How gunicorn serves Plaque, under `manage.py serve` and in production alike."""

from webapp.settings import LOGGING

workers = 2
threads = 4
timeout = 120
graceful_timeout = 10
control_socket_disable = True
logconfig_dict = LOGGING
