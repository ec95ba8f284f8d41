"""Bringing two scans of one head, or a head and a template, into one place.

SimpleITK does the search: mutual information (Mattes), from coarse to fine, on copies of a few
millimetres. Millimetres are RAS+ here and LPS+ in SimpleITK.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from segmentation.imaging.geometry import Grid
from segmentation.imaging.resampling import resample, respaced
from segmentation.refusals import Refusal

sitk: Any = SimpleITK  # it has no types
COARSE_MM = 3.0
BINS = 32
STEPS = 120
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
LEAST_OVERLAP = 0.25  # of the smaller scan's box
FURTHEST_MM = 60.0
FURTHEST_DEGREES = 30.0


class NotRegistered(Refusal):
    """Two scans do not lie over one another, and registration does not bring them together."""


def register(
    *,
    moving: NDArray[np.float32],
    moving_grid: Grid,
    fixed: NDArray[np.float32],
    fixed_grid: Grid,
    kind: Literal["rigid", "affine"] = "rigid",
    start: NDArray[np.float64] | None = None,
    coarse_mm: float = COARSE_MM,
) -> NDArray[np.float64]:
    """This will find the matrix (4 x 4) from the fixed scan's millimetres to the moving one's.

    `coarse_mm` is the voxel size of the copies that are compared. `start` is where the search
    begins (None: the scanner's own coordinates). Every voxel is looked at and the result is rounded
    to 4 digits, beyond the noise of summing in threads, so that the same scans give the same
    matrix. Raises ValueError when either is constant.
    """
    if np.ptp(moving) == 0 or np.ptp(fixed) == 0:
        raise ValueError("a constant image cannot be registered")
    images = [
        _coarse(one, grid, coarse_mm) for one, grid in ((fixed, fixed_grid), (moving, moving_grid))
    ]
    centre = fixed_grid.to_mm((np.array(fixed_grid.shape) - 1) / 2)
    transform = sitk.Euler3DTransform() if kind == "rigid" else sitk.AffineTransform(3)
    transform.SetCenter((LPS[:3, :3] @ centre).tolist())
    search = sitk.ImageRegistrationMethod()
    search.SetMetricAsMattesMutualInformation(numberOfHistogramBins=BINS)
    search.SetMetricSamplingStrategy(search.NONE)
    search.SetInterpolator(sitk.sitkLinear)
    search.SetOptimizerAsRegularStepGradientDescent(
        learningRate=2.0, minStep=1e-3, numberOfIterations=STEPS, relaxationFactor=0.6
    )
    search.SetOptimizerScalesFromPhysicalShift()
    search.SetShrinkFactorsPerLevel([2, 1])
    search.SetSmoothingSigmasPerLevel([2.0, 1.0])
    search.SetSmoothingSigmasAreSpecifiedInPhysicalUnits(True)
    begin = np.eye(4) if start is None else start
    search.SetMovingInitialTransform(_as_transform(begin))
    search.SetInitialTransform(transform, inPlace=True)
    search.Execute(*images)
    return np.round(begin @ _as_matrix(transform), 4)


def register_within_session(
    *,
    moving: NDArray[np.float32],
    moving_grid: Grid,
    fixed: NDArray[np.float32],
    fixed_grid: Grid,
    what: str,
) -> NDArray[np.float64]:
    """This will register two scans of one examination rigidly, as `register` does.

    Raises NotRegistered, naming `what`, when they hardly overlap, when one is constant, or when
    what is found is further than anybody moves in a scanner.
    """
    if np.ptp(moving) == 0 or np.ptp(fixed) == 0:
        raise NotRegistered(f"{what}: every voxel has the same value. Send the scan itself.")
    if _overlap(moving_grid, fixed_grid) < LEAST_OVERLAP:
        raise NotRegistered(
            f"{what} lie in different places of the scanner's space. Send scans of one "
            "examination, or register them before."
        )
    found = register(moving=moving, moving_grid=moving_grid, fixed=fixed, fixed_grid=fixed_grid)
    centre = fixed_grid.to_mm((np.array(fixed_grid.shape) - 1) / 2)
    shift_mm = float(np.linalg.norm((found @ [*centre, 1.0])[:3] - centre))
    turn = float(np.degrees(np.arccos(np.clip((np.trace(found[:3, :3]) - 1) / 2, -1, 1))))
    if shift_mm > FURTHEST_MM or turn > FURTHEST_DEGREES:
        raise NotRegistered(
            f"{what} could not be brought together (found: {shift_mm:.0f} mm, {turn:.0f} degrees). "
            "Look at both scans; register them before and send them again."
        )
    return found


def _overlap(one: Grid, other: Grid) -> float:
    """The shared part of two grids' boxes in the world, as a share of the smaller one."""
    boxes = []
    for grid in (one, other):
        corners = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in grid.shape])).reshape(3, -1).T
        mm = grid.to_mm(corners)
        boxes.append((mm.min(axis=0), mm.max(axis=0)))
    low, high = np.maximum(boxes[0][0], boxes[1][0]), np.minimum(boxes[0][1], boxes[1][1])
    shared = float(np.prod(np.clip(high - low, 0, None)))
    return shared / min(float(np.prod(top - bottom)) for bottom, top in boxes)


def _coarse(data: NDArray[np.float32], grid: Grid, coarse_mm: float) -> Any:
    """A copy of that voxel size with the grid's place in SimpleITK's world."""
    finest = [max(coarse_mm, mm) for mm in grid.ras.spacing_mm]
    spacing = (finest[0], finest[1], finest[2])
    small = respaced(grid, spacing_mm=spacing)
    array = resample(np.asarray(data, np.float32), source=grid, target=small)
    # Two slices or more along every axis, or there is nothing to interpolate between.
    array = np.pad(array, [(0, max(0, 4 - n)) for n in array.shape], mode="edge")
    image = sitk.GetImageFromArray(np.ascontiguousarray(array.transpose(2, 1, 0)))
    affine = LPS @ small.affine
    image.SetSpacing(small.spacing_mm)
    image.SetOrigin(affine[:3, 3].tolist())
    image.SetDirection((affine[:3, :3] / small.spacing_mm).ravel().tolist())
    return image


def _as_transform(ras: NDArray[np.float64]) -> Any:
    matrix = LPS @ ras @ LPS
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(matrix[:3, :3].ravel().tolist())
    transform.SetTranslation(matrix[:3, 3].tolist())
    return transform


def _as_matrix(transform: Any) -> NDArray[np.float64]:
    """The RAS matrix of a transform with a centre: M (x - c) + c + t."""
    linear = np.array(transform.GetMatrix()).reshape(3, 3)
    centre = np.array(transform.GetCenter())
    matrix = np.eye(4)
    matrix[:3, :3] = linear
    matrix[:3, 3] = centre + np.array(transform.GetTranslation()) - linear @ centre
    moved: NDArray[np.float64] = LPS @ matrix @ LPS
    return moved
