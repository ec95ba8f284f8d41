"""manage.py train --cohort NAME --folder FOLDER: train a network on the cases of cohorts."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from segmentation.management.progress import progress_lines
from segmentation.operations.comparison import cohort_named
from segmentation.operations.planning import Plan
from segmentation.operations.training import install_trained, train_on_cohorts
from segmentation.queries import database_now
from segmentation.refusals import Refusal


class Command(BaseCommand):
    help = (
        "Train a network. The same command goes on with a training that was stopped or killed. "
        "The folder keeps log.csv and best.safetensors."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cohort", action="append", required=True, help="title or short name")
        parser.add_argument("--folder", type=Path, required=True, help="what the training keeps")
        parser.add_argument("--preset", default="small", help="paper (a GPU), small or short")
        parser.add_argument("--reference", default="imported", help="a mask's origin or title")
        parser.add_argument("--validation", type=int, default=5, help="subjects of each cohort")
        parser.add_argument("--test", type=int, default=0, help="subjects of --test-from")
        parser.add_argument("--test-from", help="the one cohort that is tested on")
        parser.add_argument("--validation-case", action="append", default=[], metavar="CODE")
        parser.add_argument("--test-case", action="append", default=[], metavar="CODE")
        parser.add_argument("--start", type=Path, help="a checkpoint to begin from")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--epochs", type=int)
        parser.add_argument("--steps", type=int, help="per epoch")
        parser.add_argument("--size", type=int, help="of a crop, in pixels")
        parser.add_argument("--rate", type=float, help="the learning rate")
        parser.add_argument("--install", action="store_true", help="as a version of the method")

    def handle(self, *, cohort: list[str], folder: Path, **options: Any) -> None:
        names = ("preset", "reference", "validation", "test", "start", "seed", "epochs", "steps")
        plan = Plan(
            **{name: options[name] for name in (*names, "size", "rate")},
            test_from=options["test_from"],
            validation_cases=tuple(options["validation_case"]),
            test_cases=tuple(options["test_case"]),
        )
        try:
            cohorts = [cohort_named(one) for one in cohort]
            train_on_cohorts(
                cohorts=cohorts,
                plan=plan,
                folder=folder,
                progress=progress_lines(self.stdout),
                say=self.stdout.write,
            )
            if options["install"]:
                name = install_trained(
                    cohorts=cohorts, plan=plan, folder=folder, now=database_now()
                )
                self.stdout.write(f"Installed as {name}.")
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"Trained: {folder / 'best.safetensors'}")
