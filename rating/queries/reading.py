"""Where raters are in their readings, and what is shown to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from django.contrib.auth.models import User
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery

from rating.models import Presentation, ReadingKeys, Sitting, Study, StudyMembership
from rating.protocol.design import AcceptanceDesign, instructions_sha256
from rating.protocol.practice import Feedback, feedback
from rating.queries.design import design_of
from rating.queries.roles import RATER
from segmentation.models import Scan

# Presentations that were or will be answered, as far as anybody knows, less practice, which no
# analysis counts. While a study is open those that were withdrawn are neither; what closing it
# withdraws stays missing.
IS_ASKED = Q(occasion__gt=0) & (Q(withdrawn_at=None) | Q(reading__study__state=Study.State.CLOSED))
IS_ASKED_OF_READING = Q(presentations__occasion__gt=0) & (
    Q(presentations__withdrawn_at=None) | Q(study__state=Study.State.CLOSED)
)
IS_DONE_OF_READING = Q(presentations__occasion__gt=0, presentations__submitted_at__isnull=False)
SITTING_ENDS = timedelta(hours=1)  # after so long without opening or submitting anything
Ask = Literal["signature", "qualification", "conditions"]


@dataclass(frozen=True)
class ReadingState:
    """Where a rater is in their share of a study. Says nothing about what was or will be shown."""

    reading: str
    title: str
    instructions: str
    dawm_instruction: str
    done: int
    total: int
    state: Literal["ready", "waiting", "finished", "closed", "left"]
    available_at: datetime | None  # when a washout ends; None unless waiting
    presentation: str | None  # the one presentation that may be opened or is open
    opened: bool
    practice_left: int
    instructions_sha256: str
    asks: tuple[Ask, ...]  # what the rater has to say before the next presentation opens
    ask_consistency: bool  # with every verdict, whether it follows from the counts
    last: str | None = None  # what was submitted last, whose answer can be corrected
    feedback: Feedback | None = None  # if that was practice


def readings_of(*, user: User, now: datetime) -> tuple[ReadingState, ...]:
    """The user's readings in studies that were opened, newest study first."""
    mine = opened_readings().filter(user=user).order_by("-study__opened_at", "pk")
    return tuple(state_of(reading, now) for reading in mine)


def reading_state(*, token: str, now: datetime) -> ReadingState:
    """Where the reading with this token stands; raises `StudyMembership.DoesNotExist`."""
    state = state_of(opened_readings().get(token=token), now)
    submitted = Presentation.objects.filter(reading__token=token, submitted_at__isnull=False)
    last = submitted.select_related("item__segmentation").order_by("-position").first()
    if last is None:
        return state
    can_correct = state.state not in ("closed", "left") and not state.opened
    return replace(state, last=last.token if can_correct else None, feedback=_feedback(last))


def _feedback(presentation: Presentation) -> Feedback | None:
    """How the marks of a submitted practice presentation compare with the truth; else None."""
    truth = presentation.item.truth
    if presentation.occasion != 0 or truth is None:
        return None
    marks = [mark for mark in presentation.marks.all() if mark.removed_at is None]
    return feedback(
        false_positives=truth["false"],
        missed_mm=[(x, y, z) for x, y, z in truth["missed"]],
        marked_false=[mark.lesion for mark in marks if mark.lesion is not None],
        marked_missed_mm=[
            (mark.x_mm, mark.y_mm, mark.z_mm) for mark in marks if mark.lesion is None
        ],
        lesions_mm={one.id: one.voxel_mm for one in presentation.item.segmentation.lesions},
    )


def following(presentation: Presentation) -> Presentation | None:
    """The presentation that comes next in the same block; None at the block's end.

    Its image and mask may be fetched ahead, so that it is in memory when its turn comes. Never
    across the blocks: what comes after a washout is not known before the washout is over.
    """
    later = Presentation.objects.select_related("reading__study", "item__segmentation").filter(
        reading=presentation.reading_id,
        occasion=presentation.occasion,
        position__gt=presentation.position,
        withdrawn_at=None,
    )
    return later.order_by("position").first()


def flair_of(presentation: Presentation) -> Scan:
    """The scan that a presentation shows; raises `Scan.DoesNotExist`."""
    return Scan.objects.get(
        case=presentation.item.segmentation.case_id, sequence=Scan.Sequence.FLAIR
    )


def t1_of(presentation: Presentation) -> Scan | None:
    """The T1 that stands beside the FLAIR; None where the case or the design has none."""
    if "T1" not in design_of(presentation.reading.study).shown_sequences:
        return None
    case = presentation.item.segmentation.case_id
    return Scan.objects.filter(case=case, sequence=Scan.Sequence.T1).first()


def keys_of(user: User) -> ReadingKeys:
    """What a rater has chosen for the keys of the reading room; unsaved where nothing is chosen."""
    return ReadingKeys.objects.filter(user=user).first() or ReadingKeys(user=user)


def opened_readings() -> QuerySet[StudyMembership]:
    """Readings of opened studies, each with its pace and its next presentation."""
    readings = StudyMembership.objects.filter(role=RATER).exclude(study__state=Study.State.DRAFT)
    return with_next(readings.select_related("study")).annotate(
        total=Count("presentations", filter=IS_ASKED_OF_READING),
        done=Count("presentations", filter=IS_DONE_OF_READING),
        practice_left=Count(
            "presentations",
            filter=Q(
                presentations__occasion=0,
                presentations__submitted_at=None,
                presentations__withdrawn_at=None,
            ),
        ),
        last_sitting=Subquery(
            Sitting.objects.filter(reading=OuterRef("pk")).order_by("-at").values("at")[:1]
        ),
    )


def with_next(readings: QuerySet[StudyMembership]) -> QuerySet[StudyMembership]:
    """Readings, each with its next presentation and when anything was done last."""
    left = Presentation.objects.filter(reading=OuterRef("pk"), submitted_at=None, withdrawn_at=None)
    following = left.order_by("position")
    return readings.annotate(
        first_block_end=Max("presentations__submitted_at", filter=Q(presentations__occasion=1)),
        last_opened=Max("presentations__opened_at"),
        last_submitted=Max("presentations__submitted_at"),
        next_token=Subquery(following.values("token")[:1]),
        next_occasion=Subquery(following.values("occasion")[:1]),
        next_opened_at=Subquery(following.values("opened_at")[:1]),
    )


def state_of(reading: Any, now: datetime) -> ReadingState:
    """The state of one row of `opened_readings`."""
    design = design_of(reading.study)
    state: Literal["ready", "waiting", "finished", "closed", "left"] = "ready"
    available_at = None
    if reading.study.state == Study.State.CLOSED:
        state = "closed"
    elif reading.left_at is not None:
        state = "left"
    elif reading.next_token is None:
        state = "finished"
    elif reading.next_occasion == 2 and reading.next_opened_at is None:
        # Every item is shown once before any is shown again, so block 1 is all submitted here.
        end_of_washout = reading.first_block_end + timedelta(days=design.washout_days)
        if now < end_of_washout:
            state, available_at = "waiting", end_of_washout
    is_ready = state == "ready"
    return ReadingState(
        reading=reading.token,
        title=reading.study.title,
        instructions=design.instructions,
        dawm_instruction=design.dawm_instruction,
        done=reading.done,
        total=reading.total,
        state=state,
        available_at=available_at,
        presentation=reading.next_token if is_ready else None,
        opened=is_ready and reading.next_opened_at is not None,
        practice_left=reading.practice_left,
        instructions_sha256=instructions_sha256(design),
        asks=_asks(reading, design, now) if is_ready else (),
        ask_consistency=design.ask_consistency,
    )


def _asks(reading: Any, design: AcceptanceDesign, now: datetime) -> tuple[Ask, ...]:
    """What a rater has not said yet of what the design asks."""
    asks: list[Ask] = []
    if design.sign_instructions and reading.signed_at is None:
        asks.append("signature")
    if design.ask_qualification and reading.qualification is None:
        asks.append("qualification")
    if design.ask_conditions:
        active = [reading.last_sitting, reading.last_opened, reading.last_submitted]
        since = max((at for at in active if at), default=None)
        if reading.last_sitting is None or since is None or now - since > SITTING_ENDS:
            asks.append("conditions")
    return tuple(asks)
