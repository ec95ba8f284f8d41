"""manage.py compare_methods --cohort NAME --reference NAME: `evaluate` against one reference."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Score the newest mask of every method against one reference; see evaluate for several."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cohort", required=True, help="its title or short name")
        parser.add_argument("--reference", required=True, help="a mask's origin or title")

    def handle(self, *, cohort: str, reference: str, **options: Any) -> None:
        told = {"stdout": self.stdout, "stderr": self.stderr}
        call_command("evaluate", cohort=cohort, references=[reference], **told)
