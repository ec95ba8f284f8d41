"""Tissue classes: three Gaussians and a liking for neighbours of one's own kind.

What SPM's segmentation gives LST, in its simplest form: each voxel of the brain is a mixture of
cerebrospinal fluid (CSF), grey and white matter by its intensity, the voxels around it and, where
there are any, prior maps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Data = NDArray[np.float32]
ROUNDS = 20
NEIGHBOURS = 3.0  # how much the mean of the six neighbours counts, as an exponent
LEAST_SD = 0.02  # of the intensities' range, so that no class shrinks onto one value


@dataclass(frozen=True, eq=False)
class Tissue:
    """Probabilities (3, x, y, z) of CSF, grey and white matter; all 0 outside the brain."""

    maps: Data

    @property
    def labels(self) -> NDArray[np.uint8]:
        """0 outside, 1 CSF, 2 grey, 3 white matter."""
        inside = self.maps.sum(axis=0) > 0
        return np.where(inside, self.maps.argmax(axis=0) + 1, 0).astype(np.uint8)


def classify_tissue(
    image: Data,
    brain: NDArray[np.bool_],
    *,
    order: tuple[int, int, int] = (0, 1, 2),
    priors: Data | None = None,
) -> Tissue:
    """This will classify the voxels of a brain.

    `order` gives each class its rank by intensity: (0, 1, 2) for T1 (CSF darkest, white matter
    brightest), (0, 2, 1) for FLAIR. `priors` (3, x, y, z) are fixed where given. Expectation and
    maximisation, 20 rounds. A brain without contrast is all grey matter; an empty one has none.
    """
    maps = np.zeros((3, *brain.shape), dtype=np.float32)
    values = image[brain].astype(np.float64)
    if not values.size:
        return Tissue(maps)
    low, high = np.percentile(values, (0.5, 99.5))
    if not high > low:
        maps[1][brain] = 1
        return Tissue(maps)
    values = np.clip((values - low) / (high - low), 0, 1)
    fixed = None if priors is None else np.maximum(priors[:, brain].astype(np.float64), 1e-3)
    centres = np.percentile(values, (8, 45, 80))[list(order)]
    spreads, shares = np.full(3, 0.15), np.array([0.2, 0.4, 0.4])
    likely = np.zeros((3, values.size))
    for number in range(ROUNDS):
        around = _around(maps, brain) if number >= ROUNDS // 2 else np.zeros((3, values.size))
        for one in range(3):
            prior = shares[one] if fixed is None else fixed[one]
            error = (values - centres[one]) / spreads[one]
            likely[one] = prior / spreads[one] * np.exp(-0.5 * error**2 + NEIGHBOURS * around[one])
        likely /= likely.sum(axis=0) + 1e-30
        weight = likely.sum(axis=1) + 1e-9
        shares = weight / weight.sum()
        centres = (likely * values).sum(axis=1) / weight
        spreads = np.sqrt((likely * (values - centres[:, None]) ** 2).sum(axis=1) / weight)
        spreads = np.maximum(spreads, LEAST_SD)
        maps[:, brain] = likely
    return Tissue(maps)


def _around(maps: Data, brain: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The mean of each class over the six neighbours, at the brain's voxels."""
    return np.stack([six_neighbour_sum(one)[brain] / 6 for one in maps]).astype(np.float64)


def six_neighbour_sum(image: Data) -> Data:
    """The sum over the six face neighbours; 0 beyond the volume."""
    kernel = ndimage.generate_binary_structure(3, 1).astype(np.float32)
    kernel[1, 1, 1] = 0
    return np.asarray(ndimage.convolve(image.astype(np.float32), kernel, mode="constant"))
