"""manage.py calibrate --method NAME --cohort NAME: choose a method's threshold on own cases."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from segmentation.management.progress import progress_lines
from segmentation.models import Training
from segmentation.operations.comparison import cohort_named
from segmentation.operations.planning import MEASURES, THRESHOLD_ONLY
from segmentation.operations.running import run_job
from segmentation.operations.training_jobs import Request, request_training
from segmentation.queries import database_now, training_in_full
from segmentation.refusals import Refusal


class Command(BaseCommand):
    help = (
        "Choose the threshold of a U-Net, or of a version of one, by cases with a reference. It "
        "becomes a new version with the same weights; no other version changes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--method", default="slim-unet", help="a method or version")
        parser.add_argument("--cohort", action="append", required=True, help="title or short name")
        parser.add_argument("--reference", default="imported", help="a mask's origin or title")
        parser.add_argument("--measure", choices=MEASURES, default="DSC", help="what is best")
        parser.add_argument("--title", default="own threshold", help="of the version")

    def handle(self, *, method: str, cohort: list[str], **options: Any) -> None:
        try:
            training = request_training(
                Request(
                    title=options["title"],
                    cohorts=[cohort_named(one) for one in cohort],
                    preset=THRESHOLD_ONLY,
                    start=method,
                    reference=options["reference"],
                    measure=options["measure"],
                ),
                by=None,
                now=database_now(),
            )
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        run_job(training, clock=database_now, progress=progress_lines(self.stdout))
        self.tell(training_in_full(training.pk))

    def tell(self, training: Training) -> None:
        """This will print the curve and the version; raises CommandError when there is none."""
        if training.state != Training.State.SUCCEEDED:
            raise CommandError(training.reason or f"The calibration was {training.state}.")
        self.stdout.write("threshold  mean DSC  mean lesion F1")
        for row in training.log:
            dsc, f1 = (
                "undefined" if row[name] is None else f"{row[name]:.3f}"
                for name in ("dsc", "lesion_f1")
            )
            self.stdout.write(f"{row['threshold']:9.2f}  {dsc:>8}  {f1:>14}")
        version = training.version
        self.stdout.write(f"Chosen: {version.threshold:g}. It is now {version.name}.")
