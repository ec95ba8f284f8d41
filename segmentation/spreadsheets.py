"""Tables as files that any spreadsheet opens, and that none of them executes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def harmless(row: Iterable[Any]) -> list[Any]:
    """This will put an apostrophe before text that a spreadsheet would take for a formula.

    Numbers stay as they are; None becomes an empty field.
    """
    return [
        f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
        for value in row
    ]


def csv_file(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> bytes:
    """This will write comma-separated UTF-8 with one header line; no row is fine.

    Rows are read once, one at a time; only the file itself is held.
    """
    written = io.BytesIO()
    text = io.TextIOWrapper(written, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(map(harmless, rows))
    text.detach()
    return written.getvalue()
