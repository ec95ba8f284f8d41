"""Which drawn lesions lie at which dots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segmentation.imaging.geometry import Grid
from segmentation.imaging.lesions import lesions_in

Point = tuple[float, float, float]


@dataclass(frozen=True)
class DrawnAtDots:
    """For each dot the ids of the lesions within reach, and the lesions at no dot at all."""

    at_dot: tuple[frozenset[int], ...]
    elsewhere: frozenset[int]


def lesions_at_dots(
    mask: NDArray[np.bool_], *, dots_mm: Sequence[Point], grid: Grid, reach_mm: float
) -> DrawnAtDots:
    """This will find the lesions of a mask (stored order) that come within reach of each dot.

    Within reach is a lesion with a voxel whose centre is at most `reach_mm` from the dot: somebody
    may draw a lesion narrower than the candidate whose centre the dot is. An empty mask has none.
    """
    found = lesions_in(mask, grid=grid)
    voxels = np.stack(np.unravel_index(found.at, grid.ras.shape), axis=-1)
    mm = grid.ras.to_mm(voxels)
    at_dot = tuple(
        frozenset(found.ids[((mm - np.array(dot)) ** 2).sum(axis=1) <= reach_mm**2].tolist())
        for dot in dots_mm
    )
    known = frozenset[int]().union(*at_dot)
    return DrawnAtDots(at_dot, frozenset(np.unique(found.ids).tolist()) - known)
