"""Reading: one presentation after the other is opened, marked and submitted.

Every change locks its presentation first and looks at what it is like after that, so that two tabs,
a repeated request and the closing of the study, which withdraws what is unfinished, cannot get in
each other's way. The `clock` is an expression that the database answers with the lock: no process's
own clock counts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Expression, F, Prefetch

from rating.models import Mark, Presentation, Rating, ReadingKeys, Study, StudyMembership
from rating.operations.study import StudyNotOpen
from rating.protocol.counting import CountedMark, Counts, count_components, count_lesions
from rating.protocol.design import instructions_sha256
from rating.protocol.verdict import conflict, derive_verdict
from rating.queries.design import design_of
from rating.queries.reading import ReadingState, reading_state
from segmentation.refusals import ReasonMissing, Refusal

Clock = Expression  # a moment, as the database tells it
SAID = ("reason", "counts_as", "joined")  # what a rater may change of a mark


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


class NotSubmitted(Refusal):
    """There is no submitted answer that could be corrected."""


class AnswerIsPast(Refusal):
    """Another presentation was submitted since: this answer stays as it is."""


class OtherInstructions(Refusal):
    """What is signed is not the text of the design."""


class MarkBelongsElsewhere(Refusal):
    """The id of a mark is taken by another mark."""


class AlreadyMarked(Refusal):
    """The lesion has been marked."""


class NoSuchLesion(Refusal):
    """A mark does not fit the drawn lesions."""


class CountsDiffer(Refusal):
    """The page shows other counts than the stored marks give."""


class CountsImpossible(Refusal):
    """Typed counts that cannot be true of this mask, or that the design does not take."""


class VerdictMissing(Refusal):
    """An answer without a verdict."""


class ConsistencyMisfit(Refusal):
    """Whether the verdict follows from the counts is asked and not said, or said and not asked."""


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


@dataclass(frozen=True)
class Answer:
    """What a rater submits. `shown` are the counts on their page, `typed` those they typed.

    `corrected` are the lesions as the rater counts them, where the page shows them.
    """

    outcome: Rating.Outcome
    verdict: str | None
    shown: Counts
    corrected: Counts | None = None
    typed: Counts | None = None
    consistent: bool | None = None  # the verdict follows from the counts; None where not asked
    reason: str = ""
    comment: str | None = None  # None: what is stored stays
    active_ms: int = 0
    slices_seen: int = 0
    slice_ms: list[int] = field(default_factory=list)


@transaction.atomic
def open_presentation(*, token: str, clock: Clock) -> Presentation:
    """This will open a presentation, or resume the one that is open, and return it to be shown.

    Raises AlreadySubmitted, StudyNotOpen, NotYourTurn, WashoutNotOver.
    """
    held = _held(token, clock)
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


@dataclass(frozen=True)
class Declaration:
    """What a rater says before reading; what is None was not asked or is said later."""

    signed_sha256: str | None = None
    qualification: Mapping[str, Any] | None = None
    conditions: Mapping[str, str] | None = None


@transaction.atomic
def declare(*, reading: str, declaration: Declaration, now: datetime) -> ReadingState:
    """This will store what a rater declares, with the time; what was said before stays said.

    Conditions (`room_light`, `screen`) begin a new sitting. Raises StudyNotOpen, and
    OtherInstructions when the text that was signed is not the design's.
    """
    rows = StudyMembership.objects.select_for_update(of=("self",)).select_related("study")
    held = rows.get(token=reading)
    if held.study.state != Study.State.OPEN or held.left_at is not None:
        raise StudyNotOpen("Nothing is read in this study any more. Nothing was stored.")
    signed = declaration.signed_sha256
    if signed is not None and signed != instructions_sha256(design_of(held.study)):
        raise OtherInstructions(
            "The instructions that were signed are not those of this study. Nothing was stored; "
            "reload the page and read them again."
        )
    if signed is not None and held.signed_at is None:
        held.signed_at, held.signed_sha256 = now, signed
    if declaration.qualification is not None and held.qualification is None:
        held.qualification = dict(declaration.qualification)
    held.save(update_fields=["signed_at", "signed_sha256", "qualification"])
    if declaration.conditions is not None:
        held.sittings.create(at=now, **declaration.conditions)
    return reading_state(token=reading, now=now)


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
    held = _held_open(token, clock)
    mark = Mark.objects.filter(pk=mark_id).first()
    if mark is None:
        return held.now
    if mark.presentation_id != held.presentation.pk:
        raise _elsewhere()
    if mark.removed_at is None:
        mark.removed_at = held.now
        mark.save(update_fields=["removed_at"])
    return mark.removed_at


def choose_keys(
    *, user: User, keys: dict[str, str] | None = None, summary_folded: bool | None = None
) -> ReadingKeys:
    """This will keep a rater's own keys, and whether their short list is folded; None: as before.

    `keys` replace those before; none in it: the usual ones.
    """
    chosen = {"keys": keys, "summary_folded": summary_folded}
    changed = {name: value for name, value in chosen.items() if value is not None}
    return ReadingKeys.objects.update_or_create(user=user, defaults=changed)[0]


@transaction.atomic
def save_comment(*, token: str, comment: str, clock: Clock) -> datetime:
    """This will store the comment on the open presentation and return when it was stored."""
    held = _held_open(token, clock)
    held.presentation.comment = comment
    held.presentation.comment_saved_at = held.now
    held.presentation.save(update_fields=["comment", "comment_saved_at"])
    return held.now


@transaction.atomic
def save_view(*, token: str, view: dict[str, Any], clock: Clock) -> datetime:
    """This will store where the rater stands in the open presentation, and return when."""
    held = _held_open(token, clock)
    held.presentation.view = view
    held.presentation.save(update_fields=["view"])
    return held.now


@transaction.atomic
def submit(*, token: str, answer: Answer, clock: Clock) -> ReadingState:
    """This will lock a presentation with its answer and return where the reading stands then.

    The derived verdict is stored beside the rater's and told to nobody. Raises NotOpened,
    AlreadySubmitted, StudyNotOpen, CountsDiffer, CountsImpossible, VerdictMissing,
    ConsistencyMisfit, ReasonMissing.
    """
    held = _held_open(token, clock)
    presentation = held.presentation
    if answer.comment is not None:
        presentation.comment = answer.comment
    marked = _marked(presentation)
    _refuse_other_counts(answer, marked)
    _rating(held, answer, marked).save(force_insert=True)
    presentation.submitted_at = held.now
    presentation.save(update_fields=["submitted_at", "comment"])
    return reading_state(token=presentation.reading.token, now=held.now)


@dataclass(frozen=True)
class Correction:
    """What the answer should have been, and why; counts only where the design lets them be typed.

    `why_not` says why it cannot be rated, where that is the outcome.
    """

    outcome: Rating.Outcome
    verdict: str | None
    reason: str
    typed: Counts | None = None
    consistent: bool | None = None
    why_not: str = ""


@transaction.atomic
def correct(*, token: str, correction: Correction, clock: Clock) -> ReadingState:
    """This will store a new version of the answer that a rater submitted last; the first stays.

    The marks stay as they are, and nothing is shown again. Raises NotSubmitted, AnswerIsPast,
    StudyNotOpen, ReasonMissing, and as `submit`.
    """
    held = _held(token, clock)
    presentation = held.presentation
    if presentation.submitted_at is None:
        raise NotSubmitted(
            "This presentation was not submitted yet, so nothing is to be corrected."
        )
    if presentation.reading.study.state != Study.State.OPEN or presentation.reading.left_at:
        raise StudyNotOpen("Nothing can be corrected any more. Your answer stays as it was stored.")
    later = Presentation.objects.filter(
        reading=presentation.reading_id,
        submitted_at__isnull=False,
        position__gt=presentation.position,
    )
    if later.exists():
        raise AnswerIsPast(
            "Only the answer submitted last can be corrected. Nothing was changed; tell your "
            "coordinator about an earlier one."
        )
    if not correction.reason.strip():
        raise ReasonMissing(
            "A correction needs a reason, which is kept beside it. Nothing was changed; write one "
            "sentence and send it again.",
            fields={"reason": ["Write why the answer is corrected."]},
        )
    before = presentation.ratings.latest("version")
    marked = _marked(presentation)
    answer = Answer(
        outcome=correction.outcome,
        verdict=correction.verdict,
        shown=count_components(marked),
        typed=correction.typed or _typed_before(before, correction),
        consistent=correction.consistent,
        reason=correction.why_not,
        active_ms=before.active_ms,
        slices_seen=before.slices_seen,
    )
    rating = _rating(held, answer, marked)
    rating.version, rating.correction = before.version + 1, correction.reason.strip()
    rating.save(force_insert=True)
    return reading_state(token=presentation.reading.token, now=held.now)


def _typed_before(before: Rating, correction: Correction) -> Counts | None:
    """The typed counts that a correction keeps."""
    if correction.outcome != Rating.Outcome.RATED or before.counted_by != "typed":
        return None
    return Counts(fp=before.fp or 0, fn=before.fn or 0)


def _rating(held: Held, answer: Answer, marked: list[CountedMark]) -> Rating:
    """An answer as a version 1 that is not stored yet. Raises as `submit`."""
    presentation = held.presentation
    design = design_of(presentation.item.study)
    rating = Rating(
        presentation=presentation,
        outcome=answer.outcome,
        reason=answer.reason,
        lesions=held.lesions,
        comment=presentation.comment,
        active_ms=answer.active_ms,
        slices_seen=answer.slices_seen,
        slice_ms=answer.slice_ms,
        software_version=software_version(),
        submitted_at=held.now,
    )
    if answer.outcome == Rating.Outcome.RATED:
        counts = _counted(answer, held.lesions, may_type=design.allow_typed_counts)
        if answer.verdict is None:
            raise VerdictMissing(
                "The verdict is missing. Nothing was submitted and all marks are stored; choose "
                "acceptable or unacceptable and submit again.",
                fields={"verdict": ["Choose acceptable or unacceptable."]},
            )
        _refuse_unasked(answer, is_asked=design.ask_consistency)
        derived = derive_verdict(
            n=held.lesions,
            fp=counts.fp,
            fn=counts.fn,
            precision_threshold=design.precision_threshold,
            recall_threshold=design.recall_threshold,
        )
        lesions = answer.typed or count_lesions(marked)
        rating.fp, rating.fn = counts.fp, counts.fn
        rating.fp_corrected, rating.fn_corrected = lesions.fp, lesions.fn
        rating.counted_by = "typed" if answer.typed else "marks"
        rating.verdict_rater = answer.verdict
        rating.verdict_derived = derived.verdict
        rating.consistent = answer.consistent
        rating.conflict = conflict(answer.verdict, derived.verdict, design.boundary_policy)
    elif not answer.reason.strip():
        raise ReasonMissing(
            "An answer without a rating needs a reason. Nothing was submitted; write one "
            "sentence and submit again.",
            fields={"reason": ["Write why it cannot be rated."]},
        )
    return rating


@cache
def software_version() -> str:
    """The version of Plaque that a rating was made with."""
    project = tomllib.loads((settings.ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"])


# --- What holds a presentation, and what refuses --------------------------------------------------


@dataclass(frozen=True)
class Held:
    """A presentation that is held until the transaction ends, what it shows, and the time."""

    presentation: Presentation
    lesions: int
    now: datetime


def _held(token: str, clock: Clock) -> Held:
    """This will hold a presentation. Raises StudyNotOpen."""
    rows = Presentation.objects.select_for_update(of=("self",))
    row = rows.annotate(lesions=F("item__lesions"), now=clock).get(token=token)
    _refuse_withdrawn(row)
    return Held(row, row.lesions, row.now)


def _held_open(token: str, clock: Clock) -> Held:
    """This will hold a presentation that can be marked and submitted now."""
    held = _held(token, clock)
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


def _elsewhere() -> MarkBelongsElsewhere:
    return MarkBelongsElsewhere(
        "This mark could not be stored under its id, which is taken. Nothing was changed; make the "
        "mark again."
    )


def _refuse_misfit(mark: NewMark, lesions: int) -> None:
    """This will refuse a false positive without a drawn lesion, and a missed lesion with one."""
    if mark.kind == Mark.Kind.MISSED and mark.lesion is not None:
        raise NoSuchLesion("A missed lesion is one that is not drawn. Nothing was stored.")
    if mark.kind == Mark.Kind.FALSE_POSITIVE and not 1 <= (mark.lesion or 0) <= lesions:
        raise NoSuchLesion(
            f"A false positive names one of the {lesions} drawn lesions. Nothing was stored; click "
            "on a drawn lesion."
        )


@transaction.atomic
def _recognised(mark: NewMark, token: str, clock: Clock) -> datetime:
    """This will return when the same mark was stored last, with what it says brought up to date.

    Raises MarkBelongsElsewhere, or AlreadyMarked when it is another mark on the same lesion.
    """
    held = _held_open(token, clock)
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


@transaction.atomic
def _stored(mark: NewMark, token: str, clock: Clock) -> datetime:
    """This will insert a mark; raises IntegrityError when it, or its lesion's mark, is there."""
    held = _held_open(token, clock)
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


def _refuse_unasked(answer: Answer, *, is_asked: bool) -> None:
    """This will refuse a verdict without what the design asks about it, or with more than that."""
    if (answer.consistent is not None) == is_asked:
        return
    if is_asked:
        said = "It is not said whether the verdict follows from the counts"
        todo = "Say yes or no."
    else:
        said = "This study does not ask whether the verdict follows from the counts"
        todo = "Leave this out."
    raise ConsistencyMisfit(
        f"{said}. Nothing was submitted and all marks are stored; correct it and submit again.",
        fields={"consistent": [todo]},
    )


def _refuse_other_counts(answer: Answer, marked: list[CountedMark]) -> None:
    """This will refuse an answer given on other counts than the stored marks have."""
    for shown, stored in (
        (answer.shown, count_components(marked)),
        (answer.corrected, count_lesions(marked)),
    ):
        if shown is not None and shown != stored:
            raise CountsDiffer(
                f"Your page shows {shown.fp} false positives and {shown.fn} missed lesions; stored "
                f"are {stored.fp} and {stored.fn}. Nothing was submitted; reload the page to see "
                "what is stored, and submit again."
            )


def _marked(presentation: Presentation) -> list[CountedMark]:
    """The stored marks that stand, as far as they count."""
    standing = presentation.marks.filter(removed_at=None)
    return [CountedMark(*values) for values in standing.values_list("kind", "counts_as", "joined")]


def _counted(answer: Answer, lesions: int, *, may_type: bool) -> Counts:
    """The counts of an answer: typed ones, where the design takes them, or those of the marks."""
    if answer.typed is None:
        return answer.shown
    if not may_type:
        raise CountsImpossible(
            "This study takes its counts from marks only. Nothing was submitted; mark the lesions "
            "instead of typing numbers.",
            fields={"typed": ["This study takes no typed counts."]},
        )
    if answer.typed.fp > lesions:
        raise CountsImpossible(
            f"{answer.typed.fp} false positives were typed, but only {lesions} lesions are drawn. "
            "Nothing was submitted; correct the number and submit again.",
            fields={"typed": [f"At most {lesions} drawn lesions can be false positives."]},
        )
    return answer.typed
