"""The worker's side: the Celery app, and the sweep that rings again for work that is due."""

import logging
import os
import threading
from typing import Any

from celery import Celery
from celery.signals import worker_ready
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

app = Celery("plaque")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

log = logging.getLogger(__name__)


@worker_ready.connect
def start_sweep(**_: Any) -> None:
    """This will look for due jobs now and every few seconds while the worker lives.

    A message can be lost and a worker can die; the job row stays. The thread runs beside the job
    in hand, so a dead worker's job is found although this worker is busy.
    """
    from django.db import close_old_connections
    from django.utils import timezone

    from segmentation.operations.jobs import ring_if_due

    def sweep() -> None:
        while True:
            close_old_connections()
            try:
                ring_if_due(now=timezone.now())
            except Exception:
                log.exception("The sweep for due jobs failed; it will try again.")
            pause.wait(settings.JOB_SWEEP_SECONDS)

    pause = threading.Event()
    threading.Thread(target=sweep, name="sweep", daemon=True).start()
