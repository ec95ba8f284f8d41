"""What raters found wrong in masks, which masks to correct first, and what was corrected."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from rating.models import Mark, Rating, Study
from rating.statistics.mark_matching import fused_points
from segmentation.models import Segmentation
from segmentation.operations.ranking import (
    measure_disagreement,
    measure_some,
    measure_uncertainty,
)
from segmentation.queries import visible_cases, visible_masks


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
        presentation__occasion__gt=0,  # practice has its own masks and known errors
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
            ToCorrect("FN", None, _mean_of(group), len(group)) for group in fused_points(missed[pk])
        ]
        found[pk] = (*wrong, *gone)
    return found


def _mean_of(points: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    """The place in the middle of places."""
    x, y, z = (sum(along) / len(points) for along in zip(*points, strict=True))
    return x, y, z


@dataclass(frozen=True)
class QueuedCorrection:
    """A mask to correct: the faults that raters found in it, and its corrections since.

    `measured` is what the queue is ordered by where that is not the faults; None where it is not
    measured yet. `among` is how many methods have a mask of its case, or how many raters judged it.
    """

    segmentation: Segmentation
    false_positives: int
    missed: int
    corrections: int
    among: int = 0
    measured: float | None = None


def correction_queue(user: User, slug: str) -> list[QueuedCorrection]:
    """The judged masks of a cohort with faults: not yet corrected first, most faults first."""
    return [one for one in _judged(user, slug) if one.false_positives + one.missed]


def rater_disagreement_queue(user: User, slug: str) -> list[QueuedCorrection]:
    """The judged masks of a cohort with verdicts of several raters.

    `measured` is `_verdicts_apart`, the largest first; then most faults first.
    """
    judged = {one.segmentation.pk: one for one in _judged(user, slug)}
    verdicts = _verdicts_on(judged)
    several = [
        replace(one, among=len(verdicts[pk]), measured=_verdicts_apart(verdicts[pk]))
        for pk, one in judged.items()
        if len(verdicts[pk]) > 1
    ]
    return sorted(several, key=lambda one: (one.corrections > 0, -(one.measured or 0)))


def _judged(user: User, slug: str) -> list[QueuedCorrection]:
    """The masks that closed studies showed: not yet corrected first, most faults first."""
    masks = (
        Segmentation.objects.filter(
            case__in=visible_cases(user).filter(cohort__slug=slug),
            items__study__state=Study.State.CLOSED,
            items__reference=None,  # not shown for practice
        )
        .select_related("case")
        .annotate(done=Count("corrections", distinct=True))
        .order_by("case__code", "created_at")
        .distinct()
    )
    by_mask = {mask.pk: mask for mask in masks}
    faults = to_correct(by_mask.values())
    return sorted(
        (QueuedCorrection(m, *_counted(faults.get(pk, ())), m.done) for pk, m in by_mask.items()),
        key=lambda one: (
            one.corrections > 0,
            -(one.false_positives + one.missed),
            one.segmentation.case.code,
            one.segmentation.title,
        ),
    )


def _verdicts_on(masks: Iterable[UUID]) -> dict[UUID, dict[int, list[str]]]:
    """The raters' own verdicts of closed studies, as corrected last, by mask and rater."""
    latest: dict[int, tuple[UUID, int, str, str]] = {}
    answers = Rating.objects.filter(
        presentation__item__segmentation__in=list(masks),
        presentation__item__study__state=Study.State.CLOSED,
        presentation__occasion__gt=0,
    ).order_by("version")
    whose = "presentation", "presentation__item__segmentation", "presentation__reading__user"
    rows = answers.values_list(*whose, "outcome", "verdict_rater")
    for presentation, mask, rater, outcome, verdict in rows:
        latest[presentation] = mask, rater, outcome, verdict
    found: dict[UUID, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for mask, rater, outcome, verdict in latest.values():
        if outcome == Rating.Outcome.RATED:
            found[mask][rater].append(verdict)
    return found


def _verdicts_apart(verdicts: Mapping[int, Sequence[str]]) -> float:
    """Of all pairs of verdicts by two raters, the share that differ; there is at least one pair."""
    pairs = [
        one != other
        for by_one, by_other in combinations(verdicts.values(), 2)
        for one, other in product(by_one, by_other)
    ]
    return sum(pairs) / len(pairs)


def _counted(places: Sequence[ToCorrect]) -> tuple[int, int]:
    """How many drawn lesions are none, and how many were missed."""
    false = sum(place.kind == Mark.Kind.FALSE_POSITIVE for place in places)
    return false, len(places) - false


def method_disagreement_queue(user: User, slug: str) -> MeasuredQueue:
    """The newest method's mask of each case that several methods have segmented.

    `measured` is `overlap.disagreement` of the methods' newest masks, the largest first.
    """
    newest = _newest(_made_by_methods(user, slug), _of_the_same_case())
    of_others = Exists(_of_the_same_case().exclude(method=OuterRef("method")))
    several = newest.filter(of_others)
    measure_some(several.filter(disagreement=None), measure_disagreement)
    return MeasuredQueue(several, "disagreement")


def uncertainty_queue(user: User, slug: str) -> MeasuredQueue:
    """The newest mask with a probability map of each case that has one.

    `measured` is `uncertainty.uncertainty` of that map, the largest first.
    """
    made, has_map = _made_by_methods(user, slug), Q(probability__gt="")
    mapped = _newest(made.filter(has_map), _of_the_same_case().filter(has_map))
    measure_some(mapped.filter(uncertainty=None), measure_uncertainty)
    return MeasuredQueue(mapped, "uncertainty")


def _made_by_methods(user: User, slug: str) -> QuerySet[Segmentation]:
    """The masks of a cohort that methods made, of cases that somebody may see, in no order."""
    masks = visible_masks(user).filter(case__cohort__slug=slug)
    return masks.filter(origin=Segmentation.Origin.PREDICTION).order_by()


def _of_the_same_case() -> QuerySet[Segmentation]:
    """The masks that methods made of the case of an outer query's mask."""
    made = Segmentation.objects.filter(origin=Segmentation.Origin.PREDICTION)
    return made.filter(case=OuterRef("case")).order_by()


def _newest(
    masks: QuerySet[Segmentation], of_the_same_case: QuerySet[Segmentation]
) -> QuerySet[Segmentation]:
    """Of these masks those that none of their case is newer than."""
    later = Q(created_at__gt=OuterRef("created_at"))
    later |= Q(created_at=OuterRef("created_at"), pk__gt=OuterRef("pk"))
    return masks.filter(~Exists(of_the_same_case.filter(later)))


class MeasuredQueue:
    """Masks of different cases in the order of a measure; of a page it loads what the page shows.

    Cases of which no mask was corrected come first, then the largest measure, unmeasured ones last.
    """

    def __init__(self, masks: QuerySet[Segmentation], measure: str) -> None:
        corrections = Segmentation.objects.filter(origin=Segmentation.Origin.CORRECTION)
        done = Exists(corrections.filter(case=OuterRef("case")))
        first = F(measure).desc(nulls_last=True)
        self._masks = masks.annotate(done=done).order_by("done", first, "case__code")
        self._measure = measure

    def __len__(self) -> int:
        return self._masks.count()

    def __getitem__(self, part: slice) -> list[QueuedCorrection]:
        masks = list(self._masks.select_related("case")[part])
        faults = to_correct(masks)
        of_cases = Segmentation.objects.filter(case__in=[mask.case_id for mask in masks])
        done, among = Counter[int](), defaultdict[int, set[str]](set)
        for case, origin, method in of_cases.order_by().values_list("case", "origin", "method"):
            done[case] += origin == Segmentation.Origin.CORRECTION
            if origin == Segmentation.Origin.PREDICTION:
                among[case].add(method)
        return [
            QueuedCorrection(
                mask,
                *_counted(faults.get(mask.pk, ())),
                corrections=done[mask.case_id],
                among=len(among[mask.case_id]),
                measured=getattr(mask, self._measure),
            )
            for mask in masks
        ]


@dataclass(frozen=True)
class Corrected:
    """What a cohort has to be trained on after corrections: the cases, and whose masks they were.

    `method` made most of the masks that were corrected; empty where none did.
    """

    cases: int
    method: str


def corrected_in(user: User, slug: str) -> Corrected:
    """The cases of a cohort with a corrected mask, of those that somebody may see."""
    seen = visible_masks(user).filter(case__cohort__slug=slug).order_by()
    corrections = seen.filter(origin=Segmentation.Origin.CORRECTION)
    rows = list(corrections.values_list("case", "parent__method"))
    methods = Counter(method for _, method in rows if method)
    most = max(methods, key=methods.__getitem__, default="")
    return Corrected(len({case for case, _ in rows}), most)


def corrected_masks(user: User, slug: str) -> list[Segmentation]:
    """The newest corrected mask of each case of a cohort that somebody may see, by case."""
    masks = (
        visible_masks(user)
        .filter(case__cohort__slug=slug, origin=Segmentation.Origin.CORRECTION)
        .select_related("case", "parent", "author")
        .order_by("case__code", "created_at", "pk")
    )
    return list({mask.case_id: mask for mask in masks}.values())
