"""Making scans of different scanners and grids comparable before a network sees them.

The network works on slices of 1 mm pixels in RAS order. Thick ones stay as thick as they are; thin
ones become 1 mm thin, so that the scan can be cut into the slices of any plane.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

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
THICK_MM = 2.0  # slices from here on are not looked through
COARSE_MM = 4.0
BIAS_SIGMA_MM = 22.0
SAGITTAL, CORONAL, AXIAL = PLANES = (0, 1, 2)  # the axis that runs across the slices of a plane
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A prepared volume (x, y, z) float32 in RAS order, and the way back to the scan.

    `inner` is its size before padding to multiples of 16. `slice_mm` is how thick its axial slices
    are; where that is 1 mm, `planes` are all three, else the axial one.
    """

    pixels: NDArray[np.float32]
    inner: tuple[int, int, int]
    slice_mm: float
    grid: Grid

    @property
    def planes(self) -> tuple[int, ...]:
        return PLANES if self.slice_mm == PIXEL_MM else (AXIAL,)

    @property
    def stride(self) -> int:
        """How many slices away the neighbours are; see `neighbour_stride`."""
        return neighbour_stride(self.slice_mm)

    def of_scan(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """This will bring a mask in the scan's own order to the prepared volume."""
        likely = self.grid.to_ras(mask).astype(np.float32)
        return _padded(_resized(likely, self.inner), self.pixels.shape, fill=0.0) > 0.5

    def to_scan(self, likely: NDArray[np.float32]) -> NDArray[np.float32]:
        """This will bring a map of the prepared volume to the scan's own order."""
        back = _resized(likely[_within(likely.shape, self.inner)], self.grid.ras.shape)
        return np.ascontiguousarray(self.grid.to_native(back))


def stack(array: NDArray[Scalar], plane: int) -> NDArray[Scalar]:
    """This will cut a volume (x, y, z) into the slices of a plane (slices, height, width)."""
    return np.ascontiguousarray(np.moveaxis(array, plane, 0))


def neighbour_stride(slice_mm: float) -> int:
    """How many slices away a network's neighbouring slices are: 1, and more in thin slices.

    Neighbours of 1 mm slices show almost the same; a little further away they show whether a bright
    spot is a lesion or a fold of the cortex.
    """
    return max(1, int(NEIGHBOUR_MM / slice_mm + 0.5)) if slice_mm > 0 else 1


def prepare(volume: Volume) -> Prepared:
    """This will normalise a scan and bring it to 1 mm pixels, and thin slices to 1 mm."""
    grid = volume.grid
    normal = normalise(grid.to_ras(volume.data).astype(np.float32), grid.ras.spacing_mm)
    slice_mm = grid.ras.spacing_mm[AXIAL]
    x, y, z = (
        max(1, round(n * mm / PIXEL_MM))
        for n, mm in zip(grid.ras.shape, grid.ras.spacing_mm, strict=True)
    )
    if slice_mm >= THICK_MM:
        size = (x, y, grid.ras.shape[AXIAL])
        padded = (*_multiples(x, y), size[AXIAL])
    else:
        slice_mm, size = PIXEL_MM, (x, y, z)
        padded = _multiples(*size)
    return Prepared(_padded(_resized(normal, size), padded, fill=LOWEST), size, slice_mm, grid)


def _multiples(*sizes: int) -> tuple[int, ...]:
    """Sizes rounded up to what the network takes."""
    return tuple(math.ceil(n / MULTIPLE) * MULTIPLE for n in sizes)


def _padded(array: NDArray[np.float32], size: Sequence[int], *, fill: float) -> NDArray[np.float32]:
    """An array in the middle of a larger one."""
    padded = np.full(size, fill, dtype=np.float32)
    padded[_within(size, array.shape)] = array
    return padded


def _within(size: Sequence[int], inner: Sequence[int]) -> tuple[slice, ...]:
    """Where an inner block lies in a larger one."""
    starts = [(outer - own) // 2 for outer, own in zip(size, inner, strict=True)]
    return tuple(slice(start, start + own) for start, own in zip(starts, inner, strict=True))


def _resized(array: NDArray[np.float32], size: Sequence[int]) -> NDArray[np.float32]:
    """A volume (x, y, z) of another size, linear; averaged where it shrinks."""
    if array.shape[:2] != tuple(size[:2]):
        array = _resized_slices(array.transpose(2, 0, 1), size[:2]).transpose(1, 2, 0)
    if array.shape[2] != size[2]:
        array = _resized_slices(array, size[1:])
    return array


def _resized_slices(stack: NDArray[np.float32], size: Sequence[int]) -> NDArray[np.float32]:
    """(slices, a, b) to (slices, *size)."""
    slices = torch.from_numpy(np.ascontiguousarray(stack))[:, None]
    resized = functional.interpolate(
        slices, size=tuple(size), mode="bilinear", antialias=True, align_corners=False
    )
    return np.asarray(resized[:, 0].numpy())


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
