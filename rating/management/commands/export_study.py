"""manage.py export_study NAME --out DIR: write the bundle of a closed study."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from rating.export import bundle_files
from rating.management.folder import refuse_filled, write
from rating.models import Study
from rating.operations.study import record_export
from segmentation.refusals import Refusal


class Command(BaseCommand):
    help = "Write everything about a closed study as plain files; the same data, the same bytes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the study's title, or its name in the address bar")
        parser.add_argument("--out", type=Path, required=True, help="a new or empty folder")
        parser.add_argument("--reason", default="", help="kept by the audit log")

    def handle(self, *, name: str, out: Path, reason: str = "", **_: Any) -> None:
        found = Study.objects.filter(Q(slug=name) | Q(title=name)).order_by("slug")
        if not found:
            known = ", ".join(Study.objects.order_by("slug").values_list("slug", flat=True))
            raise CommandError(f"There is no study {name}. There is: {known or 'none yet'}.")
        if len(found) > 1:
            slugs = ", ".join(study.slug for study in found)
            raise CommandError(f"Several studies are called {name}; choose one of {slugs}.")
        refuse_filled(out)
        try:
            files = bundle_files(study=found[0])
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        record_export(study=found[0], reason=reason, by=None, now=timezone.now())
        written = write(files, out)
        self.stdout.write(f"{written} files about {found[0].title} in {out}.")
