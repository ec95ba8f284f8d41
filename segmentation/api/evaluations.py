"""References and evaluations of methods against them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from segmentation import queries
from segmentation.api.answers import PAGING, in_pages
from segmentation.models import Cohort
from segmentation.operations import (
    evaluation_jobs,
    pictures,
    references,
)
from segmentation.people import signed_in
from segmentation.publication.drawing import png_of_svg
from segmentation.serializers.evaluations import (
    ChosenSliceSerializer,
    ChosenSlicesSerializer,
    EvaluationInListSerializer,
    EvaluationRequestSerializer,
    EvaluationSerializer,
    EvaluationsPageSerializer,
    FindingsSerializer,
    ReferenceRequestSerializer,
    ReferenceSerializer,
)
from segmentation.serializers.requests import DeletionSerializer


class CohortReferencesView(APIView):
    """The way to make a reference of several delineators' masks."""

    @extend_schema(
        operation_id="make_reference",
        request=ReferenceRequestSerializer,
        responses={201: ReferenceSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        sent = ReferenceRequestSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        notes: list[str] = []
        made = references.make_references(
            cohort=Cohort.objects.get(slug=slug),
            by=signed_in(request),
            now=queries.database_now(),
            say=notes.append,
            **sent.validated_data,
        )
        title = made[0].title if made else ""
        body = {"title": title, "cases": len(made), "notes": notes}
        return Response(ReferenceSerializer(body).data, status=201)


class CohortEvaluationsView(APIView):
    """The way to compare methods with references on a cohort."""

    @extend_schema(
        operation_id="request_evaluation",
        request=EvaluationRequestSerializer,
        responses={201: EvaluationSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        sent = EvaluationRequestSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        made = evaluation_jobs.request_evaluation(
            evaluation_jobs.Request(cohort=Cohort.objects.get(slug=slug), **sent.validated_data),
            by=signed_in(request),
            now=queries.database_now(),
        )
        return Response(EvaluationSerializer(made).data, status=201)


class EvaluationsView(APIView):
    """The evaluations in the cohorts that I coordinate, newest first."""

    @extend_schema(
        operation_id="evaluations", responses=EvaluationsPageSerializer, parameters=PAGING
    )
    def get(self, request: Request) -> Response:
        found = queries.evaluations_of(signed_in(request))
        return in_pages(found, request, EvaluationInListSerializer)


class EvaluationView(APIView):
    """One evaluation: how it goes, and which slices were chosen."""

    @extend_schema(operation_id="evaluation", responses=EvaluationSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(EvaluationSerializer(queries.evaluation_in_full(pk)).data)


class EvaluationCancelView(APIView):
    """Cancel an evaluation."""

    @extend_schema(operation_id="cancel_evaluation", request=None, responses=EvaluationSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        evaluation_jobs.cancel_evaluation(
            evaluation_id=pk, by=signed_in(request), now=queries.database_now()
        )
        return Response(EvaluationSerializer(queries.evaluation_in_full(pk)).data)


class EvaluationDeleteView(APIView):
    """Delete an evaluation for good."""

    @extend_schema(
        operation_id="delete_evaluation", request=DeletionSerializer, responses={204: None}
    )
    def post(self, request: Request, pk: UUID) -> Response:
        sent = DeletionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        evaluation_jobs.delete_evaluation(
            evaluation=queries.evaluation_in_full(pk),
            reason=sent.validated_data["reason"],
            by=signed_in(request),
            now=queries.database_now(),
        )
        return Response(status=204)


class EvaluationFindingsView(APIView):
    """What an evaluation found: tables and figures."""

    @extend_schema(operation_id="evaluation_findings", responses=FindingsSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        found: Any = evaluation_jobs.findings_of(queries.evaluation_in_full(pk))
        return Response(FindingsSerializer(found).data)


class EvaluationSlicesView(APIView):
    """Choose the slices that are drawn."""

    @extend_schema(
        operation_id="choose_slices",
        request=ChosenSlicesSerializer,
        responses=EvaluationSerializer,
    )
    def put(self, request: Request, pk: UUID) -> Response:
        sent = ChosenSlicesSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        evaluation_jobs.choose_slices(
            evaluation=queries.evaluation_in_full(pk),
            slices=sent.validated_data["slices"],
            by=signed_in(request),
            now=queries.database_now(),
        )
        return Response(EvaluationSerializer(queries.evaluation_in_full(pk)).data)


class EvaluationPictureView(APIView):
    """A slice with all masks: side by side, or as outlines; SVG, or PNG with `?as=png`."""

    @extend_schema(
        operation_id="evaluation_picture",
        responses={
            (200, "image/svg+xml"): OpenApiTypes.BINARY,
            (200, "image/png"): OpenApiTypes.BINARY,
        },
        parameters=[
            OpenApiParameter("case", str, required=True),
            OpenApiParameter("slice", int, required=True, description="From 1 at the bottom."),
            OpenApiParameter("method", str, description="It alone, against the reference."),
            OpenApiParameter("reference", str, description="It alone, with the method."),
            OpenApiParameter("kind", str, enum=list(pictures.KINDS)),
            OpenApiParameter("as", str, enum=["svg", "png"]),
        ],
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        asked = request.query_params
        names = ("case", "slice", "method", "reference")
        place = {name: asked[name] for name in names if name in asked}
        sent = ChosenSliceSerializer(data=place)
        sent.is_valid(raise_exception=True)
        drawn = pictures.picture_of(
            queries.evaluation_in_full(pk),
            kind=asked.get("kind", pictures.KINDS[0]),
            **sent.validated_data,
        )
        if asked.get("as") == "png":
            return HttpResponse(png_of_svg(drawn), content_type="image/png")
        return HttpResponse(drawn, content_type="image/svg+xml")


class EvaluationBundleView(APIView):
    """Everything about an evaluation, as one zip file."""

    @extend_schema(
        operation_id="evaluation_bundle",
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        content = evaluation_jobs.bundle(
            queries.evaluation_in_full(pk), by=signed_in(request), now=queries.database_now()
        )
        return FileResponse(content, as_attachment=True, filename="evaluation.zip")
