"""The dot mask: dots as labelled voxels of the scan's own grid."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from segmentation.imaging.geometry import Grid
from segmentation.refusals import Refusal

Voxel = tuple[int, int, int]


class DotOutside(Refusal):
    """A dot does not lie in the volume."""


def dot_mask(
    dots: Mapping[int, Voxel], *, grid: Grid, radius_mm: float = 0.0
) -> NDArray[np.uint16]:
    """This will label the dots (RAS voxels by label, from 1) in an array in stored order.

    With a radius each dot becomes a ball: the voxels whose centres are at most that far away; where
    balls meet, a voxel goes to the nearest dot, and every dot keeps its own voxel. No dot gives
    zeros. Raises DotOutside.
    """
    ras = grid.ras
    labels = np.zeros(ras.shape, dtype=np.uint16)
    nearest = np.full(ras.shape, np.inf)
    outside = sorted(
        label
        for label, voxel in dots.items()
        if not all(0 <= at < size for at, size in zip(voxel, ras.shape, strict=True))
    )
    if outside:
        raise DotOutside(
            f"{len(outside)} dots lie outside the scan (the first is dot {outside[0]}). Nothing "
            "was written; the candidates do not belong to this scan."
        )
    reach = np.ceil(radius_mm / np.array(ras.spacing_mm)).astype(int) + 1
    for label, voxel in sorted(dots.items()):
        low = np.maximum(np.array(voxel) - reach, 0)
        high = np.minimum(np.array(voxel) + reach + 1, ras.shape)
        box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        at = np.stack(
            np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij"),
            axis=-1,
        )
        away = np.sqrt(((ras.to_mm(at) - ras.to_mm(np.array(voxel))) ** 2).sum(axis=-1))
        wins = (away <= radius_mm + 1e-9) & (away < nearest[box])
        labels[box][wins] = label
        nearest[box][wins] = away[wins]
    return grid.to_native(labels)
