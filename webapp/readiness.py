"""What Plaque needs to do its work, asked now: database, storage, broker, a worker.

A sentence about a part that is missing says what to look at, and holds nothing of it: no address,
no path, no message of an error. Whoever operates Plaque finds these in the log.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

from celery import current_app
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from segmentation.queries import database_now, is_worker_there

log = logging.getLogger(__name__)
CLOCKS_APART_SECONDS = 2
PROBE = b"Plaque writes this to see whether it can.\n" * 100


def what_is_missing(*, now: datetime) -> list[str]:
    """This will return a sentence for each part that does not do its work; empty when all do."""
    parts: tuple[tuple[Callable[[datetime], str | None], str], ...] = (
        (_database, "The database does not answer."),
        (_storage, "The file storage cannot be written."),
        (_broker, "The broker does not answer."),
        (_worker, "Nobody knows whether a worker runs: the database does not answer."),
    )
    return [sentence for ask, otherwise in parts if (sentence := _ask(ask, otherwise, now))]


def _ask(ask: Callable[[datetime], str | None], otherwise: str, now: datetime) -> str | None:
    try:
        return ask(now)
    except Exception:
        log.warning("Not ready: %s", otherwise, exc_info=True)
        return otherwise


def _database(now: datetime) -> str | None:
    asked_at = time.monotonic()
    if not is_migrated():
        return "The database is not migrated: run manage.py migrate."
    here = now + timedelta(seconds=time.monotonic() - asked_at)
    if abs((here - database_now()).total_seconds()) > CLOCKS_APART_SECONDS:
        return (
            f"The clocks of this machine and of the database differ by more than "
            f"{CLOCKS_APART_SECONDS} seconds: let both keep the time by NTP."
        )
    return None


def is_migrated() -> bool:
    """Whether the database has every table and column of this version; it must answer."""
    return _migrations() <= set(MigrationRecorder(connection).applied_migrations())


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    """App and name of every migration that this version of Plaque comes with."""
    return frozenset(MigrationLoader(None).disk_migrations)


def _storage(_: datetime) -> None:
    default_storage.delete(default_storage.save("ready", ContentFile(PROBE)))


def _broker(_: datetime) -> str | None:
    if settings.CELERY_BROKER_URL.startswith("filesystem://"):
        folder = str(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_out"])
        return None if os.access(folder, os.W_OK) else "The broker's folder cannot be written."
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=settings.CELERY_BROKER_CONNECTION_TIMEOUT)
        broker.default_channel  # noqa: B018  # Redis is asked only here
    return None


def _worker(_: datetime) -> str | None:
    if is_worker_there(now=database_now()):
        return None
    return f"No worker was seen in the last {settings.WORKER_SEEN_SECONDS} seconds."
