"""Where voxels are: a grid, its millimetres, and the way to the RAS order that browsers get.

World is RAS+ millimetres (x to the right, y to the front, z upwards); arrays are indexed i, j, k as
nibabel loads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeVar

import numpy as np
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation, ornt_transform
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)
RAS = np.array([[0, 1], [1, 1], [2, 1]])


@dataclass(frozen=True, eq=False)
class Grid:
    """A regular grid of voxels: how many along each axis, and where they lie.

    `affine` (4 x 4) takes voxel indices to RAS+ millimetres, as NIfTI means it: integer indices are
    voxel centres.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]

    @cached_property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighbouring voxel centres along each axis, in mm."""
        x, y, z = np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0)).tolist()
        return x, y, z

    @cached_property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel in cubic millimetres."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    def to_mm(self, voxel: NDArray[Any]) -> NDArray[np.float64]:
        """This will turn voxel indices (..., 3) into RAS+ millimetres (..., 3)."""
        mm: NDArray[np.float64] = np.asarray(voxel, float) @ self.affine[:3, :3].T
        return mm + self.affine[:3, 3]

    def to_voxel(self, mm: NDArray[Any]) -> NDArray[np.float64]:
        """This will turn RAS+ millimetres (..., 3) into voxel indices (..., 3), not rounded."""
        voxel: NDArray[np.float64] = np.asarray(mm, float) @ self._inverse[:3, :3].T
        return voxel + self._inverse[:3, 3]

    @cached_property
    def _inverse(self) -> NDArray[np.float64]:
        return np.asarray(np.linalg.inv(self.affine), dtype=np.float64)

    def matches(self, other: Grid) -> bool:
        """Whether both grids have the same shape and no corner lies more than 0.001 mm apart."""
        if self.shape != other.shape:
            return False
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.shape])).reshape(3, -1).T
        return bool(np.abs(self.to_mm(corners) - other.to_mm(corners)).max() <= 1e-3)

    @cached_property
    def ras_shape(self) -> tuple[int, int, int]:
        """How many voxels run from left to right, to anterior, to superior."""
        ornt = _orientation(self.affine)
        x, y, z = (self.shape[stored] for stored in np.argsort(ornt[:, 0]).tolist())
        return x, y, z

    @cached_property
    def ras(self) -> Grid:
        """The same grid with its axes permuted and flipped to run right, anterior, superior."""
        affine = self.affine @ inv_ornt_aff(_orientation(self.affine), self.shape)
        return Grid(shape=self.ras_shape, affine=affine)

    def to_ras(self, array: NDArray[Scalar]) -> NDArray[Scalar]:
        """This will bring an array on this grid into RAS order; nothing is resampled."""
        return np.asarray(apply_orientation(array, _orientation(self.affine)))

    def to_native(self, array: NDArray[Scalar]) -> NDArray[Scalar]:
        """This will bring an array in RAS order back into this grid's own order."""
        return np.asarray(apply_orientation(array, ornt_transform(RAS, _orientation(self.affine))))


def _orientation(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    return _orientation_of(np.asarray(affine, float).tobytes())


@lru_cache(maxsize=10_000)  # lists ask for the same scans again and again
def _orientation_of(affine: bytes) -> NDArray[np.float64]:
    """Which of x, y, z each voxel axis runs along, and which way; not to be written to."""
    found: NDArray[np.float64] = io_orientation(np.frombuffer(affine).reshape(4, 4))
    found.setflags(write=False)
    return found
