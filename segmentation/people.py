"""Who asks, and for whom a page was made."""

from hashlib import sha256
from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest
from rest_framework.request import Request


def signed_in(request: HttpRequest | Request) -> User:
    """The person behind a request; the table of access has let nobody else through."""
    return cast(User, request.user)


def owner_key(user: User) -> str:
    """This will return a key for a person that names nobody; empty for somebody not signed in.

    What a browser keeps unsent is kept under it, and every request of a page carries it. It stays
    the same when the secret key changes, and nobody gets one that somebody else has had.
    """
    if not user.is_authenticated:
        return ""
    account = f"reading {user.pk} {user.date_joined.timestamp()}"
    return sha256(account.encode()).hexdigest()[:16]
