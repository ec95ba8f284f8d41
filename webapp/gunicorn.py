"""How gunicorn serves Plaque, under `manage.py serve` and in production alike."""

import ctypes
import gc
import signal
import sys
from typing import Any

from django.urls import get_resolver

from webapp.settings import LOGGING

workers = 2
threads = 4
timeout = 120
graceful_timeout = 10
control_socket_disable = True
logconfig_dict = LOGGING

PR_SET_PDEATHSIG = 1  # Linux, sys/prctl.h


def post_fork(server: Any, worker: Any) -> None:
    """A worker does not outlive a killed master, whose port it would hold. (Linux.)"""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def post_worker_init(worker: Any) -> None:
    """What is loaded now stays: looking through it for garbage would hold up every few requests."""
    get_resolver().url_patterns  # noqa: B018 - loads what answers requests
    gc.collect()
    gc.freeze()
