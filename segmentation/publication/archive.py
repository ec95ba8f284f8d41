"""Many files as one: a zip archive that holds no clock, and the list of what is in it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from segmentation.publication.workbook import ZIP_EPOCH
from segmentation.spreadsheets import csv_file


def zipped(files: Mapping[str, bytes], *, folder: str) -> bytes:
    """This will pack files into a folder of a zip file; the same files give the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(f"{folder}/{name}", ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def manifest(files: Mapping[str, bytes]) -> bytes:
    """This will list files with size and SHA-256, as CSV."""
    listed = [
        [name, len(content), hashlib.sha256(content).hexdigest()]
        for name, content in sorted(files.items())
    ]
    return csv_file(["file", "bytes", "sha256"], listed)


def json_file(value: Any) -> bytes:
    """JSON for people and programs; refuses what JSON cannot say (NaN)."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()
