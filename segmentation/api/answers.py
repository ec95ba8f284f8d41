"""What answers have in common: files, pages of lists, and what is noted of a download."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from segmentation import queries
from segmentation.models import Case
from segmentation.operations.audit import Act, record_download
from segmentation.people import signed_in

BINARY = {(200, "application/octet-stream"): OpenApiTypes.BINARY}


def stored_file(stored: FieldFile, *, download_as: str | None = None) -> HttpResponseBase:
    """This will send a stored file; 404 when the row has none."""
    if not stored:
        raise Http404
    response: HttpResponse | FileResponse
    if download_as is None:
        with stored.open("rb") as file:
            response = HttpResponse(file.read(), content_type="application/octet-stream")
    else:
        response = FileResponse(
            stored.open("rb"),
            as_attachment=True,
            filename=download_as,
            content_type="application/octet-stream",
        )
    response["Cache-Control"] = "no-store"
    return response


def taken_out(act: Act, request: Request, *, case: Case, what: str) -> None:
    """This will write down that somebody downloads a file of a case."""
    record_download(act, case=case, what=what, by=signed_in(request), now=queries.database_now())


class Pages(PageNumberPagination):
    """Long lists come in pages: `?page=` from 1, `?page_size=` up to 1,000."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000


PAGING = [
    OpenApiParameter("page", int, description="From 1."),
    OpenApiParameter("page_size", int, description="At most 1,000; else 100."),
]


def in_pages(
    rows: QuerySet[Any], request: Request, shown_by: type[serializers.BaseSerializer[Any]]
) -> Response:
    """This will answer with the asked page of rows; 404 beyond the last."""
    pages = Pages()
    page = pages.paginate_queryset(rows, request)
    return pages.get_paginated_response(shown_by(page, many=True).data)
