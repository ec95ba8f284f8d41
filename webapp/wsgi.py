"""What a web server calls. A body that was cut off on the way is never taken for a whole one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import IO, Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")


class CutOff(OSError):
    """The connection ended before the body did."""


class WholeBody:
    """A request's body that fails where it ends too early.

    Without this, half an upload would read like a shorter one: a case without its last files.
    """

    def __init__(self, body: IO[bytes], length: int) -> None:
        self.body = body
        self.missing = length

    def read(self, size: int = -1) -> bytes:
        """The next bytes; raises CutOff when none come although more were announced."""
        return self._counted(self.body.read(self.missing if size < 0 else size))

    def readline(self, size: int = -1) -> bytes:
        """The next line; raises CutOff as `read`."""
        return self._counted(self.body.readline(size))

    def _counted(self, part: bytes) -> bytes:
        self.missing -= len(part)
        if not part and self.missing > 0:
            raise CutOff(f"{self.missing} bytes of the request did not arrive")
        return part


django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The WSGI entrance of Plaque."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    environ["wsgi.input"] = WholeBody(environ["wsgi.input"], length)
    return django(environ, start_response)
