"""The summary of a study, laid out as a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rating.protocol.design import AcceptanceDesign
from rating.report.acceptance import acceptance
from rating.report.agreement import agreement
from rating.report.checklists import checklists
from rating.report.course import course
from rating.report.document import Report
from rating.report.facts import Facts
from rating.report.found import found, headline
from rating.report.lesions import lesions
from rating.report.limits import limits
from rating.report.methods import methods
from rating.report.wording import Names


def lay_out(
    results: Mapping[str, Any], design: AcceptanceDesign, names: Names, facts: Facts
) -> Report:
    """This will lay out what `rating.statistics.summarise` found; any summary will do.

    `names` holds the titles of methods. Figures without data are left out.
    """
    from rating.report.figures import figures  # Altair is slow to import

    strong, rest = headline(results, names)
    return Report(
        headline=strong,
        headline_rest=rest,
        groups=(
            found(results, names, design),
            acceptance(results, names, design),
            agreement(results, names),
            lesions(results, names),
            course(results, names),
        ),
        figures=figures(results, names),
        methods=methods(results, design, names, facts),
        limits=limits(design),
        notes=tuple(results["notes"]),
        checklists=checklists(results, design, names, facts),
    )
