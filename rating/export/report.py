"""The report: one HTML file that needs nothing else, to read, to print and to send."""

from __future__ import annotations

from collections.abc import Mapping

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from rating.export.examples import TITLE, ExampleSlices, example_slices
from rating.models import Study
from rating.queries.design import design_of
from rating.queries.results import report_of, results_of
from rating.report import Report
from segmentation.publication.drawing import svg, with_drawings


def report_page(*, study: Study) -> bytes:
    """This will write the report of a closed study; raises StudyNotClosed."""
    report = report_of(study, results_of(study))
    return rendered(study, report, drawings(report), example_slices(study))


def drawings(report: Report) -> dict[str, str]:
    """The figures of a report as SVG, by name."""
    return {figure.name: svg(figure.spec) for figure in report.figures}


def rendered(
    study: Study, report: Report, drawn: Mapping[str, str], slices: ExampleSlices
) -> bytes:
    """This will write a report with its figures and example slices drawn already."""
    groups = with_drawings(report.groups, report.figures, drawn)
    design = design_of(study)
    context = {"study": study, "report": report, "groups": groups, "design": design} | {
        "slices": mark_safe(slices.svg),  # noqa: S308  # drawn here
        "slices_title": TITLE,
        "slices_description": slices.description,
    }
    return render_to_string("rating/report.html", context).encode()
