"""manage.py serve: prepare the data folder and serve Plaque in the foreground."""

import os
import socket
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from webapp.demonstration import demonstration_accounts, may_demonstrate

CONFIGURATION = Path(settings.ROOT) / "webapp" / "supervisord.conf"


class Command(BaseCommand):
    help = "Migrate, create the demonstration on the first start, then serve web and worker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--no-demonstration", action="store_true")

    def handle(self, *, host: str, port: int, no_demonstration: bool, **_: Any) -> None:
        refuse_taken_port(host, port)
        first = not demonstration_accounts()
        call_command("migrate", verbosity=0, interactive=False)
        restored = first and User.objects.exists()  # or an administrator was here before us
        if not no_demonstration and may_demonstrate() and not restored:
            if first:
                self.stdout.write("First start: making the demonstration (a few minutes)")
            call_command("make_demonstration", stdout=self.stdout)
        self.stdout.write(f"\nPlaque is at http://{host}:{port}/   (Ctrl-C ends it)")
        self.stdout.write(f"Its data are in {settings.DATA}\n")
        self.stdout.flush()
        supervise(host, port)


def refuse_taken_port(host: str, port: int) -> None:
    """This will raise CommandError when something else answers on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} is in use ({error.strerror}). Choose another one: PORT=8001 make run"
            ) from error


def supervise(host: str, port: int) -> None:
    """This will become the supervisor of web and worker; it never returns."""
    run = settings.DATA / "run"
    run.mkdir(exist_ok=True)
    programs = Path(sys.executable).parent
    os.environ |= {
        "PLAQUE_RUN": str(run),
        "PLAQUE_BIN": str(programs),
        "PLAQUE_BIND": f"{host}:{port}",
        "PLAQUE_DATA": str(settings.DATA),
        "PLAQUE_WORKERS": str(settings.WORKERS),
        "PYTHONWARNINGS": "ignore::UserWarning",
    }
    os.chdir(settings.ROOT)
    supervisord = str(programs / "supervisord")
    os.execv(supervisord, [supervisord, "--configuration", str(CONFIGURATION)])  # noqa: S606
