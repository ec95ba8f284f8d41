"""Acceptance studies, for those who coordinate them."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from rating.api.drafts import seen_draft
from rating.models import Study
from rating.operations import amendments, reminders
from rating.operations import study as studies
from rating.operations.pairing import draft_paired_study
from rating.queries.studies import candidate_people, candidate_rows, studies_of, study_in_full
from rating.serializers.drafts import SeenDraftSerializer
from rating.serializers.studies import (
    AmendingSerializer,
    CandidatesSerializer,
    ClosingSerializer,
    NewStudySerializer,
    ReminderSerializer,
    StudiesPageSerializer,
    StudyChangeSerializer,
    StudyInListSerializer,
    StudySerializer,
)
from segmentation.api.answers import PAGING, in_pages
from segmentation.models import Cohort
from segmentation.people import signed_in
from segmentation.queries import database_now


def study_body(study: Study) -> Any:
    """This will describe a study afresh from the database."""
    return StudySerializer(study_in_full(study.slug)).data


class StudiesView(APIView):
    """The studies that I coordinate."""

    @extend_schema(
        operation_id="studies",
        responses=StudiesPageSerializer,
        parameters=[*PAGING, OpenApiParameter("q", str, description="A part of the title.")],
    )
    def get(self, request: Request) -> Response:
        found = studies_of(signed_in(request), search=request.query_params.get("q", ""))
        return in_pages(found, request, StudyInListSerializer)


class CohortStudiesView(APIView):
    """The way to a new study of a cohort."""

    @extend_schema(
        operation_id="create_study", request=NewStudySerializer, responses={201: StudySerializer}
    )
    def post(self, request: Request, slug: str) -> Response:
        sent = NewStudySerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        new: dict[str, Any] = {
            "title": sent.validated_data["title"],
            "cohort": Cohort.objects.get(slug=slug),
            "by": signed_in(request),
            "now": database_now(),
        }
        if methods := sent.validated_data.get("methods"):
            study = draft_paired_study(**new, methods=(methods[0], methods[1]))
        else:
            study = studies.create_study(**new)
        return Response(study_body(study), status=201)


class StudyView(APIView):
    """One study: design, items, the raters' pace. Answers are shown when it is closed."""

    @extend_schema(operation_id="study", responses=StudySerializer)
    def get(self, request: Request, slug: str) -> Response:
        return Response(StudySerializer(study_in_full(slug)).data)

    @extend_schema(
        operation_id="edit_study", request=StudyChangeSerializer, responses=StudySerializer
    )
    def patch(self, request: Request, slug: str) -> Response:
        sent = StudyChangeSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        practice = sent.validated_data.get("practice")
        study = studies.edit_study(
            study=Study.objects.get(slug=slug),
            by=signed_in(request),
            title=sent.validated_data.get("title"),
            settings=sent.validated_data.get("design"),
            items=sent.validated_data.get("items"),
            raters=sent.validated_data.get("raters"),
            practice=[(one["segmentation"], one["reference"]) for one in practice]
            if practice is not None
            else None,
            change=sent.change,
        )
        return Response(study_body(study))


class StudyDuplicateView(APIView):
    """A new draft with the design, masks and raters of a study, never its order."""

    @extend_schema(operation_id="duplicate_study", request=None, responses={201: StudySerializer})
    def post(self, request: Request, slug: str) -> Response:
        study = studies.duplicate_study(
            study=Study.objects.get(slug=slug), by=signed_in(request), now=database_now()
        )
        return Response(study_body(study), status=201)


class StudyDeleteView(APIView):
    """Delete a draft for good."""

    @extend_schema(operation_id="delete_study", request=SeenDraftSerializer, responses={204: None})
    def post(self, request: Request, slug: str) -> Response:
        studies.delete_study(study=Study.objects.get(slug=slug), **seen_draft(request))
        return Response(status=204)


class StudyCandidatesView(APIView):
    """The masks and the people that a draft can be made of."""

    @extend_schema(operation_id="study_candidates", responses=CandidatesSerializer)
    def get(self, request: Request, slug: str) -> Response:
        study = Study.objects.get(slug=slug)
        user = signed_in(request)
        masks, people = candidate_rows(study=study, user=user), candidate_people(study, user)
        return Response({"segmentations": masks, "users": people})


class StudyOpenView(APIView):
    """Freeze a draft, draw its schedule, let the raters begin."""

    @extend_schema(
        operation_id="open_study", request=SeenDraftSerializer, responses=StudySerializer
    )
    def post(self, request: Request, slug: str) -> Response:
        opened = studies.open_study(study=Study.objects.get(slug=slug), **seen_draft(request))
        return Response(study_body(opened))


class StudyCloseView(APIView):
    """End all reading and unblind."""

    @extend_schema(operation_id="close_study", request=ClosingSerializer, responses=StudySerializer)
    def post(self, request: Request, slug: str) -> Response:
        sent = ClosingSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        closed = studies.close_study(
            study=Study.objects.get(slug=slug),
            reason=sent.validated_data["reason"],
            by=signed_in(request),
            now=database_now(),
        )
        return Response(study_body(closed))


class StudyAmendmentsView(APIView):
    """Let a rater join or leave an open study, or withdraw a mask from it."""

    @extend_schema(
        operation_id="amend_study", request=AmendingSerializer, responses={201: StudySerializer}
    )
    def post(self, request: Request, slug: str) -> Response:
        sent = AmendingSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        amendments.amend(
            study=Study.objects.get(slug=slug),
            amending=amendments.Amending(**sent.validated_data),
            by=signed_in(request),
            now=database_now(),
        )
        return Response(study_body(Study.objects.get(slug=slug)), status=201)


class StudyRemindersView(APIView):
    """Write to a rater who could go on."""

    @extend_schema(
        operation_id="remind_rater", request=ReminderSerializer, responses=StudySerializer
    )
    def post(self, request: Request, slug: str) -> Response:
        sent = ReminderSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        by = signed_in(request)
        address = reminders.remind(
            study=Study.objects.get(slug=slug),
            username=sent.validated_data["rater"],
            by=by,
            now=database_now(),
        )
        told = {
            "by": by.get_full_name() or by.get_username(),
            "link": request.build_absolute_uri(reverse("home")),
        }
        get_adapter().send_mail("rating/email/reminder", address, told)
        return Response(study_body(Study.objects.get(slug=slug)))
