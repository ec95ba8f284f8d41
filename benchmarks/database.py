"""What the benchmarks of the web process share: a database of their own, and an empty view."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


@contextmanager
def own_database() -> Iterator[str]:
    """Django with a new database: SQLite in a new folder, or a test database of DATABASE_URL.

    Gives the kind of database.
    """
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "PLAQUE_DATA": folder,
            "PLAQUE_LOG_LEVEL": "CRITICAL",
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
        }
        warnings.filterwarnings("ignore", message="No directory at")
        import django

        django.setup()
        from django.db import connection
        from django.test.utils import setup_test_environment

        setup_test_environment()
        if connection.vendor == "sqlite":  # a database in memory would be no fair measure
            connection.settings_dict["TEST"] |= {"NAME": str(Path(folder) / "test.sqlite3")}
        connection.creation.create_test_db(verbosity=0)
        try:
            yield connection.vendor
        finally:
            connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)


def add_empty_view() -> None:
    """Serve /api/empty/ to whoever is signed in."""
    from django.http import HttpResponse
    from django.urls import path

    from webapp import access, urls

    urls.urlpatterns.append(path("api/empty/", lambda _: HttpResponse(), name="empty"))
    access.TABLE["empty"] = access.read(access.everywhere, access.SIGNED_IN)
