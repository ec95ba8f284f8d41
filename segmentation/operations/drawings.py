"""Drawing and correcting masks: a drawing is begun, edited, and saved as a new mask."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import numpy as np
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from numpy.typing import NDArray

from segmentation.imaging.drawing import (
    DoesNotReplay,
    check_runs,
    digest,
    replay,
    standing,
)
from segmentation.imaging.drawing import Edit as Replayed
from segmentation.imaging.geometry import Grid
from segmentation.imaging.nifti import read_volume
from segmentation.models import Case, Drawing, Edit, Segmentation
from segmentation.operations.audit import Act, record
from segmentation.operations.masks import NewMask, fitting_title, may_save, store_mask
from segmentation.operations.voxels import mask_of
from segmentation.queries import database_now, saved_meanwhile, unsaved_drawings
from segmentation.refusals import Refusal


class NoSuchMask(Refusal):
    """The mask to correct is not one of this case."""


class DrawnElsewhere(Refusal):
    """The drawing went on in another window than the one that asks."""


class AlreadySaved(Refusal):
    """The drawing has become a mask; it takes no more edits."""


class SavedMeanwhile(Refusal):
    """Somebody else has saved a correction of the same mask that this drawing's page never saw."""


@dataclass(frozen=True)
class NewEdit:
    """An edit as the browser made it; `accepted` are voxels whose lesions were accepted."""

    id: UUID
    number: int
    kind: Edit.Kind
    tool: str = ""
    added: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()
    accepted: tuple[int, ...] = ()


@dataclass(frozen=True)
class Seen:
    """What the browser shows of a drawing that is to be saved."""

    edits: int
    voxels: int
    digest: int
    others: frozenset[UUID] = frozenset()  # corrections of the same mask that others saved


def begin_drawing(*, case: Case, parent_id: UUID | None, by: User, now: datetime) -> Drawing:
    """This will begin a drawing of a case, or go on with the same person's newest unsaved one.

    `parent_id` is the mask to correct; None begins from empty. Raises NoSuchMask.
    """
    parent = None
    if parent_id is not None:
        parent = Segmentation.objects.filter(pk=parent_id, case=case).first()
        if parent is None:
            raise NoSuchMask(
                f"Case {case.code} has no such mask. Nothing was begun; reload the case's page and "
                "choose one of its masks."
            )
    there = set(_corrections(parent).values_list("pk", flat=True))
    with transaction.atomic():
        Case.objects.select_for_update().get(pk=case.pk)  # two clicks begin one drawing
        newest = unsaved_drawings(case=case, parent=parent, by=by).last()
        if newest is not None:
            return newest
        # What was saved while this waited, the person cannot have seen.
        unseen = _corrections(parent).exclude(pk__in=there).values_list("created_at", flat=True)
        since = min([now, *unseen])
        return Drawing.objects.create(
            case=case, author=by, parent=parent, begun_at=now, told_since=since
        )


def _corrections(parent: Segmentation | None) -> QuerySet[Segmentation]:
    return Segmentation.objects.filter(parent=parent, parent__isnull=False)


def put_edit(*, drawing_id: UUID, edit: NewEdit, active_ms: int, now: datetime) -> datetime:
    """This will add an edit to a drawing and return when it was stored; repeating changes nothing.

    Raises UnusableEdit, AlreadySaved, and DrawnElsewhere when it is not the next one, or when
    another one is stored under its id.
    """
    try:
        with transaction.atomic():
            return _put(drawing_id, edit, active_ms, now)
    except IntegrityError as error:  # the id is taken by an edit of another drawing
        raise _elsewhere() from error


def _put(drawing_id: UUID, edit: NewEdit, active_ms: int, now: datetime) -> datetime:
    drawing = Drawing.objects.select_for_update().get(pk=drawing_id)
    known = drawing.edits.filter(pk=edit.id).first()
    if known is not None:
        if _content(known) != _content(edit):
            raise DrawnElsewhere(
                "An edit is stored under this id already, and it is another one than was sent now. "
                "Nothing was changed: what is stored stays, what this window drew since is kept in "
                "this browser."
            )
        return known.made_at
    if drawing.segmentation_id is not None:
        raise AlreadySaved(
            "This drawing was saved as a mask and takes no more edits. Go on by correcting that "
            "mask; it is on the case's page."
        )
    kinds = list(drawing.edits.order_by("number").values_list("kind", flat=True))
    if edit.number != len(kinds) + 1:
        raise _elsewhere()
    voxels = int(np.prod(flair_grid(drawing.case).shape))
    for runs in (edit.added, edit.removed):
        check_runs(runs, voxels=voxels)
    check_runs([part for voxel in sorted(edit.accepted) for part in (voxel, 1)], voxels=voxels)
    standing([*kinds, edit.kind])
    made = Edit.objects.create(
        id=edit.id,
        drawing=drawing,
        number=edit.number,
        kind=edit.kind,
        tool=edit.tool,
        added=list(edit.added),
        removed=list(edit.removed),
        accepted=list(edit.accepted),
        made_at=now,
    )
    if active_ms > drawing.active_ms:
        drawing.active_ms = active_ms
        drawing.save(update_fields=["active_ms"])
    return made.made_at


def _content(edit: NewEdit | Edit) -> tuple[object, ...]:
    """What an edit says, to be compared: the same when it is sent again."""
    voxels = (edit.added, edit.removed, edit.accepted)
    return edit.number, str(edit.kind), edit.tool, *(tuple(one) for one in voxels)


def _elsewhere() -> DrawnElsewhere:
    return DrawnElsewhere(
        "This drawing went on in another window or on another machine. Nothing of either was lost: "
        "what that window drew is stored, what this one drew since is kept in this browser."
    )


def fork_drawing(*, drawing_id: UUID, edits: int, now: datetime) -> Drawing:
    """This will begin another drawing with the first edits of one, for what went on beside it.

    Raises DrawnElsewhere when the drawing has not so many edits.
    """
    with transaction.atomic():
        drawing = Drawing.objects.select_for_update().get(pk=drawing_id)
        first = list(drawing.edits.order_by("number")[:edits])
        if len(first) < edits:
            raise _elsewhere()
        fork = Drawing.objects.create(
            case=drawing.case,
            author=drawing.author,
            parent=drawing.parent,
            begun_at=now,
            told_since=drawing.told_since,
        )
        for edit in first:
            edit.pk, edit.drawing = uuid4(), fork
        Edit.objects.bulk_create(first)
    return fork


def save_drawing(
    *, drawing_id: UUID, seen: Seen, active_ms: int, by: User, now: datetime
) -> Segmentation:
    """This will make a new mask of a drawing, on exactly the scan's grid; again returns the same.

    Raises DrawnElsewhere, DoesNotReplay, SavedMeanwhile, StorageFailed, with nothing saved.
    """
    drawing = Drawing.objects.select_related("case__cohort", "parent", "segmentation").get(
        pk=drawing_id
    )
    if drawing.segmentation is not None:
        return drawing.segmentation
    edits = list(drawing.edits.order_by("number"))
    if len(edits) != seen.edits:
        raise _elsewhere()
    _refuse_saved_meanwhile(drawing, seen)
    with drawing.case.scans.get(sequence="FLAIR").original.open("rb") as stored:
        flair = read_volume(stored.read(), name=f"FLAIR of case {drawing.case.code}")
    mask = drawn(drawing, edits, grid=flair.grid)
    if (int(mask.sum()), digest(mask)) != (seen.voxels, seen.digest):
        raise DoesNotReplay(
            "What this page shows is not what its edits make, so nothing was saved. Every edit is "
            "kept: reload the page, look at the mask, and save it then."
        )
    is_correction = drawing.parent is not None
    origin = Segmentation.Origin.CORRECTION if is_correction else Segmentation.Origin.DELINEATION
    name = by.get_full_name() or by.get_username()
    minutes = round(max(active_ms, drawing.active_ms) / 60_000, 1)
    new = NewMask(
        case=drawing.case,
        origin=origin,
        title=fitting_title(f"{origin.label} by {name}"),
        mask=flair.grid.to_native(mask),
        parent=drawing.parent,
        author=by,
        provenance={
            "parent": str(drawing.parent_id or ""),
            "drawing": str(drawing.pk),
            "edits": len(edits),
            "tools": dict(sorted(Counter(edit.tool or edit.kind for edit in edits).items())),
            "active_minutes": minutes,
        },
    )
    segmentation = store_mask(new, like=flair, now=now, commit=False)
    with may_save(segmentation):
        return _saved(drawing, segmentation, seen, by=by, now=now)


def _saved(
    drawing: Drawing, segmentation: Segmentation, seen: Seen, *, by: User, now: datetime
) -> Segmentation:
    """This will save the rows, unless the drawing or its neighbours went on meanwhile."""
    Case.objects.select_for_update().get(pk=drawing.case_id)
    locked = Drawing.objects.select_for_update().get(pk=drawing.pk)
    if locked.segmentation_id is not None or locked.edits.count() != seen.edits:
        raise _elsewhere()
    _refuse_saved_meanwhile(locked, seen)
    segmentation.created_at = database_now()  # whoever has begun by now is told of it
    segmentation.save(force_insert=True)
    locked.segmentation = segmentation
    locked.save(update_fields=["segmentation"])
    what = f"{segmentation.title}, case {drawing.case.code}"
    record(Act.MASK_DRAWN, by=by, now=now, what=what, cohort=drawing.case.cohort.slug)
    return segmentation


def _refuse_saved_meanwhile(drawing: Drawing, seen: Seen) -> None:
    others = [one for one in saved_meanwhile(drawing) if one.pk not in seen.others]
    if others:
        raise SavedMeanwhile(
            f"{others[-1].title} was saved since you began. Yours is safe and was not saved as a "
            "mask yet: look at the other, then save yours beside it. Neither replaces the other."
        )


def drawn(drawing: Drawing, edits: list[Edit], *, grid: Grid) -> NDArray[np.bool_]:
    """The mask of a drawing in RAS order. Raises DoesNotReplay."""
    start = np.zeros(grid.ras.shape, dtype=bool)
    if drawing.parent is not None:
        start = grid.to_ras(mask_of(drawing.parent))
    log = [Replayed(one.kind, one.added, one.removed) for one in edits]
    return replay(log, start=start)


def flair_grid(case: Case) -> Grid:
    """The grid of a case's FLAIR, which its masks lie on."""
    return case.scans.get(sequence="FLAIR").grid
