"""Delineating: a case is opened, drawn, in step 2 decided dot by dot, and submitted.

Every change locks its delineation first and looks at what it is like after that, so that two
windows, a repeated request and the closing of the study cannot get in each other's way. Edits are
those of any drawing (`segmentation.operations.drawings`); they and the decisions are only ever
added, under ids that the browser made: what was acknowledged stays, and sending it again is
harmless.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from django.db import IntegrityError, transaction
from numpy.typing import NDArray

from rating.dots.lesions_at_dots import lesions_at_dots
from rating.models import Delineation, Dot, DotDecision, ReferenceStudy
from rating.operations.candidates import build_candidates_of, drawn_mask
from rating.operations.reference_study import ReferenceNotOpen
from rating.queries import reference as queries
from segmentation.imaging.drawing import DoesNotReplay, digest
from segmentation.models import Drawing
from segmentation.operations.drawings import (
    DrawnElsewhere,
    NewEdit,
    Seen,
    flair_grid,
    put_edit,
)
from segmentation.refusals import Refusal

LESION = DotDecision.Choice.LESION


class DelineationNotOpened(Refusal):
    """The delineation has not been opened yet."""


class DelineationSubmitted(Refusal):
    """The delineation was submitted and is locked."""


class DelineatorLeft(Refusal):
    """The person has left the study: their share of it has ended."""


class NoSuchDot(Refusal):
    """The dot is none of this delineation."""


class DecisionElsewhere(Refusal):
    """The id of a decision is taken by another decision."""


class NoProposals(Refusal):
    """The design has no lesion drawn from a proposal."""


class DotsUndecided(Refusal):
    """A delineation of step 2 has dots without a decision."""


class DotNotDrawn(Refusal):
    """A dot was called a lesion and no lesion is drawn at it."""


class DrawnWithoutDot(Refusal):
    """A lesion is drawn where no dot was called a lesion."""


@dataclass(frozen=True)
class NewDecision:
    """A decision as the browser made it."""

    id: UUID
    choice: DotDecision.Choice
    from_proposal: bool = False


def open_delineation(*, token: str, now: datetime) -> None:
    """This will open a delineation, or go on with it; the second step's first makes the dots.

    Raises ReferenceNotOpen, DelineatorLeft, and in step 2 StepOneUnfinished, IntervalNotOver,
    MethodMaskGone.
    """
    found = Delineation.objects.select_related("of__study", "of__case", "assignment").get(
        token=token
    )
    if found.opened_at is None and found.step == Delineation.Step.DOTS:
        _refuse_ended(found)
        build_candidates_of(found.of, now=now)
    with transaction.atomic():
        held = _held(token)
        if held.opened_at is not None:
            return
        _refuse_ended(held)
        held.drawing = Drawing.objects.create(
            case=held.of.case,
            author=held.assignment.user,
            begun_at=now,
            told_since=now,
            is_set_aside=True,
        )
        held.opened_at = now
        held.save(update_fields=["drawing", "opened_at"])


@transaction.atomic
def put_edit_of(*, token: str, edit: NewEdit, active_ms: int, now: datetime) -> datetime:
    """This will add an edit to a delineation and return when it was stored; again is harmless.

    Raises DelineationNotOpened, DelineationSubmitted, ReferenceNotOpen, DelineatorLeft, and what
    `put_edit` does.
    """
    held = _held(token)
    drawing = _drawing_of(held)
    if not drawing.edits.filter(pk=edit.id).exists():
        _refuse_locked(held)
    return put_edit(drawing_id=drawing.pk, edit=edit, active_ms=active_ms, now=now)


@transaction.atomic
def put_decision(*, token: str, dot: str, decision: NewDecision, now: datetime) -> datetime:
    """This will store what was decided about a dot and return when; again is harmless.

    A later decision about the same dot is another version: the newest counts. Raises NoSuchDot,
    DecisionElsewhere, NoProposals, DelineationNotOpened, DelineationSubmitted, ReferenceNotOpen,
    DelineatorLeft.
    """
    held = _held(token)
    found = Dot.objects.filter(token=dot, delineation=held).first()
    if found is None:
        raise NoSuchDot(
            "This case has no such dot. Nothing was stored; reload the page and decide it again."
        )
    known = DotDecision.objects.filter(pk=decision.id).first()
    said = (found.pk, decision.choice, decision.from_proposal)
    if known is not None:
        if (known.dot_id, known.choice, known.from_proposal) != said:
            raise _elsewhere()
        return known.made_at
    _refuse_locked(held)
    if decision.from_proposal and (
        decision.choice != LESION or not queries.design_of(held.of.study).proposals
    ):
        raise NoProposals(
            "In this study every lesion is drawn from empty. Nothing was stored; draw it anew."
        )
    try:
        with transaction.atomic():
            made = DotDecision.objects.create(
                id=decision.id,
                dot=found,
                version=found.decisions.count() + 1,
                choice=decision.choice,
                from_proposal=decision.from_proposal,
                made_at=now,
            )
    except IntegrityError as error:  # the id is taken by a decision made just now
        raise _elsewhere() from error
    return made.made_at


@transaction.atomic
def submit_delineation(*, token: str, seen: Seen, active_ms: int, now: datetime) -> None:
    """This will lock a delineation with what the page shows; again is harmless.

    In step 2 every dot is decided, a lesion is drawn at every dot that was called one, and none
    anywhere else. Raises DelineationNotOpened, DelineationSubmitted, ReferenceNotOpen,
    DelineatorLeft, DrawnElsewhere, DoesNotReplay, DotsUndecided, DotNotDrawn, DrawnWithoutDot.
    """
    held = _held(token)
    drawing = _drawing_of(held)
    if held.submitted_at is not None and (held.voxels, held.digest) == (seen.voxels, seen.digest):
        return
    _refuse_locked(held)
    if drawing.edits.count() != seen.edits:
        raise DrawnElsewhere(
            "This delineation went on in another window or on another machine, so it was not "
            "submitted. Nothing of either was lost: reload the page, look at it, and submit then."
        )
    grid = flair_grid(held.of.case)
    mask = drawn_mask(held, grid=grid)
    if (int(mask.sum()), digest(mask)) != (seen.voxels, seen.digest):
        raise DoesNotReplay(
            "What this page shows is not what its edits make, so nothing was submitted. Every edit "
            "is kept: reload the page, look at the mask, and submit it then."
        )
    if held.step == Delineation.Step.DOTS:
        _refuse_unfinished(held, grid.to_native(mask))
    held.voxels, held.digest, held.submitted_at = seen.voxels, seen.digest, now
    held.save(update_fields=["voxels", "digest", "submitted_at"])
    if active_ms > drawing.active_ms:
        drawing.active_ms = active_ms
        drawing.save(update_fields=["active_ms"])


def _held(token: str) -> Delineation:
    """The delineation, held until the transaction ends, with what is known of it after that."""
    Delineation.objects.select_for_update().get(token=token)
    return Delineation.objects.select_related(
        "of__study", "of__case", "assignment__user", "drawing__parent"
    ).get(token=token)


def _drawing_of(held: Delineation) -> Drawing:
    if held.drawing is None:
        raise DelineationNotOpened("This case has not been opened yet. Open it first.")
    return held.drawing


def _refuse_locked(held: Delineation) -> None:
    if held.submitted_at is not None:
        raise DelineationSubmitted(
            "This case was submitted and is locked; what you drew and decided is stored. Go on "
            "with the next one."
        )
    _refuse_ended(held)
    _drawing_of(held)


def _refuse_ended(held: Delineation) -> None:
    """This will refuse whatever would change something when the study, or the share, has ended."""
    if held.of.study.state != ReferenceStudy.State.OPEN:
        raise ReferenceNotOpen(
            "This study is closed, so nothing can be opened or changed any more. Whatever was "
            "shown as saved is stored."
        )
    if held.assignment.left_at is not None:
        raise DelineatorLeft(
            "You have left this study, so nothing can be opened or changed any more. Whatever you "
            "had submitted is stored and counts."
        )


def _refuse_unfinished(held: Delineation, mask: NDArray[np.bool_]) -> None:
    """This will refuse dots without a decision or a lesion, and lesions without a dot."""
    dots = list(held.dots.select_related("candidate").prefetch_related("decisions"))
    newest = {
        dot.pk: max(dot.decisions.all(), key=lambda one: one.version, default=None) for dot in dots
    }
    undecided = [dot.position for dot in dots if newest[dot.pk] is None]
    if undecided:
        raise DotsUndecided(
            f"{len(undecided)} of {len(dots)} dots are not decided yet (dot {_list(undecided)}). "
            "Nothing was submitted; say of each whether it is a lesion, or that you are unsure.",
            fields={"dots": [f"Dot {at} is not decided." for at in undecided]},
        )
    agreed = [dot for dot in dots if (said := newest[dot.pk]) and said.choice == LESION]
    design = queries.design_of(held.of.study)
    drawn = lesions_at_dots(
        mask,
        dots_mm=[(one.x_mm, one.y_mm, one.z_mm) for one in (dot.candidate for dot in agreed)],
        grid=flair_grid(held.of.case),
        reach_mm=design.reach_mm,
    )
    bare = [dot.position for dot, lesions in zip(agreed, drawn.at_dot, strict=True) if not lesions]
    if bare:
        raise DotNotDrawn(
            f"Dot {_list(bare)} is called a lesion and nothing is drawn within "
            f"{design.reach_mm:g} mm of it. Nothing was submitted; draw the lesion, or decide "
            "otherwise.",
            fields={"dots": [f"Nothing is drawn at dot {at}." for at in bare]},
        )
    if drawn.elsewhere:
        raise DrawnWithoutDot(
            f"{len(drawn.elsewhere)} drawn lesions lie at no dot that you called a lesion (at most "
            f"{design.reach_mm:g} mm away). Nothing was submitted; remove them, or call the dot "
            "beside them a lesion.",
            fields={
                "lesions": [f"Lesion {one} lies at no dot." for one in sorted(drawn.elsewhere)]
            },
        )


def _list(numbers: list[int]) -> str:
    first = ", ".join(map(str, numbers[:5]))
    return f"{first} and {len(numbers) - 5} more" if len(numbers) > 5 else first


def _elsewhere() -> DecisionElsewhere:
    return DecisionElsewhere(
        "This decision could not be stored under its id, which is taken. Nothing was changed; "
        "decide again."
    )
