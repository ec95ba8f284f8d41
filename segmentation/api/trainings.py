"""Trainings and the checkpoints that they make."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponseBase
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from segmentation import queries
from segmentation.api.answers import BINARY, PAGING, in_pages, stored_file
from segmentation.operations import (
    training_jobs,
)
from segmentation.people import signed_in
from segmentation.serializers.trainings import (
    TrainingInListSerializer,
    TrainingRequestSerializer,
    TrainingSerializer,
    TrainingsPageSerializer,
)


class CohortTrainingsView(APIView):
    """The way to adapt a method to the cases of a cohort."""

    @extend_schema(
        operation_id="request_training",
        request=TrainingRequestSerializer,
        responses={201: TrainingSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        sent = TrainingRequestSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        asked = dict(sent.validated_data)
        wanted = [slug, *asked.pop("also")]
        training = training_jobs.request_training(
            training_jobs.Request(
                cohorts=training_jobs.cohorts_to_learn_from(wanted, by=signed_in(request)), **asked
            ),
            by=signed_in(request),
            now=queries.database_now(),
        )
        return Response(TrainingSerializer(queries.training_in_full(training.pk)).data, status=201)


class TrainingsView(APIView):
    """The trainings in my cohorts, newest first."""

    @extend_schema(operation_id="trainings", responses=TrainingsPageSerializer, parameters=PAGING)
    def get(self, request: Request) -> Response:
        found = queries.trainings_of(signed_in(request))
        return in_pages(found, request, TrainingInListSerializer)


class TrainingView(APIView):
    """One training: how it goes, its curve, its settings, and the version that it made."""

    @extend_schema(operation_id="training", responses=TrainingSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(TrainingSerializer(queries.training_in_full(pk)).data)


class TrainingCancelView(APIView):
    """Cancel a training; the best checkpoint until then is kept."""

    @extend_schema(operation_id="cancel_training", request=None, responses=TrainingSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        training_jobs.cancel_training(
            training_id=pk, by=signed_in(request), now=queries.database_now()
        )
        return Response(TrainingSerializer(queries.training_in_full(pk)).data)


class TrainingCheckpointView(APIView):
    """The checkpoint that a training made, as a safetensors file."""

    @extend_schema(operation_id="training_checkpoint", responses={**BINARY, 404: OpenApiResponse()})
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        training = queries.training_in_full(pk)
        version = getattr(training, "version", None)
        if version is None:
            raise Http404
        answer = stored_file(version.checkpoint, download_as=f"{version.name}.safetensors")
        training_jobs.record_checkpoint(training, by=signed_in(request), now=queries.database_now())
        return answer
