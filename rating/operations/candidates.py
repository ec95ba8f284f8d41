"""Building the candidates of a case, and each delineator's dots, once step 1 is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import itemgetter

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from rating.dots.candidates import Candidate as Found
from rating.dots.candidates import build_candidates, place_of
from rating.dots.design import ReferenceDesign
from rating.dots.order import Voxel, sham_dots, shuffled
from rating.models import (
    Candidate,
    CandidateOrigin,
    Delineation,
    Dot,
    MethodMask,
    ReferenceCase,
    ReferenceStudy,
)
from rating.operations.reference_study import ReferenceNotOpen, stream
from rating.queries import reference as queries
from rating.queries.blinding import AWAITED
from segmentation.imaging.drawing import runs_of
from segmentation.imaging.geometry import Grid
from segmentation.models import Scan
from segmentation.operations.drawings import drawn
from segmentation.operations.evaluating import mask_on
from segmentation.operations.voxels import brain_of, scans_of
from segmentation.refusals import Refusal

Source = Delineation | MethodMask


class StepOneUnfinished(Refusal):
    """Somebody has not finished the first step of the case yet."""


class IntervalNotOver(Refusal):
    """The interval between the two steps of the case lasts longer."""


class MethodMaskGone(Refusal):
    """The mask of a chosen method cannot be read any more, or does not fit the case."""


def build_candidates_of(case: ReferenceCase, *, now: datetime) -> ReferenceCase:
    """This will build a case's candidates and everybody's dots; again changes nothing.

    A case in which nobody and no method has a lesion has none. Whoever left lends what they had
    submitted, and gets no dot. Raises StepOneUnfinished, IntervalNotOver, MethodMaskGone.
    """
    if case.built_at is not None:
        return case
    design = queries.design_of(case.study)
    refuse_too_early(case, design, now=now)
    grid = case.case.scans.get(sequence=Scan.Sequence.FLAIR).grid
    sources = _sources(case)
    masks = {name: _mask_of(source, case, grid) for name, source in sources.items()}
    found = build_candidates(masks, grid=grid, min_volume_mm3=design.min_volume_mm3)
    shams = _shams(case, design, found, grid)
    with transaction.atomic():
        locked = ReferenceCase.objects.select_for_update().get(pk=case.pk)
        if locked.built_at is None:
            refuse_too_early(case, design, now=now)  # somebody may have joined meanwhile
            rows = [
                _stored(case, number, one, sources, grid)
                if isinstance(one, Found)
                else _sham(case, number, one, grid)
                for number, one in enumerate(_in_order(found, shams), 1)
            ]
            _give_dots(case, rows)
            locked.built_at = now
            locked.save(update_fields=["built_at"])
    return locked


def build_due(*, study: ReferenceStudy, now: datetime) -> int:
    """This will build the candidates of every case of an open study that is due; returns how many.

    Raises ReferenceNotOpen, MethodMaskGone (the cases before it are built).
    """
    if study.state != ReferenceStudy.State.OPEN:
        raise ReferenceNotOpen(
            f"{study.title} is {study.state}; dots are made of an open study only. Nothing was "
            "changed."
        )
    due = queries.cases_due(study, now=now)
    for case in due:
        build_candidates_of(case, now=now)
    return len(due)


def refuse_too_early(case: ReferenceCase, design: ReferenceDesign, *, now: datetime) -> None:
    """This will raise StepOneUnfinished or IntervalNotOver before the second step may begin."""
    left = case.delineations.filter(AWAITED, step=Delineation.Step.OWN).count()
    if left:
        raise StepOneUnfinished(
            f"The first step of this case is not finished by everybody ({left} left), so its dots "
            "do not exist yet. Nothing was opened; it opens when all have submitted."
        )
    ends = queries.step_1_ends(case.study)[case.pk] + timedelta(days=design.interval_days)
    if now < ends:
        raise IntervalNotOver(
            f"The second step of this case opens {ends:%d %B %Y, %H:%M} UTC: the design asks for "
            f"{design.interval_days} days after the first. Nothing was opened."
        )


def _sources(case: ReferenceCase) -> dict[str, Source]:
    """Everything that lends its lesions, by a name that sorts: delineators, then methods.

    What was drawn and not submitted, by somebody who left, lends none.
    """
    own = case.delineations.filter(step=Delineation.Step.OWN, submitted_at__isnull=False)
    named: dict[str, Source] = {
        f"1 {one.assignment.delineator}": one
        for one in own.select_related("assignment", "drawing__parent")
    }
    return named | {f"2 {mask.method}": mask for mask in case.method_masks.all()}


def _mask_of(source: Source, case: ReferenceCase, grid: Grid) -> NDArray[np.bool_]:
    if isinstance(source, Delineation):
        return grid.to_native(drawn_mask(source, grid=grid))
    mask = (
        mask_on(grid, source.segmentation_id)
        if source.segmentation.case_id == case.case_id
        else "it is the mask of another case"
    )
    if isinstance(mask, str):
        raise MethodMaskGone(
            f"The dots of this case cannot be made: a mask that the design names is not usable "
            f"({mask}). Nothing was changed and nothing that was drawn is lost; tell the "
            "coordinator of the study, who has to restore that file."
        )
    return mask


def drawn_mask(delineation: Delineation, *, grid: Grid) -> NDArray[np.bool_]:
    """The mask of a delineation in RAS order; empty when it was not opened."""
    if delineation.drawing is None:
        return np.zeros(grid.ras.shape, dtype=bool)
    edits = list(delineation.drawing.edits.order_by("number"))
    return drawn(delineation.drawing, edits, grid=grid)


def _in_order(found: Sequence[Found], shams: Sequence[Voxel]) -> list[Found | Voxel]:
    """Candidates and sham dots in the order of their first voxels: numbers do not tell shams."""
    placed: list[tuple[list[int], Found | Voxel]] = [(one.voxels[0].tolist(), one) for one in found]
    placed += [(list(one), one) for one in shams]
    return [one for _, one in sorted(placed, key=itemgetter(0))]


def _sham(case: ReferenceCase, number: int, voxel: Voxel, grid: Grid) -> Candidate:
    return Candidate.objects.create(
        of=case,
        number=number,
        is_sham=True,
        voxels=0,
        voxel=list(voxel),
        **_named(place_of(voxel, grid=grid.ras)),
    )


def _stored(
    case: ReferenceCase, number: int, found: Found, sources: dict[str, Source], grid: Grid
) -> Candidate:
    row = Candidate.objects.create(
        of=case,
        number=number,
        voxels=len(found.voxels),
        region=runs_of(found.voxels, shape=grid.ras.shape),
        voxel=list(found.dot),
        **_named(found.dot_mm),
    )
    for origin in found.origins:
        source = sources[origin.source]
        CandidateOrigin.objects.create(
            candidate=row,
            delineation=source if isinstance(source, Delineation) else None,
            mask=source if isinstance(source, MethodMask) else None,
            lesions=list(origin.lesions),
            voxels=origin.voxels,
        )
    return row


def _named(mm: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip(("x_mm", "y_mm", "z_mm"), mm, strict=True))


def _give_dots(case: ReferenceCase, rows: list[Candidate]) -> None:
    """This will show every delineator who has not left all candidates in an order of their own."""
    second = case.delineations.filter(step=Delineation.Step.DOTS, assignment__left_at=None)
    for delineation in second.select_related("assignment"):
        what = f"{delineation.assignment.delineator}/dots/{case.case.code}"
        order = shuffled(rows, source=stream(case.study, what))
        Dot.objects.bulk_create(
            Dot(delineation=delineation, candidate=row, position=at)
            for at, row in enumerate(order, 1)
        )


def _shams(
    case: ReferenceCase, design: ReferenceDesign, found: tuple[Found, ...], grid: Grid
) -> tuple[tuple[int, int, int], ...]:
    """Voxels of the brain, or else of what is bright, far from every candidate."""
    if not design.shams_per_case:
        return ()
    taken = np.zeros(grid.ras.shape, dtype=bool)
    for candidate in found:
        taken[tuple(candidate.voxels.T)] = True
    head = brain_of(case.case)
    if head is None:
        flair = scans_of(case.case)[Scan.Sequence.FLAIR].data
        head = np.asarray(flair > flair.mean())
    return sham_dots(
        design.shams_per_case,
        taken=taken,
        head=grid.to_ras(head),
        grid=grid,
        distance_mm=design.sham_distance_mm,
        source=stream(case.study, f"shams/{case.case.code}"),
    )
