#!/usr/bin/env python
"""Plaque's command line: `manage.py help` lists what it can do."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError, connection


def main() -> None:
    """This will run one command; a wrong setting, or no database or tables, it says in words."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except (OperationalError, ProgrammingError):
        from webapp.readiness import is_migrated

        try:
            connection.ensure_connection()
        except OperationalError as error:
            sys.exit(f"The database (DATABASE_URL) does not answer; nothing was changed. {error}")
        if not is_migrated():
            sys.exit("The database is not migrated. Run `manage.py migrate`, then this again.")
        raise


if __name__ == "__main__":
    main()
