"""Pages show times in the time zone of whoever reads them."""

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from accounts.queries import time_zone_of

# Where no page is: the API tells UTC, and whether Plaque is alive must not hang on the database.
NO_PAGES = ("/api/", "/health/", "/ready/")


class TimeZoneMiddleware:
    """Activates the time zone of the person who asks for a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """This will answer in that time zone; an unknown name counts as none chosen."""
        if request.path.startswith(NO_PAGES) or not request.user.is_authenticated:
            return self.get_response(request)
        try:
            zone = zoneinfo.ZoneInfo(time_zone_of(request.user))
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return self.get_response(request)
        with timezone.override(zone):
            return self.get_response(request)
