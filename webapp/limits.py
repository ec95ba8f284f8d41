"""A request that Plaque takes none of is refused before it is read: too large, or unreadable."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase

from webapp.errors import refuse, unreadable


class LargestRequestMiddleware:
    """Refuses by the announced size, so that nothing of a huge body reaches memory or disk."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """This will pass the request on unless its body is too large."""
        announced = request.META.get("CONTENT_LENGTH") or "0"
        if announced.isdigit() and int(announced) > settings.UPLOAD_MAX_BYTES:
            most = settings.UPLOAD_MAX_BYTES // 1024**2
            return refuse(
                413,
                "TooLarge",
                f"This is larger than {most} MB, which is the most that is taken for one case. "
                "Nothing was stored; send the files compressed (.nii.gz).",
            )
        return self.get_response(request)


class ReadableAddressMiddleware:
    """Refuses an address with a NUL, the one character that PostgreSQL keeps in no text."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """This will pass the request on unless its path or its query has a NUL."""
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return unreadable(request, BadRequest("A NUL in the address."))
        return self.get_response(request)
