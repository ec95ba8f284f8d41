"""Comparing what methods made of a cohort with a reference."""

from __future__ import annotations

from collections.abc import Iterable

from segmentation.evaluation.comparison import Row, Scores, scores_of
from segmentation.methods import METHOD_CARDS, MethodCard
from segmentation.models import Case, Cohort, Segmentation, Version
from segmentation.operations.voxels import mask_of
from segmentation.queries import card_of
from segmentation.refusals import Refusal


class NoSuchCohort(Refusal):
    """There is no cohort of that name."""


class NoReference(Refusal):
    """No case of the cohort has a mask that answers to the reference's name."""


def cohort_named(name: str) -> Cohort:
    """The cohort of that title or slug; raises NoSuchCohort."""
    found = Cohort.objects.filter(title=name).first() or Cohort.objects.filter(slug=name).first()
    if found is None:
        known = ", ".join(Cohort.objects.values_list("title", flat=True)) or "none yet"
        raise NoSuchCohort(f"There is no cohort {name!r}. There is: {known}.")
    return found


def references_of(cohort: Cohort, *, reference: str) -> dict[Case, Segmentation]:
    """The newest mask of each case that answers to a name: an origin (consensus) or a title.

    Cases without one are left out. Raises NoReference when no case has any.
    """
    found: dict[Case, Segmentation] = {}
    masks = Segmentation.objects.filter(case__cohort=cohort).select_related("case")
    for mask in masks.exclude(origin=Segmentation.Origin.PREDICTION).order_by("created_at", "pk"):
        if reference in (mask.origin, mask.title):
            found[mask.case] = mask
    if not found:
        names = sorted({name for mask in masks for name in (mask.origin, mask.title)})
        raise NoReference(
            f"No case of {cohort} has a reference called {reference!r}. There is: "
            f"{', '.join(names) or 'no mask at all'}."
        )
    return found


def compare_methods(*, cohort: Cohort, reference: str) -> tuple[Row, ...]:
    """This will score the newest mask of every method on each case that has the reference.

    One row for each method and version that made any, in the order of the methods' list. A case
    without a mask of a method is named with the reason. Raises NoReference.
    """
    cards = (*METHOD_CARDS, *(card_of(version) for version in Version.objects.all()))
    references = references_of(cohort, reference=reference)
    scores: dict[str, dict[str, Scores]] = {card.name: {} for card in cards}
    missing: dict[str, dict[str, str]] = {card.name: {} for card in cards}
    for case, wanted in sorted(references.items(), key=lambda one: one[0].code):
        newest = {
            mask.method: mask
            for mask in case.segmentations.filter(origin=Segmentation.Origin.PREDICTION).order_by(
                "created_at", "pk"
            )
        }
        grid = case.scans.get(sequence="FLAIR").grid
        known = mask_of(wanted)
        for card in cards:
            made = newest.get(card.name)
            if made is None:
                missing[card.name][case.code] = _why(card, case)
            else:
                scores[card.name][case.code] = scores_of(mask_of(made), known, grid=grid)
    return tuple(
        Row(card.title, scores[card.name], missing[card.name])
        for card in cards
        if scores[card.name]
    )


def _why(card: MethodCard, case: Case) -> str:
    there: Iterable[str] = case.scans.values_list("sequence", flat=True)
    lacking = [needed for needed in card.needs if needed not in set(there)]
    return f"no {' and '.join(lacking)}" if lacking else "not segmented"
