"""What can be asked about accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db.models import BooleanField, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery

from accounts.models import AccessToken, Invitation, Preferences
from segmentation.models import Cohort, CohortMembership
from segmentation.queries import hidden_cases, how_many, roles_in_whole_cohort


def time_zone_of(user: User) -> str:
    """The time zone that a person chose; empty when they did not."""
    found = Preferences.objects.filter(user=user).values_list("time_zone", flat=True)
    return found.first() or ""


def has_second_factor(user: User) -> bool:
    """Whether a code is asked for when they sign in."""
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


def recovery_codes_left(user: User) -> int:
    """The number of recovery codes that were not used yet."""
    found = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    return len(found.wrap().get_unused_codes()) if found else 0


def invitations_to(cohort: str, *, search: str = "") -> QuerySet[Invitation]:
    """The invitations to a cohort (its slug) that nobody accepted yet, newest first.

    `search` is a part of the address.
    """
    found = Invitation.objects.filter(
        cohort__slug=cohort, accepted_at=None, address__icontains=search
    )
    return found.select_related("invited_by")


def whole_cohorts_of(user: User) -> QuerySet[Cohort]:
    """The cohorts that somebody coordinates, less those with a case that is hidden from them."""
    return Cohort.objects.filter(
        memberships__user=user, memberships__role=CohortMembership.Role.COORDINATOR
    ).exclude(cases__pk__in=hidden_cases(user))


def expired_invitations(user: User, *, now: datetime) -> list[Any]:
    """The cohorts that somebody coordinates with invitations that ran out (`expired` of them).

    None of a cohort with a case that is hidden from them: they do not see its people either.
    """
    gone = Invitation.objects.filter(cohort=OuterRef("pk"), accepted_at=None, expires_at__lte=now)
    mine: QuerySet[Any] = whole_cohorts_of(user).annotate(expired=how_many(gone))
    # Chosen here: as a condition in SQL, they would be counted twice.
    return [cohort for cohort in mine.order_by("title") if cohort.expired]


def people_met_by(user: User) -> QuerySet[User]:
    """Who belongs to any cohort that somebody coordinates, or came as a rater by its invitation.

    Of nobody else do they see as much as the name. Empty for who coordinates nothing.
    """
    mine = whole_cohorts_of(user).values("pk")
    members = CohortMembership.objects.filter(cohort__in=mine)
    invited = Invitation.objects.filter(cohort__in=mine).exclude(accepted_by=None)
    return User.objects.filter(
        Q(pk__in=members.values("user"))
        | Q(pk__in=invited.filter(role=Invitation.Role.RATER).values("accepted_by"))
    )


def people_of(cohort: str, *, search: str = "") -> QuerySet[Any]:
    """Who belongs to a cohort (its slug), and who came as a rater by its invitation.

    Members first, by role and user name; each with their `role` in the cohort (None when they have
    none) and whether they are `invited` to rate. `search` is a part of a name or user name.
    """
    member = CohortMembership.objects.filter(cohort__slug=cohort)
    taken = Invitation.objects.filter(cohort__slug=cohort, role=Invitation.Role.RATER)
    is_invited = Q(pk__in=taken.exclude(accepted_by=None).values("accepted_by"))
    is_named = (
        Q(username__icontains=search)
        | Q(first_name__icontains=search)
        | Q(last_name__icontains=search)
    )
    return (
        User.objects.filter(Q(pk__in=member.values("user")) | is_invited)
        .filter(is_named)
        .annotate(
            role=Subquery(member.filter(user=OuterRef("pk")).values("role")),
            invited=ExpressionWrapper(is_invited, BooleanField()),
        )
        .order_by(F("role").asc(nulls_last=True), "username")
    )


def roles_in_invitation(*, user: User, invitation_id: UUID) -> frozenset[str]:
    """The user's roles in the cohort that an invitation is to; empty when it is unknown."""
    found = Invitation.objects.filter(pk=invitation_id).values_list("cohort__slug", flat=True)
    slug = found.first()
    return roles_in_whole_cohort(user=user, slug=slug) if slug else frozenset()


def roles_in_token(*, user: User, token_id: UUID) -> frozenset[str]:
    """Owner, when the token is the user's own; else empty."""
    is_own = AccessToken.objects.filter(pk=token_id, user=user).exists()
    return frozenset({"owner"}) if is_own else frozenset()
