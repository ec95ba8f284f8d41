"""The tables as one spreadsheet: a sheet per table, the dictionary last."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from segmentation.spreadsheets import harmless

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
EPOCH = b"1980-01-01T00:00:00Z"
WIDEST = 40


def xlsx_file(sheets: Mapping[str, Sequence[Sequence[Any]]]) -> bytes:
    """This will write sheets (a header, then rows) as a workbook; the same sheets, the same bytes.

    Numbers stay numbers; text that a spreadsheet would take for a formula has an apostrophe before
    it, as in the CSV files. Names of sheets are cut to the 31 characters that spreadsheets allow.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name[:31])
        for row in rows:
            sheet.append(harmless(row))
        for number, head in enumerate(rows[0], 1):
            sheet.cell(1, number).font = Font(bold=True)
            width = min(WIDEST, max(10, len(str(head)) + 2))
            sheet.column_dimensions[get_column_letter(number)].width = width
        sheet.freeze_panes = "A2"
    written = io.BytesIO()
    book.save(written)
    return _without_clock(written.getvalue())


def _without_clock(workbook: bytes) -> bytes:
    """The workbook with its times (in the archive, and in its properties) set to one day."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as source,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(?<=W3CDTF\">)[^<]+", EPOCH, content)
            entry = zipfile.ZipInfo(name, ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            target.writestr(entry, content)
    return packed.getvalue()
