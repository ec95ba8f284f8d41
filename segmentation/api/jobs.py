"""Inference jobs and the methods they run."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from segmentation import queries
from segmentation.api.answers import PAGING, in_pages
from segmentation.models import Cohort, InferenceJob
from segmentation.operations import (
    jobs,
)
from segmentation.people import signed_in
from segmentation.serializers.jobs import (
    JobRequestSerializer,
    JobSerializer,
    JobsPageSerializer,
    MethodSerializer,
    QueuedSerializer,
)


class CaseJobsView(APIView):
    """The inference jobs of a case, and the way to ask for one."""

    @extend_schema(operation_id="case_jobs", responses=JobSerializer(many=True))
    def get(self, request: Request, code: str) -> Response:
        return Response(JobSerializer(queries.jobs_of_case(code), many=True).data)

    @extend_schema(
        operation_id="request_job", request=JobRequestSerializer, responses={201: JobSerializer}
    )
    def post(self, request: Request, code: str) -> Response:
        sent = JobRequestSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        job = jobs.request_segmentation(
            case=queries.case_in_full(code),
            method=sent.validated_data["method"],
            by=signed_in(request),
            now=queries.database_now(),
        )
        return Response(JobSerializer(job).data, status=201)


class JobView(APIView):
    """One inference job."""

    @extend_schema(operation_id="job", responses=JobSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(JobSerializer(InferenceJob.objects.select_related("case").get(pk=pk)).data)


class JobCancelView(APIView):
    """Cancel a job."""

    @extend_schema(operation_id="cancel_job", request=None, responses=JobSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        return Response(JobSerializer(jobs.cancel_job(job_id=pk, now=queries.database_now())).data)


class JobRetryView(APIView):
    """Ask again for what a failed or cancelled job was to make."""

    @extend_schema(operation_id="retry_job", request=None, responses={201: JobSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        job = jobs.retry_job(job_id=pk, by=signed_in(request), now=queries.database_now())
        return Response(JobSerializer(job).data, status=201)


class RetryFailedView(APIView):
    """Ask again for every failed job of a cohort."""

    @extend_schema(operation_id="retry_failed", request=None, responses=QueuedSerializer)
    def post(self, request: Request, slug: str) -> Response:
        cohort = Cohort.objects.get(slug=slug)
        queued = jobs.retry_failed(cohort=cohort, by=signed_in(request), now=queries.database_now())
        return Response(QueuedSerializer({"queued": queued}).data)


class JobsView(APIView):
    """The inference jobs of every case that I may see, newest first."""

    @extend_schema(
        operation_id="jobs",
        responses=JobsPageSerializer,
        parameters=[
            *PAGING,
            OpenApiParameter("state", str, enum=InferenceJob.State.values),
            OpenApiParameter("method", str),
            OpenApiParameter("cohort", str, description="Its slug."),
            OpenApiParameter("q", str, description="A part of the case's code."),
        ],
    )
    def get(self, request: Request) -> Response:
        asked = request.query_params
        found = queries.jobs_of(
            signed_in(request),
            search=asked.get("q", ""),
            **{name: asked.get(name, "") for name in ("state", "method", "cohort")},
        )
        return in_pages(found, request, JobSerializer)


class MethodsView(APIView):
    """The methods that can be run here."""

    @extend_schema(operation_id="methods", responses=MethodSerializer(many=True))
    def get(self, request: Request) -> Response:
        cards: Any = queries.methods_shown_to(signed_in(request))
        return Response(MethodSerializer(cards, many=True).data)
