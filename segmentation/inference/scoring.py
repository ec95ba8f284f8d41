"""Gaussian normalisation as Li et al. do it, and the head mask that it needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from segmentation.inference.framing import Window
from segmentation.inference.preparation import tissue_peak

RELATIVE = 0.25  # of the tissue's peak: what is darker is air


def head_mask(slices: NDArray[np.float32], *, threshold: float | None) -> NDArray[np.bool_]:
    """This will return what is not air in (slices, height, width), holes filled slice by slice.

    `threshold` is in the scanner's own units, as published (30 or 70), and means nothing on other
    scanners; None: a quarter of the tissue's peak. Empty where there is no tissue.
    """
    if threshold is None:
        peak = tissue_peak(slices)
        if peak is None:
            return np.zeros(slices.shape, dtype=bool)
        threshold = RELATIVE * peak
    head = slices >= threshold
    return np.stack([np.asarray(ndimage.binary_fill_holes(one)) for one in head])


def standardised(slices: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """This will subtract the mean and divide by the SD, both over the mask.

    With an empty mask, or where all its voxels are equal, every voxel becomes 0.
    """
    inside = slices[mask]
    spread = float(inside.std()) if inside.size else 0.0
    if spread <= 1e-6 * max(1.0, abs(float(inside.mean()) if inside.size else 0.0)):
        return np.zeros(slices.shape, dtype=np.float32)
    return np.asarray((slices - inside.mean()) / spread, dtype=np.float32)


def shown(
    slices: NDArray[np.float32], window: Window, *, threshold: float | None = None
) -> NDArray[np.float32]:
    """This will normalise (slices, height, width) over the head and cut it to a network's window.

    Beyond the image lies its lowest value. `threshold` as in `head_mask`.
    """
    normal = standardised(slices, head_mask(slices, threshold=threshold))
    return window.cut(normal, fill=float(normal.min()))
