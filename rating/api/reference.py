"""The API of reference studies, for those who coordinate them."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from rating.api.drafts import seen_draft
from rating.export.reference import bundle, dot_mask_file, dot_table
from rating.models import ReferenceCase
from rating.operations import reference_study as references
from rating.operations.candidates import build_due
from rating.operations.leaving import let_delineator_go
from rating.operations.reference_masks import make_some_references
from rating.queries import reference as queries
from rating.serializers.drafts import SeenDraftSerializer
from rating.serializers.reference import (
    JoinsOrLeavesSerializer,
    MakeReferencesSerializer,
    NewReferenceSerializer,
    RadiusSerializer,
    ReferenceChangeSerializer,
    ReferenceChoicesSerializer,
    ReferenceInListSerializer,
    ReferenceReasonSerializer,
    ReferenceResultsSerializer,
    ReferencesMadeSerializer,
    ReferencesPageSerializer,
    ReferenceStudySerializer,
)
from segmentation.api.answers import BINARY, PAGING, in_pages, taken_out
from segmentation.models import Cohort
from segmentation.operations.audit import Act
from segmentation.people import signed_in
from segmentation.queries import database_now, method_titles
from segmentation.spreadsheets import csv_file


def study_shown(slug: str, status: int = 200) -> Response:
    """This will describe a reference study afresh from the database."""
    return Response(ReferenceStudySerializer(queries.reference_study(slug)).data, status=status)


def reason_in(request: Request) -> dict[str, Any]:
    """This will read why something is done, who does it, and when."""
    sent = ReferenceReasonSerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    reason = sent.validated_data["reason"]
    return {"reason": reason, "by": signed_in(request), "now": database_now()}


class ReferenceStudiesView(APIView):
    """The reference studies of cohorts that I coordinate."""

    @extend_schema(
        operation_id="reference_studies",
        responses=ReferencesPageSerializer,
        parameters=[*PAGING, OpenApiParameter("q", str, description="A part of the title.")],
    )
    def get(self, request: Request) -> Response:
        found = queries.reference_studies_of(signed_in(request))
        asked = request.query_params.get("q", "")
        return in_pages(found.filter(title__icontains=asked), request, ReferenceInListSerializer)


class CohortReferenceStudiesView(APIView):
    """The way to a new reference study of a cohort."""

    @extend_schema(
        operation_id="create_reference_study",
        request=NewReferenceSerializer,
        responses={201: ReferenceStudySerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        sent = NewReferenceSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        made = references.create_reference(
            title=sent.validated_data["title"],
            cohort=Cohort.objects.get(slug=slug),
            now=database_now(),
        )
        return study_shown(made.slug, 201)


class ReferenceStudyView(APIView):
    """One reference study: design, pace, cases. Nothing that was drawn or decided."""

    @extend_schema(operation_id="reference_study", responses=ReferenceStudySerializer)
    def get(self, request: Request, slug: str) -> Response:
        return study_shown(slug)

    @extend_schema(
        operation_id="edit_reference_study",
        request=ReferenceChangeSerializer,
        responses=ReferenceStudySerializer,
    )
    def patch(self, request: Request, slug: str) -> Response:
        sent = ReferenceChangeSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        references.edit_reference(
            study=queries.reference_study(slug),
            title=sent.validated_data.get("title"),
            settings=sent.validated_data.get("design"),
            change=sent.change,
        )
        return study_shown(slug)


class ReferenceChoicesView(APIView):
    """The cases, methods and people that a draft can be made of."""

    @extend_schema(operation_id="reference_choices", responses=ReferenceChoicesSerializer)
    def get(self, request: Request, slug: str) -> Response:
        study = queries.reference_study(slug)
        choices = queries.choices_for(study, user=signed_in(request))
        return Response(ReferenceChoicesSerializer(choices).data)


class ReferenceDeleteView(APIView):
    """Delete a draft for good."""

    @extend_schema(
        operation_id="delete_reference_study",
        request=SeenDraftSerializer,
        responses={204: None},
    )
    def post(self, request: Request, slug: str) -> Response:
        references.delete_reference(study=queries.reference_study(slug), **seen_draft(request))
        return Response(status=204)


class ReferenceOpenView(APIView):
    """Freeze a draft and let the delineators begin."""

    @extend_schema(
        operation_id="open_reference_study",
        request=SeenDraftSerializer,
        responses=ReferenceStudySerializer,
    )
    def post(self, request: Request, slug: str) -> Response:
        references.open_reference(study=queries.reference_study(slug), **seen_draft(request))
        return study_shown(slug)


class ReferenceCloseView(APIView):
    """End all delineating and reveal where the dots came from."""

    @extend_schema(
        operation_id="close_reference_study",
        request=ReferenceReasonSerializer,
        responses=ReferenceStudySerializer,
    )
    def post(self, request: Request, slug: str) -> Response:
        references.close_reference(study=queries.reference_study(slug), **reason_in(request))
        return study_shown(slug)


def amendment_in(request: Request) -> dict[str, Any]:
    """This will read who joins or leaves, why, who does it, and when."""
    sent = JoinsOrLeavesSerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    return {
        "username": sent.validated_data["delineator"],
        "reason": sent.validated_data["reason"],
        "by": signed_in(request),
        "now": database_now(),
    }


class ReferenceDelineatorsView(APIView):
    """Let somebody join an open study that has no dots yet."""

    @extend_schema(
        operation_id="add_delineator",
        request=JoinsOrLeavesSerializer,
        responses={201: ReferenceStudySerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        references.add_delineator(study=queries.reference_study(slug), **amendment_in(request))
        return study_shown(slug, 201)


class ReferenceLeavingView(APIView):
    """Let a delineator leave an open study for good; what they submitted stays."""

    @extend_schema(
        operation_id="let_delineator_go",
        request=JoinsOrLeavesSerializer,
        responses=ReferenceStudySerializer,
    )
    def post(self, request: Request, slug: str) -> Response:
        let_delineator_go(study=queries.reference_study(slug), **amendment_in(request))
        return study_shown(slug)


class ReferenceDotsView(APIView):
    """Make the dots of every case that is due; whoever opens a case's step 2 does so too."""

    @extend_schema(operation_id="build_dots", request=None, responses=ReferenceStudySerializer)
    def post(self, request: Request, slug: str) -> Response:
        build_due(study=queries.reference_study(slug), now=database_now())
        return study_shown(slug)


class ReferenceMasksView(APIView):
    """Make the masks and the references of a closed study, a few cases at a time."""

    @extend_schema(
        operation_id="make_reference_masks",
        request=MakeReferencesSerializer,
        responses=ReferencesMadeSerializer,
    )
    def post(self, request: Request, slug: str) -> Response:
        sent = MakeReferencesSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        made = make_some_references(
            study=queries.reference_study(slug),
            by=signed_in(request),
            now=database_now(),
            after=sent.validated_data["after"],
        )
        return Response(ReferencesMadeSerializer(made).data)


class ReferenceResultsView(APIView):
    """What a closed study found: which dots were accepted, and the references made."""

    @extend_schema(operation_id="reference_results", responses=ReferenceResultsSerializer)
    def get(self, request: Request, slug: str) -> Response:
        study = queries.reference_study(slug)
        found = {
            "acceptance": queries.acceptance_of(study),
            "references": queries.references_made(study),
            "method_titles": method_titles(queries.design_of(study).methods),
            "secret": study.secret,
        }
        return Response(ReferenceResultsSerializer(found).data)


class ReferenceBundleView(APIView):
    """Everything about a closed study, as one zip file."""

    @extend_schema(
        operation_id="reference_bundle",
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        study = queries.reference_study(slug)
        content = bundle(study=study)
        references.note(Act.STUDY_EXPORTED, study, by=signed_in(request), now=database_now())
        return FileResponse(content, as_attachment=True, filename=f"{slug}.zip")


def case_of(slug: str, code: str) -> ReferenceCase:
    """This will return a case of a study; 404 when the study has none of that code."""
    found = ReferenceCase.objects.select_related("case__cohort", "study__cohort")
    case = found.filter(study__slug=slug, case__code=code).first()
    if case is None:
        raise Http404
    return case


def to_save(content: bytes, name: str, kind: str) -> HttpResponseBase:
    """This will answer with a file to save."""
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


class DotMaskView(APIView):
    """The dots of a case on the grid of its FLAIR: a voxel each, or a ball."""

    @extend_schema(
        operation_id="dot_mask",
        responses={**BINARY, 404: OpenApiResponse()},
        parameters=[OpenApiParameter("radius_mm", float, description="0 to 20; else 0.")],
    )
    def get(self, request: Request, slug: str, code: str) -> HttpResponseBase:
        case = case_of(slug, code)
        sent = RadiusSerializer(data={"radius_mm": request.query_params.get("radius_mm", 0)})
        sent.is_valid(raise_exception=True)
        radius_mm = sent.validated_data["radius_mm"]
        content = dot_mask_file(case, radius_mm=radius_mm)
        taken_out(Act.MASK_DOWNLOADED, request, case=case.case, what=f"dot mask (reference {slug})")
        name = f"{code}_{'balls' if radius_mm else 'dots'}.nii.gz"
        return to_save(content, name, "application/octet-stream")


class DotTableView(APIView):
    """The dots of a case as a table, in mm."""

    @extend_schema(
        operation_id="dot_table",
        responses={(200, "text/csv"): OpenApiTypes.BINARY, 404: OpenApiResponse()},
    )
    def get(self, request: Request, slug: str, code: str) -> HttpResponseBase:
        case = case_of(slug, code)
        table = dot_table(case)
        what = f"table of dots (reference {slug})"
        taken_out(Act.MASK_DOWNLOADED, request, case=case.case, what=what)
        content = csv_file(table.columns, table.rows)
        return to_save(content, f"{code}_dots.csv", "text/csv; charset=utf-8")
