"""The API of studies and readings. `webapp.access` has decided who gets here."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from rating.export import bundle, described, examples_drawn, report_page
from rating.models import Mark, Rating, Study
from rating.operations import amendments, reminders
from rating.operations import examples as example_slices
from rating.operations import reading as readings
from rating.operations import study as studies
from rating.operations.pairing import draft_paired_study
from rating.protocol.counting import Counts
from rating.queries import acceptance as queries
from rating.serializers.acceptance import (
    LONGEST_TEXT,
    AmendingSerializer,
    AnswerSerializer,
    CandidateRaterSerializer,
    CandidatesSerializer,
    ChosenExamplesSerializer,
    ClosingSerializer,
    CommentSerializer,
    CorrectionSerializer,
    DeclarationSerializer,
    ExamplesSerializer,
    KeysSerializer,
    MarkSerializer,
    NewStudySerializer,
    OpeningSerializer,
    PresentationSerializer,
    ReadingInListSerializer,
    ReadingSerializer,
    ReminderSerializer,
    ReportSerializer,
    ResultsSerializer,
    SavedMarkSerializer,
    SavedSerializer,
    StudiesPageSerializer,
    StudyChangeSerializer,
    StudyDeletionSerializer,
    StudyInListSerializer,
    StudySerializer,
    ToCorrectSerializer,
    ViewSerializer,
)
from segmentation.api.answers import BINARY, PAGING, in_pages, stored_file
from segmentation.models import Cohort
from segmentation.people import signed_in
from segmentation.queries import DatabaseClock, database_now, drawing_in_full

ZIP = {(200, "application/zip"): OpenApiTypes.BINARY}


def study_body(study: Study) -> Any:
    """This will describe a study afresh from the database."""
    return StudySerializer(queries.study_in_full(study.slug)).data


# --- Coordinator ----------------------------------------------------------------------------------


class StudiesView(APIView):
    """The studies that I coordinate."""

    @extend_schema(
        operation_id="studies",
        responses=StudiesPageSerializer,
        parameters=[*PAGING, OpenApiParameter("q", str, description="A part of the title.")],
    )
    def get(self, request: Request) -> Response:
        found = queries.studies_of(signed_in(request), search=request.query_params.get("q", ""))
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
        return Response(StudySerializer(queries.study_in_full(slug)).data)

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

    @extend_schema(
        operation_id="delete_study", request=StudyDeletionSerializer, responses={204: None}
    )
    def post(self, request: Request, slug: str) -> Response:
        sent = StudyDeletionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        studies.delete_study(
            study=Study.objects.get(slug=slug),
            reason=sent.validated_data["reason"],
            by=signed_in(request),
            now=database_now(),
        )
        return Response(status=204)


class StudyCandidatesView(APIView):
    """The masks and the people that a draft can be made of."""

    @extend_schema(operation_id="study_candidates", responses=CandidatesSerializer)
    def get(self, request: Request, slug: str) -> Response:
        study = Study.objects.get(slug=slug)
        user = signed_in(request)
        people = queries.candidate_raters(study=study, user=user)
        return Response(
            {
                "segmentations": queries.candidate_rows(study=study, user=user),
                "users": CandidateRaterSerializer(people, many=True).data,
            }
        )


class StudyOpenView(APIView):
    """Freeze a draft, draw its schedule, let the raters begin."""

    @extend_schema(operation_id="open_study", request=OpeningSerializer, responses=StudySerializer)
    def post(self, request: Request, slug: str) -> Response:
        sent = OpeningSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        opened = studies.open_study(
            study=Study.objects.get(slug=slug),
            reason=sent.validated_data["reason"],
            by=signed_in(request),
            now=database_now(),
        )
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


class StudyResultsView(APIView):
    """The statistics of a closed study."""

    @extend_schema(operation_id="study_results", responses=ResultsSerializer)
    def get(self, request: Request, slug: str) -> Response:
        return Response(ResultsSerializer(queries.results_of(Study.objects.get(slug=slug))).data)


class DrawingToCorrectView(APIView):
    """What closed studies found wrong in the mask that a drawing corrects."""

    @extend_schema(operation_id="to_correct", responses=ToCorrectSerializer(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        parent = drawing_in_full(pk).parent
        found = queries.to_correct([parent] if parent else []).values()
        return Response(ToCorrectSerializer(next(iter(found), ()), many=True).data)


class StudyReportView(APIView):
    """The results of a closed study, laid out to be read, with the figures."""

    @extend_schema(operation_id="study_report", responses=ReportSerializer)
    def get(self, request: Request, slug: str) -> Response:
        study = Study.objects.get(slug=slug)
        report = queries.report_of(study, queries.results_of(study))
        return Response(ReportSerializer(report).data)


class StudyExamplesView(APIView):
    """Which readings of a closed study stand as examples, by chance or as I choose."""

    @extend_schema(operation_id="study_examples", responses=ExamplesSerializer)
    def get(self, request: Request, slug: str) -> Response:
        study = Study.objects.get(slug=slug)
        candidates = queries.example_candidates(study)
        shown = queries.examples_of(study, candidates)
        methods = {queries.method_shown(one.segmentation) for one in candidates}
        told = {
            "description": described(shown),
            "shown": shown,
            "candidates": candidates,
        }
        context = {"titles": queries.titles_of(methods)}
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


def choices_in(sent: ChosenExamplesSerializer) -> list[queries.ExampleChoice]:
    """The choices that a request makes."""
    return [queries.ExampleChoice(**one) for one in sent.validated_data["examples"]]


class StudyReportFileView(APIView):
    """The report as one HTML file that needs nothing else."""

    @extend_schema(
        operation_id="study_report_file",
        responses={(200, "text/html"): OpenApiTypes.BINARY},
        parameters=[OpenApiParameter("reason", str, description="Why, for the audit log.")],
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        study = Study.objects.select_related("cohort").get(slug=slug)
        content = report_page(study=study)
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
        content = bundle(study=study)
        return taken_away(study, content, f"{slug}.zip", "application/zip", request)


def taken_away(
    study: Study, content: bytes, name: str, kind: str, request: Request
) -> HttpResponseBase:
    """This will answer with a file to save, and record who took it and why."""
    studies.record_export(
        study=study,
        reason=request.query_params.get("reason", "")[:LONGEST_TEXT],
        by=signed_in(request),
        now=database_now(),
    )
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


# --- Rater ----------------------------------------------------------------------------------------


class ReadingsView(APIView):
    """My readings."""

    @extend_schema(operation_id="readings", responses=ReadingInListSerializer(many=True))
    def get(self, request: Request) -> Response:
        mine = queries.readings_of(user=signed_in(request), now=database_now())
        return Response(ReadingInListSerializer(mine, many=True).data)


class ReadingView(APIView):
    """Where I am in one reading, and whose turn it is."""

    @extend_schema(operation_id="reading", responses=ReadingSerializer)
    def get(self, request: Request, reading: str) -> Response:
        state = queries.reading_state(token=reading, now=database_now())
        return Response(ReadingSerializer(state).data)


class ReadingDeclarationView(APIView):
    """What I declare before I read."""

    @extend_schema(
        operation_id="declare", request=DeclarationSerializer, responses=ReadingSerializer
    )
    def post(self, request: Request, reading: str) -> Response:
        sent = DeclarationSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        state = readings.declare(
            reading=reading,
            declaration=readings.Declaration(**sent.validated_data),
            now=database_now(),
        )
        return Response(ReadingSerializer(state).data)


class KeysView(APIView):
    """My own keys for the reading room."""

    @extend_schema(operation_id="choose_keys", request=KeysSerializer, responses=KeysSerializer)
    def put(self, request: Request) -> Response:
        sent = KeysSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        readings.choose_keys(user=signed_in(request), keys=sent.validated_data["keys"])
        return Response(sent.validated_data)


class PresentationView(APIView):
    """The open presentation."""

    @extend_schema(operation_id="presentation", responses=PresentationSerializer)
    def get(self, request: Request, token: str) -> Response:
        return Response(PresentationSerializer(readings.presentation_to_show(token=token)).data)


class PresentationOpenView(APIView):
    """Open the presentation whose turn it is, or resume it."""

    @extend_schema(operation_id="open_presentation", request=None, responses=PresentationSerializer)
    def post(self, request: Request, token: str) -> Response:
        opened = readings.open_presentation(token=token, clock=DatabaseClock())
        return Response(PresentationSerializer(opened).data)


class PresentationImageView(APIView):
    """The FLAIR scan of the open presentation, or of the next one in its block."""

    @extend_schema(operation_id="presentation_image", responses=BINARY)
    def get(self, request: Request, token: str) -> HttpResponseBase:
        shown = readings.presentation_to_fetch(token=token)
        return stored_file(queries.flair_of(shown).browser)


class PresentationMaskView(APIView):
    """The lesion ids of the mask of the open presentation, or of the next one in its block."""

    @extend_schema(operation_id="presentation_mask", responses=BINARY)
    def get(self, request: Request, token: str) -> HttpResponseBase:
        shown = readings.presentation_to_fetch(token=token)
        return stored_file(shown.item.segmentation.labels)


class PresentationT1View(APIView):
    """The T1 scan of the open presentation, or of the next one, where the design shows it."""

    @extend_schema(operation_id="presentation_t1", responses=BINARY)
    def get(self, request: Request, token: str) -> HttpResponseBase:
        shown = queries.t1_of(readings.presentation_to_fetch(token=token))
        if shown is None:
            raise Http404
        return stored_file(shown.browser)


class PresentationMarkView(APIView):
    """One mark, under an id that the browser made. Repeating a request is harmless."""

    @extend_schema(operation_id="put_mark", request=MarkSerializer, responses=SavedMarkSerializer)
    def put(self, request: Request, token: str, mark_id: UUID) -> Response:
        sent = MarkSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        x, y, z = sent.validated_data["mm"]
        mark = readings.NewMark(
            id=mark_id,
            kind=Mark.Kind(sent.validated_data["kind"]),
            lesion=sent.validated_data["lesion"],
            mm=(x, y, z),
            reason=sent.validated_data["reason"] or "",
            counts_as=sent.validated_data["counts_as"],
            joined=sent.validated_data["joined"],
        )
        saved_at = readings.put_mark(token=token, mark=mark, clock=DatabaseClock())
        return Response(SavedMarkSerializer({"id": mark_id, "saved_at": saved_at}).data)

    @extend_schema(operation_id="remove_mark", responses={200: SavedMarkSerializer})
    def delete(self, request: Request, token: str, mark_id: UUID) -> Response:
        saved_at = readings.remove_mark(token=token, mark_id=mark_id, clock=DatabaseClock())
        return Response(SavedMarkSerializer({"id": mark_id, "saved_at": saved_at}).data)


class PresentationCommentView(APIView):
    """The comment on the open presentation."""

    @extend_schema(
        operation_id="save_comment", request=CommentSerializer, responses=SavedSerializer
    )
    def put(self, request: Request, token: str) -> Response:
        sent = CommentSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        saved_at = readings.save_comment(
            token=token, comment=sent.validated_data["comment"], clock=DatabaseClock()
        )
        return Response(SavedSerializer({"saved_at": saved_at}).data)


class PresentationViewView(APIView):
    """Where I stand in the open presentation, to go on from there on any machine."""

    @extend_schema(operation_id="save_view", request=ViewSerializer, responses=SavedSerializer)
    def put(self, request: Request, token: str) -> Response:
        sent = ViewSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        view = dict(sent.validated_data)
        saved_at = readings.save_view(token=token, view=view, clock=DatabaseClock())
        return Response(SavedSerializer({"saved_at": saved_at}).data)


class PresentationSubmitView(APIView):
    """Lock the open presentation with an answer."""

    @extend_schema(operation_id="submit", request=AnswerSerializer, responses=ReadingSerializer)
    def post(self, request: Request, token: str) -> Response:
        sent = AnswerSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = dict(sent.validated_data)
        shown, corrected, typed = (given.pop(name) for name in ("counts", "corrected", "typed"))
        answer = readings.Answer(
            shown=Counts(**shown),
            corrected=Counts(**corrected) if corrected else None,
            typed=Counts(**typed) if typed else None,
            outcome=Rating.Outcome(given.pop("outcome")),
            **given,
        )
        state = readings.submit(token=token, answer=answer, clock=DatabaseClock())
        return Response(ReadingSerializer(state).data)


class PresentationCorrectionView(APIView):
    """A new version of the answer that I submitted last."""

    @extend_schema(
        operation_id="correct", request=CorrectionSerializer, responses=ReadingSerializer
    )
    def post(self, request: Request, token: str) -> Response:
        sent = CorrectionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = dict(sent.validated_data)
        typed = given.pop("typed")
        correction = readings.Correction(
            typed=Counts(**typed) if typed else None,
            outcome=Rating.Outcome(given.pop("outcome")),
            **given,
        )
        state = readings.correct(token=token, correction=correction, clock=DatabaseClock())
        return Response(ReadingSerializer(state).data)
