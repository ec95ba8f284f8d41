"""The API of cases, masks and jobs. `webapp.access` has decided who gets here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.pagination import PageNumberPagination
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from segmentation import queries
from segmentation.models import BrainMask, Case, Cohort, Edit, InferenceJob, Scan
from segmentation.operations import (
    announcing,
    brains,
    cases,
    deletion,
    describing,
    drawings,
    evaluation_jobs,
    jobs,
    masks,
    pictures,
    references,
    training_jobs,
)
from segmentation.operations.audit import Act, record_download
from segmentation.people import signed_in
from segmentation.publication.drawing import png_of_svg
from segmentation.serializers import (
    AnnouncementSerializer,
    BrainCorrectionSerializer,
    BrainMaskSerializer,
    CaseChangeSerializer,
    CaseInListSerializer,
    CaseSerializer,
    CasesPageSerializer,
    ChosenSliceSerializer,
    ChosenSlicesSerializer,
    CohortSerializer,
    DeletionSerializer,
    DrawingRequestSerializer,
    DrawingSaveSerializer,
    DrawingSerializer,
    EditBodySerializer,
    EvaluationInListSerializer,
    EvaluationRequestSerializer,
    EvaluationSerializer,
    EvaluationsPageSerializer,
    FindingsSerializer,
    ForeseenSerializer,
    ForkSerializer,
    ImportedCaseSerializer,
    JobRequestSerializer,
    JobSerializer,
    JobsPageSerializer,
    MethodSerializer,
    QueuedSerializer,
    ReferenceRequestSerializer,
    ReferenceSerializer,
    SavedEditSerializer,
    SegmentationSerializer,
    TrainingInListSerializer,
    TrainingRequestSerializer,
    TrainingSerializer,
    TrainingsPageSerializer,
    UploadSerializer,
)

BINARY = {(200, "application/octet-stream"): OpenApiTypes.BINARY}


def stored_file(stored: FieldFile, *, download_as: str | None = None) -> HttpResponseBase:
    """This will send a stored file; 404 when the row has none."""
    if not stored:
        raise Http404
    response: HttpResponse | FileResponse
    if download_as is None:
        with stored.open("rb") as file:
            response = HttpResponse(file.read(), content_type="application/octet-stream")
    else:
        response = FileResponse(
            stored.open("rb"),
            as_attachment=True,
            filename=download_as,
            content_type="application/octet-stream",
        )
    response["Cache-Control"] = "no-store"
    return response


def taken_out(act: Act, request: Request, *, case: Case, what: str) -> None:
    """This will write down that somebody downloads a file of a case."""
    record_download(act, case=case, what=what, by=signed_in(request), now=queries.database_now())


class Pages(PageNumberPagination):
    """Long lists come in pages: `?page=` from 1, `?page_size=` up to 1,000."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000


PAGING = [
    OpenApiParameter("page", int, description="From 1."),
    OpenApiParameter("page_size", int, description="At most 1,000; else 100."),
]


def in_pages(
    rows: QuerySet[Any], request: Request, shown_by: type[serializers.BaseSerializer[Any]]
) -> Response:
    """This will answer with the asked page of rows; 404 beyond the last."""
    pages = Pages()
    page = pages.paginate_queryset(rows, request)
    return pages.get_paginated_response(shown_by(page, many=True).data)


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
        given = sent.validated_data
        segmentation = drawings.save_drawing(
            drawing_id=pk,
            seen=drawings.Seen(given["edits"], given["voxels"], given["digest"]),
            active_ms=given["active_ms"],
            beside=given["beside"],
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


class CohortReferencesView(APIView):
    """The way to make a reference of several delineators' masks."""

    @extend_schema(
        operation_id="make_reference",
        request=ReferenceRequestSerializer,
        responses={201: ReferenceSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        sent = ReferenceRequestSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        notes: list[str] = []
        made = references.make_references(
            cohort=Cohort.objects.get(slug=slug),
            by=signed_in(request),
            now=queries.database_now(),
            say=notes.append,
            **sent.validated_data,
        )
        title = made[0].title if made else ""
        body = {"title": title, "cases": len(made), "notes": notes}
        return Response(ReferenceSerializer(body).data, status=201)


class CohortEvaluationsView(APIView):
    """The way to compare methods with references on a cohort."""

    @extend_schema(
        operation_id="request_evaluation",
        request=EvaluationRequestSerializer,
        responses={201: EvaluationSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        sent = EvaluationRequestSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        made = evaluation_jobs.request_evaluation(
            evaluation_jobs.Request(cohort=Cohort.objects.get(slug=slug), **sent.validated_data),
            by=signed_in(request),
            now=queries.database_now(),
        )
        return Response(EvaluationSerializer(made).data, status=201)


class EvaluationsView(APIView):
    """The evaluations in the cohorts that I coordinate, newest first."""

    @extend_schema(
        operation_id="evaluations", responses=EvaluationsPageSerializer, parameters=PAGING
    )
    def get(self, request: Request) -> Response:
        found = queries.evaluations_of(signed_in(request))
        return in_pages(found, request, EvaluationInListSerializer)


class EvaluationView(APIView):
    """One evaluation: how it goes, and which slices were chosen."""

    @extend_schema(operation_id="evaluation", responses=EvaluationSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(EvaluationSerializer(queries.evaluation_in_full(pk)).data)


class EvaluationCancelView(APIView):
    """Cancel an evaluation."""

    @extend_schema(operation_id="cancel_evaluation", request=None, responses=EvaluationSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        evaluation_jobs.cancel_evaluation(
            evaluation_id=pk, by=signed_in(request), now=queries.database_now()
        )
        return Response(EvaluationSerializer(queries.evaluation_in_full(pk)).data)


class EvaluationDeleteView(APIView):
    """Delete an evaluation for good."""

    @extend_schema(
        operation_id="delete_evaluation", request=DeletionSerializer, responses={204: None}
    )
    def post(self, request: Request, pk: UUID) -> Response:
        sent = DeletionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        evaluation_jobs.delete_evaluation(
            evaluation=queries.evaluation_in_full(pk),
            reason=sent.validated_data["reason"],
            by=signed_in(request),
            now=queries.database_now(),
        )
        return Response(status=204)


class EvaluationFindingsView(APIView):
    """What an evaluation found: tables and figures."""

    @extend_schema(operation_id="evaluation_findings", responses=FindingsSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        found: Any = evaluation_jobs.findings_of(queries.evaluation_in_full(pk))
        return Response(FindingsSerializer(found).data)


class EvaluationSlicesView(APIView):
    """Choose the slices that are drawn."""

    @extend_schema(
        operation_id="choose_slices",
        request=ChosenSlicesSerializer,
        responses=EvaluationSerializer,
    )
    def put(self, request: Request, pk: UUID) -> Response:
        sent = ChosenSlicesSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        evaluation_jobs.choose_slices(
            evaluation=queries.evaluation_in_full(pk),
            slices=sent.validated_data["slices"],
            by=signed_in(request),
            now=queries.database_now(),
        )
        return Response(EvaluationSerializer(queries.evaluation_in_full(pk)).data)


class EvaluationPictureView(APIView):
    """A slice with all masks: side by side, or as outlines; SVG, or PNG with `?as=png`."""

    @extend_schema(
        operation_id="evaluation_picture",
        responses={
            (200, "image/svg+xml"): OpenApiTypes.BINARY,
            (200, "image/png"): OpenApiTypes.BINARY,
        },
        parameters=[
            OpenApiParameter("case", str, required=True),
            OpenApiParameter("slice", int, required=True, description="From 1 at the bottom."),
            OpenApiParameter("method", str, description="It alone, against the reference."),
            OpenApiParameter("reference", str, description="It alone, with the method."),
            OpenApiParameter("kind", str, enum=list(pictures.KINDS)),
            OpenApiParameter("as", str, enum=["svg", "png"]),
        ],
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        asked = request.query_params
        names = ("case", "slice", "method", "reference")
        place = {name: asked[name] for name in names if name in asked}
        sent = ChosenSliceSerializer(data=place)
        sent.is_valid(raise_exception=True)
        drawn = pictures.picture_of(
            queries.evaluation_in_full(pk),
            kind=asked.get("kind", pictures.KINDS[0]),
            **sent.validated_data,
        )
        if asked.get("as") == "png":
            return HttpResponse(png_of_svg(drawn), content_type="image/png")
        return HttpResponse(drawn, content_type="image/svg+xml")


class EvaluationBundleView(APIView):
    """Everything about an evaluation, as one zip file."""

    @extend_schema(
        operation_id="evaluation_bundle",
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        content = evaluation_jobs.bundle(
            queries.evaluation_in_full(pk), by=signed_in(request), now=queries.database_now()
        )
        response = HttpResponse(content, content_type="application/zip")
        response["Content-Disposition"] = 'attachment; filename="evaluation.zip"'
        return response


class MethodsView(APIView):
    """The methods that can be run here."""

    @extend_schema(operation_id="methods", responses=MethodSerializer(many=True))
    def get(self, request: Request) -> Response:
        cards: Any = queries.methods_shown_to(signed_in(request))
        return Response(MethodSerializer(cards, many=True).data)
