"""Who has which role in an acceptance study, and which studies would lose their coordinator."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from rating.models import Presentation, Study, StudyMembership
from rating.queries.blinding import studies_hidden_from
from rating.queries.reference import references_left_alone
from segmentation.models import Cohort, CohortMembership

COORDINATOR = StudyMembership.Role.COORDINATOR
RATER = StudyMembership.Role.RATER
NO_ROLE: frozenset[str] = frozenset()


def coordinated_by(user: User) -> QuerySet[StudyMembership]:
    """The user's memberships as coordinator, as long as they also coordinate the study's cohort."""
    return StudyMembership.objects.filter(
        user=user,
        role=COORDINATOR,
        study__cohort__memberships__user=user,
        study__cohort__memberships__role=CohortMembership.Role.COORDINATOR,
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


def roles_in_study(*, user: User, slug: str) -> frozenset[str]:
    """Coordinator, or nothing: also when a case of the study is hidden from this user."""
    coordinates = (
        coordinated_by(user)
        .filter(study__slug=slug)
        .exclude(study__in=studies_hidden_from(user))
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


def raters_in_cohort(cohort: str) -> Any:
    """The primary keys of everybody who rates or rated in a study of a cohort (its slug)."""
    return StudyMembership.objects.filter(study__cohort__slug=cohort, role=RATER).values("user")
