"""Inviting people: a link, sent and shown once, that opens an account and a role once."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import count

from django.contrib.auth.models import User
from django.db import transaction

from accounts.models import Invitation
from accounts.secret import hash_of, new_key
from segmentation.models import Cohort
from segmentation.operations.audit import Act, record
from segmentation.operations.members import add_member
from segmentation.refusals import Refusal

LIFETIME = timedelta(days=7)


class AlreadyInvited(Refusal):
    """The address has an invitation to this cohort that was not accepted yet."""


class InvitationClosed(Refusal):
    """The invitation was accepted or revoked, or is too old."""


@transaction.atomic
def invite(
    *, cohort: Cohort, address: str, role: str, by: User, now: datetime
) -> tuple[Invitation, str]:
    """This will make an invitation and return it with its key, which is kept nowhere.

    Whether the address has an account makes no difference. Raises AlreadyInvited.
    """
    if cohort.invitations.filter(address=address, accepted_at=None).exists():
        raise AlreadyInvited(
            f"{address} is invited already. Nothing was sent; send the invitation again below."
        )
    key, hashed = new_key()
    invitation = cohort.invitations.create(
        address=address,
        role=role,
        key_sha256=hashed,
        invited_by=by,
        invited_at=now,
        expires_at=now + LIFETIME,
    )
    record(Act.INVITED, by=by, now=now, what=title(invitation), cohort=cohort.slug)
    return invitation, key


@transaction.atomic
def invite_again(*, invitation: Invitation, by: User, now: datetime) -> str:
    """This will give an invitation a new key, which it returns; the one before opens nothing.

    Raises InvitationClosed.
    """
    refuse_accepted(invitation)
    key, invitation.key_sha256 = new_key()
    invitation.invited_at, invitation.expires_at = now, now + LIFETIME
    invitation.save(update_fields=["key_sha256", "invited_at", "expires_at"])
    record(Act.INVITED, by=by, now=now, what=title(invitation), cohort=invitation.cohort.slug)
    return key


@transaction.atomic
def revoke(*, invitation: Invitation, by: User, now: datetime) -> None:
    """This will take an invitation back. Raises InvitationClosed."""
    refuse_accepted(invitation)
    cohort = invitation.cohort.slug
    record(Act.INVITATION_REVOKED, by=by, now=now, what=title(invitation), cohort=cohort)
    invitation.delete()


def found_by_key(*, key: str, now: datetime) -> Invitation | None:
    """The open invitation that a key belongs to; None for any other key."""
    invitation = (
        Invitation.objects.select_related("cohort", "invited_by")
        .filter(key_sha256=hash_of(key))
        .first()
    )
    return invitation if invitation and invitation.is_open(now) else None


@transaction.atomic
def accept(*, key: str, user: User, now: datetime) -> Invitation:
    """This will give the invited role to somebody who has an account. Raises InvitationClosed."""
    return _take(key=key, user=user, now=now)


def add_person(
    *, cohort: Cohort, user: User, by: User, now: datetime, role: str = Invitation.Role.RATER
) -> None:
    """This will invite somebody and accept for them, as commands do."""
    address = f"{user.get_username()}@{cohort.slug}.invalid"
    _, key = invite(cohort=cohort, address=address, role=role, by=by, now=now)
    accept(key=key, user=user, now=now)


@transaction.atomic
def accept_with_new_account(
    *, key: str, first_name: str, last_name: str, password: str, now: datetime
) -> User:
    """This will make an account for whoever holds the key and give it the invited role.

    The user name comes from the address, the password was validated. Raises InvitationClosed.
    """
    invitation = found_by_key(key=key, now=now)
    if invitation is None:
        raise closed()
    user = create_user(invitation.address, first_name=first_name, last_name=last_name)
    user.set_password(password)
    user.save()
    _take(key=key, user=user, now=now)
    return user


def create_user(address: str, **names: str) -> User:
    """This will create a user named after an address; a number is added to a name that is taken."""
    wanted = re.sub(r"[^\w.+-]", "", address.split("@", maxsplit=1)[0])[:100] or "person"
    numbers = count(2)
    name = wanted
    while User.objects.filter(username__iexact=name).exists():
        name = f"{wanted}{next(numbers)}"
    return User.objects.create_user(name, email=address, **names)


def title(invitation: Invitation) -> str:
    """What the audit log calls an invitation: never by its address."""
    return f"as {invitation.role}, invitation {str(invitation.pk)[:8]}"


def refuse_accepted(invitation: Invitation) -> None:
    """This will raise InvitationClosed for an invitation that was accepted."""
    if invitation.accepted_at:
        raise InvitationClosed("This invitation was accepted already. Nothing was changed.")


def closed() -> InvitationClosed:
    """The refusal of a key that opens nothing."""
    return InvitationClosed(
        "This invitation was used or taken back, or is too old. Nothing was changed; "
        "ask whoever invited you for another one."
    )


def _take(*, key: str, user: User, now: datetime) -> Invitation:
    """This will mark an open invitation as accepted, in the transaction of its caller."""
    taken = Invitation.objects.select_for_update().filter(key_sha256=hash_of(key)).first()
    if taken is None or not taken.is_open(now):
        raise closed()
    taken.accepted_by, taken.accepted_at = user, now
    taken.save(update_fields=["accepted_by", "accepted_at"])
    cohort = taken.cohort
    if taken.role != Invitation.Role.RATER:
        add_member(cohort=cohort, user=user, role=taken.role)
    record(Act.INVITATION_ACCEPTED, by=user, now=now, what=title(taken), cohort=cohort.slug)
    return taken
