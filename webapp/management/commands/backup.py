"""manage.py backup --to FILE-or-FOLDER: everything in one archive, while Plaque runs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils import timezone

from webapp.backup import make_backup
from webapp.termination import cleaning_up_when_terminated


class Command(BaseCommand):
    help = (
        "Write database, files, the weights of methods and the state of trainings into one "
        "archive. Plaque may run meanwhile. The archive holds scans and accounts: keep it as safe "
        "as the database. PLAQUE_SECRET_KEY is not in it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", type=Path, required=True, help="a new file (.tar), or a folder")

    def handle(self, *, to: Path, **_: Any) -> None:
        now = timezone.now()
        target = to
        try:
            if to.suffix != ".tar" and not to.is_file():  # a folder, made if it is not there yet
                to.mkdir(parents=True, exist_ok=True)
                target = to / f"plaque-{now:%Y-%m-%dT%H-%M-%SZ}.tar"
            with cleaning_up_when_terminated():
                manifest = make_backup(to=target, now=now)
        except OSError as error:
            raise CommandError(f"No backup was made: {error}") from error
        except OperationalError as error:
            raise CommandError(
                "No backup was made, because the database does not answer or cannot note that one "
                f"is made ({str(error).strip()}). Give it room, or wait, and try again."
            ) from error
        rows = sum(digest.count for digest in manifest.rows.values())
        held = [f"{rows} rows", f"{len(manifest.files)} files"]
        held += [f"{len(files)} files of {folder}" for folder, files in manifest.folders.items()]
        self.stdout.write(f"{', '.join(held)} are in {target}.")
        for name in manifest.missing:
            self.stderr.write(f"missing: {name} is in the database, but there is no such file.")
        for name in manifest.damaged:
            self.stderr.write(f"damaged: {name} is not as it was stored; the backup has it as is.")
        if manifest.missing or manifest.damaged:
            raise CommandError("The backup was made, but files were missing or damaged; see above.")
