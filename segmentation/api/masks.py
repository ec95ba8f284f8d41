"""Masks: their lesions, voxels and probabilities."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from segmentation import queries
from segmentation.api.answers import BINARY, stored_file, taken_out
from segmentation.operations.audit import Act
from segmentation.serializers.masks import SegmentationSerializer


class SegmentationView(APIView):
    """One mask: origin, provenance, lesions."""

    @extend_schema(operation_id="segmentation", responses=SegmentationSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(SegmentationSerializer(queries.segmentation_in_full(pk)).data)


class SegmentationLabelsView(APIView):
    """A mask's lesion ids on the RAS grid, for the browser."""

    @extend_schema(operation_id="segmentation_labels", responses=BINARY)
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        return stored_file(queries.segmentation_in_full(pk).labels)


class SegmentationMaskView(APIView):
    """A mask on its scan's own grid."""

    @extend_schema(operation_id="segmentation_mask", responses=BINARY)
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        found = queries.segmentation_in_full(pk)
        name = f"{found.case.code}_{found.method or found.origin}_{found.sha256[:8]}.nii.gz"
        answer = stored_file(found.mask, download_as=name)
        taken_out(Act.MASK_DOWNLOADED, request, case=found.case, what=found.title)
        return answer


class SegmentationProbabilityView(APIView):
    """A prediction's probability map on its scan's own grid."""

    @extend_schema(
        operation_id="segmentation_probability", responses={**BINARY, 404: OpenApiResponse()}
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        found = queries.segmentation_in_full(pk)
        name = f"{found.case.code}_{found.method}_probability_{found.sha256[:8]}.nii.gz"
        answer = stored_file(found.probability, download_as=name)
        taken_out(Act.PROBABILITY_DOWNLOADED, request, case=found.case, what=found.title)
        return answer
