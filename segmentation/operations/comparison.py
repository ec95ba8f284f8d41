"""A cohort and its references by name."""

from __future__ import annotations

from django.db.models import QuerySet

from segmentation.models import Case, Cohort, Segmentation
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


def possible_references(cohort: Cohort) -> QuerySet[Segmentation]:
    """The masks of a cohort that others can be measured against, the oldest first.

    Neither what a method drew nor what raters practise on, which has errors that were put in.
    """
    origin = Segmentation.Origin
    masks = Segmentation.objects.filter(case__cohort=cohort).select_related("case")
    known = masks.exclude(origin__in=[origin.PREDICTION, origin.PRACTICE])
    return known.order_by("created_at", "pk")


def references_of(cohort: Cohort, *, reference: str) -> dict[Case, Segmentation]:
    """The newest mask of each case that answers to a name: an origin (consensus) or a title.

    Cases without one are left out. Raises NoReference when no case has any.
    """
    found: dict[Case, Segmentation] = {}
    masks = possible_references(cohort)
    for mask in masks:
        if reference in (mask.origin, mask.title):
            found[mask.case] = mask
    if not found:
        names = sorted({name for mask in masks for name in (mask.origin, mask.title)})
        raise NoReference(
            f"No case of {cohort} has a reference called {reference!r}. There is: "
            f"{', '.join(names) or 'no mask at all'}."
        )
    return found
