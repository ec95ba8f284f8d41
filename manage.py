#!/usr/bin/env python
"""Plaque's command line: `manage.py help` lists what it can do."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError, connection


def main() -> None:
    """This will run one command; without its database or with a wrong setting it says so."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except OperationalError:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            sys.exit(f"The database (DATABASE_URL) does not answer; nothing was changed. {error}")
        raise


if __name__ == "__main__":
    main()
