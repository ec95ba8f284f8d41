"""The one place that knows which refusal is which HTTP status."""

from typing import Any

from django.http import Http404, JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from segmentation.refusals import Refusal

# The request was fine, the state of things forbids it (now). Every other refusal is about what was
# sent and answers 400.
CONFLICTS = frozenset(
    {
        "AlreadyFinished",
        "AlreadyImported",
        "AlreadyMarked",
        "AlreadyOpen",
        "AlreadySubmitted",
        "CaseInStudy",
        "CountsDiffer",
        "MarkBelongsElsewhere",
        "NotOpened",
        "NotYourTurn",
        "StudyNotClosed",
        "StudyNotDraft",
        "StudyNotOpen",
        "WashoutNotOver",
    }
)


def body(code: str, message: str, fields: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """This will return the one shape that every error answer of the API has."""
    return {"code": code, "message": message} | ({"fields": fields} if fields else {})


def refuse(http_status: int, code: str, message: str) -> JsonResponse:
    """This will answer an API request that never reached its view."""
    return JsonResponse(body(code, message), status=http_status)


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """This will turn a refusal into an answer; anything unforeseen stays a bug and surfaces."""
    if isinstance(error, Refusal):
        http_status = (
            status.HTTP_409_CONFLICT if error.code in CONFLICTS else status.HTTP_400_BAD_REQUEST
        )
        return Response(body(error.code, error.message, error.fields), status=http_status)
    if isinstance(error, exceptions.ValidationError):
        return Response(
            body("Invalid", "What was sent is not complete or not valid.", _fields(error.detail)),
            status=error.status_code,
        )
    if isinstance(error, RecursionError):  # JSON nested deeper than the parser goes
        return Response(body("ParseError", "What was sent is nested too deeply."), status=400)
    if isinstance(error, Http404):
        return Response(body("NotFound", "There is nothing here that you may see."), status=404)
    response = exception_handler(error, context)
    if response is not None and isinstance(error, exceptions.APIException):
        response.data = body(type(error).__name__, str(error.detail))
    return response


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
