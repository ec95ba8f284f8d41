"""The figures, as Vega-Lite specifications made of the tables: one shape for page and files.

Everything drawn is aggregated (rates, tables, counts of equal pairs, tenths of a schedule), so that
a specification stays small however many answers there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from altair.utils import schemapi

from rating.report.figures.acceptance import forest, lesion_load
from rating.report.figures.agreement import two_by_two
from rating.report.figures.counts import bland_altman, first_and_second
from rating.report.figures.course import along_order
from rating.report.wording import Names
from segmentation.publication.document import Figure

__all__ = ["figures"]


def figures(results: Mapping[str, Any], names: Names) -> tuple[Figure, ...]:
    """This will make every figure that the results have data for, in the order of the report."""
    with schemapi.debug_mode(False):  # Altair checks every step otherwise: seconds for a page
        made = [
            forest(results, names),
            lesion_load(results, names),
            two_by_two(results),
            first_and_second(results),
            bland_altman(results),
            along_order(results),
        ]
    return tuple(figure for figure in made if figure)
