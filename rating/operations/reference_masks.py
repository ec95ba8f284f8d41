"""What comes of a closed reference study: everybody's masks, and the references fused of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from rating.models import Delineation, ReferenceCase, ReferenceStudy
from rating.operations.candidates import drawn_mask
from rating.operations.reference_study import note
from rating.queries import reference as queries
from segmentation.imaging.lesions import drop_small_lesions
from segmentation.models import Scan, Segmentation
from segmentation.operations.audit import Act
from segmentation.operations.masks import NewMask, is_saved, may_save, store_mask
from segmentation.operations.references import fuse
from segmentation.operations.voxels import scans_of

CASES_AT_A_TIME = 4


@dataclass(frozen=True)
class Made:
    """What was said, after which case (code) to go on, and how many are left; "" and 0: all done.

    A case that could not be made is said, and is not among those left.
    """

    notes: tuple[str, ...]
    after: str
    left: int


def make_references_of(*, study: ReferenceStudy, by: User | None, now: datetime) -> list[str]:
    """This will make everything that is missing of a closed study; returns notes.

    See `make_some_references`. Raises ReferenceNotClosed.
    """
    made = make_some_references(study=study, by=by, now=now)
    notes = list(made.notes)
    while made.left:
        made = make_some_references(study=study, by=by, now=now, after=made.after)
        notes += [one for one in made.notes if one not in notes]
    return notes


def make_some_references(
    *, study: ReferenceStudy, by: User | None, now: datetime, after: str = ""
) -> Made:
    """This will make what is missing of the next few cases: everybody's masks, and those fused.

    Lesions smaller (strictly) than the design's smallest are dropped. What exists already is not
    made again: an interrupted call can be repeated, and two at once make one set. Union,
    intersection and majority are of the second step, and exist of cases that all delineators have
    finished; of whoever left there are the masks that they submitted, and no part in these. Raises
    ReferenceNotClosed.
    """
    queries.refuse_unclosed(study)
    rules = ", ".join(queries.FUSED_BY)
    notes = [
        f"{one.delineator} left {one.left_at:%d %B %Y}: in no {rules}."
        for one in study.assignments.exclude(left_at=None)
    ]
    if len(queries.names_to_fuse(study)) < 2:
        notes.append(f"No {rules}: fewer than two delineators are left to fuse masks of.")
    elif not queries.cases_all_finished(study):
        notes.append(f"No {rules}: no case was finished by all delineators.")
    unmade = [one for one in queries.cases_unmade(study) if one.case.code > after]
    now_made = unmade[:CASES_AT_A_TIME]
    drawn = fused = 0
    for case in now_made:
        drawn += sum(_stored(study, one, now=now) for one in queries.unmade_of(case))
        fused += _fused(study, case, now=now, say=notes.append)
    if drawn or fused:
        what = f"{drawn} masks as drawn, {fused} fused"
        note(Act.REFERENCE_MADE, study, by=by, now=now, detail=what)
    left = len(unmade) - len(now_made)
    return Made(tuple(notes), now_made[-1].case.code if left else "", left)


def _stored(study: ReferenceStudy, delineation: Delineation, *, now: datetime) -> bool:
    """This will make a segmentation of one delineation; false when somebody else just has."""
    case, drawing = delineation.of.case, delineation.drawing
    left_at = delineation.assignment.left_at
    design = queries.design_of(study)
    flair = scans_of(case)[Scan.Sequence.FLAIR]
    mask = flair.grid.to_native(drawn_mask(delineation, grid=flair.grid))
    kept = drop_small_lesions(mask, grid=flair.grid, min_volume_mm3=design.min_volume_mm3)
    new = NewMask(
        case=case,
        origin=Segmentation.Origin.DELINEATION,
        title=queries.mask_title(study, delineation),
        mask=kept,
        author=delineation.assignment.user,
        provenance={
            "reference_study": study.slug,
            "design_sha256": study.design_sha256,
            "step": delineation.step,
            "drawing": str(drawing.pk) if drawing else "",
            "active_minutes": round(drawing.active_ms / 60_000, 1) if drawing else 0,
            "min_volume_mm3": design.min_volume_mm3,
            "voxels_dropped": int(mask.sum() - kept.sum()),
        }
        | ({"delineator_left_at": left_at.isoformat()} if left_at else {}),
    )
    segmentation = store_mask(new, like=flair, now=now, commit=False)
    with may_save(segmentation):
        locked = Delineation.objects.select_for_update().get(pk=delineation.pk)
        if locked.segmentation_id is None:
            segmentation.save(force_insert=True)
            locked.segmentation = segmentation
            locked.save(update_fields=["segmentation"])
    return is_saved(segmentation)


def _fused(
    study: ReferenceStudy, case: ReferenceCase, *, now: datetime, say: Callable[[str], None]
) -> int:
    """This will fuse a case's masks of the second step by every rule, where that is missing."""
    of = queries.masks_to_fuse(case)
    made = 0
    for rule, title in queries.fused_titles(study).items() if of else ():
        if queries.is_fused(case, title):
            continue
        segmentation = fuse(case.case, of=of, rule=rule, now=now, commit=False)
        if isinstance(segmentation, str):
            say(segmentation)
            break
        with may_save(segmentation):
            ReferenceCase.objects.select_for_update().get(pk=case.pk)
            if not queries.is_fused(case, title):  # somebody else may just have
                segmentation.save(force_insert=True)
        made += is_saved(segmentation)
    return made
