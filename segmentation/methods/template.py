"""A space of their own for all brains, so that maps of where things are can be kept and used.

There is no atlas here that Plaque may ship, so each method that needs one makes it from the cases
it is fitted on: brains are brought into one box, their mean FLAIR becomes the template, and every
new brain is registered to it (affine). Maps (white matter, lesions) are means in that space.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segmentation.imaging.geometry import Grid
from segmentation.imaging.registration import register
from segmentation.imaging.resampling import resample
from segmentation.methods import Progress
from segmentation.methods.alignment import on_the_flairs_grid
from segmentation.methods.fitting import LabelledCase

Data = NDArray[np.float32]
STEP_MM = 3.0
COARSE_MM = 6.0  # for registration: the template is a blurred mean anyway
BOX_MM = (138.0, 172.0, 138.0)  # what every brain's box becomes
SHAPE = (60, 72, 60)
GRID = Grid(
    SHAPE,
    np.array(
        [
            [STEP_MM, 0, 0, -STEP_MM * (SHAPE[0] - 1) / 2],
            [0, STEP_MM, 0, -STEP_MM * (SHAPE[1] - 1) / 2],
            [0, 0, STEP_MM, -STEP_MM * (SHAPE[2] - 1) / 2],
            [0, 0, 0, 1.0],
        ]
    ),
)


@dataclass(frozen=True, eq=False)
class Placed:
    """Where a brain lies: `matrix` takes the template's millimetres to the scan's."""

    grid: Grid
    matrix: NDArray[np.float64]

    def from_template(self, data: Data) -> Data:
        """This will bring a map of the template onto the scan's grid (stored order)."""
        back = np.asarray(np.linalg.inv(self.matrix), dtype=np.float64)
        return resample(data, source=GRID, target=self.grid, to_source_mm=back)

    def to_template(self, data: Data) -> Data:
        """This will bring data on the scan's grid into the template's space."""
        return resample(data, source=self.grid, target=GRID, to_source_mm=self.matrix)

    def coordinates(self, voxels: NDArray[np.intp]) -> Data:
        """Template millimetres (n, 3) of voxels (n, 3) of the scan, in units of the brain's box."""
        mm = self.grid.to_mm(voxels)
        back = np.linalg.inv(self.matrix)
        return np.asarray((mm @ back[:3, :3].T + back[:3, 3]) / BOX_MM, dtype=np.float32)


def box_of(brain: NDArray[np.bool_], grid: Grid) -> NDArray[np.float64]:
    """The matrix that takes the template's box to the box around a brain, in millimetres.

    Raises ValueError for an empty mask.
    """
    places = np.argwhere(brain)
    if not places.size:
        raise ValueError("an empty brain has no box")
    # Percentiles: a stray voxel must not stretch the box.
    corners = grid.to_mm(places[:: max(1, len(places) // 50_000)])
    low, high = np.percentile(corners, (0.5, 99.5), axis=0)
    matrix = np.diag([*np.maximum(high - low, STEP_MM) / BOX_MM, 1.0])
    matrix[:3, 3] = (low + high) / 2
    return matrix


def place(flair: Data, brain: NDArray[np.bool_], grid: Grid, *, template: Data | None) -> Placed:
    """This will find where a brain lies in the template's space.

    By its box alone without a template or without contrast, else by affine registration of the
    FLAIR (air removed) that starts from there.
    """
    start = box_of(brain, grid)
    inside = np.where(brain, flair, 0).astype(np.float32)
    if template is None or np.ptp(inside) == 0 or np.ptp(template) == 0:
        return Placed(grid, start)
    found = register(
        moving=inside,
        moving_grid=grid,
        fixed=template,
        fixed_grid=GRID,
        kind="affine",
        start=start,
        coarse_mm=COARSE_MM,
    )
    change = np.linalg.inv(start) @ found
    corners = np.array([[x, y, z, 1] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    corners = corners * [*(np.array(BOX_MM) / 2), 1]
    furthest = np.abs(corners @ change.T - corners).max()
    return Placed(grid, found if furthest < BOX_MM[0] / 5 else start)  # 28 mm: it went astray


@dataclass(frozen=True, eq=False)
class Taught:
    """A case that a method is fitted to: its scans on the FLAIR's grid, and where it lies."""

    case: LabelledCase
    scans: Mapping[str, Data]
    placed: Placed


def bring_together(
    cases: Sequence[LabelledCase], *, sequences: Sequence[str], progress: Progress
) -> tuple[list[Taught], Data]:
    """This will bring cases into one space; returns them and their mean FLAIR there.

    By their boxes first, then by registration to the mean of these. Intensities count relative to
    the median of each brain. `progress` takes the share of all this. Raises ValueError without any
    case or for an empty brain, and NotRegistered.
    """
    scans: list[Mapping[str, Data]] = []
    for number, case in enumerate(cases):
        progress(0.2 * number / len(cases), f"Reading {case.name}")
        scans.append(on_the_flairs_grid(case.volumes, sequences=sequences)[0])

    def in_place(template: Data | None, done: float) -> tuple[list[Placed], Data]:
        placed, levelled = [], []
        for number, (case, own) in enumerate(zip(cases, scans, strict=True)):
            progress(done + 0.4 * number / len(cases), f"Placing {case.name}")
            flair, grid = own["FLAIR"], case.volumes["FLAIR"].grid
            where = place(flair, case.brain, grid, template=template)
            level = float(np.median(flair[case.brain])) or 1.0
            inside = np.where(case.brain, flair / level, 0)
            placed.append(where)
            levelled.append(where.to_template(inside.astype(np.float32)))
        return placed, mean_of(levelled)

    placed, template = in_place(in_place(None, 0.2)[1], 0.6)
    return [Taught(*one) for one in zip(cases, scans, placed, strict=True)], template


def mean_of(maps: Iterable[Data]) -> Data:
    """The mean of maps of one shape; raises ValueError without any."""
    found = list(maps)
    if not found:
        raise ValueError("no cases to make a template from")
    return np.asarray(np.mean(found, axis=0), dtype=np.float32)
