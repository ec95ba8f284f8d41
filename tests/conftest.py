"""What every test gets: a data folder of its own, and real scans where there are some."""

from __future__ import annotations

import importlib
import os
import shutil
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker, Settings

SCANS = os.environ.get("PLAQUE_TEST_SCANS")
REDIS_SERVER = shutil.which("redis-server")
audit_log = importlib.import_module("segmentation.migrations.0002_audit_log")
figures: list[str] = []  # what a test measured and the summary shall say
counted = {"ran": 0}
deselected = {"real_scans": 0, "redis_server": 0}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs real scans or a program that is not here; the summary says so."""
    for marker, is_here in (("real_scans", bool(SCANS)), ("redis_server", bool(REDIS_SERVER))):
        if is_here:
            continue
        without = [item for item in items if item.get_closest_marker(marker)]
        deselected[marker] = len(without)
        items[:] = [item for item in items if item not in without]
        config.hook.pytest_deselected(items=without)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count the tests that ran on real scans."""
    if report.when == "call" and "real_scans" in report.keywords:
        counted["ran"] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what ran on real scans and on which database and broker."""
    from django.conf import settings

    terminalreporter.section("what the tests ran on")
    if SCANS:
        terminalreporter.write_line(f"Real scans: {counted['ran']} tests ran on {SCANS}")
    else:
        without = deselected["real_scans"]
        terminalreporter.write_line(
            f"Real scans: PLAQUE_TEST_SCANS is not set, {without} tests did not run"
        )
    if not REDIS_SERVER:
        without = deselected["redis_server"]
        terminalreporter.write_line(f"NOT TESTED without redis-server: {without} tests did not run")
    for line in figures:
        terminalreporter.write_line(line)
    engine = settings.DATABASES["default"]["ENGINE"].rsplit(".", 1)[-1]
    broker = settings.CELERY_BROKER_URL.split(":", 1)[0]
    terminalreporter.write_line(f"Database: {engine}. Broker: {broker}.")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """SQLite in a file, as served: in memory, threads would not wait for each other's locks."""
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(
            Path(os.environ["PLAQUE_DATA"], "tests.sqlite3")
        )


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Let tests empty the database between them, the audit log too; on PostgreSQL by DELETE.

    Django truncates there, which takes seconds with as many tables and indices as there are.
    """
    from django.db import connection

    if connection.vendor == "sqlite":
        with django_db_blocker.unblock():
            audit_log.unprotect(connection, "DELETE")
    else:
        connection.ops.sql_flush = deleting


def deleting(_: object, tables: list[str], **__: object) -> list[str]:
    """The SQL that empties these tables on PostgreSQL, foreign keys and triggers unasked."""
    return [
        "SET session_replication_role = replica",
        *(f'DELETE FROM "{table}"' for table in tables),  # noqa: S608  # names of our own
        "SET session_replication_role = origin",
    ]


@pytest.fixture(scope="session")
def real_scans() -> Path:
    """The folder with real scans."""
    assert SCANS, "tests that need real scans carry the marker real_scans"
    return Path(SCANS).resolve()


@pytest.fixture(autouse=True)
def own_settings(settings: Settings, tmp_path: Path) -> None:
    """Stored files of one test are its own; passwords are hashed quickly."""
    files = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path / "files", "base_url": None},
    }
    settings.STORAGES = {**settings.STORAGES, "default": files}
    settings.METHODS = tmp_path / "methods"
    settings.TRAININGS = tmp_path / "trainings"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.WHITENOISE_AUTOREFRESH = True  # looked for when asked: a test makes many clients
