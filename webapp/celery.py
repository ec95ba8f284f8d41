"""The worker's side: the Celery app, and the sweep that rings again for work that is due."""

import logging
import os
import threading
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_ready
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

app = Celery("plaque")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

log = logging.getLogger(__name__)


@setup_logging.connect
def keep_logging(**_: Any) -> None:
    """This will keep Celery from setting up logs of its own; the settings' are used."""


@worker_ready.connect
def start_sweep(sender: Any, **_: Any) -> None:
    """This will say that the worker is there, look for due jobs and sweep, every few seconds.

    A message can be lost and a worker can die; the job row stays. The thread runs beside the job
    in hand, so a dead worker's job is found although this worker is busy.
    """
    import torch
    from django.db import OperationalError, close_old_connections

    from rating.operations.pairing import fill_drafts
    from segmentation.operations.files import sweep_drafts
    from segmentation.operations.jobs import ring_if_due, say_present
    from segmentation.queries import database_now

    def sweep() -> None:
        while True:
            close_old_connections()
            try:
                now = database_now()
                say_present(worker=sender.hostname, now=now, has_gpu=torch.cuda.is_available())
                ring_if_due(now=now)
                sweep_drafts(now=now)
                fill_drafts()
            except OperationalError:
                log.error("The database does not answer; the worker will try again.")  # noqa: TRY400
            except Exception:
                log.exception("The sweep failed; it will try again.")
            pause.wait(settings.JOB_SWEEP_SECONDS)

    pause = threading.Event()
    threading.Thread(target=sweep, name="sweep", daemon=True).start()
