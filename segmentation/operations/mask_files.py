"""Stored masks as files of a bundle, each read when it is its turn, and a table of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from segmentation.models import Segmentation
from segmentation.spreadsheets import csv_file

COLUMNS = {
    "case": "Code of the case",
    "kind": "What the mask is here",
    "name": "Name of the method, or title of the mask",
    "file": "Path of the mask, on exactly the grid of the FLAIR; empty when it is missing",
    "sha256": "Of the file",
    "missing": "Why there is no file; empty where there is one",
}


@dataclass(frozen=True)
class MaskFile:
    """A mask that goes into a bundle: of which case, what it is there, and its file's name."""

    case: str
    kind: str
    name: str
    file: str
    mask: UUID


def mask_files(masks: Iterable[MaskFile]) -> Iterator[tuple[str, bytes]]:
    """This will read mask after mask as `masks/CASE/FILE.nii.gz`, and then list them: `masks.csv`.

    One that is gone is listed with the reason; no masks leave a table of column names alone.
    """
    rows = []
    for one in masks:
        path = f"masks/{one.case}/{one.file}.nii.gz"
        stored = _stored(one.mask)
        if isinstance(stored, str):
            rows.append([one.case, one.kind, one.name, "", "", stored])
            continue
        content, sha256 = stored
        rows.append([one.case, one.kind, one.name, path, sha256, ""])
        yield path, content
    yield "masks.csv", csv_file(list(COLUMNS), rows)


def _stored(mask: UUID) -> tuple[bytes, str] | str:
    """The bytes of a stored mask and their hash, or why there are none."""
    found = Segmentation.objects.filter(pk=mask).first()
    if found is None:
        return "deleted meanwhile"
    try:
        with found.mask.open("rb") as file:
            return file.read(), found.sha256
    except FileNotFoundError:
        return "its file is gone: see manage.py verify_files"
