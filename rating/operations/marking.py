"""Marks on the presentation that is open: stored one by one, under ids that the browser makes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from rating.models import Mark
from rating.operations.presenting import Clock, hold_open
from segmentation.refusals import Refusal

SAID = ("reason", "counts_as", "joined")  # what a rater may change of a mark


class MarkBelongsElsewhere(Refusal):
    """The id of a mark is taken by another mark."""


class AlreadyMarked(Refusal):
    """The lesion has been marked."""


class NoSuchLesion(Refusal):
    """A mark does not fit the drawn lesions."""


@dataclass(frozen=True)
class NewMark:
    """A mark as the browser made it; `mm` is RAS+ world millimetres."""

    id: UUID
    kind: Mark.Kind
    lesion: int | None
    mm: tuple[float, float, float]
    reason: str = ""
    counts_as: int = 1
    joined: UUID | None = None


def put_mark(*, token: str, mark: NewMark, clock: Clock) -> datetime:
    """This will store a mark and return when it was stored; repeating it changes nothing.

    The same mark with another reason, or counted otherwise, is changed, and what it said before is
    kept. A removed mark stays removed: its id is taken. Raises NotOpened, AlreadySubmitted,
    StudyNotOpen, NoSuchLesion, AlreadyMarked, MarkBelongsElsewhere.
    """
    try:
        return _stored(mark, token, clock)
    except IntegrityError:  # the id is taken, or the lesion is marked
        return _recognised(mark, token, clock)


@transaction.atomic
def remove_mark(*, token: str, mark_id: UUID, clock: Clock) -> datetime:
    """This will remove a mark and return when it was removed; repeating it changes nothing.

    The row stays, with the time of its removal. A mark that never arrived counts as removed. Raises
    NotOpened, AlreadySubmitted, StudyNotOpen, MarkBelongsElsewhere.
    """
    held = hold_open(token, clock)
    mark = Mark.objects.filter(pk=mark_id).first()
    if mark is None:
        return held.now
    if mark.presentation_id != held.presentation.pk:
        raise _elsewhere()
    if mark.removed_at is None:
        mark.removed_at = held.now
        mark.save(update_fields=["removed_at"])
    return mark.removed_at


@transaction.atomic
def _stored(mark: NewMark, token: str, clock: Clock) -> datetime:
    """This will insert a mark; raises IntegrityError when it, or its lesion's mark, is there."""
    held = hold_open(token, clock)
    _refuse_misfit(mark, held.lesions)
    x, y, z = mark.mm
    Mark.objects.create(
        id=mark.id,
        presentation=held.presentation,
        kind=mark.kind,
        lesion=mark.lesion,
        x_mm=x,
        y_mm=y,
        z_mm=z,
        reason=mark.reason,
        counts_as=mark.counts_as,
        joined=mark.joined,
        made_at=held.now,
    )
    return held.now


@transaction.atomic
def _recognised(mark: NewMark, token: str, clock: Clock) -> datetime:
    """This will return when the same mark was stored last, with what it says brought up to date.

    Raises MarkBelongsElsewhere, or AlreadyMarked when it is another mark on the same lesion.
    """
    held = hold_open(token, clock)
    row = Mark.objects.filter(pk=mark.id).first()
    if row is None:
        raise AlreadyMarked("This lesion is marked already. Nothing was changed.")
    there = (row.presentation_id, row.kind, row.lesion, (row.x_mm, row.y_mm, row.z_mm))
    if row.removed_at or there != (held.presentation.pk, mark.kind, mark.lesion, mark.mm):
        raise _elsewhere()
    said = {name: getattr(row, name) for name in SAID}
    if said == {name: getattr(mark, name) for name in SAID}:
        return row.made_at
    row.changes.create(**said, replaced_at=held.now)
    for name in SAID:
        setattr(row, name, getattr(mark, name))
    row.save(update_fields=SAID)
    return held.now


def _refuse_misfit(mark: NewMark, lesions: int) -> None:
    """This will refuse a false positive without a drawn lesion, and a missed lesion with one."""
    if mark.kind == Mark.Kind.MISSED and mark.lesion is not None:
        raise NoSuchLesion("A missed lesion is one that is not drawn. Nothing was stored.")
    if mark.kind == Mark.Kind.FALSE_POSITIVE and not 1 <= (mark.lesion or 0) <= lesions:
        raise NoSuchLesion(
            f"A false positive names one of the {lesions} drawn lesions. Nothing was stored; click "
            "on a drawn lesion."
        )


def _elsewhere() -> MarkBelongsElsewhere:
    return MarkBelongsElsewhere(
        "This mark could not be stored under its id, which is taken. Nothing was changed; make the "
        "mark again."
    )
