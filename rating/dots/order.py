"""Orders and sham dots: drawn once, from the secret of the study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rating.protocol.sequence import Source
from segmentation.imaging.geometry import Grid

Thing = TypeVar("Thing")
Voxel = tuple[int, int, int]


def shuffled(things: Sequence[Thing], *, source: Source) -> list[Thing]:
    """This will return things in an order drawn uniformly (Fisher-Yates); none gives none."""
    order = list(things)
    for at in range(len(order) - 1):
        other = at + source.below(len(order) - at)
        order[at], order[other] = order[other], order[at]
    return order


def sham_dots(
    count: int,
    *,
    taken: NDArray[np.bool_],
    head: NDArray[np.bool_],
    grid: Grid,
    distance_mm: float,
    source: Source,
) -> tuple[Voxel, ...]:
    """This will draw voxels of the head far from everything taken (both RAS order), and apart.

    As many as there is room for, at most `count`; each is at least `distance_mm` from every voxel
    taken and from every other sham dot.
    """
    ras = grid.ras
    room = np.argwhere(head & ~taken)
    if not count or not len(room):
        return ()
    if taken.any():
        from scipy.ndimage import distance_transform_edt  # slow to import

        away = distance_transform_edt(~taken, sampling=ras.spacing_mm)
        room = room[away[tuple(room.T)] >= distance_mm]
    drawn: list[Voxel] = []
    while len(drawn) < count and len(room):
        voxel = room[source.below(len(room))]
        x, y, z = voxel.tolist()
        drawn.append((x, y, z))
        gone = ((ras.to_mm(room) - ras.to_mm(voxel)) ** 2).sum(axis=1) < distance_mm**2
        gone |= (room == voxel).all(axis=1)
        room = room[~gone]
    return tuple(drawn)
