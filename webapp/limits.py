"""A request that is larger than anything Plaque takes is refused before it is read."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from webapp.errors import refuse


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
