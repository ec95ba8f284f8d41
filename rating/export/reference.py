"""What a reference study gives out: the dots of a case, and when it is closed, the whole of it.

The same data give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Any

import numpy as np

from rating.dots.dot_mask import dot_mask
from rating.export.study import Table, about, audit_rows, meanings, utc
from rating.models import (
    Candidate,
    CandidateOrigin,
    Delineation,
    Dot,
    DotDecision,
    ReferenceCase,
    ReferenceStudy,
)
from rating.queries import reference as queries
from segmentation.imaging.nifti import label_file
from segmentation.models import AuditEntry, Scan
from segmentation.operations.mask_files import COLUMNS, MaskFile, mask_files
from segmentation.operations.voxels import scans_of
from segmentation.publication.archive import json_file, with_manifest, zipped
from segmentation.refusals import Refusal
from segmentation.spreadsheets import csv_file


class NoDotsYet(Refusal):
    """The dots of a case do not exist yet."""


# --- The dots of a case ---------------------------------------------------------------------------


def dot_mask_file(case: ReferenceCase, *, radius_mm: float = 0.0) -> bytes:
    """This will write a case's dots as .nii.gz on exactly the grid of its FLAIR; none gives zeros.

    Each voxel, or ball, has the number of its dot. Raises NoDotsYet, DotOutside.
    """
    dots = {one.number: tuple(one.voxel) for one in _candidates(case)}
    flair = scans_of(case.case)[Scan.Sequence.FLAIR]
    return label_file(dot_mask(dots, grid=flair.grid, radius_mm=radius_mm), like=flair)


def dot_table(case: ReferenceCase) -> Table:
    """The dots of a case: where they are, in mm and in voxels. Raises NoDotsYet."""
    columns = {
        "dot": "Number of the dot, as in the dot mask",
        "x_mm": "To the right, in RAS+ millimetres",
        "y_mm": "To the front, in RAS+ millimetres",
        "z_mm": "Upwards, in RAS+ millimetres",
        "i": "Voxel along the first stored axis of the FLAIR, from 0",
        "j": "Voxel along the second stored axis, from 0",
        "k": "Voxel along the third stored axis, from 0",
    }
    grid = case.case.scans.get(sequence=Scan.Sequence.FLAIR).grid
    rows = []
    for one in _candidates(case):
        mm = (one.x_mm, one.y_mm, one.z_mm)
        stored = np.rint(grid.to_voxel(grid.ras.to_mm(np.array(one.voxel)))).astype(int).tolist()
        rows.append([one.number, *mm, *stored])
    return Table(columns, rows)


def _candidates(case: ReferenceCase) -> list[Candidate]:
    if case.built_at is None:
        raise NoDotsYet(
            f"Case {case.case.code} has no dots yet: they are made when everybody has finished its "
            "first step and the interval is over."
        )
    return list(case.candidates.order_by("number"))


# --- The bundle -----------------------------------------------------------------------------------


def bundle(*, study: ReferenceStudy) -> IO[bytes]:
    """This will return the bundle as a zip file; raises ReferenceNotClosed."""
    return zipped(bundle_files(study=study), folder=study.slug)


def bundle_files(*, study: ReferenceStudy) -> Iterator[tuple[str, bytes]]:
    """This will return the bundle's files with their names, one after the other, the manifest last.

    Raises ReferenceNotClosed.
    """
    queries.refuse_unclosed(study)
    return with_manifest(_files(study))


def _files(study: ReferenceStudy) -> Iterator[tuple[str, bytes]]:
    described = {
        "acceptance.csv": acceptance_table(study),
        "delineations.csv": delineations(study),
        "candidates.csv": candidates(study),
        "origins.csv": origins(study),
        "dots.csv": dots(study),
        "decisions.csv": decisions(study),
        "audit.csv": audit(study),
    }
    yield "design.json", study.design_json.encode()
    yield "study.json", json_file(_about(study))
    for name, table in described.items():
        yield name, csv_file(table.columns, table.rows)
    for case in study.cases.select_related("case").order_by("case__code"):
        if case.built_at is not None:
            yield f"dot_masks/{case.case.code}.nii.gz", dot_mask_file(case)
    yield from mask_files(_masks(study))
    words = meanings(described | {"masks.csv": Table(COLUMNS, [])})
    yield "data_dictionary.csv", csv_file(["file", "column", "meaning"], words)


def _masks(study: ReferenceStudy) -> Iterator[MaskFile]:
    """The masks that were made of the study: of every delineator and step, and those fused."""
    made = queries.references_made(study)
    drawn = Delineation.objects.filter(segmentation__in=made)
    by = {one.segmentation_id: one for one in drawn.select_related("assignment")}
    newest = {}
    for mask in made:
        if (one := by.get(mask.pk)) is not None:
            kind, file = f"step {one.step}", f"step_{one.step}_{one.assignment.delineator}"
        else:
            kind = file = mask.provenance["consensus"]
        newest[mask.case.code, file] = MaskFile(mask.case.code, kind, mask.title, file, mask.pk)
    yield from newest.values()


def _about(study: ReferenceStudy) -> dict[str, Any]:
    gone = study.assignments.exclude(left_at=None)
    return about(study) | {"left": {one.delineator: utc(one.left_at) for one in gone}}


def acceptance_table(study: ReferenceStudy) -> Table:
    """How many dots of which source were accepted. Raises ReferenceNotClosed."""
    columns = {
        "delineator": "User name; empty for all together. When somebody left: study.json",
        "source": "own, colleague, sham, or the name of a method",
        "only": "1: dots that come from nothing else; 0: all dots of the source",
        "dots": "Dots that were decided",
        "lesion": "Called a lesion",
        "not_a_lesion": "Called no lesion",
        "unsure": "Left unsure",
        "share": "Called a lesion, of all; empty where undefined",
        "low": "Lower end of its 95 % interval (Korn and Graubard, cases as clusters)",
        "high": "Upper end of it",
        "undefined": "Why there is no share",
    }
    rows = [
        [
            *(row.delineator, row.source, int(row.only), row.dots, row.lesion),
            *(row.not_a_lesion, row.unsure, row.share, row.low, row.high, row.undefined),
        ]
        for row in queries.acceptance_of(study)
    ]
    return Table(columns, rows)


PLACE = {"delineator": "User name", "case": "Code of the case"}


def delineations(study: ReferenceStudy) -> Table:
    """When every step of every case was opened and submitted, and what came of it."""
    columns = PLACE | {
        "step": "1: own work; 2: dot by dot",
        "position": "Its place in the delineator's order of the step, from 1",
        "opened_at": "When (UTC); empty when it never was",
        "submitted_at": "When (UTC); empty when it never was",
        "edits": "How many edits were made",
        "active_minutes": "How long it was worked on",
        "voxels": "Drawn voxels, small lesions included",
        "mask_sha256": "Of the stored mask without small lesions; empty before it was made",
    }
    found = (
        Delineation.objects.filter(of__study=study)
        .select_related("assignment", "of__case", "drawing", "segmentation")
        .prefetch_related("drawing__edits")
    )
    rows = [
        [
            *(one.assignment.delineator, one.of.case.code, one.step, one.position),
            *(utc(one.opened_at), utc(one.submitted_at)),
            len(one.drawing.edits.all()) if one.drawing else 0,
            round(one.drawing.active_ms / 60_000, 2) if one.drawing else 0,
            one.voxels,
            one.segmentation.sha256 if one.segmentation else "",
        ]
        for one in found
    ]
    return Table(columns, _sorted(rows, 3))


CANDIDATE = {"case": "Code of the case", "candidate": "Number of the candidate, and of its dot"}


def candidates(study: ReferenceStudy) -> Table:
    """Every candidate with its dot."""
    columns = CANDIDATE | {
        "sham": "1: a sham dot, where nobody drew anything",
        "voxels": "How many it has",
        "x_mm": "The dot, to the right, in RAS+ millimetres",
        "y_mm": "To the front",
        "z_mm": "Upwards",
    }
    found = Candidate.objects.filter(of__study=study).values_list(
        *("of__case__code", "number", "is_sham", "voxels", "x_mm", "y_mm", "z_mm")
    )
    return Table(columns, sorted([code, at, int(sham), *rest] for code, at, sham, *rest in found))


def origins(study: ReferenceStudy) -> Table:
    """Where every candidate came from; a sham dot from nowhere."""
    columns = CANDIDATE | {
        "kind": "delineator (first step) or method",
        "name": "User name, or name of the method",
        "lesions": "Ids of the lesions in that mask, with spaces between",
        "voxels": "How many of the candidate's voxels are in that mask",
        "segmentation": "Id of the method's mask",
        "job": "Id of the inference job that made it",
    }
    found = CandidateOrigin.objects.filter(candidate__of__study=study).select_related(
        "candidate__of__case", "delineation__assignment", "mask"
    )
    return Table(columns, _sorted(map(_origin, found), 4))


def _origin(one: CandidateOrigin) -> list[Any]:
    of = [one.candidate.of.case.code, one.candidate.number]
    lesions = [" ".join(map(str, one.lesions)), one.voxels]
    if one.mask is not None:
        job = str(one.mask.job_id or "")
        return [*of, "method", one.mask.method, *lesions, str(one.mask.segmentation_id), job]
    name = one.delineation.assignment.delineator if one.delineation else ""
    return [*of, "delineator", name, *lesions, "", ""]


def dots(study: ReferenceStudy) -> Table:
    """Every dot as a delineator met it, and their last decision."""
    columns = PLACE | {
        "position": "Its place in the delineator's order, from 1",
        "candidate": "Number of the candidate",
        "choice": "The last decision; empty when there is none",
        "from_proposal": "1: the lesion was drawn from the proposal",
    }
    found = Dot.objects.filter(delineation__of__study=study).select_related(
        "delineation__assignment", "delineation__of__case", "candidate"
    )
    rows = []
    for dot in found.prefetch_related("decisions"):
        last = max(dot.decisions.all(), key=lambda one: one.version, default=None)
        said = [last.choice, int(last.from_proposal)] if last else ["", ""]
        rows.append([*_place(dot), dot.position, dot.candidate.number, *said])
    return Table(columns, _sorted(rows, 3))


def decisions(study: ReferenceStudy) -> Table:
    """Every decision that was ever made, in all its versions."""
    columns = PLACE | {
        "position": "Place of the dot in the delineator's order, from 1",
        "version": "From 1; the last one counts",
        "choice": "lesion, not_a_lesion or unsure",
        "from_proposal": "1: the lesion was drawn from the proposal",
        "made_at": "When (UTC)",
    }
    found = DotDecision.objects.filter(dot__delineation__of__study=study).select_related(
        "dot__delineation__assignment", "dot__delineation__of__case"
    )
    rows = [
        [
            *_place(one.dot),
            *(one.dot.position, one.version, one.choice, int(one.from_proposal)),
            utc(one.made_at),
        ]
        for one in found
    ]
    return Table(columns, _sorted(rows, 4))


def audit(study: ReferenceStudy) -> Table:
    """What the audit log has of the study; who took something out is not in it."""
    columns = {
        "at": "When (UTC)",
        "actor": "User name; empty for a command",
        "act": "What was done",
        "what": "To what",
        "why": "The reason given",
    }
    out = (AuditEntry.Act.STUDY_EXPORTED, AuditEntry.Act.MASK_DOWNLOADED)
    return Table(columns, audit_rows(study, called=f"reference {study.slug}", but=out))


def _place(dot: Dot) -> tuple[str, str]:
    return dot.delineation.assignment.delineator, dot.delineation.of.case.code


def _sorted(rows: Iterable[list[Any]], by: int) -> list[list[Any]]:
    return sorted(rows, key=lambda row: row[:by])
