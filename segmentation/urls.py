"""Addresses of cases, masks and jobs."""

from django.urls import path

from segmentation import views
from segmentation.api import cases, drawings, evaluations, jobs, masks, trainings

pages = [
    path("cases/", views.cases, name="cases"),
    path("jobs/", views.jobs, name="jobs"),
    path("trainings/", views.trainings, name="trainings"),
    path("trainings/<uuid:pk>/", views.training, name="training"),
    path("trainings/<uuid:pk>/log.csv", views.training_log, name="training-log"),
    path("evaluations/", views.evaluations, name="evaluations"),
    path("evaluations/<uuid:pk>/", views.evaluation, name="evaluation"),
    path("cases/<str:code>/", views.case, name="case"),
    path("drawings/<uuid:pk>/", views.drawing, name="drawing"),
    path("manifest.csv", views.manifest_template, name="manifest-template"),
    path("cohorts/<slug:slug>/audit/", views.audit, name="audit"),
    path("cohorts/<slug:slug>/audit.csv", views.audit_csv, name="audit-csv"),
]

api = [
    path("cohorts/", cases.CohortsView.as_view(), name="cohorts"),
    path("cohorts/<slug:slug>/cases/", cases.CohortCasesView.as_view(), name="cohort-cases"),
    path(
        "cohorts/<slug:slug>/cases/announce/",
        cases.CohortAnnouncementView.as_view(),
        name="cohort-announcement",
    ),
    path("cases/<str:code>/", cases.CaseView.as_view(), name="case"),
    path("cases/<str:code>/delete/", cases.CaseDeleteView.as_view(), name="case-delete"),
    path("cases/<str:code>/brain/", cases.CaseBrainView.as_view(), name="case-brain"),
    path(
        "cases/<str:code>/brain/mask/",
        cases.CaseBrainMaskView.as_view(),
        name="case-brain-mask",
    ),
    path("cases/<str:code>/jobs/", jobs.CaseJobsView.as_view(), name="case-jobs"),
    path(
        "cases/<str:code>/scans/<str:sequence>/volume/",
        cases.ScanVolumeView.as_view(),
        name="scan-volume",
    ),
    path(
        "cases/<str:code>/scans/<str:sequence>/original/",
        cases.ScanOriginalView.as_view(),
        name="scan-original",
    ),
    path("methods/", jobs.MethodsView.as_view(), name="methods"),
    path("jobs/", jobs.JobsView.as_view(), name="jobs"),
    path("cohorts/<slug:slug>/jobs/retry/", jobs.RetryFailedView.as_view(), name="cohort-retry"),
    path("jobs/<uuid:pk>/retry/", jobs.JobRetryView.as_view(), name="job-retry"),
    path("jobs/<uuid:pk>/", jobs.JobView.as_view(), name="job"),
    path("jobs/<uuid:pk>/cancel/", jobs.JobCancelView.as_view(), name="job-cancel"),
    path(
        "cohorts/<slug:slug>/trainings/",
        trainings.CohortTrainingsView.as_view(),
        name="cohort-trainings",
    ),
    path("trainings/", trainings.TrainingsView.as_view(), name="trainings"),
    path("trainings/<uuid:pk>/", trainings.TrainingView.as_view(), name="training"),
    path(
        "trainings/<uuid:pk>/cancel/",
        trainings.TrainingCancelView.as_view(),
        name="training-cancel",
    ),
    path(
        "trainings/<uuid:pk>/checkpoint/",
        trainings.TrainingCheckpointView.as_view(),
        name="training-checkpoint",
    ),
    path("cases/<str:code>/drawings/", drawings.CaseDrawingsView.as_view(), name="case-drawings"),
    path("drawings/<uuid:pk>/", drawings.DrawingView.as_view(), name="drawing"),
    path(
        "drawings/<uuid:pk>/edits/<uuid:edit_id>/",
        drawings.DrawingEditView.as_view(),
        name="drawing-edit",
    ),
    path("drawings/<uuid:pk>/fork/", drawings.DrawingForkView.as_view(), name="drawing-fork"),
    path("drawings/<uuid:pk>/save/", drawings.DrawingSaveView.as_view(), name="drawing-save"),
    path(
        "drawings/<uuid:pk>/probability/",
        drawings.DrawingProbabilityView.as_view(),
        name="drawing-probability",
    ),
    path(
        "cohorts/<slug:slug>/references/",
        evaluations.CohortReferencesView.as_view(),
        name="cohort-references",
    ),
    path(
        "cohorts/<slug:slug>/evaluations/",
        evaluations.CohortEvaluationsView.as_view(),
        name="cohort-evaluations",
    ),
    path("evaluations/", evaluations.EvaluationsView.as_view(), name="evaluations"),
    path("evaluations/<uuid:pk>/", evaluations.EvaluationView.as_view(), name="evaluation"),
    path(
        "evaluations/<uuid:pk>/cancel/",
        evaluations.EvaluationCancelView.as_view(),
        name="evaluation-cancel",
    ),
    path(
        "evaluations/<uuid:pk>/delete/",
        evaluations.EvaluationDeleteView.as_view(),
        name="evaluation-delete",
    ),
    path(
        "evaluations/<uuid:pk>/findings/",
        evaluations.EvaluationFindingsView.as_view(),
        name="evaluation-findings",
    ),
    path(
        "evaluations/<uuid:pk>/slices/",
        evaluations.EvaluationSlicesView.as_view(),
        name="evaluation-slices",
    ),
    path(
        "evaluations/<uuid:pk>/picture/",
        evaluations.EvaluationPictureView.as_view(),
        name="evaluation-picture",
    ),
    path(
        "evaluations/<uuid:pk>/bundle/",
        evaluations.EvaluationBundleView.as_view(),
        name="evaluation-bundle",
    ),
    path("segmentations/<uuid:pk>/", masks.SegmentationView.as_view(), name="segmentation"),
    path(
        "segmentations/<uuid:pk>/labels/",
        masks.SegmentationLabelsView.as_view(),
        name="segmentation-labels",
    ),
    path(
        "segmentations/<uuid:pk>/mask/",
        masks.SegmentationMaskView.as_view(),
        name="segmentation-mask",
    ),
    path(
        "segmentations/<uuid:pk>/probability/",
        masks.SegmentationProbabilityView.as_view(),
        name="segmentation-probability",
    ),
]
