"""A cohort and its references by name."""

from __future__ import annotations

from collections.abc import Mapping

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


def to_learn_from(references: Mapping[Case, Segmentation]) -> dict[Case, Segmentation]:
    """The references without the subjects of whom a case is set aside to test methods (`split`).

    Raises NoReference when none is left.
    """
    cohorts = {case.cohort_id for case in references}
    tested = Case.objects.filter(cohort__in=cohorts, description__split="test")
    subjects = set(tested.values_list("cohort", "subject"))
    found = {
        case: mask
        for case, mask in references.items()
        if (case.cohort_id, case.subject) not in subjects
    }
    if references and not found:
        raise NoReference(
            "Every case with this reference is of a subject that is set aside to test methods "
            "(Split on a case's page). Nothing is learned from those."
        )
    return found
