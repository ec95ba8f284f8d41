"""One mask out of several delineators' masks of one scan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RULES = {
    "union": "Union",
    "intersection": "Intersection",
    "majority": "Majority",
    "staple": "STAPLE",
}


def consensus(masks: Sequence[NDArray[np.bool_]], *, rule: str) -> NDArray[np.bool_]:
    """This will fuse two or more masks of one shape by one of RULES.

    `majority` takes voxels that more than half of the masks have; of two masks that is their
    intersection. `staple` takes voxels whose estimated probability is at least 0.5; an empty union
    stays empty. Raises ValueError for fewer than two masks, several shapes or an unknown rule.
    Source of STAPLE: Warfield et al. 2004, IEEE Transactions on Medical Imaging 23:903.
    """
    if len(masks) < 2:
        raise ValueError("a consensus needs at least two masks")
    if len({mask.shape for mask in masks}) > 1:
        raise ValueError("the masks have several shapes")
    drawn_by = np.sum([mask.astype(np.uint8) for mask in masks], axis=0)
    if rule == "union":
        return np.asarray(drawn_by > 0)
    if rule == "intersection":
        return np.asarray(drawn_by == len(masks))
    if rule == "majority":
        return np.asarray(2 * drawn_by > len(masks))
    if rule == "staple":
        return _staple(masks, drawn_by)
    raise ValueError(f"no rule {rule!r}; there is {', '.join(RULES)}")


def _staple(masks: Sequence[NDArray[np.bool_]], drawn_by: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """STAPLE over the whole scan; where all agree everywhere there is nothing to estimate."""
    if np.isin(drawn_by, (0, len(masks))).all():
        return np.asarray(drawn_by > 0)
    import SimpleITK  # large, and only who fuses needs it

    images = [SimpleITK.GetImageFromArray(mask.astype(np.uint8)) for mask in masks]
    probability = SimpleITK.GetArrayFromImage(SimpleITK.STAPLE(images, 1.0))
    return np.asarray(probability >= 0.5)
