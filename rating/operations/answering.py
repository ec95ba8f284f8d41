"""A presentation is answered once and locked; the last answer can be corrected by a new version."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from rating.models import Presentation, Rating, Study
from rating.operations.presenting import Clock, Held, hold, hold_open
from rating.operations.study import StudyNotOpen
from rating.protocol.counting import CountedMark, Counts, count_components, count_lesions
from rating.protocol.verdict import conflict, derive_verdict
from rating.queries.design import design_of
from rating.queries.reading import ReadingState, reading_state
from segmentation.refusals import ReasonMissing, Refusal

# What a rater says of a mask, by which a correction is another answer.
SAID = ("outcome", "verdict_rater", "consistent", "reason", "counted_by", "fp", "fn")


class NotSubmitted(Refusal):
    """There is no submitted answer that could be corrected."""


class AnswerIsPast(Refusal):
    """Another presentation was opened since: this answer stays as it is."""


class NothingCorrected(Refusal):
    """A correction that says what the answer says already."""


class CountsDiffer(Refusal):
    """The page shows other counts than the stored marks give."""


class CountsImpossible(Refusal):
    """Typed counts that cannot be true of this mask, or that the design does not take."""


class VerdictMissing(Refusal):
    """An answer without a verdict."""


class ConsistencyMisfit(Refusal):
    """Whether the verdict follows from the counts is asked and not said, or said and not asked."""


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
def submit(*, token: str, answer: Answer, clock: Clock) -> ReadingState:
    """This will lock a presentation with its answer and return where the reading stands then.

    The derived verdict is stored beside the rater's and told to nobody. Raises NotOpened,
    AlreadySubmitted, StudyNotOpen, CountsDiffer, CountsImpossible, VerdictMissing,
    ConsistencyMisfit, ReasonMissing.
    """
    held = hold_open(token, clock)
    presentation = held.presentation
    if answer.comment is not None:
        presentation.comment = answer.comment
    marked = _marked(presentation)
    _refuse_other_counts(answer, marked)
    _rating(held, answer, marked).save(force_insert=True)
    presentation.submitted_at = held.now
    presentation.save(update_fields=["submitted_at", "comment"])
    return reading_state(token=presentation.reading.token, now=held.now)


@transaction.atomic
def correct(*, token: str, correction: Correction, clock: Clock) -> ReadingState:
    """This will store a new version of the answer that a rater submitted last; the first stays.

    The marks stay as they are, and nothing is shown again. Raises NotSubmitted, AnswerIsPast,
    StudyNotOpen, ReasonMissing, NothingCorrected, and as `submit`.
    """
    held = hold(token, clock)
    presentation = held.presentation
    if presentation.submitted_at is None:
        raise NotSubmitted(
            "This presentation was not submitted yet, so nothing is to be corrected."
        )
    if presentation.reading.study.state != Study.State.OPEN or presentation.reading.left_at:
        raise StudyNotOpen("Nothing can be corrected any more. Your answer stays as it was stored.")
    later = Presentation.objects.filter(
        Q(submitted_at__isnull=False) | Q(opened_at__isnull=False, withdrawn_at=None),
        reading=presentation.reading_id,
        position__gt=presentation.position,
    )
    if later.exists():
        raise AnswerIsPast(
            "Only the answer submitted last can be corrected, until the next presentation is "
            "opened. Nothing was changed; tell your coordinator."
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
    if all(getattr(rating, said) == getattr(before, said) for said in SAID):
        if rating.correction == before.correction:  # asked again: the reply was lost
            return reading_state(token=presentation.reading.token, now=held.now)
        raise NothingCorrected(
            "That is what your answer says already. Nothing was changed.",
            fields={"verdict": ["This is your answer as it is stored."]},
        )
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
