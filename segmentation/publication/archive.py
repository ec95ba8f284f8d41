"""Many files as one: a zip archive that holds no clock, and the list of what is in it."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

from segmentation.publication.workbook import ZIP_EPOCH
from segmentation.spreadsheets import csv_file


def zipped(files: Iterable[tuple[str, bytes]], *, folder: str) -> IO[bytes]:
    """This will pack files, by name, into a folder of a zip file, which is read from its beginning.

    One file is held at a time; the zip file is a temporary one that ends when it is closed. The
    same files give the same bytes.
    """
    packed = tempfile.TemporaryFile()  # noqa: SIM115  # whoever sends it closes it
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(f"{folder}/{name}", ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    packed.seek(0)
    return packed


def with_manifest(files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """This will pass files on, and after them `manifest.csv`: size and SHA-256 of each, by name."""
    listed = []
    for name, content in files:
        listed.append([name, len(content), hashlib.sha256(content).hexdigest()])
        yield name, content
    yield "manifest.csv", csv_file(["file", "bytes", "sha256"], sorted(listed))


def json_file(value: Any) -> bytes:
    """JSON for people and programs; refuses what JSON cannot say (NaN)."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()
