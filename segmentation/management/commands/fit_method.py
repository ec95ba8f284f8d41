"""manage.py fit_method NAME --cohort NAME: learn a method's coefficients from a cohort."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from segmentation.operations.comparison import cohort_named
from segmentation.operations.fitting import fit_on_cohort
from segmentation.refusals import Refusal


class Command(BaseCommand):
    help = "Fit a method's coefficients on the cases of a cohort that have a reference."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("method")
        parser.add_argument("--cohort", required=True, help="its title or short name")
        parser.add_argument("--reference", default="imported", help="a mask's origin or title")
        parser.add_argument(
            "--leave-out", action="append", default=[], metavar="CODE", help="to measure on it"
        )
        parser.add_argument("--seed", type=int, default=1)

    def handle(
        self,
        *,
        method: str,
        cohort: str,
        reference: str,
        leave_out: list[str],
        seed: int,
        **options: Any,
    ) -> None:
        try:
            found = fit_on_cohort(
                method=method,
                cohort=cohort_named(cohort),
                reference=reference,
                seed=seed,
                leave_out=leave_out,
                say=self.stdout.write,
            )
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        for name, value in found.items():
            self.stdout.write(f"{name}: {value}")
