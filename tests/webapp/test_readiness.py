"""`/ready/` says whether Plaque can do its work, and in plain words what is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from segmentation.models import Worker
from segmentation.operations.jobs import say_present
from webapp.readiness import what_is_missing

ASKING = """
import json, sys, django
django.setup()
from django.test import Client
client = Client(raise_request_exception=False, HTTP_HOST="localhost")
client.cookies["sessionid"] = "0123456789abcdef0123456789abcdef"
answers = [client.get(path) for path in sys.argv[1:]]
print(json.dumps([[a.status_code, a.headers["Content-Type"], a.content.decode()] for a in answers]))
"""


def ask_elsewhere(data: Path, *paths: str, **environment: str) -> list[list[Any]]:
    """Status, type and body of these addresses, answered by a Plaque with settings of its own."""
    own = {"PLAQUE_DATA": str(data), "DJANGO_SETTINGS_MODULE": "webapp.settings"}
    asked = subprocess.run(
        [sys.executable, "-c", ASKING, *paths],
        env=os.environ | own | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return json.loads(asked.stdout.splitlines()[-1])


def ready() -> tuple[int, list[str]]:
    answer = Client().get("/ready/")
    return answer.status_code, answer.content.decode().splitlines()


@pytest.fixture
def worker(db: None) -> Worker:
    say_present(worker="worker@here", now=timezone.now())
    return Worker.objects.get()


def test_ready_when_every_part_answers(worker: Worker) -> None:
    assert ready() == (200, ["ready"])


def test_a_worker_that_is_silent_for_long_is_none(worker: Worker) -> None:
    worker.seen_at -= timedelta(seconds=31)
    worker.save()
    assert ready() == (503, ["No worker was seen in the last 30 seconds."])
    worker.delete()
    assert ready() == (503, ["No worker was seen in the last 30 seconds."])


def test_a_worker_not_seen_for_a_day_is_forgotten(worker: Worker) -> None:
    say_present(worker="worker@there", now=timezone.now() + timedelta(hours=23))
    say_present(worker="worker@there", now=timezone.now() + timedelta(hours=25))
    assert [one.name for one in Worker.objects.all()] == ["worker@there"]


def test_a_missing_migration_is_named(worker: Worker) -> None:
    MigrationRecorder(connection).record_unapplied("segmentation", "0003_worker")
    assert ready() == (503, ["The database is not migrated: run manage.py migrate."])


@pytest.mark.parametrize("seconds", [-3, 3])
def test_clocks_that_differ_are_named(worker: Worker, seconds: float) -> None:
    here = timezone.now() + timedelta(seconds=seconds)
    (sentence,) = what_is_missing(now=here)
    assert "differ by more than 2 seconds" in sentence


def test_a_storage_that_cannot_be_written_is_named(
    worker: Worker, settings: LazySettings, tmp_path: Path
) -> None:
    (tmp_path / "in-the-way").touch()
    files = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path / "in-the-way"}}
    settings.STORAGES = {**settings.STORAGES, "default": files}
    assert ready() == (503, ["The file storage cannot be written."])


def test_asking_leaves_no_file(worker: Worker, tmp_path: Path) -> None:
    ready()
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


@pytest.mark.once
def test_database_and_broker_gone(tmp_path: Path) -> None:
    """Nothing of the connection is told: no host, no user, no password."""
    gone = {
        "DATABASE_URL": "postgres://someone:secret@127.0.0.1:1/plaque",
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
    }
    health, readiness = ask_elsewhere(tmp_path, "/health/", "/ready/", **gone)
    assert health[0] == 200
    status, _, body = readiness
    assert (status, body.splitlines()) == (
        503,
        [
            "The database does not answer.",
            "The broker does not answer.",
            "Nobody knows whether a worker runs: the database does not answer.",
        ],
    )


@pytest.mark.django_db
def test_nobody_waits_for_a_lock_for_ever() -> None:
    """A request that waits 20 s for another one is answered 503; its connection is free again."""
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout" if is_sqlite else "SHOW lock_timeout")
        assert cursor.fetchone() == ((20_000,) if is_sqlite else ("20s",))
