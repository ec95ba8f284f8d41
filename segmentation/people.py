"""Who asks."""

from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest
from rest_framework.request import Request


def signed_in(request: HttpRequest | Request) -> User:
    """The person behind a request; the table of access has let nobody else through."""
    return cast(User, request.user)
