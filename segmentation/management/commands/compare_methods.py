"""manage.py compare_methods --cohort NAME --reference NAME: the paper's Table 4 for this cohort."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from segmentation.evaluation.comparison import LEAST_MM3, comparison_table
from segmentation.operations.comparison import cohort_named, compare_methods
from segmentation.refusals import Refusal


class Command(BaseCommand):
    help = "Score the newest mask of every method against a reference: mean (SD) over cases."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cohort", required=True, help="its title or short name")
        parser.add_argument("--reference", required=True, help="a mask's origin or title")

    def handle(self, *, cohort: str, reference: str, **options: Any) -> None:
        try:
            rows = compare_methods(cohort=cohort_named(cohort), reference=reference)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        if not rows:
            raise CommandError(
                "No method has made a mask of these cases yet. Start with: "
                "manage.py segment --method NAME --all --wait"
            )
        self.stdout.write(comparison_table(rows))
        self.stdout.write(
            f"\nMean (SD) over cases. Lesions under {LEAST_MM3} mm3 are removed from both masks."
        )
