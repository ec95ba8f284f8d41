"""The bundle of an evaluation: tables, figures and a report, the same evaluation the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from uuid import UUID

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.utils.text import slugify

from segmentation.evaluation.findings import Asked, Findings
from segmentation.evaluation.records import CaseRecord
from segmentation.operations.evaluating import AS_OF_STEP_1
from segmentation.operations.mask_files import MaskFile, mask_files
from segmentation.publication.archive import json_file, with_manifest
from segmentation.publication.drawing import png, svg, with_drawings
from segmentation.publication.workbook import xlsx_file
from segmentation.spreadsheets import csv_file

README = """\
{title}
{rule}

{methods}

Of a reference that a reference study made, the bundle of that study has the dot masks, every
decision, and the masks of all its delineators.

Files
  report.html    tables and figures as one page to read or print
  tables/        every table as CSV; cases.csv has a row for every comparison of two masks
  tables.xlsx    the same tables as one spreadsheet
  figures/       every figure as SVG, PNG and Vega-Lite specification; chosen slices as SVG and PNG
  records.json   what was found case by case
  masks/         the masks that were compared, case by case; masks.csv says which is which
  manifest.csv   size and SHA-256 of every file
"""


def bundle_files(
    *,
    title: str,
    findings: Findings,
    records: Sequence[CaseRecord],
    pictures: Mapping[str, tuple[str, bytes]],
    asked: Asked,
    masks: Mapping[str, Mapping[str, str]],
) -> Iterator[tuple[str, bytes]]:
    """This will return the files with their names, one after the other, the manifest last.

    `pictures` are slices by name, as SVG and PNG; `masks` are as `evaluating.masks_of` has them.
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
    return with_manifest(chain(files.items(), mask_files(_masks(asked, masks))))


def _masks(asked: Asked, masks: Mapping[str, Mapping[str, str]]) -> Iterator[MaskFile]:
    """The masks that were compared, by case: references as they were numbered, then methods."""
    for case, of_case in sorted(masks.items()):
        for number, name in enumerate(asked.references, 1):
            file = f"reference_{number}_{slugify(name)[:60]}".rstrip("_-")
            for kind, step, at in (
                ("reference", "", file),
                ("reference as of step 1", AS_OF_STEP_1, f"{file}_step_1"),
            ):
                if mask := of_case.get(f"{name}{step}"):
                    yield MaskFile(case, kind, name, at, UUID(mask))
        for name in asked.methods:
            if mask := of_case.get(name):
                yield MaskFile(case, "method", name, name, UUID(mask))


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
