"""Addresses of cases, masks and jobs."""

from django.urls import path

from segmentation import api as views_api
from segmentation import views

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
    path("cohorts/", views_api.CohortsView.as_view(), name="cohorts"),
    path("cohorts/<slug:slug>/cases/", views_api.CohortCasesView.as_view(), name="cohort-cases"),
    path(
        "cohorts/<slug:slug>/cases/announce/",
        views_api.CohortAnnouncementView.as_view(),
        name="cohort-announcement",
    ),
    path("cases/<str:code>/", views_api.CaseView.as_view(), name="case"),
    path("cases/<str:code>/delete/", views_api.CaseDeleteView.as_view(), name="case-delete"),
    path("cases/<str:code>/brain/", views_api.CaseBrainView.as_view(), name="case-brain"),
    path(
        "cases/<str:code>/brain/mask/",
        views_api.CaseBrainMaskView.as_view(),
        name="case-brain-mask",
    ),
    path("cases/<str:code>/jobs/", views_api.CaseJobsView.as_view(), name="case-jobs"),
    path(
        "cases/<str:code>/scans/<str:sequence>/volume/",
        views_api.ScanVolumeView.as_view(),
        name="scan-volume",
    ),
    path(
        "cases/<str:code>/scans/<str:sequence>/original/",
        views_api.ScanOriginalView.as_view(),
        name="scan-original",
    ),
    path("methods/", views_api.MethodsView.as_view(), name="methods"),
    path("jobs/", views_api.JobsView.as_view(), name="jobs"),
    path(
        "cohorts/<slug:slug>/jobs/retry/", views_api.RetryFailedView.as_view(), name="cohort-retry"
    ),
    path("jobs/<uuid:pk>/retry/", views_api.JobRetryView.as_view(), name="job-retry"),
    path("jobs/<uuid:pk>/", views_api.JobView.as_view(), name="job"),
    path("jobs/<uuid:pk>/cancel/", views_api.JobCancelView.as_view(), name="job-cancel"),
    path(
        "cohorts/<slug:slug>/trainings/",
        views_api.CohortTrainingsView.as_view(),
        name="cohort-trainings",
    ),
    path("trainings/", views_api.TrainingsView.as_view(), name="trainings"),
    path("trainings/<uuid:pk>/", views_api.TrainingView.as_view(), name="training"),
    path(
        "trainings/<uuid:pk>/cancel/",
        views_api.TrainingCancelView.as_view(),
        name="training-cancel",
    ),
    path(
        "trainings/<uuid:pk>/checkpoint/",
        views_api.TrainingCheckpointView.as_view(),
        name="training-checkpoint",
    ),
    path("cases/<str:code>/drawings/", views_api.CaseDrawingsView.as_view(), name="case-drawings"),
    path("drawings/<uuid:pk>/", views_api.DrawingView.as_view(), name="drawing"),
    path(
        "drawings/<uuid:pk>/edits/<uuid:edit_id>/",
        views_api.DrawingEditView.as_view(),
        name="drawing-edit",
    ),
    path("drawings/<uuid:pk>/fork/", views_api.DrawingForkView.as_view(), name="drawing-fork"),
    path("drawings/<uuid:pk>/save/", views_api.DrawingSaveView.as_view(), name="drawing-save"),
    path(
        "drawings/<uuid:pk>/probability/",
        views_api.DrawingProbabilityView.as_view(),
        name="drawing-probability",
    ),
    path(
        "cohorts/<slug:slug>/references/",
        views_api.CohortReferencesView.as_view(),
        name="cohort-references",
    ),
    path(
        "cohorts/<slug:slug>/evaluations/",
        views_api.CohortEvaluationsView.as_view(),
        name="cohort-evaluations",
    ),
    path("evaluations/", views_api.EvaluationsView.as_view(), name="evaluations"),
    path("evaluations/<uuid:pk>/", views_api.EvaluationView.as_view(), name="evaluation"),
    path(
        "evaluations/<uuid:pk>/cancel/",
        views_api.EvaluationCancelView.as_view(),
        name="evaluation-cancel",
    ),
    path(
        "evaluations/<uuid:pk>/delete/",
        views_api.EvaluationDeleteView.as_view(),
        name="evaluation-delete",
    ),
    path(
        "evaluations/<uuid:pk>/findings/",
        views_api.EvaluationFindingsView.as_view(),
        name="evaluation-findings",
    ),
    path(
        "evaluations/<uuid:pk>/slices/",
        views_api.EvaluationSlicesView.as_view(),
        name="evaluation-slices",
    ),
    path(
        "evaluations/<uuid:pk>/picture/",
        views_api.EvaluationPictureView.as_view(),
        name="evaluation-picture",
    ),
    path(
        "evaluations/<uuid:pk>/bundle/",
        views_api.EvaluationBundleView.as_view(),
        name="evaluation-bundle",
    ),
    path("segmentations/<uuid:pk>/", views_api.SegmentationView.as_view(), name="segmentation"),
    path(
        "segmentations/<uuid:pk>/labels/",
        views_api.SegmentationLabelsView.as_view(),
        name="segmentation-labels",
    ),
    path(
        "segmentations/<uuid:pk>/mask/",
        views_api.SegmentationMaskView.as_view(),
        name="segmentation-mask",
    ),
    path(
        "segmentations/<uuid:pk>/probability/",
        views_api.SegmentationProbabilityView.as_view(),
        name="segmentation-probability",
    ),
]
