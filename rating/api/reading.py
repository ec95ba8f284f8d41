"""Readings and their presentations, for raters, who know only random tokens."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from rating.models import Mark, Rating
from rating.operations import answering, declaring, marking, presenting
from rating.protocol.counting import Counts
from rating.queries.reading import flair_of, reading_state, readings_of, t1_of
from rating.serializers.reading import (
    AnswerSerializer,
    CommentSerializer,
    CorrectionSerializer,
    DeclarationSerializer,
    KeysSerializer,
    MarkSerializer,
    PresentationSerializer,
    ReadingInListSerializer,
    ReadingSerializer,
    SavedMarkSerializer,
    SavedSerializer,
    ViewSerializer,
)
from segmentation.api.answers import BINARY, stored_file
from segmentation.people import signed_in
from segmentation.queries import DatabaseClock, database_now


class ReadingsView(APIView):
    """My readings."""

    @extend_schema(operation_id="readings", responses=ReadingInListSerializer(many=True))
    def get(self, request: Request) -> Response:
        mine = readings_of(user=signed_in(request), now=database_now())
        return Response(ReadingInListSerializer(mine, many=True).data)


class ReadingView(APIView):
    """Where I am in one reading, and whose turn it is."""

    @extend_schema(operation_id="reading", responses=ReadingSerializer)
    def get(self, request: Request, reading: str) -> Response:
        state = reading_state(token=reading, now=database_now())
        return Response(ReadingSerializer(state).data)


class ReadingDeclarationView(APIView):
    """What I declare before I read."""

    @extend_schema(
        operation_id="declare", request=DeclarationSerializer, responses=ReadingSerializer
    )
    def post(self, request: Request, reading: str) -> Response:
        sent = DeclarationSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        state = declaring.declare(
            reading=reading,
            declaration=declaring.Declaration(**sent.validated_data),
            now=database_now(),
        )
        return Response(ReadingSerializer(state).data)


class KeysView(APIView):
    """My own keys for the reading room."""

    @extend_schema(operation_id="choose_keys", request=KeysSerializer, responses=KeysSerializer)
    def patch(self, request: Request) -> Response:
        sent = KeysSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        chosen = declaring.choose_keys(user=signed_in(request), **sent.validated_data)
        return Response(KeysSerializer(chosen).data)


class PresentationView(APIView):
    """The open presentation."""

    @extend_schema(operation_id="presentation", responses=PresentationSerializer)
    def get(self, request: Request, token: str) -> Response:
        return Response(PresentationSerializer(presenting.presentation_to_show(token=token)).data)


class PresentationOpenView(APIView):
    """Open the presentation whose turn it is, or resume it."""

    @extend_schema(operation_id="open_presentation", request=None, responses=PresentationSerializer)
    def post(self, request: Request, token: str) -> Response:
        opened = presenting.open_presentation(token=token, clock=DatabaseClock())
        return Response(PresentationSerializer(opened).data)


class PresentationImageView(APIView):
    """The FLAIR scan of the open presentation, or of the next one in its block."""

    @extend_schema(operation_id="presentation_image", responses=BINARY)
    def get(self, request: Request, token: str) -> HttpResponseBase:
        shown = presenting.presentation_to_fetch(token=token)
        return stored_file(flair_of(shown).browser)


class PresentationMaskView(APIView):
    """The lesion ids of the mask of the open presentation, or of the next one in its block."""

    @extend_schema(operation_id="presentation_mask", responses=BINARY)
    def get(self, request: Request, token: str) -> HttpResponseBase:
        shown = presenting.presentation_to_fetch(token=token)
        return stored_file(shown.item.segmentation.labels)


class PresentationT1View(APIView):
    """The T1 scan of the open presentation, or of the next one, where the design shows it."""

    @extend_schema(operation_id="presentation_t1", responses=BINARY)
    def get(self, request: Request, token: str) -> HttpResponseBase:
        shown = t1_of(presenting.presentation_to_fetch(token=token))
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
        mark = marking.NewMark(
            id=mark_id,
            kind=Mark.Kind(sent.validated_data["kind"]),
            lesion=sent.validated_data["lesion"],
            mm=(x, y, z),
            reason=sent.validated_data["reason"] or "",
            counts_as=sent.validated_data["counts_as"],
            joined=sent.validated_data["joined"],
        )
        saved_at = marking.put_mark(token=token, mark=mark, clock=DatabaseClock())
        return Response(SavedMarkSerializer({"id": mark_id, "saved_at": saved_at}).data)

    @extend_schema(operation_id="remove_mark", responses={200: SavedMarkSerializer})
    def delete(self, request: Request, token: str, mark_id: UUID) -> Response:
        saved_at = marking.remove_mark(token=token, mark_id=mark_id, clock=DatabaseClock())
        return Response(SavedMarkSerializer({"id": mark_id, "saved_at": saved_at}).data)


class PresentationCommentView(APIView):
    """The comment on the open presentation."""

    @extend_schema(
        operation_id="save_comment", request=CommentSerializer, responses=SavedSerializer
    )
    def put(self, request: Request, token: str) -> Response:
        sent = CommentSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        saved_at = presenting.save_comment(
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
        saved_at = presenting.save_view(token=token, view=view, clock=DatabaseClock())
        return Response(SavedSerializer({"saved_at": saved_at}).data)


class PresentationSubmitView(APIView):
    """Lock the open presentation with an answer."""

    @extend_schema(operation_id="submit", request=AnswerSerializer, responses=ReadingSerializer)
    def post(self, request: Request, token: str) -> Response:
        sent = AnswerSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = dict(sent.validated_data)
        shown, corrected, typed = (given.pop(name) for name in ("counts", "corrected", "typed"))
        answer = answering.Answer(
            shown=Counts(**shown),
            corrected=Counts(**corrected) if corrected else None,
            typed=Counts(**typed) if typed else None,
            outcome=Rating.Outcome(given.pop("outcome")),
            **given,
        )
        state = answering.submit(token=token, answer=answer, clock=DatabaseClock())
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
        correction = answering.Correction(
            typed=Counts(**typed) if typed else None,
            outcome=Rating.Outcome(given.pop("outcome")),
            **given,
        )
        state = answering.correct(token=token, correction=correction, clock=DatabaseClock())
        return Response(ReadingSerializer(state).data)
