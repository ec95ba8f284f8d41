"""The bundle of a closed study: everything that was asked and answered, as plain files.

The same data give the same bytes: the tables are sorted, and the zip file holds no clock.
"""

from __future__ import annotations

from typing import IO

from rating.export.examples import NAME, described, example_slices, examples_drawn
from rating.export.readme import readme
from rating.export.report import drawings, rendered, report_page
from rating.export.scripts import ORDERS, VERIFY, imrmc, main_table_in_r
from rating.export.study import about, meanings, utc
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
from rating.statistics import data_dictionary, tables
from segmentation.publication.archive import json_file, with_manifest, zipped
from segmentation.publication.drawing import png, png_of_svg
from segmentation.publication.workbook import xlsx_file
from segmentation.spreadsheets import csv_file

__all__ = ["bundle", "bundle_files", "described", "examples_drawn", "report_page"]


def bundle(*, study: Study) -> IO[bytes]:
    """This will return the bundle as a zip file; raises StudyNotClosed."""
    return zipped(bundle_files(study=study).items(), folder=study.slug)


def bundle_files(*, study: Study) -> dict[str, bytes]:
    """This will return the bundle's files by name, the manifest last; raises StudyNotClosed."""
    results = results_of(study)
    report = report_of(study, results)
    drawn, slices = drawings(report), example_slices(study)
    files = {
        "README.txt": readme(study, report).encode(),
        "report.html": rendered(study, report, drawn, slices),
        "verify.py": VERIFY.encode(),
        "orders.py": ORDERS.encode(),
        "recompute.R": main_table_in_r(design_of(study)).encode(),
        "design.json": study.design_json.encode(),
        "study.json": json_file(about(study) | {"created_at": utc(study.created_at)}),
        "statistics.json": json_file(results),
    }
    described = {
        "cases.csv": cases(study),
        "schedule.csv": schedule(study),
        "amendments.csv": amendments(study),
        "raters.csv": raters(study),
        "sittings.csv": sittings(study),
        "audit.csv": audit(study),
        "presentations.csv": presentations(study),
        "ratings.csv": ratings(study),
        "marks.csv": marks(study),
        "mark_changes.csv": mark_changes(study),
        "imrmc.csv": imrmc(study),
        "examples.csv": slices.table,
    }
    files |= {name: csv_file(table.columns, table.rows) for name, table in described.items()}
    laid_out = tables(results)
    for name, rows in laid_out.items():
        files[f"tables/{name}.csv"] = csv_file(rows[0], rows[1:])
    words = [["table", "column", "meaning", "unit"], *map(list, data_dictionary())]
    files["tables.xlsx"] = xlsx_file(laid_out | {"dictionary": words})
    for figure in report.figures:
        files[f"figures/{figure.name}.vl.json"] = json_file(figure.spec)
        files[f"figures/{figure.name}.svg"] = drawn[figure.name].encode()
        files[f"figures/{figure.name}.png"] = png(figure.spec)
    if slices.svg:
        files[f"figures/{NAME}.svg"] = slices.svg.encode()
        files[f"figures/{NAME}.png"] = png_of_svg(slices.svg)
    files["data_dictionary.csv"] = csv_file(
        ["file", "column", "meaning", "unit"],
        [[*row, ""] for row in meanings(described)]
        + [
            [f"tables/{name}.csv", column, meaning, unit]
            for name, column, meaning, unit in data_dictionary()
        ],
    )
    return dict(with_manifest(files.items()))
