"""Voxel overlap of two masks, and how far several differ."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from segmentation.evaluation.undefined import Undefined
from segmentation.imaging.components import Components


def dice(mask: NDArray[np.bool_], reference: NDArray[np.bool_]) -> float | Undefined:
    """Dice similarity coefficient 2 |A and B| / (|A| + |B|), from 0 to 1 (1: identical).

    Undefined when both masks are empty. Raises ValueError for different shapes. (Hindsholm et al.
    print 1 - DSC, which is the training loss.)
    """
    if mask.shape != reference.shape:
        raise ValueError(f"masks of {mask.shape} and {reference.shape}")
    return _dice(int((mask & reference).sum()), int(mask.sum()) + int(reference.sum()))


def dice_of(mask: Components, reference: Components) -> float | Undefined:
    """The same of what `find_components` found in two masks of one shape."""
    shared = np.intersect1d(mask.at, reference.at, assume_unique=True)
    return _dice(len(shared), len(mask.at) + len(reference.at))


def disagreement(masks: Sequence[NDArray[np.bool_]]) -> float | Undefined:
    """How far masks of one case differ: 1 minus the mean DSC of all pairs (0: all are the same).

    Two empty masks do not differ. Undefined for fewer than two masks. Raises ValueError for
    different shapes.
    """
    if len(masks) < 2:
        return Undefined("there are fewer than two masks")
    scores = [dice(one, other) for one, other in combinations(masks, 2)]
    agreed = [1.0 if isinstance(score, Undefined) else score for score in scores]
    return 1 - sum(agreed) / len(agreed)


def _dice(shared: int, total: int) -> float | Undefined:
    return 2 * shared / total if total else Undefined("both masks are empty")
