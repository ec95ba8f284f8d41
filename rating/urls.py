"""Addresses of studies and readings. A rater's part knows only random tokens."""

from django.urls import path

from rating import views
from rating.api import delineating, reading, reference, results, studies

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
        results.DrawingToCorrectView.as_view(),
        name="drawing-to-correct",
    ),
    path("studies/", studies.StudiesView.as_view(), name="studies"),
    path(
        "cohorts/<slug:slug>/studies/", studies.CohortStudiesView.as_view(), name="cohort-studies"
    ),
    path("studies/<slug:slug>/", studies.StudyView.as_view(), name="study"),
    path(
        "studies/<slug:slug>/candidates/",
        studies.StudyCandidatesView.as_view(),
        name="study-candidates",
    ),
    path(
        "studies/<slug:slug>/duplicate/",
        studies.StudyDuplicateView.as_view(),
        name="study-duplicate",
    ),
    path("studies/<slug:slug>/delete/", studies.StudyDeleteView.as_view(), name="study-delete"),
    path("studies/<slug:slug>/open/", studies.StudyOpenView.as_view(), name="study-open"),
    path("studies/<slug:slug>/close/", studies.StudyCloseView.as_view(), name="study-close"),
    path(
        "studies/<slug:slug>/amendments/",
        studies.StudyAmendmentsView.as_view(),
        name="study-amendments",
    ),
    path(
        "studies/<slug:slug>/reminders/",
        studies.StudyRemindersView.as_view(),
        name="study-reminders",
    ),
    path("studies/<slug:slug>/results/", results.StudyResultsView.as_view(), name="study-results"),
    path("studies/<slug:slug>/report/", results.StudyReportView.as_view(), name="study-report"),
    path(
        "studies/<slug:slug>/examples/",
        results.StudyExamplesView.as_view(),
        name="study-examples",
    ),
    path(
        "studies/<slug:slug>/examples.svg",
        results.StudyExamplesDrawingView.as_view(),
        name="study-examples-drawing",
    ),
    path(
        "studies/<slug:slug>/report.html",
        results.StudyReportFileView.as_view(),
        name="study-report-file",
    ),
    path("studies/<slug:slug>/bundle/", results.StudyBundleView.as_view(), name="study-bundle"),
    path("keys/", reading.KeysView.as_view(), name="keys"),
    path("readings/", reading.ReadingsView.as_view(), name="readings"),
    path("readings/<str:reading>/", reading.ReadingView.as_view(), name="reading"),
    path(
        "readings/<str:reading>/declaration/",
        reading.ReadingDeclarationView.as_view(),
        name="reading-declaration",
    ),
    path(PRESENTATION, reading.PresentationView.as_view(), name="presentation"),
    path(f"{PRESENTATION}open/", reading.PresentationOpenView.as_view(), name="presentation-open"),
    path(
        f"{PRESENTATION}image/",
        reading.PresentationImageView.as_view(),
        name="presentation-image",
    ),
    path(f"{PRESENTATION}mask/", reading.PresentationMaskView.as_view(), name="presentation-mask"),
    path(f"{PRESENTATION}t1/", reading.PresentationT1View.as_view(), name="presentation-t1"),
    path(f"{PRESENTATION}view/", reading.PresentationViewView.as_view(), name="presentation-view"),
    path(
        f"{PRESENTATION}marks/<uuid:mark_id>/",
        reading.PresentationMarkView.as_view(),
        name="presentation-mark",
    ),
    path(
        f"{PRESENTATION}comment/",
        reading.PresentationCommentView.as_view(),
        name="presentation-comment",
    ),
    path(
        f"{PRESENTATION}submit/",
        reading.PresentationSubmitView.as_view(),
        name="presentation-submit",
    ),
    path(
        f"{PRESENTATION}correction/",
        reading.PresentationCorrectionView.as_view(),
        name="presentation-correction",
    ),
    path(
        "reference-studies/",
        reference.ReferenceStudiesView.as_view(),
        name="reference-studies",
    ),
    path(
        "cohorts/<slug:slug>/reference-studies/",
        reference.CohortReferenceStudiesView.as_view(),
        name="cohort-reference-studies",
    ),
    path(REFERENCE, reference.ReferenceStudyView.as_view(), name="reference-study"),
    path(
        f"{REFERENCE}choices/",
        reference.ReferenceChoicesView.as_view(),
        name="reference-choices",
    ),
    path(f"{REFERENCE}delete/", reference.ReferenceDeleteView.as_view(), name="reference-delete"),
    path(f"{REFERENCE}open/", reference.ReferenceOpenView.as_view(), name="reference-open"),
    path(f"{REFERENCE}close/", reference.ReferenceCloseView.as_view(), name="reference-close"),
    path(
        f"{REFERENCE}delineators/",
        reference.ReferenceDelineatorsView.as_view(),
        name="reference-delineators",
    ),
    path(
        f"{REFERENCE}delineators/leave/",
        reference.ReferenceLeavingView.as_view(),
        name="reference-leaving",
    ),
    path(f"{REFERENCE}dots/", reference.ReferenceDotsView.as_view(), name="reference-dots"),
    path(f"{REFERENCE}masks/", reference.ReferenceMasksView.as_view(), name="reference-masks"),
    path(
        f"{REFERENCE}results/",
        reference.ReferenceResultsView.as_view(),
        name="reference-results",
    ),
    path(f"{REFERENCE}bundle/", reference.ReferenceBundleView.as_view(), name="reference-bundle"),
    path(
        f"{REFERENCE}cases/<str:code>/dots.nii.gz",
        reference.DotMaskView.as_view(),
        name="dot-mask",
    ),
    path(
        f"{REFERENCE}cases/<str:code>/dots.csv",
        reference.DotTableView.as_view(),
        name="dot-table",
    ),
    path("assignments/", delineating.AssignmentsView.as_view(), name="assignments"),
    path(
        "assignments/<str:assignment>/",
        delineating.AssignmentView.as_view(),
        name="assignment",
    ),
    path(DELINEATION, delineating.DelineationView.as_view(), name="delineation"),
    path(
        f"{DELINEATION}open/",
        delineating.DelineationOpenView.as_view(),
        name="delineation-open",
    ),
    path(
        f"{DELINEATION}scans/<str:sequence>/",
        delineating.DelineationScanView.as_view(),
        name="delineation-scan",
    ),
    path(
        f"{DELINEATION}edits/<uuid:edit_id>/",
        delineating.DelineationEditView.as_view(),
        name="delineation-edit",
    ),
    path(
        f"{DELINEATION}dots/<str:dot>/decisions/<uuid:decision_id>/",
        delineating.DotDecisionView.as_view(),
        name="dot-decision",
    ),
    path(
        f"{DELINEATION}submit/",
        delineating.DelineationSubmitView.as_view(),
        name="delineation-submit",
    ),
]
