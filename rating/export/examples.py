"""Example slices: a mask that was accepted, one with errors that was, and one that was rejected.

As Figure 5 of Hindsholm et al. 2021. Which ones is drawn by chance from the hash of the design, so
that nobody picks what looks best, unless the coordinator chooses; then the figure says so.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from rating.export.study import Table, utc
from rating.export.tables import SHOWN, shown_columns
from rating.models import Mark, Study
from rating.queries.examples import Example, ExampleChoice, example_candidates, examples_of
from segmentation.imaging.nifti import read_volume
from segmentation.models import Scan
from segmentation.operations.voxels import mask_of

NAME = "example_slices"
TITLE = "Example slices"
DESCRIPTION = (
    "One slice each of a mask that was accepted without an error, of one that was accepted with "
    "errors, and of one that was rejected (those of them that there are), {chosen}. Green: "
    "drawn lesions. Red: drawn lesions that the rater called false; violet: those called diffusely "
    "abnormal white matter (DAWM). Yellow rings: missed lesions. The patient's right is left."
)
DAWM = "DAWM"
GREEN, RED, VIOLET, YELLOW = (60, 200, 90), (230, 50, 50), (170, 90, 240), "#ffd60a"
PANEL, HEAD, GAP, RING_MM = 300, 44, 12, 4.0
Bytes3 = NDArray[np.uint8]


@dataclass(frozen=True)
class ExampleSlices:
    """The examples of a study side by side (SVG; empty without any), in words, and as a table."""

    svg: str
    description: str
    table: Table


def examples_drawn(*, study: Study, choices: Sequence[ExampleChoice] | None = None) -> str:
    """This will draw the examples for the page, or say that there are none.

    `choices` are tried out; without them those that are kept are drawn. Raises StudyNotClosed,
    UnknownExample.
    """
    return example_slices(study, choices).svg or (
        '<svg xmlns="http://www.w3.org/2000/svg" width="600" height="30"><text y="20" '
        'font-family="sans-serif" font-size="14" fill="#5a6472">No mask with drawn lesions was '
        "rated by marks.</text></svg>"
    )


def example_slices(study: Study, choices: Sequence[ExampleChoice] | None = None) -> ExampleSlices:
    """This will draw the examples of a closed study; raises StudyNotClosed, UnknownExample."""
    shown = examples_of(study, example_candidates(study), choices)
    drawn = [_panel(one, number) for number, one in enumerate(shown)]
    description = described(shown)
    width = len(drawn) * (PANEL + GAP) - GAP
    words = escape(description, {'"': "&quot;"})
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{words}" width="{width}" '
        f'height="{PANEL + HEAD}" viewBox="0 0 {width} {PANEL + HEAD}" font-family="sans-serif">'
        f'<rect width="{width}" height="{PANEL + HEAD}" fill="#ffffff"/>'
        f"{''.join(panel for panel, _ in drawn)}</svg>"
    )
    at = [replace(one, slice=number) for one, (_, number) in zip(shown, drawn, strict=True)]
    return ExampleSlices(svg if drawn else "", description, _table(at))


def described(shown: Sequence[Example]) -> str:
    """This will say what the examples show and how they were chosen."""
    by_chance = [one.kind for one in shown if not one.is_chosen]
    chosen = [one for one in shown if one.is_chosen]
    said = ["drawn by chance"] if not chosen else []
    if chosen and by_chance:
        said.append(f"drawn by chance ({', '.join(by_chance)})")
    for one in chosen:
        when = f" on {one.chosen_at.date().isoformat()} (UTC)" if one.chosen_at else ""
        who = f" by {one.chosen_by}" if one.chosen_by else ""
        said.append(f"chosen{who}{when} ({one.kind})")
    return DESCRIPTION.format(chosen="; ".join(said))


def _table(shown: Sequence[Example]) -> Table:
    """Which slices are shown."""
    columns = {
        "kind": "What it is an example of",
        **SHOWN,
        "slice": "Axial slice of the scan, from 1 at the bottom",
        "chosen_by": "User name of who chose it; empty if it was drawn by chance",
        "chosen_at": "When (UTC); empty if it was drawn by chance",
    }
    rows = [
        [
            one.kind,
            *shown_columns(one.rating.presentation),
            one.slice,
            one.chosen_by,
            utc(one.chosen_at),
        ]
        for one in shown
    ]
    return Table(columns, rows)


def _panel(example: Example, number: int) -> tuple[str, int]:
    """One slice with its marks and two lines above it, and which slice it is, from 1."""
    mask = example.rating.presentation.item.segmentation
    standing = example.rating.presentation.marks.filter(removed_at=None).order_by("made_at", "pk")
    marks = tuple(standing)
    scan = Scan.objects.get(case=mask.case_id, sequence=Scan.Sequence.FLAIR)
    grid = scan.grid
    with scan.original.open("rb") as stored:
        flair = grid.to_ras(read_volume(stored.read(), name=f"FLAIR of {mask.case.code}").data)
    ras = grid.ras
    drawn = grid.to_ras(mask_of(mask))
    with mask.labels.open("rb") as stored:
        labels = read_volume(stored.read(), name="labels").data.astype(np.int64)
    places = [ras.to_voxel(np.array([m.x_mm, m.y_mm, m.z_mm])) for m in marks]
    fullest = _fullest(drawn, [round(float(place[2])) for place in places])
    at = fullest if example.slice is None else example.slice - 1
    picture = _painted(flair[:, :, at], drawn[:, :, at], labels[:, :, at], marks)
    left = number * (PANEL + GAP)
    across, along = (float(ras.shape[axis] * ras.spacing_mm[axis]) for axis in (0, 1))
    scale = PANEL / max(across, along)
    width, height = across * scale, along * scale
    x0, y0 = left + (PANEL - width) / 2, HEAD + (PANEL - height) / 2
    rings = "".join(
        f'<circle cx="{x0 + width * (1 - (place[0] + 0.5) / ras.shape[0]):.2f}" '
        f'cy="{y0 + height * (1 - (place[1] + 0.5) / ras.shape[1]):.2f}" r="{RING_MM * scale:.2f}" '
        f'fill="none" stroke="{YELLOW}" stroke-width="2"/>'
        for mark, place in zip(marks, places, strict=True)
        if mark.kind == Mark.Kind.MISSED and round(float(place[2])) == at
    )
    rating = example.rating
    counted = f"{rating.lesions} drawn, {rating.fp} false, {rating.fn} missed"
    encoded = base64.b64encode(png_of(picture)).decode()
    panel = (
        f'<text x="{left}" y="16" font-size="14" font-weight="600">{escape(example.kind)}</text>'
        f'<text x="{left}" y="34" font-size="12">{escape(mask.case.code)}, slice {at + 1}: '
        f"{counted} (all slices)</text>"
        f'<rect x="{left}" y="{HEAD}" width="{PANEL}" height="{PANEL}" fill="#000000"/>'
        f'<image x="{x0:.2f}" y="{y0:.2f}" width="{width:.2f}" height="{height:.2f}" '
        f'preserveAspectRatio="none" href="data:image/png;base64,{encoded}"/>{rings}'
    )
    return panel, at + 1


def _fullest(drawn: NDArray[np.bool_], marked: Sequence[int]) -> int:
    """The axial slice with most marks; among those, and without marks, with most drawn voxels."""
    voxels = drawn.sum(axis=(0, 1))
    marks = np.bincount(np.clip(marked, 0, len(voxels) - 1), minlength=len(voxels)) if marked else 0
    return int(np.argmax(marks * (voxels.max() + 1) + voxels))


def _painted(
    flair: NDArray[np.generic],
    drawn: NDArray[np.bool_],
    labels: NDArray[np.int64],
    marks: Sequence[Mark],
) -> Bytes3:
    """A slice in grey with its lesions in colour, as radiologists look at it."""
    grey = flair.astype(np.float64)
    low, high = np.percentile(grey, (2, 99.5))
    level = np.clip((grey - low) / max(high - low, 1e-9), 0, 1) * 255
    picture = np.repeat(level[:, :, None], 3, axis=2)
    for mark in marks:
        if mark.lesion is not None:
            colour = VIOLET if mark.reason == DAWM else RED
            picture[labels == mark.lesion] = _tinted(picture[labels == mark.lesion], colour)
            drawn = drawn & (labels != mark.lesion)
    picture[drawn] = _tinted(picture[drawn], GREEN)
    return np.ascontiguousarray(picture[::-1, ::-1].transpose(1, 0, 2).round().astype(np.uint8))


def _tinted(picture: NDArray[np.float64], colour: tuple[int, int, int]) -> NDArray[np.float64]:
    return picture * 0.45 + np.array(colour) * 0.55


def png_of(picture: Bytes3) -> bytes:
    """This will write rows of red, green and blue (height, width, 3) as PNG, without a clock."""
    height, width, _ = picture.shape

    def chunk(kind: bytes, content: bytes) -> bytes:
        sealed = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", sealed)

    lines = b"".join(b"\0" + row.tobytes() for row in picture)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(lines, 9)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts
