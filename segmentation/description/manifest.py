"""manifest.csv: one line per case, with what the scans do not say."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import Final

from segmentation.description.fields import BY_NAME, FIELDS, Description
from segmentation.refusals import Refusal

SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,19}")
SUBJECT_TAKES = "Up to 20 letters, digits and dashes; a pseudonym, never a name."
# What a manifest may say, in the order of the template; only `case` is needed.
COLUMNS: Final = ("case", "subject", *(field.name for field in FIELDS))
MOST_FAULTS = 50


class InvalidManifest(Refusal):
    """The manifest cannot be used; `fields` says what is wrong by line and column."""


@dataclass(frozen=True)
class ManifestRow:
    """What one line says about one case."""

    line: int
    subject: str
    description: Description


Manifest = dict[str, ManifestRow]  # by the case's folder (or file), as seen from the manifest


def read_manifest(text: str) -> Manifest:
    """This will read a manifest: a header with COLUMNS in any order, then one line per case.

    Commas, semicolons and tabs separate; an empty field and `n/a` say nothing. Raises
    InvalidManifest with every fault by line and column.
    """
    text = text.removeprefix("\ufeff")
    faults: dict[str, list[str]] = {}
    table = csv.reader(io.StringIO(text, newline=""), delimiter=separator(text))
    rows: Manifest = {}
    try:
        header = [name.strip().lower() for name in next(table, [])]
        _check_header(header, faults)
        for cells in [] if faults else table:
            if any(cell.strip() for cell in cells):
                _read_line(table.line_num, header, cells, rows, faults)
    except csv.Error as error:
        faults[f"line {table.line_num}"] = [f"This is not CSV ({error})."]
    if faults:
        raise InvalidManifest(
            f"manifest.csv cannot be used; it has {len(faults)} "
            f"{'fault' if len(faults) == 1 else 'faults'}. No case was taken in; correct it and "
            "start again.",
            fields=dict(list(faults.items())[:MOST_FAULTS]),
        )
    return rows


def separator(text: str) -> str:
    """What separates the columns: whichever of tab, semicolon and comma the first line has most."""
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _check_header(header: list[str], faults: dict[str, list[str]]) -> None:
    if "case" not in header:
        faults["line 1"] = ["The first line names the columns; one of them is case."]
    for name in header:
        if name not in COLUMNS:
            faults[f"line 1, {name or 'a column without name'}"] = [
                f"There is no such column; there are {', '.join(COLUMNS)}."
            ]
        elif header.count(name) > 1:
            faults[f"line 1, {name}"] = ["This column is there twice."]


def _read_line(
    line: int, header: list[str], cells: list[str], rows: Manifest, faults: dict[str, list[str]]
) -> None:
    """This will add what one line says to `rows`, or what is wrong with it to `faults`."""
    if len(cells) > len(header):
        faults[f"line {line}"] = [
            f"It has {len(cells)} fields, the first line names {len(header)} columns."
        ]
        return
    said = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
    case = said.pop("case", "").replace("\\", "/").strip("/")
    subject = said.pop("subject", "")
    if not case:
        faults[f"line {line}, case"] = ["Name the case's folder as seen from the manifest."]
    elif case in rows:
        faults[f"line {line}, case"] = [f"{case} is on line {rows[case].line} already."]
    if subject and not SUBJECT.fullmatch(subject):
        faults[f"line {line}, subject"] = [SUBJECT_TAKES]
    description: Description = {}
    for name, cell in said.items():
        try:
            value = BY_NAME[name].read(cell)
        except ValueError as error:
            faults[f"line {line}, {name}"] = [str(error)]
            continue
        if value is not None:
            description[name] = value
    if case and case not in rows:
        rows[case] = ManifestRow(line, subject, description)
