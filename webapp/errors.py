"""The one place that knows which refusal is which HTTP status."""

import logging
import sys
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.defaults import page_not_found
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from segmentation.refusals import Refusal
from webapp.logs import current_request

log = logging.getLogger(__name__)

# The request was fine, the state of things forbids it (now). Every other refusal is about what was
# sent and answers 400.
CONFLICTS = frozenset(
    {
        "AlreadyFinished",
        "AnswerIsPast",
        "DeclarationMissing",
        "NotSubmitted",
        "OtherInstructions",
        "RemindedAlready",
        "AlreadyImported",
        "AlreadyInStudy",
        "AlreadyMarked",
        "AlreadySaved",
        "AlreadySubmitted",
        "CaseInStudy",
        "CountsDiffer",
        "DoesNotReplay",
        "DrawnElsewhere",
        "LastDelineator",
        "LastOneLeft",
        "MarkBelongsElsewhere",
        "NotCorrected",
        "NotEvaluatedYet",
        "NotFailed",
        "NotOpened",
        "NotYourTurn",
        "PresentationWithdrawn",
        "SavedMeanwhile",
        "AlreadyDelineates",
        "CandidatesBuilt",
        "DelineatesElsewhere",
        "DelineatorReads",
        "NoDotsYet",
        "RaterDelineates",
        "DecisionElsewhere",
        "DelineationNotOpened",
        "DelineatorLeft",
        "DelineationSubmitted",
        "DotNotDrawn",
        "NothingLeftToDelineate",
        "DraftChanged",
        "DotsUndecided",
        "DrawnWithoutDot",
        "IntervalNotOver",
        "MethodMaskGone",
        "ReferenceNotClosed",
        "ReferenceNotDraft",
        "ReferenceNotOpen",
        "ReferenceTitleTaken",
        "StepOneUnfinished",
        "StudyNotClosed",
        "StudyNotDraft",
        "StudyNotOpen",
        "WashoutNotOver",
    }
)
OTHER_STATUS = {"StorageFailed": status.HTTP_507_INSUFFICIENT_STORAGE}
NOTHING_HERE = "There is nothing here that you may see."
UNREADABLE = "What was sent cannot be read. Nothing was changed."
CUT_OFF = "The request broke off before it was whole. Nothing was stored; send it again."
CSRF = "CSRF Failed"  # how DRF's words for it begin
PAGE_OUTDATED = (
    "This page was opened before you last logged in or out, or the browser keeps no cookies. "
    "Nothing was changed, and what is kept in this browser stays there. Reload the page and try "
    "again."
)
NOT_AVAILABLE = (
    "The database does not answer, or cannot store anything. What was shown as saved is safe. Try "
    "again in a minute; if this stays, tell your administrator and quote {request}."
)
FAILED = (
    "This is a fault of Plaque, not of yours. What was saved is safe. Try again; if it happens "
    "again, tell your administrator and quote {request}."
)


def body(code: str, message: str, fields: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """This will return the one shape that every error answer of the API has."""
    return {"code": code, "message": message} | ({"fields": fields} if fields else {})


def refuse(http_status: int, code: str, message: str) -> JsonResponse:
    """This will answer an API request that never reached its view."""
    return JsonResponse(body(code, message), status=http_status)


def turn_away(request: HttpRequest, http_status: int, code: str, message: str) -> HttpResponse:
    """This will refuse a request before its view: programs get JSON, people a page in words."""
    if request.path.startswith("/api/"):
        return refuse(http_status, code, message)
    context = {"request_id": current_request.get()}
    return render(request, f"{http_status}.html", context, status=http_status)


def not_allowed(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """This will say that the person's role does not suffice."""
    return turn_away(request, 403, "NotAllowed", "Your role does not allow this.")


def not_possible(request: HttpRequest, *, methods: Iterable[str]) -> HttpResponse:
    """This will say that an address takes other methods only."""
    message = f"{request.method} is not possible here."
    response = turn_away(request, 405, "MethodNotAllowed", message)
    response["Allow"] = ", ".join(methods)
    return response


def page_outdated(request: HttpRequest, reason: str = "") -> HttpResponse:
    """This will say that a page was opened before the last log-in or log-out (CSRF).

    Pages only: the API notices it in its own way (see `answer`).
    """
    context = {"request_id": current_request.get()}
    return render(request, "403_csrf.html", context, status=403)


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """This will say that a request cannot be read; asks nothing, not even who is signed in."""
    if request.path.startswith("/api/"):
        return refuse(400, "Invalid", UNREADABLE)
    page = render_to_string("400.html", {"request_id": current_request.get()})
    return HttpResponse(page, status=400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """This will say that nothing is there: to programs as JSON, to people as a page."""
    if request.path.startswith("/api/"):
        return refuse(404, "NotFound", NOTHING_HERE)
    return page_not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponse:
    """This will answer what nobody foresaw: 503 when the database does not answer, else 500.

    It asks the database nothing, not even who is signed in.
    """
    error = sys.exc_info()[1]
    if isinstance(error, UnreadablePostError):  # the connection broke off: nobody's fault here
        return unreadable(request, error)
    log.error("This request failed.", exc_info=error)
    gone = isinstance(error, OperationalError | InterfaceError)
    http_status = 503 if gone else 500
    if request.path.startswith("/api/"):
        code, words = ("NotAvailable", NOT_AVAILABLE) if gone else ("Failed", FAILED)
        return refuse(http_status, code, words.format(request=current_request.get()))
    page = render_to_string(f"{http_status}.html", {"request_id": current_request.get()})
    return HttpResponse(page, status=http_status)


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """This will turn a refusal into an answer; anything unforeseen stays a bug and surfaces."""
    if isinstance(error, Refusal):
        usual = status.HTTP_409_CONFLICT if error.code in CONFLICTS else 400
        http_status = OTHER_STATUS.get(error.code, usual)
        return Response(body(error.code, error.message, error.fields), status=http_status)
    if isinstance(error, exceptions.ValidationError):
        return Response(
            body("Invalid", "What was sent is not complete or not valid.", _fields(error.detail)),
            status=error.status_code,
        )
    if isinstance(error, SuspiciousOperation):
        return Response(*_too_much(error))
    if isinstance(error, UnreadablePostError):
        return Response(body("CutOff", CUT_OFF), status=400)
    if isinstance(error, RecursionError):  # JSON nested deeper than the parser goes
        return Response(body("ParseError", "What was sent is nested too deeply."), status=400)
    if isinstance(error, Http404):
        return Response(body("NotFound", NOTHING_HERE), status=404)
    if isinstance(error, exceptions.PermissionDenied) and str(error.detail).startswith(CSRF):
        return Response(body("PageOutdated", PAGE_OUTDATED), status=error.status_code)
    response = exception_handler(error, context)
    if response is not None and isinstance(error, exceptions.APIException):
        response.data = body(type(error).__name__, str(error.detail))
    return response


def _too_much(error: SuspiciousOperation) -> tuple[dict[str, Any], int]:
    """The body and status for a request that Django would not read to its end."""
    if isinstance(error, TooManyFilesSent):
        most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        words = f"A case has at most {most} files. Nothing was stored; send fewer at once."
        return body("TooManyFiles", words), status.HTTP_400_BAD_REQUEST
    if isinstance(error, RequestDataTooBig):
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024**2
        words = f"What was sent is larger than {most} MB. Nothing was changed; send less at once."
        return body("TooLarge", words), status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    return body("Invalid", UNREADABLE), status.HTTP_400_BAD_REQUEST


def _fields(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """This will flatten DRF's nested validation detail to dotted field names."""
    if isinstance(detail, dict):
        flat: dict[str, list[str]] = {}
        for name, inner in detail.items():
            flat |= _fields(inner, f"{prefix}.{name}" if prefix else str(name))
        return flat
    if isinstance(detail, list) and any(isinstance(entry, dict | list) for entry in detail):
        flat = {}
        for number, inner in enumerate(detail):
            flat |= _fields(inner, f"{prefix}.{number}")
        return flat
    return {prefix or "request": [str(entry) for entry in detail] if detail else []}
