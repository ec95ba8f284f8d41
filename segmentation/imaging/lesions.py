"""Lesions: the connected components of a mask, their sizes and centres."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from segmentation.imaging.geometry import Grid

CONNECTIVITY = {6: 1, 18: 2, 26: 3}  # neighbours of a voxel -> rank of SciPy's structuring element


@dataclass(frozen=True)
class Lesion:
    """One connected component of a mask.

    `centre_mm` is its centre of mass; `voxel_mm` is the centre of its voxel nearest to that, so it
    always lies in the lesion, ring-shaped ones included. Both in RAS+ millimetres.
    """

    id: int
    voxels: int
    volume_mm3: float
    centre_mm: tuple[float, float, float]
    voxel_mm: tuple[float, float, float]


def find_lesions(
    mask: NDArray[np.bool_], *, grid: Grid, connectivity: int = 26
) -> tuple[NDArray[np.int32], tuple[Lesion, ...]]:
    """This will label the lesions of a mask (stored order) from 1 to n.

    Numbers follow the RAS order of the lesions' first voxels (x slowest), so they do not depend on
    how the scan is stored. Returns labels of the mask's shape, and the lesions in that order; an
    empty mask gives zeros and an empty tuple. Raises ValueError for an unknown connectivity.
    """
    labels = np.zeros(grid.ras.shape, dtype=np.int32)
    ras = grid.to_ras(mask.astype(bool))
    box = ndimage.find_objects(ras.astype(np.uint8))
    if not box:
        return grid.to_native(labels), ()
    inside = np.ascontiguousarray(ras[box[0]])
    structure = ndimage.generate_binary_structure(3, CONNECTIVITY[connectivity])
    found, count = ndimage.label(inside, structure=structure)
    labels[box[0]] = found
    start = np.array([axis.start for axis in box[0]])
    places = np.argwhere(found)
    ids = found[found > 0]
    order = np.argsort(ids, kind="stable")
    places, ids = places[order] + start, ids[order]
    cuts = np.searchsorted(ids, np.arange(1, count + 2))
    lesions = tuple(
        _lesion(id_, places[cuts[id_ - 1] : cuts[id_]], grid.ras) for id_ in range(1, count + 1)
    )
    return grid.to_native(labels), lesions


def _lesion(id_: int, voxels: NDArray[np.int64], grid: Grid) -> Lesion:
    mm = grid.to_mm(voxels)
    centre = mm.mean(axis=0)
    nearest = mm[((mm - centre) ** 2).sum(axis=1).argmin()]
    return Lesion(
        id=id_,
        voxels=len(voxels),
        volume_mm3=len(voxels) * grid.voxel_volume_mm3,
        centre_mm=_point(centre),
        voxel_mm=_point(nearest),
    )


def _point(mm: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (round(value, 4) for value in mm.tolist())
    return x, y, z


def drop_small_lesions(
    mask: NDArray[np.bool_], *, grid: Grid, min_volume_mm3: float, connectivity: int = 26
) -> NDArray[np.bool_]:
    """This will return the mask without lesions smaller (strictly) than `min_volume_mm3`."""
    labels, lesions = find_lesions(mask, grid=grid, connectivity=connectivity)
    fewest = min_voxels_kept(voxel_volume_mm3=grid.voxel_volume_mm3, min_volume_mm3=min_volume_mm3)
    kept = np.array([False, *(lesion.voxels >= fewest for lesion in lesions)])
    return np.asarray(kept[labels])


def min_voxels_kept(*, voxel_volume_mm3: float, min_volume_mm3: float) -> int:
    """The fewest voxels with which a lesion is kept on a grid: the effective threshold.

    Headers store spacings as float32; the volume is rounded to 6 digits first, so that 8 voxels of
    1.33670 mm3 are not kept or dropped by a rounding error.
    """
    exact = Fraction(f"{min_volume_mm3:.6f}") / Fraction(f"{voxel_volume_mm3:.6f}")
    return max(1, math.ceil(exact))
