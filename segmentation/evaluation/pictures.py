"""Slices as the paper shows them: all masks side by side (Figure 1), outlines (Figure 2), as SVG.

Slices are axial and radiological: the patient's right is on the left, as the letters say.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from segmentation.publication.style import FONT, INK

COLUMNS = 5
WIDTH = 220  # of a panel, in the units of the drawing
LINE = 22  # of text
GAP = 10
MARGIN = 4  # voxels around the head
# On grey: seen with every kind of colour vision.
MASK, METHOD, REFERENCE = "#d81b60", "#ff4d6d", "#4cc9f0"
# In voxels. The reference lies below and is wider, so that both are seen where they coincide.
METHOD_LINE, REFERENCE_LINE, MASK_LINE = 0.5, 1.3, 0.6
WIDEST_VOXEL = 2.8  # of a line, in the units of the drawing
NOTHING = "no lesion on this slice"


@dataclass(frozen=True)
class Slice:
    """An axial slice in RAS order (x to the right, y to the front) with the masks on it.

    `masks` are by title; `spacing_mm` is along x and y.
    """

    flair: NDArray[np.float32]
    masks: Mapping[str, NDArray[np.bool_]]
    spacing_mm: tuple[float, float]


@dataclass(frozen=True)
class Layer:
    """A mask as it is drawn: how wide its outline is, and how much of its colour fills it."""

    mask: NDArray[np.bool_]
    colour: str
    line: float
    fill: float = 0


@dataclass(frozen=True)
class Panel:
    """The scan once, with masks over it from below to above, and lines of words in it."""

    name: str
    layers: Sequence[Layer] = ()
    said: Sequence[str] = ()


def side_by_side(shown: Slice, *, title: str) -> str:
    """This will draw the scan alone, then with each mask: panels a, b, c..., as SVG."""
    panels = [Panel("FLAIR")]
    panels += [
        Panel(name, [Layer(mask, MASK, MASK_LINE, fill=0.35)], [] if mask.any() else [NOTHING])
        for name, mask in shown.masks.items()
    ]
    columns = min(COLUMNS, len(panels))
    return _drawing(shown, panels, columns=columns, wide=WIDTH, title=title)


def outlines(shown: Slice, *, methods: Sequence[str], references: Sequence[str], title: str) -> str:
    """This will draw the outlines of every method with those of every reference, as SVG.

    Whoever has no mask is left out, unless nobody of its side has one.
    """
    methods = [name for name in methods if name in shown.masks] or methods
    references = [name for name in references if name in shown.masks] or references
    panels = [_pair(shown, method, reference) for method in methods for reference in references]
    across = len(references) * (COLUMNS // len(references)) or COLUMNS  # a method in one row
    columns = min(across, len(panels))
    wide = min(2 * WIDTH, COLUMNS * WIDTH / columns)
    is_one = len(panels) == 1
    legend = [
        (methods[0] if is_one else "Method", METHOD, METHOD_LINE),
        (references[0] if is_one else "Reference", REFERENCE, REFERENCE_LINE),
    ]
    return _drawing(shown, panels, columns=columns, wide=wide, title=title, legend=legend)


def _pair(shown: Slice, method: str, reference: str) -> Panel:
    layers, said = [], []
    for what, name, colour, line in (
        ("reference", reference, REFERENCE, REFERENCE_LINE),
        ("method", method, METHOD, METHOD_LINE),
    ):
        mask = shown.masks.get(name)
        if mask is None:
            said.append(f"{what}: no mask")
        elif not mask.any():
            said.append(f"{what}: {NOTHING}")
        else:
            layers.append(Layer(mask, colour, line))
    return Panel(f"{method}, {reference}", layers, said)


def _drawing(
    shown: Slice,
    panels: Sequence[Panel],
    *,
    columns: int,
    wide: float,
    title: str,
    legend: Sequence[tuple[str, str, float]] = (),
) -> str:
    box = _seen(shown)
    across, up = (part.stop - part.start for part in box)
    high = wide * up * shown.spacing_mm[1] / (across * shown.spacing_mm[0])
    voxel = min(wide / across, WIDEST_VOXEL)
    picture = base64.b64encode(_png(_grey(shown.flair[box]).T[::-1, ::-1])).decode()
    parts = []
    for number, panel in enumerate(panels):
        left = GAP + (number % columns) * (wide + GAP)
        top = GAP + LINE + (number // columns) * (high + LINE + GAP)
        if len(panels) > 1:
            letter = chr(97 + number % 26) * (1 + number // 26)
            name = f"{letter}  {panel.name}"
            parts.append(_text(left, top - 6, name, size=min(14, 1.9 * wide / len(name))))
        parts.append(
            f'<g transform="translate({left:.2f} {top:.2f})">'
            f'<image width="{wide:.2f}" height="{high:.2f}" preserveAspectRatio="none" '
            f'style="image-rendering:pixelated" href="data:image/png;base64,{picture}"/>'
        )
        for layer in panel.layers:
            path = _edges(layer.mask[box].T[::-1, ::-1], size=(wide / across, high / up))
            parts.append(
                f'<path d="{path}" fill="{layer.colour}" fill-opacity="{layer.fill}" '
                f'fill-rule="evenodd" stroke="{layer.colour}" '
                f'stroke-width="{layer.line * voxel:.2f}"/>'
            )
        parts.append("</g>")
        parts.append(_text(left + 4, top + 16, "R", fill="#ffffff"))
        for below, words in enumerate(reversed(panel.said)):
            at = top + high - 7 - below * (LINE - 5)
            parts.append(_text(left + 5, at, words, fill="#ffffff", edge="#000000"))
    total = GAP + columns * (wide + GAP)
    bottom = GAP + -(-len(panels) // columns) * (high + LINE + GAP)
    for name, colour, line in legend:
        bottom += LINE
        high = line * WIDEST_VOXEL
        parts.append(
            f'<rect x="{GAP}" y="{bottom - 12:.2f}" width="26" height="14" fill="{INK}"/>'
            f'<rect x="{GAP + 3}" y="{bottom - 5 - high / 2:.2f}" width="20" '
            f'height="{high:.2f}" fill="{colour}"/>'
        )
        parts.append(_text(GAP + 34, bottom, name))
    bottom += GAP if legend else 0
    words = escape(title, {'"': "&quot;"})
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{words}" '
        f'width="{total:.0f}" height="{bottom:.0f}" viewBox="0 0 {total:.2f} {bottom:.2f}">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}</svg>'
    )


def _text(
    x: float, y: float, words: str, *, fill: str = INK, edge: str = "none", size: float = 14
) -> str:
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" font-family="{FONT}" font-size="{size:.3g}" fill="{fill}" '
        f'stroke="{edge}" stroke-width="3" paint-order="stroke">{escape(words)}</text>'
    )


def _seen(shown: Slice) -> tuple[slice, slice]:
    """The part of a slice that is brighter than air or in a mask, with a margin; else all of it."""
    inside = shown.flair > 0.15 * np.percentile(shown.flair, 99)
    for mask in shown.masks.values():
        inside = inside | mask
    box = []
    for axis, size in enumerate(inside.shape):
        places = np.flatnonzero(inside.any(axis=1 - axis))
        first, last = (places[0], places[-1]) if len(places) else (0, size - 1)
        box.append(slice(max(0, int(first) - MARGIN), min(size, int(last) + MARGIN + 1)))
    return box[0], box[1]


def _grey(flair: NDArray[np.float32]) -> NDArray[np.uint8]:
    low, high = np.percentile(flair, (1, 99.5))
    return np.asarray(np.clip((flair - low) / max(high - low, 1e-6), 0, 1) * 255, dtype=np.uint8)


def _edges(rows: NDArray[np.bool_], *, size: tuple[float, float]) -> str:
    """The border of a mask along the edges of its voxels as an SVG path; rows from the top.

    `size` is that of a voxel in the drawing.
    """
    padded = np.pad(rows, 1)
    here = padded[1:-1, 1:-1]
    # Every voxel's border edges, each drawn so that the inside lies on its right.
    sides = {
        (0, 0, 1, 0): here & ~padded[:-2, 1:-1],
        (1, 0, 1, 1): here & ~padded[1:-1, 2:],
        (1, 1, 0, 1): here & ~padded[2:, 1:-1],
        (0, 1, 0, 0): here & ~padded[1:-1, :-2],
    }
    following: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for (x0, y0, x1, y1), edge in sides.items():
        for y, x in np.argwhere(edge).tolist():
            following.setdefault((x + x0, y + y0), []).append((x + x1, y + y1))
    paths = []
    while following:
        start = next(iter(following))
        at, path = start, [start]
        while at in following:
            ends = following[at]
            nearest = ends.pop()
            if not ends:
                del following[at]
            at = nearest
            path.append(at)
        corners = (f"{x * size[0]:.6g} {y * size[1]:.6g}" for x, y in path[:-1])
        paths.append(f"M{'L'.join(corners)}Z")
    return "".join(paths)


def _png(grey: NDArray[np.uint8]) -> bytes:
    """An image of 8-bit greys (rows from the top) as PNG."""
    high, wide = grey.shape
    lines = b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(grey))

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    head = struct.pack(">IIBBBBB", wide, high, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(lines, 9))
        + chunk(b"IEND", b"")
    )
