"""Voxel overlap of two masks."""

import numpy as np
from numpy.typing import NDArray

from segmentation.evaluation.undefined import Undefined


def dice(mask: NDArray[np.bool_], reference: NDArray[np.bool_]) -> float | Undefined:
    """Dice similarity coefficient 2 |A and B| / (|A| + |B|), from 0 to 1 (1: identical).

    Undefined when both masks are empty. Raises ValueError for different shapes. (Hindsholm et al.
    print 1 - DSC, which is the training loss.)
    """
    if mask.shape != reference.shape:
        raise ValueError(f"masks of {mask.shape} and {reference.shape}")
    total = int(mask.sum()) + int(reference.sum())
    if total == 0:
        return Undefined("both masks are empty")
    return 2 * int((mask & reference).sum()) / total
