"""What people tell about themselves: name, time zone, address."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.core import signing
from django.db import transaction

from accounts.models import Preferences
from segmentation.operations.audit import Act, record

CONFIRMATION_SECONDS = 24 * 60 * 60
CONFIRMATION = "accounts.email"


@transaction.atomic
def change_profile(*, user: User, first_name: str, last_name: str, time_zone: str) -> None:
    """This will store a person's name and time zone."""
    user.first_name, user.last_name = first_name, last_name
    user.save(update_fields=["first_name", "last_name"])
    Preferences.objects.update_or_create(user=user, defaults={"time_zone": time_zone})


def confirmation_key(*, user: User, address: str) -> str:
    """The key of the link by which a person shows that an address is theirs.

    It works for one day and until their address changes.
    """
    return signing.dumps([user.pk, user.email, address], salt=CONFIRMATION)


def confirmed_address(*, user: User, key: str) -> str:
    """The address that a key was sent to; empty when it is too old, used or somebody else's."""
    try:
        pk, before, address = signing.loads(key, salt=CONFIRMATION, max_age=CONFIRMATION_SECONDS)
    except signing.BadSignature:
        return ""
    return str(address) if (pk, before) == (user.pk, user.email) else ""


@transaction.atomic
def change_address(*, user: User, address: str, now: datetime) -> None:
    """This will store another e-mail address of a person."""
    user.email = address
    user.save(update_fields=["email"])
    record(Act.EMAIL_CHANGED, by=user, now=now, what="account")
