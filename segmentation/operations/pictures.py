"""Slices of an evaluation's cases, drawn with the masks that it compared."""

from __future__ import annotations

from uuid import UUID

import numpy as np

from segmentation.evaluation.findings import Asked
from segmentation.evaluation.pictures import Slice, outlines, side_by_side
from segmentation.models import Case, Evaluation, Scan
from segmentation.operations.evaluating import mask_on
from segmentation.operations.voxels import scans_of
from segmentation.refusals import Refusal

KINDS = ("side-by-side", "outlines")


class NoSuchSlice(Refusal):
    """The evaluation has no such case, method or reference, or the case no such slice."""


def slices_in(code: str) -> int:
    """How many axial slices a case has."""
    flair = Scan.objects.get(case__code=code, sequence=Scan.Sequence.FLAIR)
    return flair.grid.ras.shape[2]


def pair_fault(asked: Asked, *, method: str, reference: str) -> str:
    """What is wrong with one method against one reference; empty where nothing is, or no pair."""
    if not method and not reference:
        return ""
    for name, known in ((method, asked.methods), (reference, asked.references)):
        if name not in known:
            return f"{name or 'Nothing'} is not part of it; choose one of {', '.join(known)}."
    return ""


def picture_of(
    evaluation: Evaluation,
    *,
    case: str,
    slice: int,  # noqa: A002  # the field of the request
    kind: str,
    method: str = "",
    reference: str = "",
) -> str:
    """This will draw a slice (from 1 at the bottom) as SVG: references first, then methods.

    Outlines show every method against every reference, as in the paper's Figure 2. With a `method`
    and a `reference` those two alone. Masks that are gone are left out. Raises NoSuchSlice.
    """
    found = Case.objects.filter(code=case, cohort=evaluation.cohort).first()
    if found is None or not evaluation.found:
        raise NoSuchSlice(f"There is no case {case} in this evaluation. Choose another.")
    volume = scans_of(found)[Scan.Sequence.FLAIR]
    if not 1 <= slice <= volume.grid.ras.shape[2]:
        raise NoSuchSlice(f"{case} has slices 1 to {volume.grid.ras.shape[2]}.")
    asked = Asked.from_json(evaluation.found["asked"])
    ids = evaluation.found["masks"].get(case, {})
    if fault := pair_fault(asked, method=method, reference=reference):
        raise NoSuchSlice(fault)
    masks = {}
    references = [reference] if reference else asked.references
    methods = [method] if method else list(asked.methods)
    for name in (*references, *methods):
        mask = mask_on(volume.grid, UUID(ids[name])) if name in ids else ""
        if not isinstance(mask, str):
            title = asked.methods.get(name, name)
            masks[title] = volume.grid.to_ras(mask)[:, :, slice - 1]
    shown = Slice(
        flair=np.asarray(volume.grid.to_ras(volume.data)[:, :, slice - 1], dtype=np.float32),
        masks=masks,
        spacing_mm=volume.grid.ras.spacing_mm[:2],
    )
    title = f"{case}, axial slice {slice}: {', '.join(masks)}"
    if kind == KINDS[0]:
        return side_by_side(shown, title=title)
    titles = [asked.methods[name] for name in methods]
    return outlines(shown, methods=titles, references=references, title=title)
