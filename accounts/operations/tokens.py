"""Tokens for scripts: shown once, for one person, until they end or are revoked."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from accounts.models import AccessToken
from accounts.secret import hash_of, new_key
from segmentation.operations.audit import Act, record

PREFIX = "plaque_"  # so that a scanner for leaked secrets knows it
USED_EVERY = timedelta(minutes=1)


@transaction.atomic
def make_token(*, user: User, name: str, lifetime: timedelta, now: datetime) -> str:
    """This will make a token and return its key, which is kept nowhere."""
    key, hashed = new_key(PREFIX)
    user.access_tokens.create(name=name, sha256=hashed, created_at=now, expires_at=now + lifetime)
    record(Act.TOKEN_MADE, by=user, now=now, what=f"token {name}")
    return key


@transaction.atomic
def revoke_token(*, token: AccessToken, now: datetime) -> None:
    """This will end a token at once."""
    record(Act.TOKEN_REVOKED, by=token.user, now=now, what=f"token {token.name}")
    token.delete()


@transaction.atomic
def revoke_all_tokens(*, user: User, now: datetime) -> None:
    """This will end every token of a person at once."""
    for token in user.access_tokens.all():
        revoke_token(token=token, now=now)


def user_of_token(*, key: str, now: datetime) -> User | None:
    """Whose token this key is; None for a key that is unknown, too old or of a closed account.

    That it was used is written down at most once a minute.
    """
    token = AccessToken.objects.select_related("user").filter(sha256=hash_of(key)).first()
    if token is None or token.expires_at <= now or not token.user.is_active:
        return None
    if token.used_at is None or now - token.used_at > USED_EVERY:
        AccessToken.objects.filter(pk=token.pk).update(used_at=now)
    return token.user
