"""The bundle of a closed study: everything that was asked and answered, as plain files.

The same data give the same bytes: the tables are sorted, and the zip file holds no clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from rating.export.examples import NAME, ExampleSlices, described, example_slices, examples_drawn
from rating.export.readme import readme
from rating.export.report import drawings, rendered, report_page
from rating.export.scripts import ORDERS, VERIFY, imrmc, main_table_in_r
from rating.export.study import Table, about, meanings, utc
from rating.export.tables import (
    amendments,
    audit,
    cases,
    mark_changes,
    marks,
    presentations,
    raters,
    ratings,
    schedule,
    sittings,
)
from rating.models import Study
from rating.queries.design import design_of
from rating.queries.results import report_of, results_of
from rating.report import Report
from rating.statistics import data_dictionary, tables
from segmentation.publication.archive import json_file, with_manifest, zipped
from segmentation.publication.drawing import png, png_of_svg
from segmentation.publication.workbook import xlsx_file
from segmentation.spreadsheets import csv_file

__all__ = [
    "bundle",
    "bundle_files",
    "described",
    "examples_drawn",
    "large_tables",
    "report_page",
]


def bundle(*, study: Study) -> IO[bytes]:
    """This will return the bundle as a zip file; raises StudyNotClosed."""
    return zipped(bundle_files(study=study), folder=study.slug)


def bundle_files(*, study: Study) -> Iterator[tuple[str, bytes]]:
    """This will return the bundle's files with their names, one after the other, the manifest last.

    Raises StudyNotClosed.
    """
    results = results_of(study)
    return with_manifest(_files(study, results, report_of(study, results), example_slices(study)))


def large_tables(study: Study) -> dict[str, Table]:
    """The files with a row for each showing, answer or mark."""
    return {
        "schedule.csv": schedule(study),
        "presentations.csv": presentations(study),
        "ratings.csv": ratings(study),
        "marks.csv": marks(study),
        "mark_changes.csv": mark_changes(study),
        "imrmc.csv": imrmc(study),
    }


def _files(
    study: Study, results: dict[str, Any], report: Report, slices: ExampleSlices
) -> Iterator[tuple[str, bytes]]:
    drawn = drawings(report)
    yield "README.txt", readme(study, report).encode()
    yield "report.html", rendered(study, report, drawn, slices)
    yield "verify.py", VERIFY.encode()
    yield "orders.py", ORDERS.encode()
    yield "recompute.R", main_table_in_r(design_of(study)).encode()
    yield "design.json", study.design_json.encode()
    yield "study.json", json_file(about(study) | {"created_at": utc(study.created_at)})
    yield "statistics.json", json_file(results)
    described = {
        "cases.csv": cases(study),
        "amendments.csv": amendments(study),
        "raters.csv": raters(study),
        "sittings.csv": sittings(study),
        "audit.csv": audit(study),
        **large_tables(study),
        "examples.csv": slices.table,
    }
    for name, table in described.items():
        yield name, csv_file(table.columns, table.rows)
    laid_out = tables(results)
    for name, rows in laid_out.items():
        yield f"tables/{name}.csv", csv_file(rows[0], rows[1:])
    words = [["table", "column", "meaning", "unit"], *map(list, data_dictionary())]
    yield "tables.xlsx", xlsx_file(laid_out | {"dictionary": words})
    for figure in report.figures:
        yield f"figures/{figure.name}.vl.json", json_file(figure.spec)
        yield f"figures/{figure.name}.svg", drawn[figure.name].encode()
        yield f"figures/{figure.name}.png", png(figure.spec)
    if slices.svg:
        yield f"figures/{NAME}.svg", slices.svg.encode()
        yield f"figures/{NAME}.png", png_of_svg(slices.svg)
    explained = [[*row, ""] for row in meanings(described)] + [
        [f"tables/{name}.csv", column, meaning, unit]
        for name, column, meaning, unit in data_dictionary()
    ]
    yield "data_dictionary.csv", csv_file(["file", "column", "meaning", "unit"], explained)
