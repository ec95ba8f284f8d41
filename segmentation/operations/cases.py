"""Taking cases in: all of a case or nothing of it, pseudonymised at the door."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from numpy.typing import NDArray

from segmentation.description import Description, checked
from segmentation.description.bids import read_sidecar, sequence_of_sidecar
from segmentation.description.manifest import SUBJECT, SUBJECT_TAKES
from segmentation.imaging.nifti import TakenScan, mask_file, read_volume, take_in_mask, take_in_scan
from segmentation.models import BrainMask, Case, Cohort, LastCaseNumber, Scan, Segmentation
from segmentation.operations.audit import Act, record
from segmentation.operations.files import delete_files, keep, store
from segmentation.operations.masks import NewMask, store_mask
from segmentation.operations.members import record_cohort, record_member
from segmentation.queries import visible_cases
from segmentation.refusals import Refusal

Stored = Scan | Segmentation | BrainMask
SEQUENCES = ("FLAIR", "T1", "T2")
MASKS = ("mask", "brainmask")
AS_NONE = " and is left, as if the case had come without one"
SIDECARS = ("FLAIR sidecar", "T1 sidecar")
NIFTI_NAME = re.compile(r"(?P<stem>.+?)\.nii(\.gz)?$", re.IGNORECASE)
PAIR_NAME = re.compile(r"(?P<stem>.+?)\.(hdr|img)(\.gz)?$", re.IGNORECASE)
BIDS_STEM = re.compile(r"sub-[a-z0-9]+(?:_[a-z0-9]+-[a-z0-9]+)*_(flair|t1w|t2w)")
MASK_ORIGINS = {
    "imported": "Imported mask",
    "delineation": "Imported delineation",
    "consensus": "Imported consensus",
}


class NoFlair(Refusal):
    """A case without a FLAIR scan."""


class TwoFilesForOneSequence(Refusal):
    """Two files claim to be the same sequence of one case."""


class ImageInTwoFiles(Refusal):
    """A scan or mask came as .hdr and .img."""


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
    described: tuple[str, ...]  # names of the fields that are known of it
    ignored: tuple[str, ...]
    warnings: tuple[str, ...]


def role_of_file(name: str, *, alone: bool = False) -> str | None:
    """This will tell what a file is by its name: a sequence, a mask, one of SIDECARS or None.

    Names are those of a case folder (FLAIR.nii.gz) or of BIDS (sub-01_T1w.nii.gz). A NIfTI file
    that comes `alone` is the FLAIR, whatever it is called.
    """
    last = last_part(name)
    if sequence := sequence_of_sidecar(last):
        return f"{sequence} sidecar"
    match = NIFTI_NAME.fullmatch(last)
    if match is None:
        return None
    stem = match["stem"].lower()
    if bids := BIDS_STEM.fullmatch(stem):
        stem = bids[1].removesuffix("w")
    known = {role.lower(): role for role in (*SEQUENCES, *MASKS)}
    role = known.get(stem)
    return "FLAIR" if role is None and alone else role


def role_of_pair(name: str) -> str | None:
    """This will tell what a .hdr or .img would be if it were one file; None for other files."""
    match = PAIR_NAME.fullmatch(last_part(name))
    return role_of_file(f"{match['stem']}.nii") if match else None


def last_part(name: str) -> str:
    """The last part of a path as any system writes it."""
    return PurePath(name.replace("\\", "/")).name


def check_subject(subject: str) -> None:
    """This will raise InvalidSubject unless it is a code."""
    if not SUBJECT.fullmatch(subject):
        raise InvalidSubject(
            "A subject code is up to 20 letters, digits and dashes, such as S0012. Use a "
            "pseudonym, never a name or a number that identifies the person. Nothing was stored.",
            fields={"subject": [SUBJECT_TAKES]},
        )


def create_cohort(
    *,
    title: str,
    coordinators: Iterable[User] = (),
    by: User | None = None,
    now: datetime | None = None,
) -> Cohort:
    """This will create a cohort and its coordinators; raises InvalidTitle.

    `by` is None for a command; `now` is this moment where nobody says it.
    """
    now = now or timezone.now()
    slug = slugify(title)[:60]
    if not slug:
        raise InvalidTitle("A cohort's title needs at least one letter or digit.")
    if Cohort.objects.filter(slug=slug).exists():
        raise InvalidTitle(f"There is a cohort of nearly this title already ({slug}).")
    with transaction.atomic():
        cohort = Cohort.objects.create(title=title.strip()[:120], slug=slug)
        record_cohort(Act.COHORT_CREATED, cohort, by=by, now=now)
        for user in coordinators:
            own = cohort.memberships.create(user=user, role="coordinator")
            record_member(Act.MEMBER_ADDED, own, by=by, now=now)
    return cohort


def import_case(
    *,
    cohort: Cohort,
    files: Sequence[NamedFile],
    now: datetime,
    subject: str = "",
    mask_origin: str = "imported",
    description: Mapping[str, Any] | None = None,
    by: User | None = None,
) -> ImportedCase:
    """This will take in one case from its files, or refuse and leave nothing behind.

    Names say what the files are (`role_of_file`); unknown names are listed and ignored. The FLAIR
    is needed; masks must lie on its grid; an empty mask is taken with a warning, an empty brain
    mask left with one. `subject` links time points of one person; without it the case gets a
    subject of its own. `description` goes before what the FLAIR's sidecar says. Raises NoFlair,
    TwoFilesForOneSequence, ImageInTwoFiles, AlreadyImported, InvalidSubject, InvalidDescription,
    InvalidMaskOrigin, UnusableImage, UnusableSidecar, StorageFailed.
    """
    if subject:
        check_subject(subject)
    said = {name: value for name, value in checked(description or {}).items() if value is not None}
    if mask_origin not in MASK_ORIGINS:
        raise InvalidMaskOrigin(f"A mask's origin is one of {', '.join(MASK_ORIGINS)}.")
    sent = _read(files)
    _refuse_duplicate(cohort, sent.scans["FLAIR"], by)
    described = sent.description | said
    case = Case(cohort=cohort, subject=subject, imported_at=now, description=described)
    rows: list[Stored] = []
    try:
        _write(case, sent, Segmentation.Origin(mask_origin), now, rows)
        # The database is held only now: reading and writing files takes seconds.
        with transaction.atomic():
            _save(case, rows, flair=sent.scans["FLAIR"], by=by)
            record(Act.CASE_IMPORTED, by=by, now=now, what=f"case {case.code}", cohort=cohort.slug)
    except BaseException:
        delete_files(*rows)
        raise
    return ImportedCase(
        case=case,
        taken=tuple((role, scan.removed) for role, scan in sent.scans.items())
        + tuple((role, ()) for role in sent.masks),
        described=tuple(described),
        ignored=sent.ignored,
        warnings=sent.warnings,
    )


@dataclass(frozen=True)
class _Sent:
    """The files of a case, read and found usable."""

    parts: Mapping[str, NamedFile]
    scans: Mapping[str, TakenScan]
    masks: Mapping[str, NDArray[np.bool_]]
    description: Description
    ignored: tuple[str, ...]
    warnings: tuple[str, ...]


def _read(files: Sequence[NamedFile]) -> _Sent:
    """This will read the files of a case by what they are."""
    parts, ignored = _sort_files(files)
    scans = {
        role: take_in_scan(parts[role].content, name=parts[role].name)
        for role in SEQUENCES
        if role in parts
    }
    masks = {
        role: take_in_mask(parts[role].content, name=parts[role].name, scan=scans["FLAIR"])
        for role in MASKS
        if role in parts
    }
    warnings = [
        f"{parts[role].name} is empty: it marks no voxel{AS_NONE if role == 'brainmask' else ''}."
        for role, mask in masks.items()
        if not mask.any()
    ]
    if "brainmask" in masks and not masks["brainmask"].any():
        del masks["brainmask"]
    description: Description = {}
    for sidecar in (parts[role] for role in SIDECARS if role in parts):
        known, of_no_use = read_sidecar(sidecar.content, name=sidecar.name)
        description |= known
        warnings += [f"{sidecar.name}: its {name} is of no use and was left." for name in of_no_use]
    return _Sent(parts, scans, masks, description, ignored, tuple(warnings))


def _sort_files(files: Sequence[NamedFile]) -> tuple[dict[str, NamedFile], tuple[str, ...]]:
    """The files by what they are, and the names of those that are nothing we know."""
    parts: dict[str, NamedFile] = {}
    ignored = []
    alone = sum(NIFTI_NAME.fullmatch(last_part(file.name)) is not None for file in files) == 1
    for file in files:
        role = role_of_file(file.name, alone=alone)
        if role is None:
            ignored.append(last_part(file.name))
        elif role in parts:
            raise TwoFilesForOneSequence(
                f"{last_part(parts[role].name)} and {last_part(file.name)} both claim to "
                f"be the {role} of one case. Nothing was stored; send one of them."
            )
        else:
            parts[role] = NamedFile(last_part(file.name), file.content)
    _refuse_pair([last_part(file.name) for file in files], is_case="FLAIR" in parts)
    if "FLAIR" not in parts:
        names = ", ".join(sorted(last_part(file.name) for file in files)) or "no file"
        raise NoFlair(
            f"A case needs a FLAIR scan, called FLAIR.nii.gz or FLAIR.nii; here is only: {names}. "
            "Nothing was stored; add the FLAIR and send the case again."
        )
    return parts, tuple(ignored)


def _refuse_pair(names: Sequence[str], *, is_case: bool) -> None:
    """This will refuse an image in two files that is needed, or whose name says what it is."""
    for name in names:
        match = PAIR_NAME.fullmatch(name)
        if match and (role_of_pair(name) or not is_case):
            pair = sorted(other for other in names if other.startswith(f"{match['stem']}."))
            raise ImageInTwoFiles(
                f"{' and '.join(pair)}: an image in two files (.hdr and .img) is not taken. "
                f"Nothing was stored; convert it to {match['stem']}.nii.gz and send the case again."
            )


def _write(
    case: Case, sent: _Sent, mask_origin: Segmentation.Origin, now: datetime, rows: list[Stored]
) -> None:
    """This will write the files of a case and add their rows, not yet saved, to `rows`.

    `rows` also holds whatever was written when this fails.
    """
    for sequence, scan in sent.scans.items():
        rows.append(row := Scan(case=case, sequence=sequence))
        row.sent_sha256 = hashlib.sha256(sent.parts[sequence].content).hexdigest()
        row.sha256 = scan.sha256
        row.removed = list(scan.removed)
        row.shape = list(scan.grid.shape)
        row.affine = scan.grid.affine.tolist()
        row.original_sha256 = store(row.original, scan.original)
        row.browser_sha256 = store(row.browser, scan.browser)
    flair = sent.scans["FLAIR"]
    like = read_volume(flair.original, name=sent.parts["FLAIR"].name)
    if "mask" in sent.masks:
        new = NewMask(
            case=case,
            origin=mask_origin,
            title=MASK_ORIGINS[mask_origin],
            mask=sent.masks["mask"],
            provenance={"inputs_sha256": {"FLAIR": flair.sha256}},
        )
        rows.append(store_mask(new, like=like, now=now, commit=False))
    if "brainmask" in sent.masks:
        rows.append(brain := BrainMask(case=case, origin=BrainMask.IMPORTED))
        brain.sha256 = store(brain.mask, mask_file(sent.masks["brainmask"], like=like))


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


def _save(
    case: Case,
    rows: Sequence[Stored],
    *,
    flair: TakenScan,
    by: User | None,
) -> None:
    """This will save a case under the next free code, with its rows.

    The last number is locked meanwhile, so that the same scan sent twice at once is taken once.
    """
    newest = Case.objects.filter(code__regex=r"^C[0-9]+$").order_by("-pk").first()
    LastCaseNumber.objects.get_or_create(
        pk=1, defaults={"number": int(newest.code[1:]) if newest else 0}
    )
    last = LastCaseNumber.objects.select_for_update().get(pk=1)
    _refuse_duplicate(case.cohort, flair, by)
    last.number += 1
    last.save()
    case.code = f"C{last.number:04d}"
    case.subject = case.subject or f"S{last.number:04d}"
    case.save(force_insert=True)
    for row in rows:
        row.save(force_insert=True)
    keep(*rows)
