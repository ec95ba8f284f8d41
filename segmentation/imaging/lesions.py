"""Lesions: the connected components of a mask, their sizes and centres."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from segmentation.imaging.components import Components, find_components
from segmentation.imaging.geometry import Grid


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
    ras = grid.ras
    found = find_components(grid.to_ras(mask.astype(bool)), connectivity=connectivity)
    labels = np.zeros(ras.shape, dtype=np.int32)
    labels.reshape(-1)[found.at] = found.ids
    if not found.count:
        return grid.to_native(labels), ()
    order = np.argsort(found.ids, kind="stable")
    ids, sizes = found.ids[order], found.sizes
    places = ras.to_mm(np.stack(np.unravel_index(found.at[order], ras.shape), axis=-1))
    starts = np.cumsum(sizes) - sizes
    centres = np.add.reduceat(places, starts) / sizes[:, None]
    away = ((places - centres[ids - 1]) ** 2).sum(axis=1)
    nearest = np.lexsort((away, ids))[starts]
    lesions = tuple(
        Lesion(
            id=id_,
            voxels=voxels,
            volume_mm3=voxels * ras.voxel_volume_mm3,
            centre_mm=_point(centre),
            voxel_mm=_point(voxel),
        )
        for id_, voxels, centre, voxel in zip(
            range(1, found.count + 1), sizes.tolist(), centres, places[nearest], strict=True
        )
    )
    return grid.to_native(labels), lesions


def _point(mm: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (round(value, 4) for value in mm.tolist())
    return x, y, z


def drop_small_lesions(
    mask: NDArray[np.bool_], *, grid: Grid, min_volume_mm3: float, connectivity: int = 26
) -> NDArray[np.bool_]:
    """This will return the mask without lesions smaller (strictly) than `min_volume_mm3`."""
    found = lesions_in(mask, grid=grid, min_volume_mm3=min_volume_mm3, connectivity=connectivity)
    kept = np.zeros(grid.ras.shape, dtype=bool)
    kept.reshape(-1)[found.at] = True
    return grid.to_native(kept)


def lesions_in(
    mask: NDArray[np.bool_], *, grid: Grid, min_volume_mm3: float = 0.0, connectivity: int = 26
) -> Components:
    """This will find the lesions of a mask, as voxels of the RAS grid, without smaller ones.

    Numbers are those of `find_lesions`. Raises ValueError when the mask does not lie on the grid.
    """
    if mask.shape != grid.shape:
        raise ValueError(f"a mask of {mask.shape} on a grid of {grid.shape}")
    found = find_components(grid.to_ras(mask.astype(bool)), connectivity=connectivity)
    return found.of_at_least(
        min_voxels_kept(voxel_volume_mm3=grid.voxel_volume_mm3, min_volume_mm3=min_volume_mm3)
    )


def min_voxels_kept(*, voxel_volume_mm3: float, min_volume_mm3: float) -> int:
    """The fewest voxels with which a lesion is kept on a grid: the effective threshold.

    Headers store spacings as float32; the volume is rounded to 6 digits first, so that 8 voxels of
    1.33670 mm3 are not kept or dropped by a rounding error.
    """
    exact = Fraction(f"{min_volume_mm3:.6f}") / Fraction(f"{voxel_volume_mm3:.6f}")
    return max(1, math.ceil(exact))
