"""What comes of a closed reference study: everybody's masks, and the references fused of them."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from rating.models import Delineation, ReferenceStudy
from rating.operations.candidates import drawn_mask
from rating.operations.reference_study import note
from rating.queries import reference as queries
from segmentation.imaging.lesions import drop_small_lesions
from segmentation.models import Scan, Segmentation
from segmentation.operations.audit import Act
from segmentation.operations.files import delete_files, keep
from segmentation.operations.masks import NewMask, store_mask
from segmentation.operations.references import InvalidReference, make_references
from segmentation.operations.voxels import scans_of


def make_references_of(*, study: ReferenceStudy, by: User | None, now: datetime) -> list[str]:
    """This will store everybody's masks of both steps, and fuse those of step 2; returns notes.

    Lesions smaller (strictly) than the design's smallest are dropped. What exists already is not
    made again, so that an interrupted call can be repeated. Union, intersection and majority exist
    of cases that all delineators have finished; of whoever left there are the masks that they
    submitted, and no part in these. Raises ReferenceNotClosed.
    """
    queries.refuse_unclosed(study)
    left = Delineation.objects.filter(
        of__study=study, submitted_at__isnull=False, segmentation=None
    ).select_related("assignment__user", "of__case", "drawing__parent")
    made = sum(_stored(study, one, now=now) for one in left.order_by("of__case__code", "pk"))
    if made:
        note(Act.REFERENCE_MADE, study, by=by, now=now, detail=f"{made} masks as drawn")
    return _fused(study, by=by, now=now)


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
    try:
        with transaction.atomic():
            locked = Delineation.objects.select_for_update().get(pk=delineation.pk)
            if locked.segmentation_id is None:
                segmentation.save(force_insert=True)
                keep(segmentation)
                locked.segmentation = segmentation
                locked.save(update_fields=["segmentation"])
                return True
    except BaseException:
        delete_files(segmentation)
        raise
    delete_files(segmentation)
    return False


def _fused(study: ReferenceStudy, *, by: User | None, now: datetime) -> list[str]:
    """This will fuse the second step's masks by every rule, where that is not made yet."""
    notes = [
        f"{one.delineator} left {one.left_at:%d %B %Y}: in no {', '.join(queries.FUSED_BY)}."
        for one in study.assignments.exclude(left_at=None)
    ]
    names = queries.names_to_fuse(study)
    for rule, title in queries.fused_titles(study).items():
        there = Segmentation.objects.filter(case__cohort=study.cohort_id, title=title)
        try:
            make_references(
                cohort=study.cohort,
                of=names,
                rule=rule,
                by=by,
                now=now,
                say=notes.append,
                leave_out=set(there.values_list("case", flat=True)),
            )
        except InvalidReference as refusal:  # one delineator, or no case that all have finished
            notes.append(f"No {rule}: {refusal.message}")
    return notes
