"""Taking cases in: all of a case or nothing of it, pseudonymised at the door."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from segmentation.imaging.nifti import TakenScan, mask_file, read_volume, take_in_mask, take_in_scan
from segmentation.models import BrainMask, Case, Cohort, Scan, Segmentation
from segmentation.operations.masks import NewMask, delete_files, store, store_mask
from segmentation.queries import visible_cases
from segmentation.refusals import Refusal

SEQUENCES = ("FLAIR", "T1", "T2")
MASKS = ("mask", "brainmask")
NIFTI_NAME = re.compile(r"(?P<stem>.+?)\.nii(\.gz)?$", re.IGNORECASE)
SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,19}")
MASK_ORIGINS = {
    "imported": "Imported mask",
    "delineation": "Imported delineation",
    "consensus": "Imported consensus",
}


class NoFlair(Refusal):
    """A case without a FLAIR scan."""


class TwoFilesForOneSequence(Refusal):
    """Two files claim to be the same sequence of one case."""


class AlreadyImported(Refusal):
    """The cohort has this FLAIR already."""


class InvalidSubject(Refusal):
    """The subject code is not a code."""


class InvalidTitle(Refusal):
    """The title cannot be used."""


class InvalidMaskOrigin(Refusal):
    """The stated origin of a mask is none that Plaque knows."""


@dataclass(frozen=True)
class NamedFile:
    """A file as somebody handed it in; only the last part of the name is ever used."""

    name: str
    content: bytes


@dataclass(frozen=True)
class ImportedCase:
    """What became of the files of one case."""

    case: Case
    taken: tuple[tuple[str, tuple[str, ...]], ...]  # sequence, names of emptied header fields
    ignored: tuple[str, ...]
    warnings: tuple[str, ...]


def role_of_file(name: str, *, alone: bool = False) -> str | None:
    """This will tell what a file is by its name: FLAIR, T1, T2, mask, brainmask or None.

    A NIfTI file that comes alone is the FLAIR, whatever it is called.
    """
    match = NIFTI_NAME.fullmatch(PurePath(name).name)
    if match is None:
        return None
    known = {role.lower(): role for role in (*SEQUENCES, *MASKS)}
    role = known.get(match["stem"].lower())
    return "FLAIR" if role is None and alone else role


def create_cohort(*, title: str, coordinators: Iterable[User] = ()) -> Cohort:
    """This will create a cohort and its coordinators; raises InvalidTitle."""
    slug = slugify(title)[:60]
    if not slug:
        raise InvalidTitle("A cohort's title needs at least one letter or digit.")
    if Cohort.objects.filter(slug=slug).exists():
        raise InvalidTitle(f"There is a cohort of nearly this title already ({slug}).")
    with transaction.atomic():
        cohort = Cohort.objects.create(title=title.strip()[:120], slug=slug)
        for user in coordinators:
            cohort.memberships.create(user=user, role="coordinator")
    return cohort


def import_case(
    *,
    cohort: Cohort,
    files: Sequence[NamedFile],
    now: datetime,
    subject: str = "",
    mask_origin: str = "imported",
    by: User | None = None,
) -> ImportedCase:
    """This will take in one case from its files, or refuse and leave nothing behind.

    Names say what the files are (`role_of_file`); unknown names are listed and ignored. The FLAIR
    is needed; masks must lie on its grid; an empty mask is taken with a warning. `subject` links
    time points of one person; without it the case gets a subject of its own. Raises NoFlair,
    TwoFilesForOneSequence, AlreadyImported, InvalidSubject, InvalidMaskOrigin, UnusableImage.
    """
    if subject and not SUBJECT.fullmatch(subject):
        raise InvalidSubject(
            "A subject code is up to 20 letters, digits and dashes, such as S0012. Use a "
            "pseudonym, never a name or a number that identifies the person.",
            fields={"subject": ["Up to 20 letters, digits and dashes."]},
        )
    if mask_origin not in MASK_ORIGINS:
        raise InvalidMaskOrigin(f"A mask's origin is one of {', '.join(MASK_ORIGINS)}.")
    parts, ignored = _sort_files(files)
    scans = {
        role: take_in_scan(parts[role].content, name=parts[role].name)
        for role in SEQUENCES
        if role in parts
    }
    flair = scans["FLAIR"]
    masks = {
        role: take_in_mask(parts[role].content, name=parts[role].name, scan=flair)
        for role in MASKS
        if role in parts
    }
    _refuse_duplicate(cohort, flair, by)
    written: list[Segmentation | Scan | BrainMask] = []
    try:
        with transaction.atomic():
            case = _new_case(cohort, subject, now)
            for sequence, scan in scans.items():
                row = _scan_row(case, sequence, scan)
                written.append(row)
                row.save(force_insert=True)
            like = read_volume(flair.original, name=parts["FLAIR"].name)
            if "mask" in masks:
                new = NewMask(
                    case=case,
                    origin=Segmentation.Origin(mask_origin),
                    title=MASK_ORIGINS[mask_origin],
                    mask=masks["mask"],
                    provenance={"inputs_sha256": {"FLAIR": flair.sha256}},
                )
                written.append(store_mask(new, like=like, now=now))
            if "brainmask" in masks:
                content = mask_file(masks["brainmask"], like=like)
                brain = BrainMask(
                    case=case, sha256=hashlib.sha256(content).hexdigest(), origin="imported"
                )
                written.append(brain)
                store(brain.mask, content)
                brain.save(force_insert=True)
    except BaseException:
        delete_files(*written)
        raise
    warnings = tuple(
        f"{parts[role].name} is empty: it marks no voxel."
        for role, m in masks.items()
        if not m.any()
    )
    return ImportedCase(
        case=case,
        taken=tuple((role, scan.removed) for role, scan in scans.items())
        + tuple((role, ()) for role in masks),
        ignored=ignored,
        warnings=warnings,
    )


def _sort_files(files: Sequence[NamedFile]) -> tuple[dict[str, NamedFile], tuple[str, ...]]:
    """The files by what they are, and the names of those that are nothing we know."""
    parts: dict[str, NamedFile] = {}
    ignored = []
    for file in files:
        role = role_of_file(file.name, alone=len(files) == 1)
        if role is None:
            ignored.append(PurePath(file.name).name)
        elif role in parts:
            raise TwoFilesForOneSequence(
                f"{PurePath(parts[role].name).name} and {PurePath(file.name).name} both claim to "
                f"be the {role} of one case. Nothing was stored; send one of them."
            )
        else:
            parts[role] = NamedFile(PurePath(file.name).name, file.content)
    if "FLAIR" not in parts:
        names = ", ".join(sorted(PurePath(file.name).name for file in files)) or "no file"
        raise NoFlair(
            f"A case needs a FLAIR scan, called FLAIR.nii.gz or FLAIR.nii; here is only: {names}. "
            "Nothing was stored; add the FLAIR and send the case again."
        )
    return parts, tuple(ignored)


def _refuse_duplicate(cohort: Cohort, flair: TakenScan, by: User | None) -> None:
    """This will refuse a FLAIR that the cohort has, naming its case to those who may see it."""
    there = Case.objects.filter(cohort=cohort, scans__sequence="FLAIR", scans__sha256=flair.sha256)
    known = there.first()
    if known is None:
        return
    may_see = by is None or visible_cases(by).filter(pk=known.pk).exists()
    raise AlreadyImported(
        f"This FLAIR is already in the cohort{f' as case {known.code}' if may_see else ''}. "
        "Nothing was stored."
    )


def _new_case(cohort: Cohort, subject: str, now: datetime) -> Case:
    """This will store a case under the next free code (C0001, C0002 ...)."""
    for _ in range(20):
        last = Case.objects.filter(code__regex=r"^C[0-9]+$").order_by("-pk").first()
        number = int(last.code[1:]) + 1 if last else 1
        try:
            with transaction.atomic():
                return Case.objects.create(
                    code=f"C{number:04d}",
                    subject=subject or f"S{number:04d}",
                    cohort=cohort,
                    imported_at=now,
                )
        except IntegrityError:  # another import took this number
            continue
    raise RuntimeError("no free case code after 20 tries")


def _scan_row(case: Case, sequence: str, scan: TakenScan) -> Scan:
    """This will write a scan's two files and return its row, not yet saved."""
    row = Scan(
        case=case,
        sequence=sequence,
        sha256=scan.sha256,
        original_sha256=hashlib.sha256(scan.original).hexdigest(),
        browser_sha256=hashlib.sha256(scan.browser).hexdigest(),
        removed=list(scan.removed),
        shape=list(scan.grid.shape),
        affine=scan.grid.affine.tolist(),
    )
    store(row.original, scan.original)
    store(row.browser, scan.browser)
    return row
