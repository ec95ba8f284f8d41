"""What can be asked about studies and readings, and by whom it may be seen."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median
from sys import intern
from typing import Any, Literal
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count, F, Max, OuterRef, Prefetch, Q, QuerySet, Subquery

from accounts.queries import people_met_by
from rating.models import (
    Amendment,
    ExampleSlice,
    Item,
    Mark,
    Presentation,
    Rating,
    ReadingKeys,
    Sitting,
    Study,
    StudyMembership,
)
from rating.protocol.amendments import Amendments, amended
from rating.protocol.design import (
    AcceptanceDesign,
    DesignItem,
    PracticeCase,
    default_gap,
    design_from_json,
    instructions_sha256,
)
from rating.protocol.practice import Feedback, feedback
from rating.protocol.verdict import is_accepted
from rating.queries.blinding import cases_hidden_from
from rating.queries.reference import references_left_alone
from rating.report import Facts, Names, Report, lay_out
from rating.statistics import MarkRow, RatingRow, summarise
from rating.statistics.mark_matching import fused_points
from segmentation.models import Case, Cohort, CohortMembership, Scan, Segmentation
from segmentation.operations.ranking import disagreements, uncertainties
from segmentation.queries import HowManyInList, how_many, method_titles, visible_cases
from segmentation.refusals import Refusal

COORDINATOR = StudyMembership.Role.COORDINATOR
RATER = StudyMembership.Role.RATER
IDLE_DAYS = 7
# All but practice, which no analysis counts.
IS_JUDGED = Q(occasion__gt=0)
# Presentations that were or will be answered, as far as anybody knows. While a study is open those
# that were withdrawn are neither; what closing it withdraws stays missing.
IS_ASKED = IS_JUDGED & (Q(withdrawn_at=None) | Q(reading__study__state=Study.State.CLOSED))
IS_ASKED_OF_READING = Q(presentations__occasion__gt=0) & (
    Q(presentations__withdrawn_at=None) | Q(study__state=Study.State.CLOSED)
)
IS_DONE_OF_READING = Q(presentations__occasion__gt=0, presentations__submitted_at__isnull=False)
NO_ROLE: frozenset[str] = frozenset()


class StudyNotClosed(Refusal):
    """The study still runs: its answers are shown to nobody."""


class UnknownExample(Refusal):
    """No reading of the study that could be shown as an example, or no slice of it."""


# --- Who may see what -----------------------------------------------------------------------------


def coordinated_by(user: User) -> QuerySet[StudyMembership]:
    """The user's memberships as coordinator, as long as they also coordinate the study's cohort."""
    return StudyMembership.objects.filter(
        user=user,
        role=COORDINATOR,
        study__cohort__memberships__in=CohortMembership.objects.filter(
            user=user, role=CohortMembership.Role.COORDINATOR
        ),
    )


def studies_left_alone(*, user: User, cohort: Cohort) -> list[str]:
    """The titles of the cohort's unclosed studies that nobody but this user coordinates.

    Reference studies too.
    """
    others = CohortMembership.objects.filter(
        cohort=cohort, role=CohortMembership.Role.COORDINATOR
    ).exclude(user=user)
    coordinated = StudyMembership.objects.filter(role=COORDINATOR)
    kept = coordinated.filter(user__in=others.values("user"))
    alone = (
        Study.objects.filter(cohort=cohort, pk__in=coordinated.filter(user=user).values("study"))
        .exclude(state=Study.State.CLOSED)
        .exclude(pk__in=kept.values("study"))
    )
    references = references_left_alone(user=user, cohort=cohort)
    return [*alone.values_list("title", flat=True), *references]


def studies_of(user: User, *, search: str = "") -> QuerySet[Study]:
    """The studies that the user coordinates, less those with a case hidden from them.

    Those with `search` in their title, newest first, each with its number of items, raters and
    presentations (`total`, `done`).
    """
    hidden = Item.objects.filter(segmentation__case__in=cases_hidden_from(user))
    coordinated = coordinated_by(user)
    shown = Presentation.objects.filter(reading__study=OuterRef("pk")).filter(IS_ASKED)
    return (
        Study.objects.filter(pk__in=coordinated.values("study"), title__icontains=search)
        .exclude(pk__in=hidden.values("study"))
        .select_related("cohort")
        .annotate(
            item_count=how_many(Item.objects.filter(study=OuterRef("pk"), reference=None)),
            rater_count=how_many(StudyMembership.objects.filter(study=OuterRef("pk"), role=RATER)),
            total=how_many(shown),
            done=how_many(shown.filter(submitted_at__isnull=False)),
        )
    )


def rated_studies(user: User) -> QuerySet[Study]:
    """The user's open studies of which every presentation is rated: they wait to be closed."""
    found: QuerySet[Any] = studies_of(user)
    return found.filter(state=Study.State.OPEN, total__gt=0, done=F("total"))


def drafts_of(user: User) -> QuerySet[Study]:
    """The user's studies that were not opened yet, newest first."""
    return studies_of(user).filter(state=Study.State.DRAFT)


def roles_in_study(*, user: User, slug: str) -> frozenset[str]:
    """Coordinator, or nothing: also when a case of the study is hidden from this user."""
    coordinates = (
        coordinated_by(user)
        .filter(study__slug=slug)
        .exclude(study__items__segmentation__case__in=cases_hidden_from(user))
        .exists()
    )
    return frozenset({str(COORDINATOR)}) if coordinates else NO_ROLE


def roles_in_reading(*, user: User, token: str) -> frozenset[str]:
    """Rater, when this is the user's own reading of a study that was opened."""
    mine = StudyMembership.objects.filter(user=user, role=RATER, token=token)
    is_mine = mine.exclude(study__state=Study.State.DRAFT).exists()
    return frozenset({str(RATER)}) if is_mine else NO_ROLE


def roles_in_presentation(*, user: User, token: str) -> frozenset[str]:
    """Rater, when this presentation belongs to the user's own reading."""
    found = Presentation.objects.filter(token=token).order_by()
    is_mine = user.pk in set(found.values_list("reading__user", flat=True))
    return frozenset({str(RATER)}) if is_mine else NO_ROLE


# --- Studies --------------------------------------------------------------------------------------


def study_in_full(slug: str) -> Study:
    """One study with its items, their cases and masks; raises `Study.DoesNotExist`."""
    return (
        Study.objects.select_related("cohort")
        .prefetch_related(
            "items__segmentation__case",
            "items__reference",
            Prefetch("amendments", Amendment.objects.select_related("reading", "item")),
        )
        .get(slug=slug)
    )


@dataclass(frozen=True)
class Pairing:
    """Two methods whose masks of so many `cases` a draft is about; of `done` both are there.

    While `is_waiting` the draft has no masks; afterwards `reason` says which cases were left out.
    """

    methods: tuple[str, ...]
    cases: int
    done: int
    is_waiting: bool
    reason: str


def pairing_of(study: Study) -> Pairing | None:
    """How far the masks of a paired draft are; None for every other study."""
    asked = study.pairing
    if not asked or study.state != Study.State.DRAFT:
        return None
    cases = Case.objects.filter(pk__in=asked["cases"])
    masks = masks_to_pair(cases, asked["methods"]).values() if asked["waiting"] else ()
    return Pairing(
        methods=tuple(asked["methods"]),
        cases=len(asked["cases"]),
        done=sum(len(of_case) == len(asked["methods"]) for of_case in masks),
        is_waiting=asked["waiting"],
        reason=asked.get("reason", ""),
    )


def masks_to_pair(
    cases: Iterable[Case], methods: Sequence[str]
) -> dict[int, dict[str, Segmentation]]:
    """The newest mask of each method of each case, by the case's primary key; no mask, no entry."""
    newest: dict[int, dict[str, Segmentation]] = defaultdict(dict)
    masks = Segmentation.objects.filter(case__in=cases, method__in=methods)
    for mask in masks.order_by("created_at", "pk"):
        newest[mask.case_id][mask.method] = mask
    return newest


def progress(study: Study) -> QuerySet[StudyMembership]:
    """The raters of a study with their pace (`done`, `total`, `last_activity`), never answers."""
    shown = "presentations"
    return (
        study.memberships.filter(role=RATER)
        .select_related("user")
        .annotate(
            total=Count(shown, filter=IS_ASKED_OF_READING),
            done=Count(shown, filter=IS_DONE_OF_READING),
            last_opened=Max("presentations__opened_at"),
            last_submitted=Max("presentations__submitted_at"),
        )
        .order_by("user__username")
    )


def candidate_segmentations(*, study: Study, user: User) -> QuerySet[Segmentation]:
    """The masks of the study's cohort that this coordinator may see, by case and age."""
    return (
        Segmentation.objects.filter(
            case__in=visible_cases(user).filter(cohort=study.cohort_id).values("pk")
        )
        .select_related("case")
        .order_by("case__code", "created_at", "pk")
    )


def candidate_rows(*, study: Study, user: User) -> list[dict[str, Any]]:
    """What a draft's page lists of `candidate_segmentations`: plain rows, as there may be many."""
    found = candidate_segmentations(study=study, user=user).select_related(None)
    fields = ("pk", "case__code", "title", "method", "origin", "created_at")
    rows = found.values_list(*fields, HowManyInList("lesion_list")).iterator()
    return [
        {
            "segmentation": str(pk),
            "case": case,
            "title": title,
            "method": method,
            "origin": origin,
            "created_at": created_at.isoformat(),
            "lesions": lesions,
        }
        for pk, case, title, method, origin, created_at, lesions in rows
    ]


def candidate_raters(*, study: Study, user: User) -> QuerySet[User]:
    """Whom this coordinator may ask to rate in the study, of active accounts, by user name.

    The people of the cohorts that they coordinate, and the raters of their studies; nobody who
    coordinates this one.
    """
    coordinators = study.memberships.filter(role=COORDINATOR).values("user")
    raters = StudyMembership.objects.filter(role=RATER, study__in=studies_of(user).values("pk"))
    return (
        User.objects.filter(
            Q(pk__in=people_met_by(user).values("pk")) | Q(pk__in=raters.values("user")),
            is_active=True,
        )
        .exclude(pk__in=coordinators)
        .order_by("username")
    )


def method_shown(segmentation: Segmentation) -> str:
    """What made a mask, in a word: its method, or its origin when no method did."""
    return segmentation.method or segmentation.origin


def titles_of(names: Iterable[str]) -> dict[str, str]:
    """What people call that which made masks, by the names of `method_shown`.

    Methods, versions of them that were made here, and origins; others are left out.
    """
    origins = {origin.value: f"{origin.label} mask" for origin in Segmentation.Origin}
    return {**origins, **method_titles(names)}


def design_of(study: Study) -> AcceptanceDesign:
    """The study's design: the frozen one, or what a draft amounts to so far (not validated)."""
    if study.design_json:
        return design_from_json(study.design_json)
    items = tuple(
        DesignItem(
            key=item.key,
            case=item.segmentation.case.code,
            method=method_shown(item.segmentation),
            mask_sha256=item.segmentation.sha256,
            lesion_count=item.lesions,
        )
        for item in study.items.all()
        if item.reference is None
    )
    practice = tuple(
        PracticeCase(
            key=item.key,
            case=item.segmentation.case.code,
            mask_sha256=item.segmentation.sha256,
            reference_sha256=item.reference.sha256,
            lesion_count=item.lesions,
            false_positives=tuple(item.truth["false"]),
            missed_mm=tuple((x, y, z) for x, y, z in item.truth["missed"]),
        )
        for item in study.items.all()
        if item.reference is not None and item.truth is not None
    )
    raters = study.memberships.filter(role=RATER).order_by("user__username")
    return design_with(
        study.settings,
        items=items,
        raters=tuple(raters.values_list("user__username", flat=True)),
        practice=practice,
    )


def amendments_of(study: Study) -> Amendments:
    """What was amended after the opening."""
    kinds: dict[str, list[str]] = {}
    told = study.amendments.order_by("at", "pk").values_list("kind", "reading__rater", "item__key")
    for kind, rater, item in told:
        kinds.setdefault(kind, []).append(item or rater)
    return Amendments(
        joined=tuple(kinds.get(Amendment.Kind.RATER_JOINED, ())),
        left=tuple(kinds.get(Amendment.Kind.RATER_LEFT, ())),
        withdrawn=frozenset(kinds.get(Amendment.Kind.ITEM_WITHDRAWN, ())),
    )


def design_with(
    settings: Mapping[str, Any],
    *,
    items: tuple[DesignItem, ...],
    raters: tuple[str, ...],
    practice: tuple[PracticeCase, ...] = (),
) -> AcceptanceDesign:
    """The design that a draft's settings amount to; what is not set has its default."""
    chosen: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in settings.items()
        if value is not None
    }
    if "gap" not in chosen:
        chosen["gap"] = default_gap(len(items), chosen.get("washout_days", 0))
    return AcceptanceDesign(**chosen, items=items, raters=raters, practice=practice)


def rating_rows(study: Study) -> tuple[RatingRow, ...]:
    """The first submitted answer to every presentation, by rater and position.

    Those about masks that were withdrawn are left out: they are kept, but no analysis counts them.
    """
    item = "presentation__item__"
    first = (
        Rating.objects.filter(
            presentation__reading__study=study,
            presentation__occasion__gt=0,
            presentation__item__withdrawn_at=None,
            version=1,
        )
        .order_by("presentation__reading__rater", "presentation__position")
        .values_list(
            *("presentation__reading__rater", f"{item}key", f"{item}segmentation__case__code"),
            *(f"{item}segmentation__method", f"{item}segmentation__origin"),
            *("presentation__position", "presentation__occasion", "lesions", "fp", "fn"),
            *("outcome", "verdict_rater", "verdict_derived", "conflict", "active_ms"),
            *("fp_corrected", "fn_corrected", "consistent"),
        )
    )
    return tuple(_rating_row(study.slug, *values) for values in first.iterator(chunk_size=2000))


def _rating_row(study: str, *values: Any) -> RatingRow:
    """A row of values; names come once per row and are kept once, so that a million rows fit."""
    rater, key, case, method, origin, position, occasion, lesions, fp, fn, *answer = values
    outcome, said, derived, conflict, active_ms, fp_corrected, fn_corrected, consistent = answer
    return RatingRow(
        study=study,
        rater=intern(rater),
        item=intern(key),
        case=intern(case),
        method=intern(method or origin),
        position=position,
        occasion=occasion,
        n_lesions=lesions,
        fp=fp,
        fn=fn,
        outcome=intern(outcome),
        verdict_rater=intern(said) or None,
        verdict_derived=intern(derived) or None,
        conflict=intern(conflict) or None,
        active_seconds=active_ms / 1000 if active_ms else None,
        fp_corrected=fp_corrected,
        fn_corrected=fn_corrected,
        consistent=consistent,
    )


def mark_rows(study: Study) -> tuple[MarkRow, ...]:
    """The marks that stood when their presentation was submitted; none of typed counts."""
    standing = Mark.objects.filter(
        presentation__reading__study=study,
        removed_at=None,
        presentation__occasion__gt=0,
        presentation__item__withdrawn_at=None,
        presentation__ratings__version=1,
        presentation__ratings__counted_by="marks",
    ).order_by("presentation__reading__rater", "presentation__position", "pk")
    values = standing.values_list(
        *("presentation__reading__rater", "presentation__item__key", "presentation__occasion"),
        *("kind", "lesion", "x_mm", "y_mm", "z_mm", "reason"),
    )
    return tuple(
        MarkRow(
            intern(rater), intern(item), occasion, intern(kind), lesion, (x, y, z), intern(reason)
        )
        for rater, item, occasion, kind, lesion, x, y, z, reason in values.iterator(chunk_size=2000)
    )


@dataclass(frozen=True)
class ExampleChoice:
    """A reading to be shown as an example, by the names of the design.

    `slice` counts from 1 at the bottom; None: the one with most marks.
    """

    rater: str
    item: str
    occasion: int
    slice: int | None = None


@dataclass(frozen=True)
class Example:
    """A reading that is, or could be, shown as an example of its kind; its scan has `slices`.

    `chosen_at` is None where chance chose it, and for a choice that is not kept.
    """

    kind: str
    rating: Rating
    slices: int
    slice: int | None = None
    is_chosen: bool = False
    chosen_by: str = ""
    chosen_at: datetime | None = None

    @property
    def segmentation(self) -> Segmentation:
        """The mask."""
        return self.rating.presentation.item.segmentation

    @property
    def name(self) -> ExampleChoice:
        """The reading and the slice, by the names of the design."""
        shown = self.rating.presentation
        return ExampleChoice(shown.reading.rater, shown.item.key, shown.occasion, self.slice)


def example_candidates(study: Study) -> tuple[Example, ...]:
    """The readings that can be examples, by rater and position: first answers, rated by marks.

    Of masks with lesions, none withdrawn. Raises StudyNotClosed.
    """
    refuse_unclosed(study)
    design = design_of(study)
    rated = Rating.objects.filter(
        presentation__reading__study=study,
        presentation__occasion__gt=0,
        presentation__item__withdrawn_at=None,
        version=1,
        outcome=Rating.Outcome.RATED,
        counted_by="marks",
        lesions__gt=0,
    ).select_related("presentation__item__segmentation__case", "presentation__reading")
    flairs = Scan.objects.filter(
        sequence=Scan.Sequence.FLAIR, case__segmentations__items__study=study
    )
    slices = {scan.case_id: scan.grid.ras.shape[2] for scan in flairs}
    return tuple(
        Example(
            kind=_example_kind(rating, design),
            rating=rating,
            slices=slices[rating.presentation.item.segmentation.case_id],
        )
        for rating in rated.order_by("presentation__reading__rater", "presentation__position")
    )


def _example_kind(rating: Rating, design: AcceptanceDesign) -> str:
    """What a reading is an example of, by the primary analysis of the design."""
    if design.primary_analysis == "rater":
        accepts = rating.verdict_rater == "acceptable"
    else:
        accepts = is_accepted(rating.verdict_derived, design.boundary_policy)
    if not accepts:
        return ExampleSlice.Kind.REJECTED
    has_errors = bool(rating.fp or rating.fn)
    return ExampleSlice.Kind.IMPERFECT if has_errors else ExampleSlice.Kind.ACCEPTED


def examples_of(
    study: Study,
    candidates: Sequence[Example],
    choices: Sequence[ExampleChoice] | None = None,
) -> tuple[Example, ...]:
    """One reading of each kind that there is: those chosen, else by chance, the same every time.

    Chosen are `choices`, or what is kept where that is None. Chance depends on the hash of the
    design alone. Raises UnknownExample.
    """
    if choices is None:
        chosen = {one.kind: one for one in _kept_examples(study, candidates)}
    else:
        chosen = {one.kind: one for one in chosen_examples(candidates, choices)}
    chance = random.Random(study.design_sha256)  # noqa: S311  # to be had again, not secret
    shown = []
    for kind in ExampleSlice.Kind.values:
        if found := [one for one in candidates if one.kind == kind]:
            drawn = chance.choice(found)
            shown.append(chosen.get(kind, drawn))
    return tuple(shown)


def chosen_examples(
    candidates: Sequence[Example], choices: Sequence[ExampleChoice]
) -> tuple[Example, ...]:
    """The candidates that choices name, with their slices; raises UnknownExample."""
    known = {replace(one.name, slice=None): one for one in candidates}
    chosen = []
    for choice in choices:
        found = known.get(replace(choice, slice=None))
        if found is None:
            raise _no_example(
                f"{choice.rater} has no answer with marks about {choice.item}, showing "
                f"{choice.occasion}, that could be shown."
            )
        if choice.slice is not None and not 1 <= choice.slice <= found.slices:
            raise _no_example(f"The scan of {choice.item} has slices 1 to {found.slices}.")
        chosen.append(replace(found, slice=choice.slice, is_chosen=True))
    twice = [kind for kind, n in Counter(one.kind for one in chosen).items() if n > 1]
    if twice:
        raise _no_example(f"Choose one mask that is {twice[0]}, not several.")
    return tuple(chosen)


def _no_example(fault: str) -> UnknownExample:
    return UnknownExample(
        f"{fault} Nothing was changed; choose from the list again.", fields={"examples": [fault]}
    )


def _kept_examples(study: Study, candidates: Sequence[Example]) -> list[Example]:
    """The candidates that a coordinator chose to be shown."""
    kept = {one.presentation_id: one for one in study.example_slices.all()}
    return [
        replace(one, slice=row.slice, is_chosen=True, chosen_by=row.by, chosen_at=row.at)
        for one in candidates
        if (row := kept.get(one.rating.presentation_id)) is not None
    ]


@dataclass(frozen=True)
class ToCorrect:
    """What raters found wrong at one place of a mask: a drawn lesion that is none, or a missed one.

    `showings` is in how many showings it was marked; `mm` (RAS+) lies in the drawn lesion, or is
    the mean of the marks.
    """

    kind: str
    lesion: int | None
    mm: tuple[float, float, float]
    showings: int


def to_correct(
    segmentations: Iterable[Segmentation],
) -> dict[UUID, tuple[ToCorrect, ...]]:
    """What closed studies say is to be corrected of each mask; no entry where nothing is.

    False positives come first, by lesion; marks of the same missed lesion are one.
    """
    masks = {mask.pk: mask for mask in segmentations}
    marks = Mark.objects.filter(
        presentation__item__segmentation__in=masks,
        presentation__item__study__state=Study.State.CLOSED,
        presentation__submitted_at__isnull=False,
        removed_at=None,
    ).order_by("lesion", "made_at", "pk")
    false: dict[UUID, Counter[int]] = defaultdict(Counter)
    missed: dict[UUID, list[tuple[float, float, float]]] = defaultdict(list)
    for pk, lesion, x, y, z in marks.values_list(
        "presentation__item__segmentation", "lesion", "x_mm", "y_mm", "z_mm"
    ):
        if lesion is None:
            missed[pk].append((x, y, z))
        else:
            false[pk][lesion] += 1
    found: dict[UUID, tuple[ToCorrect, ...]] = {}
    for pk in false.keys() | missed.keys():
        places = {lesion.id: lesion.voxel_mm for lesion in masks[pk].lesions}
        wrong = [
            ToCorrect("FP", lesion, places[lesion], count)
            for lesion, count in sorted(false[pk].items())
        ]
        gone = [
            ToCorrect("FN", None, mean_of(group), len(group)) for group in fused_points(missed[pk])
        ]
        found[pk] = (*wrong, *gone)
    return found


def mean_of(points: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    """The place in the middle of places."""
    x, y, z = (sum(along) / len(points) for along in zip(*points, strict=True))
    return x, y, z


@dataclass(frozen=True)
class QueuedCorrection:
    """A mask to correct: the faults that raters found in it, and its corrections since.

    `measured` is what the queue is ordered by where that is not the faults; None where it is not
    measured yet. `methods` have a mask of its case.
    """

    segmentation: Segmentation
    false_positives: int
    missed: int
    corrections: int
    methods: int = 0
    measured: float | None = None


def correction_queue(user: User, slug: str) -> list[QueuedCorrection]:
    """The judged masks of a cohort with faults: not yet corrected first, most faults first."""
    masks = (
        Segmentation.objects.filter(
            case__in=visible_cases(user).filter(cohort__slug=slug),
            items__study__state=Study.State.CLOSED,
        )
        .select_related("case")
        .annotate(done=Count("corrections", distinct=True))
        .order_by("case__code", "created_at")
        .distinct()
    )
    by_mask = {mask.pk: mask for mask in masks}
    queue = []
    for pk, places in to_correct(by_mask.values()).items():
        false = sum(place.kind == Mark.Kind.FALSE_POSITIVE for place in places)
        queue.append(QueuedCorrection(by_mask[pk], false, len(places) - false, by_mask[pk].done))
    return sorted(
        queue,
        key=lambda one: (
            one.corrections > 0,
            -(one.false_positives + one.missed),
            one.segmentation.case.code,
            one.segmentation.title,
        ),
    )


def disagreement_queue(user: User, slug: str) -> list[QueuedCorrection]:
    """The newest method's mask of each case that several methods have segmented.

    `measured` is `overlap.disagreement` of the methods' newest masks, the largest first.
    """
    newest = _newest_of_methods(user, slug)
    several = {case: masks for case, masks in newest.items() if len(masks) > 1}
    chosen = {case: masks[-1] for case, masks in several.items()}
    return _queued(chosen, several, disagreements(several))


def uncertainty_queue(user: User, slug: str) -> list[QueuedCorrection]:
    """The newest mask with a probability map of each case that has one.

    `measured` is `uncertainty.uncertainty` of that map, the largest first.
    """
    newest = _newest_of_methods(user, slug)
    mapped = {case: [one for one in masks if one.probability] for case, masks in newest.items()}
    chosen = {case: masks[-1] for case, masks in mapped.items() if masks}
    return _queued(chosen, newest, uncertainties(chosen))


def _newest_of_methods(user: User, slug: str) -> dict[int, list[Any]]:
    """The newest mask of each method of each case, by case, the newest last."""
    masks = (
        Segmentation.objects.filter(
            case__in=visible_cases(user).filter(cohort__slug=slug),
            origin=Segmentation.Origin.PREDICTION,
        )
        .select_related("case")
        .annotate(done=Count("corrections"))
        .order_by("created_at", "pk")
    )
    newest: dict[int, dict[str, Any]] = defaultdict(dict)
    for mask in masks:
        newest[mask.case_id].pop(mask.method, None)  # so that the newest stands last
        newest[mask.case_id][mask.method] = mask
    return {case: list(found.values()) for case, found in newest.items()}


def _queued(
    chosen: Mapping[int, Segmentation],
    masks: Mapping[int, Sequence[Any]],
    measured: Mapping[int, float],
) -> list[QueuedCorrection]:
    """One mask of each case: not yet corrected first, the largest measure first, unmeasured last.

    A case counts as corrected when any of its `masks` is.
    """
    faults = to_correct(chosen.values())
    queue = []
    for case, mask in chosen.items():
        places = faults.get(mask.pk, ())
        false = sum(place.kind == Mark.Kind.FALSE_POSITIVE for place in places)
        queue.append(
            QueuedCorrection(
                mask,
                false,
                len(places) - false,
                sum(one.done for one in masks[case]),
                len(masks[case]),
                measured.get(case),
            )
        )
    return sorted(
        queue,
        key=lambda one: (
            one.corrections > 0,
            1 if one.measured is None else -one.measured,
            one.segmentation.case.code,
        ),
    )


@dataclass(frozen=True)
class Corrected:
    """What a cohort has to be trained on after corrections: the cases, and whose masks they were.

    `method` made most of the masks that were corrected; empty where none did.
    """

    cases: int
    method: str


def corrected_in(slug: str) -> Corrected:
    """The cases of a cohort with a corrected mask."""
    corrections = Segmentation.objects.filter(
        case__cohort__slug=slug, origin=Segmentation.Origin.CORRECTION
    )
    rows = list(corrections.values_list("case", "parent__method"))
    methods = Counter(method for _, method in rows if method)
    most = max(methods, key=methods.__getitem__, default="")
    return Corrected(len({case for case, _ in rows}), most)


def corrected_masks(user: User, slug: str) -> list[Segmentation]:
    """The newest corrected mask of each case of a cohort that somebody may see, by case."""
    masks = (
        Segmentation.objects.filter(
            case__in=visible_cases(user).filter(cohort__slug=slug),
            origin=Segmentation.Origin.CORRECTION,
        )
        .select_related("case", "parent", "author")
        .order_by("case__code", "created_at", "pk")
    )
    return list({mask.case_id: mask for mask in masks}.values())


def refuse_unclosed(study: Study) -> None:
    """This will raise StudyNotClosed while anybody must stay blind."""
    if study.state != Study.State.CLOSED:
        raise StudyNotClosed(
            f"{study.title} is {study.state}. Answers are shown to nobody before the study is "
            "closed; close it first."
        )


def results_of(study: Study) -> dict[str, Any]:
    """The statistics of a closed study; raises StudyNotClosed while anybody must stay blind."""
    refuse_unclosed(study)
    return summarise(
        rating_rows(study), design_of(study), mark_rows(study), amendments=amendments_of(study)
    )


def report_of(study: Study, results: Mapping[str, Any]) -> Report:
    """The results of a closed study (`results_of`), laid out to be read."""
    amendments = amendments_of(study)
    items = study.items.filter(reference=None).select_related("segmentation__case")
    answered = Rating.objects.filter(presentation__reading__study=study)
    members = list(study.memberships.filter(role=RATER).order_by("rater"))
    return lay_out(
        results,
        amended(design_of(study), amendments),
        Names(titles_of({method_shown(item.segmentation) for item in items})),
        Facts(
            title=study.title,
            opened=_day(study.opened_at),
            closed=_day(study.closed_at),
            closing_reason=study.closing_reason,
            commitment=study.commitment,
            raters=tuple(filter(None, map(_said_of_rater, members))),
            signed=sum(one.signed_at is not None for one in members),
            sittings=Sitting.objects.filter(reading__study=study).count(),
            corrected=answered.filter(version__gt=1, presentation__occasion__gt=0).count(),
            deviations=tuple(deviation(one) for one in _amendments(study)),
            versions=tuple(
                answered.order_by("software_version")
                .values_list("software_version", flat=True)
                .distinct()
            ),
            described_cases=len(
                {item.segmentation.case_id for item in items if item.segmentation.case.description}
            ),
        ),
    )


def _said_of_rater(reading: StudyMembership) -> str:
    """What a rater said of themself; empty where nothing was asked."""
    said = reading.qualification
    if not said:
        return ""
    years = f"{said['years']} year{'' if said['years'] == 1 else 's'} of experience"
    return f"{reading.rater}: {said['specialty']}, {said['training']}, {years}"


def _amendments(study: Study) -> QuerySet[Amendment]:
    """The amendments of a study with what they are about, in order."""
    return study.amendments.select_related("reading", "item").order_by("at", "pk")


def deviation(amendment: Amendment) -> str:
    """An amendment as a sentence of a report."""
    day, why = _day(amendment.at), amendment.reason
    rater = amendment.reading.rater if amendment.reading else ""
    item = amendment.item.key if amendment.item else ""
    said = {
        Amendment.Kind.RATER_JOINED: f"{rater} joined as a rater; the order was drawn by the "
        "scheme that was committed to at the opening",
        Amendment.Kind.RATER_LEFT: f"{rater} left; what was submitted is analysed, the rest counts "
        "as missing",
        Amendment.Kind.ITEM_WITHDRAWN: f"{item} was withdrawn; it is in no analysis, and answers "
        "about it are kept",
    }
    return f"{day}: {said[Amendment.Kind(amendment.kind)]}. Reason: {why}"


def _day(at: datetime | None) -> str:
    """A time as its day in UTC; empty for None."""
    return at.astimezone(UTC).date().isoformat() if at else ""


# --- Readings -------------------------------------------------------------------------------------


Ask = Literal["signature", "qualification", "conditions"]
SITTING_ENDS = timedelta(hours=1)  # after so long without opening or submitting anything


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
    mine = _readings().filter(user=user).order_by("-study__opened_at", "pk")
    return tuple(_state(reading, now) for reading in mine)


@dataclass(frozen=True)
class IdleReading:
    """A rater of an open study who could go on and has not for a while."""

    study: Study
    rater: str
    days: int
    after_washout: bool


QUICK_MS = 10_000
LOW_COVERAGE = 0.8


@dataclass(frozen=True)
class Conduct:
    """How a rater reads, as far as it tells nothing of what they answer.

    `quick` and `low_coverage` count submitted presentations that were read for less than 10 s, or
    of which less than 80 % of the slices were seen, `unrated` those that could not be rated;
    `idle_days` have passed since they could go on and did not, None where they cannot.
    """

    quick: int = 0
    low_coverage: int = 0
    unrated: int = 0
    median_seconds: float | None = None
    open_since: datetime | None = None
    idle_days: int | None = None
    after_washout: bool = False


def conduct(study: Study, *, now: datetime) -> dict[int, Conduct]:
    """How every rater of a study reads, by the membership's primary key."""
    if study.state == Study.State.DRAFT:
        return {}
    flairs = Scan.objects.filter(
        sequence=Scan.Sequence.FLAIR, case__segmentations__items__study=study
    )
    slices = {scan.case_id: scan.grid.ras.shape[2] for scan in flairs}
    read: dict[int, list[tuple[int, bool, bool]]] = {}
    answered = Rating.objects.filter(
        presentation__reading__study=study, presentation__occasion__gt=0, version=1
    ).values_list(
        *("presentation__reading", "active_ms", "slices_seen", "outcome"),
        "presentation__item__segmentation__case",
    )
    for reading, active_ms, seen, outcome, case in answered.order_by().iterator(chunk_size=2000):
        low = seen < LOW_COVERAGE * slices[case]
        read.setdefault(reading, []).append((active_ms, low, outcome != Rating.Outcome.RATED))
    rows: QuerySet[Any] = _readings().filter(study=study)
    return {row.pk: _conduct(row, read.get(row.pk, []), now) for row in rows}


def _conduct(reading: Any, read: list[tuple[int, bool, bool]], now: datetime) -> Conduct:
    state = _state(reading, now).state
    timed = [active_ms / 1000 for active_ms, *_ in read if active_ms]
    return Conduct(
        quick=sum(active_ms < QUICK_MS for active_ms, *_ in read),
        low_coverage=sum(low for _, low, _ in read),
        unrated=sum(unrated for *_, unrated in read),
        median_seconds=median(timed) if timed else None,
        open_since=reading.next_opened_at if state == "ready" else None,
        idle_days=_rest(reading, now).days if state == "ready" else None,
        after_washout=_is_after_washout(reading),
    )


def _is_after_washout(reading: Any) -> bool:
    return reading.next_occasion == 2 and reading.next_opened_at is None


def _rest(reading: Any, now: datetime) -> timedelta:
    """How long a rater could have gone on and did not. A washout that still runs is no rest."""
    since = [reading.last_opened, reading.last_submitted, reading.study.opened_at]
    since.append(reading.joined_at)
    if _is_after_washout(reading):
        washout = timedelta(days=design_of(reading.study).washout_days)
        since.append(reading.first_block_end + washout)
    latest: datetime = max(at for at in since if at)
    return now - latest


def idle_readings(*, user: User, now: datetime) -> list[IdleReading]:
    """Readings in the user's open studies that have rested for IDLE_DAYS or more, longest first.

    Says nothing of what was answered. A washout that still runs is no rest.
    """
    ours = studies_of(user).filter(state=Study.State.OPEN)
    rows: QuerySet[Any] = _readings().filter(study__in=ours.values("pk"))
    idle = []
    for reading in rows:
        if _state(reading, now).state != "ready":
            continue
        days = _rest(reading, now).days
        if days >= IDLE_DAYS:
            after_washout = _is_after_washout(reading)
            idle.append(IdleReading(reading.study, reading.rater, days, after_washout))
    return sorted(idle, key=lambda one: -one.days)


def keys_of(user: User) -> dict[str, str]:
    """The keys that a rater has chosen for the reading room; none: the usual ones."""
    return next(iter(ReadingKeys.objects.filter(user=user).values_list("keys", flat=True)), {})


def reading_state(*, token: str, now: datetime) -> ReadingState:
    """Where the reading with this token stands; raises `StudyMembership.DoesNotExist`."""
    state = _state(_readings().get(token=token), now)
    submitted = Presentation.objects.filter(reading__token=token, submitted_at__isnull=False)
    last = submitted.select_related("item__segmentation").order_by("-position").first()
    if last is None:
        return state
    can_correct = state.state not in ("closed", "left")
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


def _readings() -> QuerySet[StudyMembership]:
    """Readings of opened studies, each with its pace and its next presentation."""
    left = Presentation.objects.filter(reading=OuterRef("pk"), submitted_at=None, withdrawn_at=None)
    following = left.order_by("position")
    return (
        StudyMembership.objects.filter(role=RATER)
        .exclude(study__state=Study.State.DRAFT)
        .select_related("study")
        .annotate(
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
            first_block_end=Max("presentations__submitted_at", filter=Q(presentations__occasion=1)),
            last_opened=Max("presentations__opened_at"),
            last_submitted=Max("presentations__submitted_at"),
            last_sitting=Subquery(
                Sitting.objects.filter(reading=OuterRef("pk")).order_by("-at").values("at")[:1]
            ),
            next_token=Subquery(following.values("token")[:1]),
            next_occasion=Subquery(following.values("occasion")[:1]),
            next_opened_at=Subquery(following.values("opened_at")[:1]),
        )
    )


def _state(reading: Any, now: datetime) -> ReadingState:
    """The state of one row of `_readings`."""
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


def raters_in_cohort(cohort: str) -> Any:
    """The primary keys of everybody who rates or rated in a study of a cohort (its slug)."""
    return StudyMembership.objects.filter(study__cohort__slug=cohort, role=RATER).values("user")
