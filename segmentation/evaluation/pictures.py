"""Slices as the paper shows them: all masks side by side (Figure 1), outlines (Figure 2), as SVG.

Slices are axial and radiological: the patient's right is on the left, as the letters say.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from segmentation.publication.style import FONT, INK

COLUMNS = 5
WIDTH = 220  # of a panel, in the units of the drawing
LINE = 22  # of text
GAP = 10
MASK = "#d81b60"  # on grey: seen with every kind of colour vision
MARGIN = 4  # voxels around the head


@dataclass(frozen=True)
class Slice:
    """An axial slice in RAS order (x to the right, y to the front) with the masks on it.

    `masks` are by title; `spacing_mm` is along x and y.
    """

    flair: NDArray[np.float32]
    masks: Mapping[str, NDArray[np.bool_]]
    spacing_mm: tuple[float, float]


def side_by_side(shown: Slice, *, title: str) -> str:
    """This will draw the scan alone, then with each mask: panels a, b, c..., as SVG."""
    panels: list[tuple[str, list[tuple[NDArray[np.bool_], str]]]] = [("FLAIR", [])]
    panels += [(name, [(mask, MASK)]) for name, mask in shown.masks.items()]
    return _drawing(shown, panels, title=title, is_filled=True)


def outlines(shown: Slice, *, title: str) -> str:
    """This will draw the outlines of all masks over one scan, a colour each, as SVG."""
    layers = [(mask, COLOURS_ON_GREY[at % 6]) for at, mask in enumerate(shown.masks.values())]
    return _drawing(shown, [("", layers)], title=title, is_filled=False)


COLOURS_ON_GREY = ("#ff4d6d", "#4cc9f0", "#ffd166", "#7ae582", "#c77dff", "#ff9f1c")


def _drawing(
    shown: Slice,
    panels: list[tuple[str, list[tuple[NDArray[np.bool_], str]]]],
    *,
    title: str,
    is_filled: bool,
) -> str:
    box = _head(shown.flair)
    across, up = (part.stop - part.start for part in box)
    wide = WIDTH if is_filled else 2 * WIDTH
    high = wide * up * shown.spacing_mm[1] / (across * shown.spacing_mm[0])
    columns = min(COLUMNS, len(panels))
    picture = base64.b64encode(_png(_grey(shown.flair[box]).T[::-1, ::-1])).decode()
    parts = []
    for number, (name, layers) in enumerate(panels):
        left = GAP + (number % columns) * (wide + GAP)
        top = GAP + LINE + (number // columns) * (high + LINE + GAP)
        letter = f"{chr(97 + number % 26)}  " if len(panels) > 1 else ""
        if letter:
            parts.append(_text(left, top - 6, f"{letter}{name}"))
        parts.append(
            f'<g transform="translate({left:.2f} {top:.2f})">'
            f'<image width="{wide:.2f}" height="{high:.2f}" preserveAspectRatio="none" '
            f'style="image-rendering:pixelated" href="data:image/png;base64,{picture}"/>'
        )
        for mask, colour in layers:
            path = _edges(mask[box].T[::-1, ::-1], size=(wide / across, high / up))
            fill = f'fill="{colour}" fill-opacity="0.35"' if is_filled else 'fill="none"'
            parts.append(
                f'<path d="{path}" {fill} fill-rule="evenodd" stroke="{colour}" '
                'stroke-width="1.4"/>'
            )
        parts.append("</g>")
        parts.append(_text(left + 4, top + 16, "R", fill="#ffffff"))
    total = GAP + columns * (wide + GAP)
    bottom = GAP + -(-len(panels) // columns) * (high + LINE + GAP)
    if not is_filled:
        for number, (name, (_, colour)) in enumerate(zip(shown.masks, panels[0][1], strict=True)):
            at = bottom + LINE * (number + 1)
            parts.append(
                f'<rect x="{GAP}" y="{at - 11:.2f}" width="18" height="12" fill="{colour}" '
                f'stroke="{INK}"/>'
            )
            parts.append(_text(GAP + 26, at, name))
        bottom += LINE * (len(shown.masks) + 1)
    words = escape(title, {'"': "&quot;"})
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{words}" '
        f'width="{total:.0f}" height="{bottom:.0f}" viewBox="0 0 {total:.2f} {bottom:.2f}">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, words: str, *, fill: str = INK) -> str:
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" font-family="{FONT}" font-size="14" fill="{fill}">'
        f"{escape(words)}</text>"
    )


def _head(flair: NDArray[np.float32]) -> tuple[slice, slice]:
    """The part of a slice that is brighter than air, with a margin; all of it where none is."""
    bright = flair > 0.15 * np.percentile(flair, 99)
    box = []
    for axis in (0, 1):
        places = np.flatnonzero(bright.any(axis=1 - axis))
        first, last = (places[0], places[-1]) if len(places) else (0, flair.shape[axis] - 1)
        box.append(
            slice(max(0, int(first) - MARGIN), min(flair.shape[axis], int(last) + MARGIN + 1))
        )
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
