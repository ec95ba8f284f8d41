"""What people draw, edit by edit."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from segmentation import queries
from segmentation.api.answers import BINARY
from segmentation.models import Case, Edit
from segmentation.operations import (
    drawings,
    masks,
)
from segmentation.people import signed_in
from segmentation.serializers.drawings import (
    DrawingRequestSerializer,
    DrawingSaveSerializer,
    DrawingSerializer,
    EditBodySerializer,
    ForkSerializer,
    SavedEditSerializer,
)
from segmentation.serializers.masks import SegmentationSerializer


class CaseDrawingsView(APIView):
    """The way to draw a mask of a case, or to correct one."""

    @extend_schema(
        operation_id="begin_drawing",
        request=DrawingRequestSerializer,
        responses={201: DrawingSerializer},
    )
    def post(self, request: Request, code: str) -> Response:
        sent = DrawingRequestSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        drawing = drawings.begin_drawing(
            case=Case.objects.get(code=code),
            parent_id=sent.validated_data["corrects"],
            by=signed_in(request),
            now=queries.database_now(),
        )
        return shown_drawing(drawing.pk, status=201)


def shown_drawing(pk: UUID, status: int = 200) -> Response:
    """This will answer with a drawing and all its edits."""
    return Response(DrawingSerializer(queries.drawing_in_full(pk)).data, status=status)


class DrawingView(APIView):
    """One of my drawings, with every edit."""

    @extend_schema(operation_id="drawing", responses=DrawingSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        return shown_drawing(pk)


class DrawingEditView(APIView):
    """One edit, under an id that the browser made. Repeating a request is harmless."""

    @extend_schema(
        operation_id="put_edit", request=EditBodySerializer, responses=SavedEditSerializer
    )
    def put(self, request: Request, pk: UUID, edit_id: UUID) -> Response:
        sent = EditBodySerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = dict(sent.validated_data)
        active_ms, kind = given.pop("active_ms"), Edit.Kind(given.pop("kind"))
        saved_at = drawings.put_edit(
            drawing_id=pk,
            edit=drawings.NewEdit(id=edit_id, kind=kind, **given),
            active_ms=active_ms,
            now=queries.database_now(),
        )
        return Response(SavedEditSerializer({"id": edit_id, "saved_at": saved_at}).data)


class DrawingForkView(APIView):
    """Go on from an earlier edit beside a drawing that went on elsewhere."""

    @extend_schema(
        operation_id="fork_drawing", request=ForkSerializer, responses={201: DrawingSerializer}
    )
    def post(self, request: Request, pk: UUID) -> Response:
        sent = ForkSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        fork = drawings.fork_drawing(
            drawing_id=pk, edits=sent.validated_data["edits"], now=queries.database_now()
        )
        return shown_drawing(fork.pk, status=201)


class DrawingSaveView(APIView):
    """Make a mask of a drawing."""

    @extend_schema(
        operation_id="save_drawing",
        request=DrawingSaveSerializer,
        responses=SegmentationSerializer,
    )
    def post(self, request: Request, pk: UUID) -> Response:
        sent = DrawingSaveSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = dict(sent.validated_data)
        active_ms, others = given.pop("active_ms"), frozenset(given.pop("others"))
        segmentation = drawings.save_drawing(
            drawing_id=pk,
            seen=drawings.Seen(**given, others=others),
            active_ms=active_ms,
            by=signed_in(request),
            now=queries.database_now(),
        )
        return Response(SegmentationSerializer(segmentation).data)


class DrawingProbabilityView(APIView):
    """The probability map behind the mask that a drawing corrects, on the RAS grid."""

    @extend_schema(operation_id="drawing_probability", responses={**BINARY, 404: OpenApiResponse()})
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        drawing = queries.drawing_in_full(pk)
        if drawing.parent is None or not drawing.parent.probability:
            raise Http404
        content = masks.probability_for_browser(drawing.parent)
        response = HttpResponse(content, content_type="application/octet-stream")
        response["Cache-Control"] = "no-store"
        return response
