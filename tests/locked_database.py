"""A database that somebody else holds, for tests: nothing can be written until they let go."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection


@contextmanager
def impatient_database() -> Iterator[None]:
    """In here whoever waits for a lock gives up after 0.2 s; else the tests would wait for 20."""
    before = connection.settings_dict["OPTIONS"]
    is_sqlite = connection.vendor == "sqlite"
    soon = {"timeout": 0.2} if is_sqlite else {"options": "-c lock_timeout=200"}
    connection.settings_dict["OPTIONS"] = before | soon
    connection.close()
    try:
        yield
    finally:
        connection.settings_dict["OPTIONS"] = before
        connection.close()


@contextmanager
def locked_database(table: str) -> Iterator[None]:
    """Another connection holds this table; with SQLite it holds everything."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        file = sqlite3.connect(settings["NAME"], isolation_level=None)
        file.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            file.close()
        return
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST"}
    known = {word: settings[name] for word, name in names.items() if settings[name]}
    with psycopg.connect(**known, port=settings["PORT"] or 5432) as server:
        server.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        yield
        server.rollback()
