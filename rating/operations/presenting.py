"""Presentations are opened one after the other, shown, and held while something of them changes.

Every change locks its presentation first and looks at what it is like after that, so that two tabs,
a repeated request and the closing of the study, which withdraws what is unfinished, cannot get in
each other's way. The `clock` is an expression that the database answers with the lock: no process's
own clock counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Expression, F, Prefetch

from rating.models import Mark, Presentation, Study
from rating.operations.study import StudyNotOpen
from rating.queries.reading import reading_state
from segmentation.refusals import Refusal

Clock = Expression  # a moment, as the database tells it


class NotOpened(Refusal):
    """The presentation has not been opened yet."""


class AlreadySubmitted(Refusal):
    """The presentation was submitted and is locked."""


class NotYourTurn(Refusal):
    """An earlier presentation has to be submitted first."""


class WashoutNotOver(Refusal):
    """The pause between the two blocks lasts longer."""


class PresentationWithdrawn(Refusal):
    """The presentation is shown no more, although the study goes on."""


class DeclarationMissing(Refusal):
    """The design asks the rater for something before the next presentation."""


@dataclass(frozen=True)
class Held:
    """A presentation that is held until the transaction ends, what it shows, and the time."""

    presentation: Presentation
    lesions: int
    now: datetime


@transaction.atomic
def open_presentation(*, token: str, clock: Clock) -> Presentation:
    """This will open a presentation, or resume the one that is open, and return it to be shown.

    Raises AlreadySubmitted, StudyNotOpen, NotYourTurn, WashoutNotOver.
    """
    held = hold(token, clock)
    presentation = held.presentation
    _refuse_submitted(presentation)
    if presentation.opened_at is None:
        earlier = Presentation.objects.filter(
            reading=presentation.reading_id,
            position__lt=presentation.position,
            submitted_at=None,
            withdrawn_at=None,
        )
        if earlier.exists():
            raise NotYourTurn(
                "Another presentation comes before this one. Nothing was opened; go on from your "
                "reading's own page."
            )
        state = reading_state(token=presentation.reading.token, now=held.now)
        if state.available_at is not None:
            raise WashoutNotOver(
                "The first block is done. The second block opens on "
                f"{state.available_at:%d %B %Y at %H:%M %Z}; all your answers are stored."
            )
        if state.asks:
            asked = " and ".join(state.asks)
            raise DeclarationMissing(
                f"Before the next presentation this study asks for your {asked}. "
                "Nothing was opened; answer on your reading's own page and open it again."
            )
        presentation.opened_at = held.now
        presentation.save(update_fields=["opened_at"])
    return presentation_to_show(token=token)


def presentation_to_show(*, token: str) -> Presentation:
    """This will return the open presentation with its mask, study and marks in order of making.

    Raises AlreadySubmitted, NotOpened, StudyNotOpen: no voxel is shown before it was opened, and
    there is no going back after it was submitted.
    """
    made = Prefetch("marks", Mark.objects.order_by("made_at", "pk").prefetch_related("changes"))
    presentation = (
        Presentation.objects.select_related("reading__study", "item__segmentation__case")
        .prefetch_related(made)
        .get(token=token)
    )
    _refuse_submitted(presentation)
    _refuse_withdrawn(presentation)
    _refuse_unopened(presentation)
    return presentation


def presentation_to_fetch(*, token: str) -> Presentation:
    """This will return a presentation whose image and mask may be fetched now.

    That is the open one, and the one after it in its block. Raises as `presentation_to_show`.
    """
    shown = Presentation.objects.select_related("reading__study", "item__segmentation__case")
    presentation = shown.get(token=token)
    _refuse_submitted(presentation)
    _refuse_withdrawn(presentation)
    if presentation.opened_at is None and not _is_next(presentation):
        _refuse_unopened(presentation)
    return presentation


@transaction.atomic
def save_comment(*, token: str, comment: str, clock: Clock) -> datetime:
    """This will store the comment on the open presentation and return when it was stored."""
    held = hold_open(token, clock)
    held.presentation.comment = comment
    held.presentation.comment_saved_at = held.now
    held.presentation.save(update_fields=["comment", "comment_saved_at"])
    return held.now


@transaction.atomic
def save_view(*, token: str, view: dict[str, Any], clock: Clock) -> datetime:
    """This will store where the rater stands in the open presentation, and return when."""
    held = hold_open(token, clock)
    held.presentation.view = view
    held.presentation.save(update_fields=["view"])
    return held.now


def hold(token: str, clock: Clock) -> Held:
    """This will hold a presentation. Raises StudyNotOpen."""
    rows = Presentation.objects.select_for_update(of=("self",))
    row = rows.annotate(lesions=F("item__lesions"), now=clock).get(token=token)
    _refuse_withdrawn(row)
    return Held(row, row.lesions, row.now)


def hold_open(token: str, clock: Clock) -> Held:
    """This will hold a presentation that can be marked and submitted now."""
    held = hold(token, clock)
    _refuse_submitted(held.presentation)
    _refuse_unopened(held.presentation)
    return held


def _refuse_withdrawn(presentation: Presentation) -> None:
    """Says nothing of why one was withdrawn from an open study: that is not the rater's to know."""
    if presentation.withdrawn_at is None:
        return
    if presentation.reading.left_at is not None:
        raise StudyNotOpen(
            "Your part in this study has ended, so nothing can be opened or changed any more. "
            "Whatever was shown as saved is stored."
        )
    if presentation.reading.study.state == Study.State.CLOSED:
        raise StudyNotOpen(
            "This study is closed, so nothing can be opened or changed any more. Whatever was "
            "shown as saved is stored."
        )
    raise PresentationWithdrawn(
        "The coordinator has taken this presentation out of the study. Nothing of it is needed any "
        "more; go on from your reading's own page."
    )


def _refuse_submitted(presentation: Presentation) -> None:
    if presentation.submitted_at is not None:
        raise AlreadySubmitted(
            "This presentation was submitted and is locked; your answer is stored. Go on with the "
            "next one."
        )


def _refuse_unopened(presentation: Presentation) -> None:
    if presentation.opened_at is None:
        raise NotOpened("This presentation has not been opened yet. Open it first.")


def _is_next(presentation: Presentation) -> bool:
    """Whether the presentation before this one, in the same block, has been opened."""
    before = Presentation.objects.filter(
        reading=presentation.reading_id,
        occasion=presentation.occasion,
        position__lt=presentation.position,
        withdrawn_at=None,
    )
    nearest = before.order_by("-position").first()
    return nearest is not None and nearest.opened_at is not None
