"""What a closed study found: statistics, report, examples, bundle, what to correct."""

from __future__ import annotations

import json
from io import BytesIO
from typing import IO, Any
from uuid import UUID

from django.http import FileResponse, HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from rating.export import bundle, described, examples_drawn, report_page
from rating.models import Study
from rating.operations import examples as example_slices
from rating.operations import study as studies
from rating.queries.corrections import to_correct
from rating.queries.design import method_shown, titles_of
from rating.queries.examples import ExampleChoice, example_candidates, examples_of
from rating.queries.results import report_of, results_of
from rating.serializers.design import LONGEST_TEXT
from rating.serializers.results import (
    ChosenExamplesSerializer,
    ExamplesSerializer,
    ReportSerializer,
    ResultsSerializer,
    ToCorrectSerializer,
)
from segmentation.people import signed_in
from segmentation.queries import database_now, drawing_in_full

ZIP = {(200, "application/zip"): OpenApiTypes.BINARY}


class StudyResultsView(APIView):
    """The statistics of a closed study."""

    @extend_schema(operation_id="study_results", responses=ResultsSerializer)
    def get(self, request: Request, slug: str) -> Response:
        return Response(ResultsSerializer(results_of(Study.objects.get(slug=slug))).data)


class DrawingToCorrectView(APIView):
    """What closed studies found wrong in the mask that a drawing corrects."""

    @extend_schema(operation_id="to_correct", responses=ToCorrectSerializer(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        parent = drawing_in_full(pk).parent
        found = to_correct([parent] if parent else []).values()
        return Response(ToCorrectSerializer(next(iter(found), ()), many=True).data)


class StudyReportView(APIView):
    """The results of a closed study, laid out to be read, with the figures."""

    @extend_schema(operation_id="study_report", responses=ReportSerializer)
    def get(self, request: Request, slug: str) -> Response:
        study = Study.objects.get(slug=slug)
        report = report_of(study, results_of(study))
        return Response(ReportSerializer(report).data)


class StudyExamplesView(APIView):
    """Which readings of a closed study stand as examples, by chance or as I choose."""

    @extend_schema(operation_id="study_examples", responses=ExamplesSerializer)
    def get(self, request: Request, slug: str) -> Response:
        study = Study.objects.get(slug=slug)
        candidates = example_candidates(study)
        shown = examples_of(study, candidates)
        methods = {method_shown(one.segmentation) for one in candidates}
        told = {
            "description": described(shown),
            "shown": shown,
            "candidates": candidates,
        }
        context = {"titles": titles_of(methods)}
        return Response(ExamplesSerializer(told, context=context).data)

    @extend_schema(
        operation_id="choose_examples",
        request=ChosenExamplesSerializer,
        responses=ExamplesSerializer,
    )
    def put(self, request: Request, slug: str) -> Response:
        sent = ChosenExamplesSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        example_slices.choose_examples(
            study=Study.objects.get(slug=slug),
            choices=choices_in(sent),
            by=signed_in(request),
            now=database_now(),
        )
        return self.get(request, slug)


class StudyExamplesDrawingView(APIView):
    """One slice each of an accepted, an imperfect and a rejected mask with their marks, as SVG."""

    @extend_schema(
        operation_id="study_examples_drawing",
        responses={(200, "image/svg+xml"): OpenApiTypes.BINARY},
        parameters=[
            OpenApiParameter(
                "chosen",
                str,
                description="Choices to try out, as JSON of `choose_examples`; nothing is kept.",
            )
        ],
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        choices = None
        if "chosen" in request.query_params:
            sent = ChosenExamplesSerializer(data=parsed(request.query_params["chosen"]))
            sent.is_valid(raise_exception=True)
            choices = choices_in(sent)
        drawn = examples_drawn(study=Study.objects.get(slug=slug), choices=choices)
        return HttpResponse(drawn, content_type="image/svg+xml")


def parsed(text: str) -> Any:
    """The JSON of a parameter; None, which every serializer refuses, where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def choices_in(sent: ChosenExamplesSerializer) -> list[ExampleChoice]:
    """The choices that a request makes."""
    return [ExampleChoice(**one) for one in sent.validated_data["examples"]]


class StudyReportFileView(APIView):
    """The report as one HTML file that needs nothing else."""

    @extend_schema(
        operation_id="study_report_file",
        responses={(200, "text/html"): OpenApiTypes.BINARY},
        parameters=[OpenApiParameter("reason", str, description="Why, for the audit log.")],
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        study = Study.objects.select_related("cohort").get(slug=slug)
        content = BytesIO(report_page(study=study))
        return taken_away(study, content, f"{slug}.html", "text/html; charset=utf-8", request)


class StudyBundleView(APIView):
    """Everything about a closed study, as one zip file."""

    @extend_schema(
        operation_id="study_bundle",
        responses=ZIP,
        parameters=[OpenApiParameter("reason", str, description="Why, for the audit log.")],
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        study = Study.objects.select_related("cohort").get(slug=slug)
        return taken_away(study, bundle(study=study), f"{slug}.zip", "application/zip", request)


def taken_away(
    study: Study, content: IO[bytes], name: str, kind: str, request: Request
) -> HttpResponseBase:
    """This will answer with a file to save, and record who took it and why."""
    studies.record_export(
        study=study,
        reason=request.query_params.get("reason", "")[:LONGEST_TEXT],
        by=signed_in(request),
        now=database_now(),
    )
    return FileResponse(content, as_attachment=True, filename=name, content_type=kind)
