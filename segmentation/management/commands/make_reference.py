"""manage.py make_reference --cohort NAME --of NAME NAME ... --rule RULE: fuse delineations."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from segmentation.imaging.consensus import RULES
from segmentation.operations.comparison import cohort_named
from segmentation.operations.references import make_references
from segmentation.queries import database_now
from segmentation.refusals import Refusal


class Command(BaseCommand):
    help = "Make a reference of several delineators' masks, in every case that has them all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cohort", required=True, help="its title or short name")
        parser.add_argument("--of", nargs="+", required=True, help="origins or titles of masks")
        parser.add_argument("--rule", choices=RULES, required=True)

    def handle(self, *, cohort: str, of: list[str], rule: str, **_: Any) -> None:
        try:
            made = make_references(
                cohort=cohort_named(cohort),
                of=of,
                rule=rule,
                by=None,
                now=database_now(),
                say=self.stderr.write,
            )
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        title = made[0].title if made else "No reference"
        self.stdout.write(f"{title}: {len(made)} case{'' if len(made) == 1 else 's'}.")
