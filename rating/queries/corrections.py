"""What raters found wrong in masks, which masks to correct first, and what was corrected."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import overload
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import CharField, Count, QuerySet
from django.db.models.functions import Cast, Length

from rating.models import Mark, Rating, Study
from rating.statistics.mark_matching import fused_points
from segmentation.models import Segmentation
from segmentation.operations.ranking import MaskRow, disagreements, uncertainties
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
    made = _made_by_methods(user, slug)
    counted = made.values("case").annotate(methods=Count("method", distinct=True))
    several = counted.filter(methods__gt=1).values("case")
    masks = _newest_of_methods(made.filter(case__in=several))
    chosen = {case: of_case[-1] for case, of_case in masks.items()}
    return MeasuredQueue(slug, chosen, masks, disagreements(slug, masks))


def uncertainty_queue(user: User, slug: str) -> MeasuredQueue:
    """The newest mask with a probability map of each case that has one.

    `measured` is `uncertainty.uncertainty` of that map, the largest first.
    """
    masks = _newest_of_methods(_made_by_methods(user, slug))
    chosen = {  # the last one counts
        case: one for case, of_case in masks.items() for one in of_case if one.has_map
    }
    return MeasuredQueue(slug, chosen, masks, uncertainties(slug, chosen))


def _made_by_methods(user: User, slug: str) -> QuerySet[Segmentation]:
    """The masks of a cohort that methods made, of cases that somebody may see, in no order."""
    masks = visible_masks(user).filter(case__cohort__slug=slug)
    return masks.filter(origin=Segmentation.Origin.PREDICTION).order_by()


def _newest_of_methods(masks: QuerySet[Segmentation]) -> dict[int, list[MaskRow]]:
    """Of these masks the newest of each method of each case, by case, the newest last."""
    newest: dict[int, dict[str, MaskRow]] = defaultdict(dict)
    key = Cast("pk", CharField())  # making thousands of UUIDs takes longer than the rest
    has_map = Length("probability_sha256")  # a number: SQLite's truth values are turned one by one
    rows = masks.order_by("created_at", "pk").values_list(
        key, "case", "case__code", "method", has_map
    )
    for row in map(MaskRow._make, rows):
        newest[row.case].pop(row.method, None)  # so that the newest stands last
        newest[row.case][row.method] = row
    return {case: list(found.values()) for case, found in newest.items()}


class MeasuredQueue(Sequence[QueuedCorrection]):
    """One mask of each case in the order of a measure; of a page it loads what the page shows.

    Cases of which no mask was corrected come first, then the largest measure, unmeasured ones last.
    """

    def __init__(
        self,
        slug: str,
        chosen: Mapping[int, MaskRow],
        masks: Mapping[int, Sequence[MaskRow]],
        measured: Mapping[int, float],
    ) -> None:
        corrections = Segmentation.objects.filter(
            case__cohort__slug=slug, origin=Segmentation.Origin.CORRECTION
        )
        done = Counter(corrections.order_by().values_list("case", flat=True))

        def place(case: int) -> tuple[bool, float, str]:
            return case in done, -measured.get(case, -1.0), chosen[case].code

        self._cases = sorted(chosen, key=place)
        self._chosen, self._masks, self._measured, self._done = chosen, masks, measured, done

    def __len__(self) -> int:
        return len(self._cases)

    @overload
    def __getitem__(self, part: int) -> QueuedCorrection: ...

    @overload
    def __getitem__(self, part: slice) -> list[QueuedCorrection]: ...

    def __getitem__(self, part: int | slice) -> QueuedCorrection | list[QueuedCorrection]:
        if isinstance(part, int):
            return self._loaded([self._cases[part]])[0]
        return self._loaded(self._cases[part])

    def _loaded(self, cases: Sequence[int]) -> list[QueuedCorrection]:
        rows = [self._chosen[case] for case in cases]
        masks = Segmentation.objects.select_related("case").in_bulk([row.pk for row in rows])
        faults = to_correct(masks.values())
        return [
            QueuedCorrection(
                masks[row.pk],
                *_counted(faults.get(row.pk, ())),
                corrections=self._done[row.case],
                among=len(self._masks[row.case]),
                measured=self._measured.get(row.case),
            )
            for row in rows
            if row.pk in masks  # unless it was deleted meanwhile
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
