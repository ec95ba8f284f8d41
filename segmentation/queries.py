"""What can be asked about cases, masks and jobs, and by whom it may be seen."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count, Q, QuerySet
from django.utils.module_loading import import_string

from segmentation.models import (
    Case,
    Cohort,
    CohortMembership,
    InferenceJob,
    Segmentation,
)

NO_ROLE: frozenset[str] = frozenset()


def hidden_cases(user: User) -> Any:
    """The primary keys of cases that this user must not see now (blinding), for `exclude`."""
    rule = import_string(settings.CASES_HIDDEN_FROM)
    return rule(user)


def visible_cases(user: User | AnonymousUser) -> QuerySet[Case]:
    """The cases of the user's cohorts, less those they have yet to finish reading."""
    if not user.is_authenticated:
        return Case.objects.none()
    return Case.objects.filter(cohort__memberships__user=user).exclude(pk__in=hidden_cases(user))


def cohorts_of(user: User) -> QuerySet[Any]:
    """The user's cohorts, each with the user's `role` and the number of `visible` cases."""
    return (
        Cohort.objects.filter(memberships__user=user)
        .annotate(
            role=_own_role(user),
            visible=Count("cases", filter=~Q(cases__in=hidden_cases(user)), distinct=True),
        )
        .order_by("title")
    )


def _own_role(user: User) -> Any:
    from django.db.models import OuterRef, Subquery

    mine = CohortMembership.objects.filter(cohort=OuterRef("pk"), user=user)
    return Subquery(mine.values("role")[:1])


def cases_in_cohort(user: User, slug: str) -> QuerySet[Case]:
    """The visible cases of one cohort with scans, the count of masks and the state of jobs."""
    return (
        visible_cases(user)
        .filter(cohort__slug=slug)
        .select_related("cohort")
        .prefetch_related("scans")
        .annotate(
            mask_count=Count("segmentations", distinct=True),
            unfinished_jobs=Count(
                "jobs", filter=Q(jobs__state__in=InferenceJob.UNFINISHED), distinct=True
            ),
        )
    )


def case_in_full(code: str) -> Case:
    """One case with everything that its page shows; raises `Case.DoesNotExist`."""
    return (
        Case.objects.select_related("cohort", "brain_mask")
        .prefetch_related("scans", "segmentations", "jobs")
        .get(code=code)
    )


def roles_in_cohort(*, user: User, slug: str) -> frozenset[str]:
    """The user's roles in a cohort; empty for strangers and unknown cohorts."""
    return frozenset(
        CohortMembership.objects.filter(user=user, cohort__slug=slug).values_list("role", flat=True)
    )


def _roles_where(user: User, **which: Any) -> frozenset[str]:
    """The user's roles in the cohort of the one visible case that `which` picks."""
    cohort = visible_cases(user).filter(**which).values("cohort")[:1]
    return frozenset(
        CohortMembership.objects.filter(user=user, cohort__in=cohort).values_list("role", flat=True)
    )


def roles_in_case(*, user: User, code: str) -> frozenset[str]:
    """The user's roles in a case's cohort; empty when the case is hidden or unknown."""
    return _roles_where(user, code=code)


def roles_in_segmentation(*, user: User, segmentation_id: UUID) -> frozenset[str]:
    """The user's roles in the case of a segmentation; empty when hidden or unknown."""
    return _roles_where(user, segmentations__pk=segmentation_id)


def roles_in_job(*, user: User, job_id: UUID) -> frozenset[str]:
    """The user's roles in the case of a job; empty when hidden or unknown."""
    return _roles_where(user, jobs__pk=job_id)


def segmentation_in_full(segmentation_id: UUID) -> Segmentation:
    """One segmentation with its case; raises `Segmentation.DoesNotExist`."""
    return Segmentation.objects.select_related("case").get(pk=segmentation_id)


def jobs_of_case(code: str) -> QuerySet[InferenceJob]:
    """All jobs of a case, newest first."""
    return InferenceJob.objects.filter(case__code=code).select_related("case")


def due_jobs(*, stale_before: datetime) -> QuerySet[InferenceJob]:
    """Jobs that a worker should look at: queued ones, and running ones whose worker went silent."""
    return InferenceJob.objects.filter(
        Q(state=InferenceJob.State.QUEUED)
        | Q(state=InferenceJob.State.RUNNING, heartbeat_at__lt=stale_before)
    ).order_by("queued_at", "pk")
