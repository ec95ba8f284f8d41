"""manage.py fit_on_phantoms: small parts of every method, so that each can be tried."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from segmentation.operations.fitting import fit_on_phantoms
from segmentation.refusals import Refusal


class Command(BaseCommand):
    help = "Make small weights and coefficients of every method from phantoms, to try them with."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("methods", nargs="*", help="only these; all when none is named")
        parser.add_argument("--again", action="store_true", help="also replace what is there")

    def handle(self, *, methods: list[str], again: bool, **options: Any) -> None:
        try:
            outcome = fit_on_phantoms(only=methods, again=again, say=self.stdout.write)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"Made: {', '.join(outcome.made) or 'nothing'}.")
        if outcome.failed:
            raise CommandError(
                "\n".join(f"{name} failed: {why}" for name, why in outcome.failed.items())
            )
