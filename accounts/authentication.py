"""Who asks the API with a token, for Django REST framework and for the API's description."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request


class TokenAuthentication(BaseAuthentication):
    """Takes over whom `webapp.access` found by a token. No cookie, so nothing to forge (CSRF)."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """The token's owner; None when the request came without a token."""
        user = getattr(request._request, "token_user", None)
        return (user, None) if user else None


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Bearer ...`, as the API's description says it."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, Any]:
        """What OpenAPI calls it."""
        return {"type": "http", "scheme": "bearer"}
