"""A login lasts as long as its person does something, and for a while afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponseBase

RENEWED_AT = "renewed_at"
SHARE = 20  # renewed when this part of the time has gone by: most requests write nothing


class SlidingSessionMiddleware:
    """Renews the login of whoever opens a page or changes something.

    What pages read by themselves (GET below /api/, such as a list that refreshes itself) renews
    nothing: a workstation that was left alone is logged out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """This will pass the request on and renew the session that it came with."""
        response = self.get_response(request)
        is_by_itself = request.method == "GET" and request.path.startswith("/api/")
        session = request.session
        if session.accessed and not is_by_itself and SESSION_KEY in session:
            now = time.time()
            if now - session.get(RENEWED_AT, 0) > settings.SESSION_COOKIE_AGE / SHARE:
                session[RENEWED_AT] = now
        return response
