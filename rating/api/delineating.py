"""The API of delineating in a reference study. It knows only random tokens."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from rating.models import Delineation, DotDecision
from rating.operations import delineating
from rating.queries import delineating as queries
from rating.serializers.delineating import (
    AssignmentSerializer,
    DecisionSerializer,
    DelineationSerializer,
    DelineationSubmissionSerializer,
    SavedDecisionSerializer,
)
from segmentation.api import BINARY, stored_file
from segmentation.models import Edit, Scan
from segmentation.operations.drawings import NewEdit, Seen
from segmentation.people import signed_in
from segmentation.queries import database_now
from segmentation.serializers import EditBodySerializer, SavedEditSerializer


class AssignmentsView(APIView):
    """My shares of reference studies."""

    @extend_schema(operation_id="assignments", responses=AssignmentSerializer(many=True))
    def get(self, request: Request) -> Response:
        mine = queries.shares_of(user=signed_in(request), now=database_now())
        return Response(AssignmentSerializer(mine, many=True).data)


class AssignmentView(APIView):
    """One of my shares: every case's two steps, and what can be opened."""

    @extend_schema(operation_id="assignment", responses=AssignmentSerializer)
    def get(self, request: Request, assignment: str) -> Response:
        return share_shown(assignment)


def share_shown(token: str) -> Response:
    """This will answer with where somebody is in their share."""
    return Response(AssignmentSerializer(queries.share(token=token, now=database_now())).data)


def delineation_shown(token: str) -> Response:
    """This will answer with a delineation, all its edits and its dots."""
    return Response(DelineationSerializer(queries.delineation_in_full(token)).data)


class DelineationView(APIView):
    """One step of one case, with every edit, and in step 2 the dots."""

    @extend_schema(operation_id="delineation", responses=DelineationSerializer)
    def get(self, request: Request, token: str) -> Response:
        return delineation_shown(token)


class DelineationOpenView(APIView):
    """Open a delineation, or go on with it."""

    @extend_schema(operation_id="open_delineation", request=None, responses=DelineationSerializer)
    def post(self, request: Request, token: str) -> Response:
        delineating.open_delineation(token=token, now=database_now())
        return delineation_shown(token)


class DelineationScanView(APIView):
    """A scan of the case, RAS, for the browser."""

    @extend_schema(operation_id="delineation_scan", responses=BINARY)
    def get(self, request: Request, token: str, sequence: str) -> HttpResponseBase:
        case = Delineation.objects.values_list("of__case", flat=True).get(token=token)
        scan = Scan.objects.filter(case=case, sequence=sequence).first()
        if scan is None:
            raise Http404
        return stored_file(scan.browser)


class DelineationEditView(APIView):
    """One edit, under an id that the browser made. Repeating a request is harmless."""

    @extend_schema(
        operation_id="put_delineation_edit",
        request=EditBodySerializer,
        responses=SavedEditSerializer,
    )
    def put(self, request: Request, token: str, edit_id: UUID) -> Response:
        sent = EditBodySerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = dict(sent.validated_data)
        active_ms, kind = given.pop("active_ms"), Edit.Kind(given.pop("kind"))
        saved_at = delineating.put_edit_of(
            token=token,
            edit=NewEdit(id=edit_id, kind=kind, **given),
            active_ms=active_ms,
            now=database_now(),
        )
        return Response(SavedEditSerializer({"id": edit_id, "saved_at": saved_at}).data)


class DotDecisionView(APIView):
    """One decision about a dot, under an id that the browser made. Repeating is harmless."""

    @extend_schema(
        operation_id="put_decision", request=DecisionSerializer, responses=SavedDecisionSerializer
    )
    def put(self, request: Request, token: str, dot: str, decision_id: UUID) -> Response:
        sent = DecisionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        decision = delineating.NewDecision(
            id=decision_id,
            choice=DotDecision.Choice(sent.validated_data["choice"]),
            from_proposal=sent.validated_data["from_proposal"],
        )
        saved_at = delineating.put_decision(
            token=token, dot=dot, decision=decision, now=database_now()
        )
        return Response(SavedDecisionSerializer({"id": decision_id, "saved_at": saved_at}).data)


class DelineationSubmitView(APIView):
    """Lock a delineation."""

    @extend_schema(
        operation_id="submit_delineation",
        request=DelineationSubmissionSerializer,
        responses=AssignmentSerializer,
    )
    def post(self, request: Request, token: str) -> Response:
        sent = DelineationSubmissionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        delineating.submit_delineation(
            token=token,
            seen=Seen(given["edits"], given["voxels"], given["digest"]),
            active_ms=given["active_ms"],
            now=database_now(),
        )
        share = Delineation.objects.values_list("assignment__token", flat=True).get(token=token)
        return share_shown(share)
