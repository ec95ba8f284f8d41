"""How sure a method was of a mask, from the probability map behind it."""

import numpy as np
from numpy.typing import NDArray

LEAST_PROBABILITY = 0.05  # less is background: so much of it that it would hide the rest


def uncertainty(probability: NDArray[np.floating]) -> float:
    """Mean entropy in bits of the voxels that may be lesion, from 0 (sure) to 1 (all at a half).

    The entropy of a voxel is -p log2 p - (1 - p) log2(1 - p): Shannon's, which Nair et al. (Medical
    Image Analysis 59, 101557, 2020, doi 10.1016/j.media.2019.101557) use among others for MS
    lesions; here of the one map that a method gives, not of samples. A voxel may be lesion where p
    is at least LEAST_PROBABILITY. 0 where there is none.
    """
    of_lesions = probability[probability >= LEAST_PROBABILITY].astype(np.float64)
    if of_lesions.size == 0:
        return 0.0
    p = np.clip(of_lesions, 0, 1)
    inside = p[(p > 0) & (p < 1)]
    bits = -inside * np.log2(inside) - (1 - inside) * np.log2(1 - inside)
    return float(bits.sum() / of_lesions.size)
