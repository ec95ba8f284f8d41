"""Fitting slices into the size that a network takes, without ever losing brain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MULTIPLE = 16


@dataclass(frozen=True)
class Frame:
    """Where the network's window of `size` lies on slices of `of` pixels, along one axis.

    `start` is the first pixel of the window; negative where the window begins before the image.
    """

    start: int
    size: int
    of: int

    @property
    def on_image(self) -> slice:
        """The pixels of the image that the window shows."""
        return slice(max(0, self.start), min(self.of, self.start + self.size))

    @property
    def on_window(self) -> slice:
        """Where they lie in the window."""
        shown = self.on_image
        return slice(shown.start - self.start, shown.stop - self.start)


def frame(*, of: int, size: int, used: tuple[int, int] | None) -> Frame:
    """This will place a window of `size` on an axis of `of` pixels.

    In the middle, as published, when that shows all of `used` (first and last pixel of the brain;
    None: nothing to keep). Else it moves to do so; where the brain is wider than the window, the
    window grows to the next multiple of 16: nothing of the brain is ever cut off.
    """
    start = -((size - of) // 2) if size > of else (of - size) // 2
    if used is None or (start <= used[0] and used[1] < start + size):
        return Frame(start, size, of)
    first, last = used
    needed = last - first + 1
    if needed > size:
        size = -(-needed // MULTIPLE) * MULTIPLE
    centred = first - (size - needed) // 2
    return Frame(max(last + 1 - size, min(first, centred)), size, of)


@dataclass(frozen=True)
class Window:
    """What a network is shown of slices (slices, height, width)."""

    rows: Frame
    columns: Frame

    def cut(self, slices: NDArray[np.float32], *, fill: float) -> NDArray[np.float32]:
        """This will cut or pad slices to the window; `fill` outside the image."""
        rows, columns = self.rows, self.columns
        window = np.full((len(slices), rows.size, columns.size), fill, dtype=np.float32)
        shown = slices[:, rows.on_image, columns.on_image]
        window[:, rows.on_window, columns.on_window] = shown
        return window

    def put_back(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """This will bring maps on the window back to whole slices; 0 elsewhere."""
        rows, columns = self.rows, self.columns
        slices = np.zeros((len(maps), rows.of, columns.of), dtype=np.float32)
        slices[:, rows.on_image, columns.on_image] = maps[:, rows.on_window, columns.on_window]
        return slices


def window_around(brain: NDArray[np.bool_], *, size: int) -> Window:
    """This will place a window of `size` x `size` on slices whose brain (slices, h, w) is given."""
    rows, columns = (
        frame(of=brain.shape[axis], size=size, used=extent(brain, axis)) for axis in (1, 2)
    )
    return Window(rows, columns)


def extent(mask: NDArray[np.bool_], axis: int) -> tuple[int, int] | None:
    """First and last place of a mask along an axis; None for an empty mask."""
    others = tuple(one for one in range(mask.ndim) if one != axis)
    places = np.flatnonzero(mask.any(axis=others))
    return (int(places[0]), int(places[-1])) if places.size else None
