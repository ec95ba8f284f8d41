"""The bundle of an evaluation: tables, figures and a report, the same evaluation the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from segmentation.evaluation.findings import Findings
from segmentation.evaluation.records import CaseRecord
from segmentation.publication.archive import json_file, manifest
from segmentation.publication.drawing import png, svg, with_drawings
from segmentation.publication.workbook import xlsx_file
from segmentation.spreadsheets import csv_file

README = """\
{title}
{rule}

{methods}

Files
  report.html    tables and figures as one page to read or print
  tables/        every table as CSV; cases.csv has a row for every comparison of two masks
  tables.xlsx    the same tables as one spreadsheet
  figures/       every figure as SVG, PNG and Vega-Lite specification; chosen slices as SVG and PNG
  records.json   what was found case by case
  manifest.csv   size and SHA-256 of every file
"""


def bundle_files(
    *,
    title: str,
    findings: Findings,
    records: Sequence[CaseRecord],
    pictures: Mapping[str, tuple[str, bytes]],
) -> dict[str, bytes]:
    """This will return the files by name, the manifest last.

    `pictures` are slices by name, as SVG and PNG.
    """
    drawn = {figure.name: svg(figure.spec) for figure in findings.figures}
    files = {
        "README.txt": README.format(
            title=title, rule="=" * len(title), methods="\n\n".join(findings.methods)
        ).encode(),
        "report.html": report_page(title, findings, drawn, [one for one, _ in pictures.values()]),
        "records.json": json_file([one.as_json() for one in records]),
        "tables.xlsx": xlsx_file(findings.tables),
    }
    for name, rows in findings.tables.items():
        files[f"tables/{name}.csv"] = csv_file(rows[0], rows[1:])
    for figure in findings.figures:
        files[f"figures/{figure.name}.vl.json"] = json_file(figure.spec)
        files[f"figures/{figure.name}.svg"] = drawn[figure.name].encode()
        files[f"figures/{figure.name}.png"] = png(figure.spec)
    for name, (as_svg, as_png) in pictures.items():
        files[f"figures/{name}.svg"] = as_svg.encode()
        files[f"figures/{name}.png"] = as_png
    files["manifest.csv"] = manifest(files)
    return files


def report_page(
    title: str, findings: Findings, drawn: Mapping[str, str], pictures: Sequence[str]
) -> bytes:
    """This will write the report as one HTML file that needs nothing else."""
    groups = with_drawings(findings.groups, findings.figures, drawn)
    context = {
        "title": title,
        "findings": asdict(findings) | {"figures": ()},
        "groups": groups,
        "pictures": [mark_safe(one) for one in pictures],  # noqa: S308  # drawn here
    }
    return render_to_string("segmentation/evaluation_report.html", context).encode()
