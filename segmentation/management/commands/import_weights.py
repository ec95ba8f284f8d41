"""manage.py import_weights METHOD FILE ...: take over weights that somebody else trained."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from segmentation.operations.parts import import_weights
from segmentation.refusals import Refusal


class Command(BaseCommand):
    help = "Install weights from Keras 2 (HDF5, save_weights) for a method. Nothing in them is run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("method")
        parser.add_argument("files", nargs="+", type=Path, help="several make an ensemble")
        parser.add_argument(
            "--head",
            choices=("relative", "published"),
            default="relative",
            help="of Li's networks: air is below a quarter of the tissue's peak, or below 70 on "
            "FLAIR and 30 on T1 as published, which holds for three scanners",
        )

    def handle(self, *, method: str, files: list[Path], head: str, **options: Any) -> None:
        try:
            count = import_weights(method=method, files=files, head=head)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{count} networks installed for {method}.")
