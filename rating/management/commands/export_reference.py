"""manage.py export_reference NAME --out DIR: write the bundle of a closed reference study."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from rating.export.reference import bundle_files
from rating.management.folder import refuse_filled, write
from rating.models import ReferenceStudy
from rating.operations.reference_masks import make_references_of
from rating.operations.reference_study import note
from segmentation.operations.audit import Act
from segmentation.refusals import Refusal


class Command(BaseCommand):
    help = "Make the references of a closed reference study, and write everything about it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the study's title, or its name in the address bar")
        parser.add_argument("--out", type=Path, required=True, help="a new or empty folder")
        parser.add_argument("--reason", default="", help="kept by the audit log")

    def handle(self, *, name: str, out: Path, reason: str = "", **_: Any) -> None:
        every = ReferenceStudy.objects.select_related("cohort").order_by("slug")
        found = every.filter(Q(slug=name) | Q(title=name))
        if not found:
            known = ", ".join(every.values_list("slug", flat=True))
            raise CommandError(f"There is no reference study {name}. There is: {known or 'none'}.")
        if len(found) > 1:
            slugs = ", ".join(study.slug for study in found)
            raise CommandError(f"Several studies are called {name}; choose one of {slugs}.")
        study = found[0]
        refuse_filled(out)
        now = timezone.now()
        try:
            for said in make_references_of(study=study, by=None, now=now):
                self.stdout.write(said)
            written = write(bundle_files(study=study), out)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        note(Act.STUDY_EXPORTED, study, by=None, now=now, why=reason)
        self.stdout.write(f"{written} files about {study.title} in {out}.")
