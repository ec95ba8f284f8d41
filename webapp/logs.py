"""The log in production: one JSON line for each event, with nothing in it about a person.

A request is told by the *name* of its route, never by its address, which may hold a token or a case
code. Of an error the log keeps its kind and the places in the code, not its message, which may
quote data. Of a line by a library it keeps the fixed text and drops what is put into it. What ties
lines together, and a person's report to them, is the id of the request (`X-Request-ID`).
"""

from __future__ import annotations

import json
import logging
import re
import time
import traceback
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponseBase

log = logging.getLogger(__name__)
current_request: ContextVar[str] = ContextVar("current_request", default="")

# Whose messages are written with care, and whose are only about a connection to the broker.
TRUSTED = ("webapp", "accounts", "segmentation", "rating", "celery.worker.consumer")
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
FIXED_TEXT = re.compile(r"[^0-9'\"=]*")
MOST_PLACES = 12


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON: at, level, logger, event, and what belongs to it."""

    def format(self, record: logging.LogRecord) -> str:
        """This will return the line; `extra={"facts": {...}}` of our own records goes into it."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": words_of(record),
        }
        if request := current_request.get():
            line["request"] = request
        line |= getattr(record, "facts", {})
        if record.exc_info and record.exc_info[1]:
            line["error"] = list(kinds(record.exc_info[1]))
            line["where"] = places(record.exc_info[1])
        return json.dumps(line)


def words_of(record: logging.LogRecord) -> str:
    """What a record says; of a library's record only the text before anything put into it."""
    if any(record.name == one or record.name.startswith(f"{one}.") for one in TRUSTED):
        return record.getMessage()
    if isinstance(record.msg, str):
        return FIXED_TEXT.match(record.msg)[0]  # type: ignore[index]  # it always matches
    return type(record.msg).__name__


def kinds(error: BaseException) -> Iterator[str]:
    """The kind of an error and of those that it came from."""
    cause: BaseException | None = error
    while cause is not None:
        yield type(cause).__name__
        cause = cause.__cause__ or cause.__context__


def places(error: BaseException) -> list[str]:
    """Where in the code an error came from, innermost first."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    return [f"{one.filename}:{one.lineno} {one.name}" for one in islice(frames, MOST_PLACES)]


class RequestLogMiddleware:
    """Gives every request an id, tells it in the answer, and writes one line about how it went."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """This will pass the request on; the id is ours, whatever the sender calls it."""
        name = uuid4().hex[:16]
        began = time.perf_counter()
        held = current_request.set(name)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = name
            facts = {
                "method": request.method if request.method in METHODS else "other",
                "route": request.resolver_match.view_name if request.resolver_match else "none",
                "status": response.status_code,
                "ms": round(1000 * (time.perf_counter() - began), 1),
            }
            log.info("request", extra={"facts": facts})
        finally:
            current_request.reset(held)
        return response
