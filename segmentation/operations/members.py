"""Who belongs to a cohort. It always keeps somebody who coordinates it and its studies."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.module_loading import import_string

from segmentation.models import Cohort, CohortMembership
from segmentation.operations.audit import Act, record
from segmentation.refusals import ReasonMissing, Refusal

COORDINATOR = CohortMembership.Role.COORDINATOR


class LastCoordinator(Refusal):
    """Nobody else coordinates the cohort."""


class StudyNeedsCoordinator(Refusal):
    """Nobody else coordinates a study that is not closed."""


class DelineatesStill(Refusal):
    """Somebody who is to be removed has delineations left that a study waits for."""


def add_member(*, cohort: Cohort, user: User, role: str) -> None:
    """This will give somebody a role in a cohort; a coordinator stays one."""
    own, new = cohort.memberships.get_or_create(user=user, defaults={"role": role})
    if not new and role == COORDINATOR:
        own.role = role
        own.save(update_fields=["role"])


def hold_cohort(cohort_id: int) -> None:
    """This will hold a cohort's row until the transaction ends.

    Whoever opens a study of it, lets somebody join one, or removes a member holds it while looking
    at what others have done, so that no two of them overlook each other. A study's own row is held
    before it, no row of another study after it.
    """
    Cohort.objects.select_for_update().get(pk=cohort_id)


@transaction.atomic
def remove_member(*, cohort: Cohort, user: User, reason: str, by: User, now: datetime) -> None:
    """This will end somebody's membership; their account and what they did stay.

    Raises ReasonMissing, DelineatesStill, LastCoordinator, StudyNeedsCoordinator,
    `CohortMembership.DoesNotExist`.
    """
    if not reason.strip():
        raise ReasonMissing(
            "Removing a member needs a reason, which the audit log keeps. Nothing was changed.",
            fields={"reason": ["Say why the person is removed."]},
        )
    hold_cohort(cohort.pk)  # two at a time could leave nobody
    membership = cohort.memberships.get(user=user)
    refuse_needed(membership)
    membership.delete()
    record_member(Act.MEMBER_REMOVED, membership, by=by, now=now, why=reason)


def refuse_needed(membership: CohortMembership) -> None:
    """This will refuse while the cohort or a study needs somebody in it.

    Raises DelineatesStill, LastCoordinator, StudyNeedsCoordinator.
    """
    cohort, user = membership.cohort, membership.user
    if membership.role == COORDINATOR:
        if not cohort.memberships.filter(role=COORDINATOR).exclude(user=user).exists():
            raise LastCoordinator(
                f"{user.get_username()} is the only coordinator of {cohort}. Invite another "
                "coordinator first. Nothing was changed."
            )
        if studies := import_string(settings.STUDIES_LEFT_ALONE)(user=user, cohort=cohort):
            raise StudyNeedsCoordinator(
                f"{user.get_username()} is the only coordinator of {', '.join(studies)}. Close or "
                "delete what is not closed first. Nothing was changed."
            )
    if open_shares := import_string(settings.SHARES_LEFT_OPEN)(user=user, cohort=cohort):
        raise DelineatesStill(
            f"{user.get_username()} still delineates in {', '.join(open_shares)}, where others "
            "wait for it. Let them leave there first, on the page of the reference study, or close "
            "it. Nothing was changed."
        )


def record_member(
    act: Act, membership: CohortMembership, *, by: User | None, now: datetime, why: str = ""
) -> None:
    """This will write down that a membership was given, changed or taken away."""
    user, cohort = membership.user, membership.cohort.slug
    what = f"{user.get_username()}, {membership.role}"
    record(act, by=by, now=now, what=what, why=why, cohort=cohort, about=user)


def record_cohort(act: Act, cohort: Cohort, *, by: User | None, now: datetime) -> None:
    """This will write down that a cohort was created, changed or deleted."""
    record(act, by=by, now=now, what=f"{cohort.title} ({cohort.slug})", cohort=cohort.slug)
