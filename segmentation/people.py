"""Who asks, and for whom a page was made."""

from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from rest_framework.request import Request


def signed_in(request: HttpRequest | Request) -> User:
    """The person behind a request; the table of access has let nobody else through."""
    return cast(User, request.user)


def owner_key(user: User) -> str:
    """This will return a key for a person that names nobody; empty for somebody not signed in.

    What a browser keeps unsent is kept under it, and every request of a page carries it.
    """
    if not user.is_authenticated:
        return ""
    return salted_hmac("reading", str(user.pk)).hexdigest()[:16]
