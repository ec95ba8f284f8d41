"""Making scans of different scanners and grids comparable before a network sees them.

The network works on axial slices of 1 mm pixels in RAS order; the slices stay as thick as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch.nn import functional

from segmentation.imaging.geometry import Grid
from segmentation.imaging.nifti import Volume

PIXEL_MM = 1.0
MULTIPLE = 16
LOWEST, HIGHEST = -5.0, 10.0
NEIGHBOUR_MM = 2.5  # about how far away the neighbours are that a network sees beside a slice
THICK_MM = 2.0
COARSE_MM = 4.0
BIAS_SIGMA_MM = 22.0


@dataclass(frozen=True, eq=False)
class Slices:
    """A prepared volume: (slices, height, width) float32, and the way back to the scan.

    `inner` is the size of a slice before padding to a multiple of 16.
    """

    pixels: NDArray[np.float32]
    inner: tuple[int, int]
    grid: Grid

    @property
    def stride(self) -> int:
        """How many slices away the neighbours are; see `neighbour_stride`."""
        return neighbour_stride(self.grid.ras.spacing_mm[2])

    def of_scan(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """This will bring a mask in the scan's own order to the slices."""
        likely = self.grid.to_ras(mask).astype(np.float32)
        return _sliced(likely, self.inner, fill=0.0) > 0.5

    def to_scan(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """This will bring maps on the slices (slices, height, width) to the scan's own order."""
        rows, columns = self.inner
        top, left = _margins(self.pixels.shape[1:], self.inner)
        cut = torch.from_numpy(maps[:, top : top + rows, left : left + columns])
        back = _resized(cut, self.grid.ras.shape[:2])
        return np.ascontiguousarray(self.grid.to_native(back.permute(1, 2, 0).numpy()))


def neighbour_stride(slice_mm: float) -> int:
    """How many slices away a network's neighbouring slices are: 1, and more in thin slices.

    Neighbours of 1 mm slices show almost the same; a little further away they show whether a bright
    spot is a lesion or a fold of the cortex.
    """
    return max(1, int(NEIGHBOUR_MM / slice_mm + 0.5)) if slice_mm > 0 else 1


def smoothed_across(
    maps: NDArray[np.float32], *, slice_mm: float, sigma_mm: float
) -> NDArray[np.float32]:
    """This will smooth maps (..., slices, height, width) across slices that are thin.

    A network that sees slices one by one wavers from one thin slice to the next. Slices of 2 mm and
    more stay as they are.
    """
    if slice_mm >= THICK_MM:
        return maps
    return np.asarray(
        ndimage.gaussian_filter1d(maps, sigma_mm / slice_mm, axis=-3, mode="nearest"), np.float32
    )


def prepare(volume: Volume) -> Slices:
    """This will normalise a scan, bring it to 1 mm pixels and cut it into padded axial slices."""
    grid = volume.grid
    normal = normalise(grid.to_ras(volume.data).astype(np.float32), grid.ras.spacing_mm)
    inner = (
        max(1, round(grid.ras.shape[0] * grid.ras.spacing_mm[0] / PIXEL_MM)),
        max(1, round(grid.ras.shape[1] * grid.ras.spacing_mm[1] / PIXEL_MM)),
    )
    return Slices(_sliced(normal, inner, fill=LOWEST), inner, grid)


def _sliced(
    array: NDArray[np.float32], inner: tuple[int, int], *, fill: float
) -> NDArray[np.float32]:
    """(x, y, z) to slices of `inner` pixels, padded to multiples of 16."""
    small = _resized(torch.from_numpy(np.ascontiguousarray(array)).permute(2, 0, 1), inner)
    padded = (len(small), *(math.ceil(n / MULTIPLE) * MULTIPLE for n in inner))
    pixels = np.full(padded, fill, dtype=np.float32)
    top, left = _margins(padded[1:], inner)
    pixels[:, top : top + inner[0], left : left + inner[1]] = small.numpy()
    return pixels


def _margins(padded: tuple[int, ...], inner: tuple[int, int]) -> tuple[int, int]:
    return (padded[0] - inner[0]) // 2, (padded[1] - inner[1]) // 2


def _resized(stack: torch.Tensor, size: tuple[int, ...]) -> torch.Tensor:
    """(slices, a, b) to (slices, *size), linear; averaged where it shrinks."""
    if tuple(stack.shape[1:]) == tuple(size):
        return stack
    resized: torch.Tensor = functional.interpolate(
        stack[:, None], size=tuple(size), mode="bilinear", antialias=True, align_corners=False
    )[:, 0]
    return resized


def normalise(
    image: NDArray[np.float32], spacing_mm: tuple[float, float, float]
) -> NDArray[np.float32]:
    """This will express a FLAIR relative to its tissue peak: 0 there, -5 in air, clipped at 10.

    z = clip(5 (I / peak - 1), -5, 10), after two rounds of removing the slow bias field. No brain
    mask is needed. An image without tissue (constant, or nothing above 0) becomes -5 everywhere.
    """
    peak = tissue_peak(image)
    if peak is None:
        return np.full(image.shape, LOWEST, dtype=np.float32)
    for _ in range(2):
        image = image / _bias(image / peak, spacing_mm)
        peak = tissue_peak(image) or peak
    normal = np.clip(5 * (image / peak - 1), LOWEST, HIGHEST)
    return np.asarray(normal, dtype=np.float32)


def evened(volume: Volume) -> NDArray[np.float32]:
    """This will remove the slow bias field: intensities relative to the tissue's peak, up to 3.

    In the scan's own order. A scan without tissue becomes 0 everywhere.
    """
    grid = volume.grid
    normal = normalise(grid.to_ras(volume.data).astype(np.float32), grid.ras.spacing_mm)
    return np.asarray(np.ascontiguousarray(grid.to_native(normal)) / 5 + 1, dtype=np.float32)


def tissue_peak(image: NDArray[np.float32]) -> float | None:
    """The mode of the voxels above a quarter of the 99.5th percentile; None without any."""
    top = float(np.percentile(image, 99.5))
    bright = image[image > 0.25 * top]
    if top <= 0 or bright.size < 2:
        return None
    counts, edges = np.histogram(bright, bins=200, range=(0.25 * top, 1.05 * top))
    smooth = ndimage.gaussian_filter1d(counts.astype(float), 3)
    at = int(smooth.argmax())
    return float((edges[at] + edges[at + 1]) / 2)


def _bias(
    relative: NDArray[np.float32], spacing_mm: tuple[float, float, float]
) -> NDArray[np.float32]:
    """The slow intensity field of an image whose tissue peak is 1, from voxels near the peak."""
    coarse = torch.from_numpy(np.ascontiguousarray(relative))[None, None]
    size = [
        max(2, round(n * mm / COARSE_MM)) for n, mm in zip(relative.shape, spacing_mm, strict=True)
    ]
    small = functional.interpolate(coarse, size=size, mode="area")[0, 0].numpy()
    tissue = ((small > 0.7) & (small < 1.28)).astype(np.float32)
    sigma = BIAS_SIGMA_MM / COARSE_MM
    weight = ndimage.gaussian_filter(tissue, sigma)
    field = ndimage.gaussian_filter(small * tissue, sigma) / np.maximum(weight, 1e-3)
    field = np.where(weight > 1e-3, field, 1.0).astype(np.float32)
    full = functional.interpolate(
        torch.from_numpy(field)[None, None],
        size=relative.shape,
        mode="trilinear",
        align_corners=False,
    )
    return np.asarray(full[0, 0].numpy())
