"""manage.py restore --from FILE: a backup into an empty set-up, compared before it is kept."""

from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.base import DeserializationError
from django.db import DatabaseError
from django.utils import timezone

from segmentation.refusals import Refusal
from webapp.restore import Comparison, NotEqual, restore_backup
from webapp.termination import cleaning_up_when_terminated


class Command(BaseCommand):
    help = (
        "Restore a backup into an empty database and an empty data folder, on SQLite or "
        "PostgreSQL whichever it was made on. All is read back and compared; if anything differs, "
        "nothing is kept. Everybody signs in again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="archive", type=Path, required=True)

    def handle(self, *, archive: Path, **_: Any) -> None:
        if not archive.is_file():
            raise CommandError(f"There is no file {archive}.")
        try:
            with cleaning_up_when_terminated():
                restored = restore_backup(archive=archive, now=timezone.now())
        except NotEqual as refusal:
            self.tell(refusal.comparisons)
            raise CommandError(refusal.message) from refusal
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        except (OSError, DatabaseError, DeserializationError, SuspiciousOperation) as error:
            raise CommandError(f"Nothing was kept of the backup: {error}") from error
        self.tell(restored.comparisons)
        for name in restored.manifest.missing:
            self.stderr.write(f"missing: {name} was missing already when the backup was made.")
        for name in restored.manifest.damaged:
            self.stderr.write(f"damaged: {name} was damaged already when the backup was made.")
        self.stdout.write(
            f"The backup of {restored.manifest.made_at} is restored. Everybody signs in again; "
            "second factors need the same PLAQUE_SECRET_KEY (or file secret-key) as before."
        )

    def tell(self, comparisons: Iterable[Comparison]) -> None:
        """This will print, for each kind of thing, what the backup has and what was read back."""
        for one in comparisons:
            self.stdout.write(
                f"{one.what:32} {one.archived.count:8} in the backup, {one.restored.count:8} "
                f"restored, {'equal' if one.equal else 'DIFFERENT'} ({one.restored.sha256[:12]})"
            )
