"""What raters found wrong in masks, which masks to correct first, and what was corrected."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count

from rating.models import Mark, Study
from rating.statistics.mark_matching import fused_points
from segmentation.models import Segmentation
from segmentation.operations.ranking import disagreements, uncertainties
from segmentation.queries import visible_cases


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
        queue.append(QueuedCorrection(by_mask[pk], *_counted(places), by_mask[pk].done))
    return sorted(
        queue,
        key=lambda one: (
            one.corrections > 0,
            -(one.false_positives + one.missed),
            one.segmentation.case.code,
            one.segmentation.title,
        ),
    )


def _counted(places: Sequence[ToCorrect]) -> tuple[int, int]:
    """How many drawn lesions are none, and how many were missed."""
    false = sum(place.kind == Mark.Kind.FALSE_POSITIVE for place in places)
    return false, len(places) - false


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
        queue.append(
            QueuedCorrection(
                mask,
                *_counted(faults.get(mask.pk, ())),
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
