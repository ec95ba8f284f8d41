"""Addresses of studies and readings. A rater's part knows only random tokens."""

from django.urls import path

from rating import views
from rating.api import acceptance as views_api
from rating.api import delineating as delineating_api
from rating.api import reference as reference_api

pages = [
    path("studies/", views.studies, name="studies"),
    path("studies/<slug:slug>/", views.study, name="study"),
    path("cohorts/<slug:slug>/corrections/", views.corrections, name="corrections"),
    path("reading/<str:reading>/", views.reading, name="reading"),
    path("reference-studies/", views.reference_studies, name="reference-studies"),
    path("reference-studies/<slug:slug>/", views.reference_study, name="reference-study"),
    path("assignments/<str:assignment>/", views.assignment, name="assignment"),
    path("delineations/<str:token>/", views.delineation, name="delineation"),
]

PRESENTATION = "presentations/<str:token>/"
REFERENCE = "reference-studies/<slug:slug>/"
DELINEATION = "delineations/<str:token>/"
api = [
    path(
        "drawings/<uuid:pk>/to-correct/",
        views_api.DrawingToCorrectView.as_view(),
        name="drawing-to-correct",
    ),
    path("studies/", views_api.StudiesView.as_view(), name="studies"),
    path(
        "cohorts/<slug:slug>/studies/", views_api.CohortStudiesView.as_view(), name="cohort-studies"
    ),
    path("studies/<slug:slug>/", views_api.StudyView.as_view(), name="study"),
    path(
        "studies/<slug:slug>/candidates/",
        views_api.StudyCandidatesView.as_view(),
        name="study-candidates",
    ),
    path(
        "studies/<slug:slug>/duplicate/",
        views_api.StudyDuplicateView.as_view(),
        name="study-duplicate",
    ),
    path("studies/<slug:slug>/delete/", views_api.StudyDeleteView.as_view(), name="study-delete"),
    path("studies/<slug:slug>/open/", views_api.StudyOpenView.as_view(), name="study-open"),
    path("studies/<slug:slug>/close/", views_api.StudyCloseView.as_view(), name="study-close"),
    path(
        "studies/<slug:slug>/amendments/",
        views_api.StudyAmendmentsView.as_view(),
        name="study-amendments",
    ),
    path(
        "studies/<slug:slug>/reminders/",
        views_api.StudyRemindersView.as_view(),
        name="study-reminders",
    ),
    path(
        "studies/<slug:slug>/results/", views_api.StudyResultsView.as_view(), name="study-results"
    ),
    path("studies/<slug:slug>/report/", views_api.StudyReportView.as_view(), name="study-report"),
    path(
        "studies/<slug:slug>/examples.svg",
        views_api.StudyExamplesView.as_view(),
        name="study-examples",
    ),
    path(
        "studies/<slug:slug>/report.html",
        views_api.StudyReportFileView.as_view(),
        name="study-report-file",
    ),
    path("studies/<slug:slug>/bundle/", views_api.StudyBundleView.as_view(), name="study-bundle"),
    path("keys/", views_api.KeysView.as_view(), name="keys"),
    path("readings/", views_api.ReadingsView.as_view(), name="readings"),
    path("readings/<str:reading>/", views_api.ReadingView.as_view(), name="reading"),
    path(
        "readings/<str:reading>/declaration/",
        views_api.ReadingDeclarationView.as_view(),
        name="reading-declaration",
    ),
    path(PRESENTATION, views_api.PresentationView.as_view(), name="presentation"),
    path(
        f"{PRESENTATION}open/", views_api.PresentationOpenView.as_view(), name="presentation-open"
    ),
    path(
        f"{PRESENTATION}image/",
        views_api.PresentationImageView.as_view(),
        name="presentation-image",
    ),
    path(
        f"{PRESENTATION}mask/", views_api.PresentationMaskView.as_view(), name="presentation-mask"
    ),
    path(f"{PRESENTATION}t1/", views_api.PresentationT1View.as_view(), name="presentation-t1"),
    path(
        f"{PRESENTATION}view/", views_api.PresentationViewView.as_view(), name="presentation-view"
    ),
    path(
        f"{PRESENTATION}marks/<uuid:mark_id>/",
        views_api.PresentationMarkView.as_view(),
        name="presentation-mark",
    ),
    path(
        f"{PRESENTATION}comment/",
        views_api.PresentationCommentView.as_view(),
        name="presentation-comment",
    ),
    path(
        f"{PRESENTATION}submit/",
        views_api.PresentationSubmitView.as_view(),
        name="presentation-submit",
    ),
    path(
        f"{PRESENTATION}correction/",
        views_api.PresentationCorrectionView.as_view(),
        name="presentation-correction",
    ),
    path(
        "reference-studies/",
        reference_api.ReferenceStudiesView.as_view(),
        name="reference-studies",
    ),
    path(
        "cohorts/<slug:slug>/reference-studies/",
        reference_api.CohortReferenceStudiesView.as_view(),
        name="cohort-reference-studies",
    ),
    path(REFERENCE, reference_api.ReferenceStudyView.as_view(), name="reference-study"),
    path(
        f"{REFERENCE}choices/",
        reference_api.ReferenceChoicesView.as_view(),
        name="reference-choices",
    ),
    path(
        f"{REFERENCE}delete/", reference_api.ReferenceDeleteView.as_view(), name="reference-delete"
    ),
    path(f"{REFERENCE}open/", reference_api.ReferenceOpenView.as_view(), name="reference-open"),
    path(f"{REFERENCE}close/", reference_api.ReferenceCloseView.as_view(), name="reference-close"),
    path(
        f"{REFERENCE}delineators/",
        reference_api.ReferenceDelineatorsView.as_view(),
        name="reference-delineators",
    ),
    path(f"{REFERENCE}dots/", reference_api.ReferenceDotsView.as_view(), name="reference-dots"),
    path(f"{REFERENCE}masks/", reference_api.ReferenceMasksView.as_view(), name="reference-masks"),
    path(
        f"{REFERENCE}results/",
        reference_api.ReferenceResultsView.as_view(),
        name="reference-results",
    ),
    path(
        f"{REFERENCE}bundle/", reference_api.ReferenceBundleView.as_view(), name="reference-bundle"
    ),
    path(
        f"{REFERENCE}cases/<str:code>/dots.nii.gz",
        reference_api.DotMaskView.as_view(),
        name="dot-mask",
    ),
    path(
        f"{REFERENCE}cases/<str:code>/dots.csv",
        reference_api.DotTableView.as_view(),
        name="dot-table",
    ),
    path("assignments/", delineating_api.AssignmentsView.as_view(), name="assignments"),
    path(
        "assignments/<str:assignment>/",
        delineating_api.AssignmentView.as_view(),
        name="assignment",
    ),
    path(DELINEATION, delineating_api.DelineationView.as_view(), name="delineation"),
    path(
        f"{DELINEATION}open/",
        delineating_api.DelineationOpenView.as_view(),
        name="delineation-open",
    ),
    path(
        f"{DELINEATION}scans/<str:sequence>/",
        delineating_api.DelineationScanView.as_view(),
        name="delineation-scan",
    ),
    path(
        f"{DELINEATION}edits/<uuid:edit_id>/",
        delineating_api.DelineationEditView.as_view(),
        name="delineation-edit",
    ),
    path(
        f"{DELINEATION}dots/<str:dot>/decisions/<uuid:decision_id>/",
        delineating_api.DotDecisionView.as_view(),
        name="dot-decision",
    ),
    path(
        f"{DELINEATION}submit/",
        delineating_api.DelineationSubmitView.as_view(),
        name="delineation-submit",
    ),
]
