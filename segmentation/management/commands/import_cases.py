"""manage.py import_cases PATH: take in a NIfTI file, a case folder or a tree of case folders."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from segmentation.description import InvalidManifest
from segmentation.description.sources import Sources, read_sources
from segmentation.models import Cohort
from segmentation.operations.cases import (
    MASK_ORIGINS,
    NIFTI_NAME,
    SEQUENCES,
    AlreadyImported,
    NamedFile,
    create_cohort,
    import_case,
    role_of_file,
    role_of_pair,
)
from segmentation.refusals import Refusal


class Command(BaseCommand):
    help = (
        "Import a NIfTI file (a FLAIR), a folder with FLAIR.nii.gz [T1, T2, mask, brainmask], or a "
        "tree of such folders. Each case is taken whole or not at all; running it again is safe."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--cohort", default="Cases", help="its title; made when new")
        parser.add_argument("--coordinator", help="user name of a new cohort's coordinator")
        parser.add_argument("--subject", default="", help="subject code, for a single case")
        parser.add_argument(
            "--manifest", type=Path, help="CSV file about the cases (default: PATH/manifest.csv)"
        )
        parser.add_argument("--mask-origin", choices=sorted(MASK_ORIGINS), default="imported")

    def handle(self, *, path: Path, cohort: str, **options: Any) -> None:
        found = list(case_files(path))
        if options["subject"] and len(found) != 1:
            raise CommandError("--subject is for a single case; here are several or none.")
        if not found:
            raise CommandError(f"{path}: no FLAIR.nii.gz and no NIfTI file was found there.")
        folder = path if path.is_dir() else path.parent
        sources = self.sources(options["manifest"], folder)
        cases = [printable(case_path(files, path).relative_to(folder)) for _, files in found]
        for note in sources.notes(cases):
            self.stdout.write(note)
        taken, known, refused = 0, 0, 0
        for (label, files), case in zip(found, cases, strict=True):
            try:
                with transaction.atomic():  # a new cohort goes with a refused first case
                    done = import_case(
                        cohort=self.cohort(cohort, options["coordinator"]),
                        files=[NamedFile(file.name, file.read_bytes()) for file in files],
                        subject=options["subject"] or sources.subject_of(case),
                        description=sources.description_of(case),
                        mask_origin=options["mask_origin"],
                        now=timezone.now(),
                    )
            except AlreadyImported as refusal:
                known += 1
                self.stdout.write(f"{label}: {refusal.message}")
            except (Refusal, OSError) as refusal:
                refused += 1
                self.stderr.write(f"{label}: refused. {refusal}")
            else:
                taken += 1
                parts = ", ".join(role for role, _ in done.taken)
                self.stdout.write(f"{label}: case {done.case.code} ({parts})")
                for role, removed in done.taken:
                    if removed:
                        self.stdout.write(f"  {role}: emptied header text {', '.join(removed)}")
                if done.described:
                    self.stdout.write(f"  described: {', '.join(done.described)}")
                for name in done.ignored:
                    self.stdout.write(f"  {printable(Path(name))}: unknown name, ignored")
                for warning in done.warnings:
                    self.stdout.write(f"  warning: {warning}")
        for name in stray_files(path):
            self.stdout.write(f"{name}: in no case folder, ignored")
        self.stdout.write(
            f"{taken} imported, {known} already there, {refused} refused, into {cohort}."
        )
        if taken and not done.case.cohort.memberships.exists():
            self.stdout.write(
                f"Nobody can see {cohort} yet: name its coordinator with --coordinator when it is "
                "new, or add its people under Administration."
            )
        if refused:
            raise CommandError(f"{refused} of {len(found)} cases were refused; see above.")

    def sources(self, manifest: Path | None, folder: Path) -> Sources:
        """What manifest and participants.tsv say about the cases in a folder."""
        try:
            return read_sources(
                manifest=text_of(manifest or folder / "manifest.csv", needed=manifest is not None),
                participants=text_of(folder / "participants.tsv"),
            )
        except InvalidManifest as refusal:
            for place, words in refusal.fields.items():
                self.stderr.write(f"manifest.csv, {place}: {' '.join(words)}")
            raise CommandError(refusal.message) from refusal

    def cohort(self, title: str, coordinator: str | None) -> Cohort:
        """The cohort of this title, made when there is none."""
        known = Cohort.objects.filter(slug=slugify(title)).first()
        if known is not None:
            return known
        try:
            people = [User.objects.get(username=coordinator)] if coordinator else []
        except User.DoesNotExist as error:
            raise CommandError(f"There is no account {coordinator}.") from error
        try:
            return create_cohort(title=title, coordinators=people)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal


def text_of(path: Path, *, needed: bool = False) -> str:
    """The text of a file; empty when it is not there and not needed."""
    if not needed and not path.is_file():
        return ""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read as UTF-8 text ({error}).") from error


def case_path(files: list[Path], path: Path) -> Path:
    """What stands for a case in a manifest: its folder, or the file when it came alone."""
    return path if path.is_file() else files[0].parent


def printable(path: Path) -> str:
    """A path as any terminal can show it."""
    return str(path).encode("utf-8", "replace").decode()


def case_files(path: Path) -> list[tuple[str, list[Path]]]:
    """This will list the cases at a path: their label and files. A folder is a case when it has a
    sequence by name (without a FLAIR it will be refused, not passed over); a folder given by itself
    is tried as a case when nothing below it is one."""
    if path.is_file():
        return [(printable(Path(path.name)), [path])]
    if not path.is_dir():
        raise CommandError(f"{path}: there is no such file or folder.")
    folders = [path, *sorted(folder for folder in path.rglob("*") if folder.is_dir())]
    cases = [
        (printable(folder.relative_to(path.parent)), files_in(folder))
        for folder in folders
        if any(is_sequence(file.name) for file in files_in(folder))
    ]
    if not cases and any(NIFTI_NAME.fullmatch(file.name) for file in files_in(path)):
        return [(printable(Path(path.name)), files_in(path))]
    return cases


def is_sequence(name: str) -> bool:
    """Whether a file is called like one of a case's sequences, in one file or in two."""
    return role_of_file(name) in SEQUENCES or role_of_pair(name) in SEQUENCES


def stray_files(path: Path) -> list[str]:
    """This will list the NIfTI files of a tree that lie in no case folder."""
    if not path.is_dir():
        return []
    in_cases = {file for _, files in case_files(path) for file in files}
    return [
        printable(file.relative_to(path))
        for file in sorted(path.rglob("*"))
        if file.is_file() and NIFTI_NAME.fullmatch(file.name) and file not in in_cases
    ]


def files_in(folder: Path) -> list[Path]:
    """The plain, visible files directly in a folder."""
    return sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith("."))
