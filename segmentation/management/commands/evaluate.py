"""manage.py evaluate --cohort NAME --references NAME ...: the paper's Table 4 for this cohort."""

from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from segmentation.evaluation.comparison import LEAST_MM3
from segmentation.evaluation.findings import lay_out, table_4_text
from segmentation.evaluation.lesion_matching import ONE_VOXEL, PROFILES
from segmentation.operations.comparison import cohort_named
from segmentation.operations.evaluating import Comparing, facts_of, masks_of, prepare, records_of
from segmentation.operations.evaluation_files import bundle_files
from segmentation.refusals import Refusal


class Command(BaseCommand):
    help = (
        "Score the newest mask of every method against references: mean over the references of a "
        "case, then mean (SD) over cases."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cohort", required=True, help="its title or short name")
        parser.add_argument(
            "--references", nargs="+", required=True, help="origins or titles of masks"
        )
        parser.add_argument("--methods", nargs="*", default=[], help="all that made a mask")
        parser.add_argument("--min-volume-mm3", type=float, default=LEAST_MM3)
        parser.add_argument("--profile", choices=PROFILES, default=ONE_VOXEL.name)
        parser.add_argument("--out", type=Path, help="a new or empty folder for the bundle")

    def handle(self, *, cohort: str, out: Path | None = None, **options: Any) -> None:
        if out and out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise CommandError(f"{out} is not empty. Nothing was written; choose a new folder.")
        try:
            comparing = Comparing(
                cohort=cohort_named(cohort),
                references=options["references"],
                methods=options["methods"],
                min_volume_mm3=options["min_volume_mm3"],
                profile=options["profile"],
            )
            prepared = prepare(comparing, by=None)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        records = list(records_of(prepared, progress=self.tell))
        findings = lay_out(records, facts_of(prepared, by=None), prepared.asked)
        self.stdout.write(table_4_text(records, prepared.asked.methods))
        for text in ("", *findings.methods, ""):
            self.stdout.write(text)
        for record in records:
            for name, why in record.missing.items():
                title = prepared.asked.methods.get(name, name)
                self.stdout.write(f"{record.case} is without {title}: {why}")
        if out:
            files = bundle_files(
                title=f"Evaluation of {comparing.cohort}",
                findings=findings,
                records=records,
                pictures={},
                asked=prepared.asked,
                masks=masks_of(prepared),
            )
            self.write(files, out)

    def tell(self, done: float, stage: str) -> None:
        """This will show progress on the terminal, apart from the table."""
        self.stderr.write(f"{done:4.0%} {stage}", ending="\r" if self.stderr.isatty() else "\n")

    def write(self, files: Iterable[tuple[str, bytes]], out: Path) -> None:
        """This will write the bundle; raises CommandError when the folder cannot be written."""
        written = 0
        try:
            for path, content in files:
                (out / path).parent.mkdir(parents=True, exist_ok=True)
                (out / path).write_bytes(content)
                written += 1
        except OSError as error:
            raise CommandError(
                f"{out} cannot be written ({error}). Choose another folder."
            ) from error
        self.stdout.write(f"{written} files in {out}.")
