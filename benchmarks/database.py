"""What the benchmarks of the web process share: a database of their own, and an empty view."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def start_django(folder: str) -> None:
    """This will start Django with a data folder, quietly."""
    os.environ |= {
        "PLAQUE_DATA": folder,
        "PLAQUE_LOG_LEVEL": "CRITICAL",
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
    }
    warnings.filterwarnings("ignore", message="No directory at")
    import django

    django.setup()


@contextmanager
def own_database() -> Iterator[str]:
    """Django with a new database: SQLite in a new folder, or one made on DATABASE_URL's server.

    Gives the kind of database and its version.
    """
    with tempfile.TemporaryDirectory() as folder:
        start_django(folder)
        from django.db import connection
        from django.test.utils import setup_test_environment

        setup_test_environment()
        name = f"plaque_benchmark_{os.getpid()}"
        if connection.vendor == "sqlite":  # a database in memory would be no fair measure
            name = str(Path(folder) / "benchmark.sqlite3")
        connection.settings_dict["TEST"] |= {"NAME": name}
        with redirect_stdout(io.StringIO()):  # that the table of the cache is there already
            connection.creation.create_test_db(verbosity=0)
        try:
            number = ".".join(str(part) for part in connection.get_database_version())
            yield f"{connection.display_name} {number}"
        finally:
            connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)


def add_empty_view() -> None:
    """Serve /api/empty/ to whoever is signed in."""
    from django.http import HttpResponse
    from django.urls import path

    from webapp import access, urls

    urls.urlpatterns.append(path("api/empty/", lambda _: HttpResponse(), name="empty"))
    access.TABLE["empty"] = access.read(access.everywhere, access.SIGNED_IN)
