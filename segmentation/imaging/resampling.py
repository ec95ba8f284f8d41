"""Bringing data from one grid to another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from segmentation.imaging.geometry import Grid

FWHM_TO_SIGMA = 1 / 2.3548
SHRINKS_FROM = 1.05  # ratio of spacings from which voxels are averaged first


def respaced(grid: Grid, *, spacing_mm: tuple[float, float, float]) -> Grid:
    """This will return an RAS-ordered grid of another spacing about the same centre.

    It covers what the grid covers, to half a voxel; every axis keeps at least one voxel.
    """
    ras = grid.ras
    lengths = np.array(ras.shape) * ras.spacing_mm
    x, y, z = (max(1, round(n)) for n in (lengths / spacing_mm).tolist())
    directions = ras.affine[:3, :3] / ras.spacing_mm
    affine = np.eye(4)
    affine[:3, :3] = directions * spacing_mm
    centre = ras.to_mm((np.array(ras.shape) - 1) / 2)
    affine[:3, 3] = centre - affine[:3, :3] @ ((np.array([x, y, z]) - 1) / 2)
    return Grid((x, y, z), affine)


def resample(
    data: NDArray[np.float32],
    *,
    source: Grid,
    target: Grid,
    to_source_mm: NDArray[np.float64] | None = None,
    fill: float = 0.0,
) -> NDArray[np.float32]:
    """This will read data (stored order of `source`) at the voxel centres of `target`, linearly.

    `to_source_mm` (4 x 4) takes millimetres of the target's world to the source's; None: they are
    the same. Where the target is coarser, the data are smoothed first (FWHM: the coarser voxel).
    Outside the source it is `fill`. Equal grids give the data unchanged.
    """
    if to_source_mm is None and source.matches(target):
        return np.asarray(data, dtype=np.float32)
    moved = np.eye(4) if to_source_mm is None else to_source_mm
    voxel = np.linalg.inv(source.affine) @ moved @ target.affine
    ratios = np.abs(np.linalg.inv(source.affine)[:3, :3] @ moved[:3, :3] @ target.affine[:3, :3])
    step = ratios.max(axis=1)  # source voxels that one target voxel spans, by source axis
    sigma = np.where(step > SHRINKS_FROM, np.sqrt(np.maximum(step**2 - 1, 0)) * FWHM_TO_SIGMA, 0)
    smooth = np.asarray(data, dtype=np.float32)
    if sigma.any():
        smooth = ndimage.gaussian_filter(smooth, sigma, mode="nearest")
    return np.asarray(
        ndimage.affine_transform(
            smooth,
            voxel[:3, :3],
            voxel[:3, 3],
            output_shape=target.shape,
            order=1,
            mode="grid-constant",
            cval=fill,
        ),
        dtype=np.float32,
    )


def resample_mask(mask: NDArray[np.bool_], *, source: Grid, target: Grid) -> NDArray[np.bool_]:
    """This will say of each voxel of `target` whether more than half of it lies in the mask."""
    return resample(mask.astype(np.float32), source=source, target=target) > 0.5
