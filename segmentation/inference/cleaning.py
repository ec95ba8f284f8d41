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
