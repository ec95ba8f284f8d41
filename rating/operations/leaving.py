"""A delineator leaves an open reference study: nothing waits for them any more."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from rating.models import Assignment, Delineation, ReferenceStudy
from rating.operations.reference_study import ReferenceNotOpen, UnknownDelineator, note
from segmentation.operations.audit import Act
from segmentation.refusals import ReasonMissing, Refusal


class LastDelineator(Refusal):
    """Nobody else would be left to delineate."""


class NothingLeftToDelineate(Refusal):
    """Whoever is to leave has submitted both steps of every case."""


@transaction.atomic
def let_delineator_go(
    *, study: ReferenceStudy, username: str, reason: str, by: User | None, now: datetime
) -> Assignment:
    """This will end somebody's share of an open study for good.

    What they submitted stays: the lesions of the first step lend dots, and the decisions of the
    second count. What they did not is waited for no more and becomes no mask. Dots that exist stay
    as they are. Raises ReasonMissing, ReferenceNotOpen, UnknownDelineator, NothingLeftToDelineate,
    LastDelineator.
    """
    if not reason.strip():
        raise ReasonMissing(
            "Somebody who leaves is a deviation from the design and needs a reason. Nothing was "
            "changed.",
            fields={"reason": ["Say why they leave."]},
        )
    held = ReferenceStudy.objects.select_for_update().get(pk=study.pk)
    if held.state != ReferenceStudy.State.OPEN:
        raise ReferenceNotOpen(
            f"{held.title} is {held.state}; somebody can leave an open study only. Nothing was "
            "changed."
        )
    there = held.assignments.filter(left_at=None)
    leaving = there.filter(delineator=username).first()
    if leaving is None:
        raise UnknownDelineator(
            f"{username} does not delineate in {held.title}, or has left it already. Nothing was "
            "changed.",
            fields={"delineator": [f"{username} does not delineate in this study."]},
        )
    # Whoever is storing something holds their delineation: this waits for them.
    rows = list(Delineation.objects.select_for_update().filter(assignment=leaving).order_by("pk"))
    if all(one.submitted_at is not None for one in rows):
        raise NothingLeftToDelineate(
            f"{username} has submitted both steps of every case, so nothing waits for them. "
            "Nothing was changed.",
            fields={"delineator": [f"{username} has finished."]},
        )
    if there.count() == 1:
        raise LastDelineator(
            f"{username} is the only delineator left. Nothing was changed; close the study "
            "instead.",
            fields={"delineator": ["Nobody else is left."]},
        )
    leaving.left_at = now
    leaving.save(update_fields=["left_at"])
    note(Act.STUDY_AMENDED, held, by=by, now=now, why=reason.strip(), detail=f"{username} left")
    return leaving
