"""What every answer tells the browser, beside the content policy (settings)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

# Plaque needs nothing of the device; whatever might run in a page gets nothing either.
UNUSED = (
    *("accelerometer", "autoplay", "camera", "display-capture", "geolocation", "gyroscope"),
    *("magnetometer", "microphone", "midi", "payment", "screen-wake-lock", "usb"),
    *("xr-spatial-tracking",),
)
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in UNUSED)


class HeadersMiddleware:
    """Denies what no page needs: the device's features, and being loaded by other sites."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """This will add the headers to whatever is answered."""
        response = self.get_response(request)
        response["Permissions-Policy"] = PERMISSIONS_POLICY
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        return response
