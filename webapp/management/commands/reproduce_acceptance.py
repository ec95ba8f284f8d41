"""manage.py reproduce_acceptance: the acceptance study of the paper with phantoms, side by side."""

import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from rating.export import bundle_files
from webapp.reproduction import CASES, Ticking, reproduce, told

FEWEST = 4
ELSEWHERE = ("DATABASE_URL", "PLAQUE_S3_BUCKET", "PLAQUE_PRODUCTION", "PLAQUE_CACHE_URL")


class Command(BaseCommand):
    help = (
        "Hold the paper's acceptance study again (53 small phantoms, two scripted raters, 106 "
        "presentations each) in a database of its own, which goes when it is told."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="chooses masks and marks")
        parser.add_argument("--cases", type=int, default=CASES, help="fewer, to try it")
        parser.add_argument(
            "--start",
            type=datetime.fromisoformat,
            help="let a clock tick from this time (2026-03-02T09:00+00:00), by a second whenever "
            "it is asked: the same seed and start give the same bundle, byte by byte",
        )
        parser.add_argument("--out", type=Path, help="a new folder for the bundle of the study")
        parser.add_argument("--here", action="store_true", help="in this database, which is empty")

    def handle(
        self,
        *,
        seed: int,
        cases: int,
        start: datetime | None = None,
        out: Path | None,
        here: bool,
        **_: Any,
    ) -> None:
        if start and start.tzinfo is None:
            start = start.replace(tzinfo=UTC)
        if cases < FEWEST:
            raise CommandError(f"{cases} cases are too few: the experts reject up to {FEWEST}.")
        if out and out.exists():
            raise CommandError(f"{out} is there already. Nothing was done; name a new folder.")
        if here:
            clock = Ticking(start) if start else timezone.now
            study = reproduce(seed=seed, cases=cases, clock=clock, say=self.stdout.write)
            self.stdout.write(f"\n{told(study)}")
            if out:
                _write(bundle_files(study=study), out)
            return
        with tempfile.TemporaryDirectory() as scratch:
            said = [f"--seed={seed}", f"--cases={cases}"]
            said += [f"--start={start.isoformat()}"] if start else []
            said += [f"--out={out.resolve()}"] if out else []
            for command in (["migrate", "-v0"], ["reproduce_acceptance", "--here", *said]):
                _manage(command, scratch)


def _manage(command: list[str], scratch: str) -> None:
    """Runs a command with a data folder of its own; raises CommandError when it fails."""
    kept = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    own = {"PLAQUE_DATA": scratch, "PYTHONWARNINGS": "ignore"}  # there are no static files in it
    manage = [sys.executable, str(settings.ROOT / "manage.py"), *command]
    ended = subprocess.run(manage, env=kept | own, check=False)  # noqa: S603  # our own commands
    if ended.returncode:
        raise CommandError(f"{command[0]} failed in the scratch database.")


def _write(files: Iterable[tuple[str, bytes]], folder: Path) -> None:
    for name, content in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
