"""Distance between outlines, and difference of volumes, as the WMH challenge defines them.

Kuijf et al. 2019, IEEE Transactions on Medical Imaging 38:2556; the definitions are those of the
challenge's evaluation as corrected in August 2017.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from segmentation.evaluation.undefined import Undefined
from segmentation.imaging.components import Components
from segmentation.imaging.geometry import Grid

IN_PLANE = np.ones((3, 3, 1), dtype=bool)


def hausdorff_95(mask: Components, reference: Components, *, grid: Grid) -> float | Undefined:
    """This will compute the 95th percentile of outline distances in mm, the larger of both ways.

    The outline is what an erosion by one voxel within each axial slice takes away; outside the scan
    counts as inside. `grid` is the RAS grid of both. Undefined where a mask is empty.
    """
    for voxels, name in ((mask, "mask"), (reference, "reference")):
        if not voxels.count:
            return Undefined(f"the {name} is empty")
    one, other = (_outline_mm(voxels, grid) for voxels in (mask, reference))
    return max(
        float(np.percentile(KDTree(there).query(here)[0], 95))
        for here, there in ((one, other), (other, one))
    )


def volume_difference(mask: Components, reference: Components) -> float | Undefined:
    """This will compute the absolute difference of volumes as a percentage of the reference's."""
    known = len(reference.at)
    if not known:
        return Undefined("the reference is empty")
    return 100 * abs(len(mask.at) - known) / known


def _outline_mm(voxels: Components, grid: Grid) -> NDArray[np.float64]:
    """The places (n, 3) of a mask's outline voxels in mm; at least one voxel."""
    places = np.stack(np.unravel_index(voxels.at, grid.shape), axis=-1)
    low, high = places.min(axis=0), places.max(axis=0) + 1
    before, after = np.minimum(low, 1), np.minimum(np.array(grid.shape) - high, 1)
    inside = np.zeros(high - low + before + after, dtype=bool)
    inside[tuple((places - low + before).T)] = True
    outline = inside & ~ndimage.binary_erosion(inside, IN_PLANE, border_value=1)
    return grid.to_mm(np.argwhere(outline) + low - before)
