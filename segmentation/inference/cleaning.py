"""From a probability map to a mask: threshold, brain, size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from segmentation.imaging.geometry import Grid
from segmentation.imaging.lesions import drop_small_lesions


def brain_mask(probability: NDArray[np.float32]) -> NDArray[np.bool_]:
    """This will return the largest connected part where a brain is likely, its holes filled.

    Empty when no voxel reaches 0.5.
    """
    likely = probability > 0.5
    labels, count = ndimage.label(likely)
    if not count:
        return likely
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(ndimage.binary_fill_holes(labels == sizes.argmax()))


def without_rim(brain: NDArray[np.bool_], *, grid: Grid, rim_mm: float) -> NDArray[np.bool_]:
    """This will return a brain without its outermost millimetres: cortex, or vessels and dura.

    Along each axis as many voxels go as lie within the rim: none where they are longer than it is.
    Nothing goes at the edge of the scan.
    """
    steps = [int(rim_mm / mm + 1e-3) for mm in grid.spacing_mm]
    for step in range(max(steps)):
        cross = np.zeros((3, 3, 3), dtype=bool)
        for axis, last in enumerate(steps):
            if step < last:
                np.moveaxis(cross, axis, 0)[:, 1, 1] = True
        brain = np.asarray(ndimage.binary_erosion(brain, cross, border_value=1))
    return brain


def clean_mask(
    probability: NDArray[np.float32],
    *,
    brain: NDArray[np.bool_],
    grid: Grid,
    threshold: float,
    min_volume_mm3: float,
    connectivity: int,
) -> NDArray[np.bool_]:
    """This will threshold (strict >) inside the brain and drop small lesions (strict <)."""
    return drop_small_lesions(
        (probability > threshold) & brain,
        grid=grid,
        min_volume_mm3=min_volume_mm3,
        connectivity=connectivity,
    )
