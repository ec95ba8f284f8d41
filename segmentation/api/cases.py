"""Cohorts, cases, their scans and brain masks."""

from __future__ import annotations

from django.http import Http404, HttpResponse, HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from segmentation import queries
from segmentation.api.answers import BINARY, PAGING, in_pages, stored_file, taken_out
from segmentation.models import BrainMask, Case, Cohort, Scan
from segmentation.operations import (
    announcing,
    brains,
    cases,
    deletion,
    describing,
    masks,
)
from segmentation.operations.audit import Act
from segmentation.people import signed_in
from segmentation.serializers.cases import (
    BrainCorrectionSerializer,
    BrainMaskSerializer,
    CaseChangeSerializer,
    CaseInListSerializer,
    CaseSerializer,
    CasesPageSerializer,
    CohortSerializer,
)
from segmentation.serializers.requests import DeletionSerializer
from segmentation.serializers.uploads import (
    AnnouncementSerializer,
    ForeseenSerializer,
    ImportedCaseSerializer,
    UploadSerializer,
)


class CohortsView(APIView):
    """The cohorts that I belong to."""

    @extend_schema(operation_id="cohorts", responses=CohortSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response(CohortSerializer(queries.cohorts_of(signed_in(request)), many=True).data)


class CohortCasesView(APIView):
    """The cases of a cohort, and the way in for a new one."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="cases",
        responses=CasesPageSerializer,
        parameters=[
            *PAGING,
            OpenApiParameter("q", str, description="A part of the code or the subject."),
            OpenApiParameter("sequence", str, description="One that a case must have."),
            OpenApiParameter("mask", str, description="Method of a mask it must have, or none."),
            OpenApiParameter("order", str, enum=list(queries.CASE_ORDERS)),
        ],
    )
    def get(self, request: Request, slug: str) -> Response:
        asked = request.query_params
        found = queries.cases_in_cohort(
            signed_in(request),
            slug,
            search=asked.get("q", ""),
            **{name: asked.get(name, "") for name in ("sequence", "mask", "order")},
        )
        return in_pages(found, request, CaseInListSerializer)

    @extend_schema(
        operation_id="import_case",
        request=UploadSerializer,
        responses={201: ImportedCaseSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        sent = UploadSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        done = cases.import_case(
            cohort=Cohort.objects.get(slug=slug),
            files=[
                cases.NamedFile(file.name, file.read()) for file in sent.validated_data["files"]
            ],
            subject=sent.validated_data["subject"],
            mask_origin=sent.validated_data["mask_origin"],
            description=sent.validated_data.get("description"),
            by=signed_in(request),
            now=queries.database_now(),
        )
        body = {
            "code": done.case.code,
            "subject": done.case.subject,
            "taken": [{"sequence": name, "removed": list(gone)} for name, gone in done.taken],
            "described": list(done.described),
            "ignored": list(done.ignored),
            "warnings": list(done.warnings),
        }
        return Response(body, status=201)


class CohortAnnouncementView(APIView):
    """What would become of cases before they are sent."""

    @extend_schema(
        operation_id="announce_cases", request=AnnouncementSerializer, responses=ForeseenSerializer
    )
    def post(self, request: Request, slug: str) -> Response:
        sent = AnnouncementSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        foreseen, notes = announcing.foresee(
            cohort=Cohort.objects.get(slug=slug),
            flairs={case["folder"]: case["flair_sha256"] for case in sent.validated_data["cases"]},
            manifest=sent.validated_data["manifest"],
            participants=sent.validated_data["participants"],
            by=signed_in(request),
        )
        return Response(ForeseenSerializer({"cases": foreseen, "notes": notes}).data)


class CaseView(APIView):
    """One case with its scans, masks and jobs, and what is known about it."""

    @extend_schema(operation_id="case", responses=CaseSerializer)
    def get(self, request: Request, code: str) -> Response:
        return Response(CaseSerializer(queries.case_in_full(code)).data)

    @extend_schema(
        operation_id="describe_case", request=CaseChangeSerializer, responses=CaseSerializer
    )
    def patch(self, request: Request, code: str) -> Response:
        sent = CaseChangeSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        describing.describe_case(
            case=Case.objects.get(code=code),
            by=signed_in(request),
            now=queries.database_now(),
            **sent.validated_data,
        )
        return Response(CaseSerializer(queries.case_in_full(code)).data)


class CaseBrainView(APIView):
    """The brain mask of a case on the RAS grid, for the browser, and the way to correct it."""

    parser_classes = [MultiPartParser]

    @extend_schema(operation_id="case_brain", responses={**BINARY, 404: OpenApiResponse()})
    def get(self, request: Request, code: str) -> HttpResponseBase:
        try:
            brain = queries.brain_mask_of(code)
        except BrainMask.DoesNotExist as error:
            raise Http404 from error
        response = HttpResponse(masks.brain_labels(brain), content_type="application/octet-stream")
        response["Cache-Control"] = "no-store"
        return response

    @extend_schema(
        operation_id="correct_brain",
        request=BrainCorrectionSerializer,
        responses=BrainMaskSerializer,
    )
    def post(self, request: Request, code: str) -> Response:
        sent = BrainCorrectionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        file = sent.validated_data["file"]
        brain = brains.correct_brain(
            case=Case.objects.get(code=code),
            content=file.read(),
            name=cases.last_part(file.name),
            by=signed_in(request),
            now=queries.database_now(),
        )
        return Response(BrainMaskSerializer(brain).data)

    @extend_schema(operation_id="revert_brain", request=None, responses={204: None})
    def delete(self, request: Request, code: str) -> Response:
        brains.revert_brain(
            case=Case.objects.get(code=code), by=signed_in(request), now=queries.database_now()
        )
        return Response(status=204)


class CaseBrainMaskView(APIView):
    """The brain mask of a case on its scan's own grid."""

    @extend_schema(operation_id="case_brain_mask", responses={**BINARY, 404: OpenApiResponse()})
    def get(self, request: Request, code: str) -> HttpResponseBase:
        try:
            brain = queries.brain_mask_of(code)
        except BrainMask.DoesNotExist as error:
            raise Http404 from error
        name = f"{code}_brainmask_{brain.shown_sha256[:8]}.nii.gz"
        answer = stored_file(brain.shown, download_as=name)
        taken_out(Act.MASK_DOWNLOADED, request, case=brain.case, what="brain mask")
        return answer


class CaseDeleteView(APIView):
    """Delete a case for good."""

    @extend_schema(operation_id="delete_case", request=DeletionSerializer, responses={204: None})
    def post(self, request: Request, code: str) -> Response:
        sent = DeletionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        deletion.delete_case(
            case=Case.objects.get(code=code),
            reason=sent.validated_data["reason"],
            by=signed_in(request),
            now=queries.database_now(),
        )
        return Response(status=204)


def scan_of(code: str, sequence: str) -> Scan:
    """This will return a scan of a case; 404 when the case has none of that sequence."""
    try:
        return Scan.objects.get(case__code=code, sequence=sequence)
    except Scan.DoesNotExist as error:
        raise Http404 from error


class ScanVolumeView(APIView):
    """A scan's RAS copy for the browser."""

    @extend_schema(operation_id="scan_volume", responses=BINARY)
    def get(self, request: Request, code: str, sequence: str) -> HttpResponseBase:
        return stored_file(scan_of(code, sequence).browser)


class ScanOriginalView(APIView):
    """A scan as it was imported, header text emptied."""

    @extend_schema(operation_id="scan_original", responses=BINARY)
    def get(self, request: Request, code: str, sequence: str) -> HttpResponseBase:
        scan = scan_of(code, sequence)
        answer = stored_file(scan.original, download_as=f"{code}_{sequence}.nii.gz")
        taken_out(Act.SCAN_DOWNLOADED, request, case=scan.case, what=sequence)
        return answer
