"""BIANCA (Griffanti et al., NeuroImage 2016): the nearest neighbours of a voxel say what it is.

A voxel is its intensity on FLAIR and T2, their means over 3 x 3 x 3 voxels, and where it lies. Its
forty nearest neighbours among the training points vote; where more than nine in ten are lesion, it
is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from segmentation.imaging.geometry import Grid
from segmentation.imaging.nifti import Volume
from segmentation.methods import MethodCard, Prediction, Progress, require_sequences
from segmentation.methods.alignment import on_the_flairs_grid
from segmentation.methods.brain import find_brain
from segmentation.methods.coefficients import Coefficients, read_coefficients, write_coefficients
from segmentation.methods.fitting import LabelledCase, record_of
from segmentation.methods.provenance import provenance
from segmentation.methods.template import Placed, bring_together, place

Data = NDArray[np.float32]
NAME = "bianca"
SEQUENCES = ("FLAIR", "T2")
CHUNK = 50_000  # voxels whose neighbours are looked up between two reports
SETTINGS: dict[str, Any] = {
    "neighbours": 40,
    "threshold": 0.9,
    "lesion_points": 2000,  # of each training case
    "other_points": 10_000,
    "spatial_weight": 1.0,
    "patch_voxels": 3,
    "surface_mm": 3.0,  # cortex, which is left out
    "connectivity": 26,
    "min_volume_mm3": 0.0,
}


def features(
    scans: Mapping[str, Data], brain: NDArray[np.bool_], placed: Placed, voxels: NDArray[np.intp]
) -> Data:
    """The features (n, 7) of voxels (n, 3) in the FLAIR's order.

    Intensities have mean 0 and SD 1 over the brain, so have their local means by the same numbers;
    places are in units of the SD of a brain's voxels, times the spatial weight.
    """
    columns = []
    at = tuple(voxels.T)
    for name in SEQUENCES:
        inside = scans[name][brain]
        spread = float(inside.std()) if inside.size else 0.0
        centre = float(inside.mean()) if inside.size else 0.0
        normal = (scans[name] - centre) / (spread if spread > 0 else 1.0)
        columns += [normal[at], ndimage.uniform_filter(normal, SETTINGS["patch_voxels"])[at]]
    # A box of uniform density has an SD of its length over the root of 12.
    where = placed.coordinates(voxels) * np.sqrt(12) * SETTINGS["spatial_weight"]
    return np.column_stack([*columns, where]).astype(np.float32)


def looked_at(brain: NDArray[np.bool_], grid: Grid) -> NDArray[np.bool_]:
    """The brain without its outermost 3 mm: in place of the published mask without cortex."""
    if not brain.any():
        return brain
    depth = ndimage.distance_transform_edt(brain, sampling=grid.spacing_mm)
    return np.asarray(depth > SETTINGS["surface_mm"])


class Bianca:
    """BIANCA with its training points."""

    def __init__(self, card: MethodCard, found: Coefficients) -> None:
        self.card, self.found = card, found
        self.tree = cKDTree(found.arrays["points"])

    def segment(
        self,
        volumes: Mapping[str, Volume],
        *,
        progress: Progress,
        brain: NDArray[np.bool_] | None = None,
    ) -> Prediction:
        """This will segment a case; see `segmentation.methods.Method`."""
        require_sequences(self.card, volumes, where="the case")
        flair = volumes["FLAIR"]
        inside = find_brain(flair, own=brain, progress=progress)
        progress(0.1, "Bringing the scans together")
        scans, said = on_the_flairs_grid(volumes, sequences=SEQUENCES)
        placed = place(scans["FLAIR"], inside, flair.grid, template=self.found.arrays["flair"])
        voxels = np.argwhere(looked_at(inside, flair.grid))
        seen = features(scans, inside, placed, voxels)
        lesion = self.found.arrays["lesion"]
        count = min(SETTINGS["neighbours"], len(lesion))
        likely = np.zeros(inside.shape, dtype=np.float32)
        for start in range(0, len(voxels), CHUNK):
            progress(0.2 + 0.7 * start / len(voxels), "Asking the nearest neighbours")
            part = slice(start, start + CHUNK)
            _, nearest = self.tree.query(seen[part], k=count)
            votes = lesion[nearest.reshape(len(seen[part]), count)].mean(axis=1)
            likely[tuple(voxels[part].T)] = votes
        return Prediction(
            probability=likely,
            mask=likely > SETTINGS["threshold"],
            brain=inside,
            provenance=provenance(
                SETTINGS,
                self.found.sha256,
                grid=flair.grid,
                sequences=said,
                training_points=len(lesion),
            ),
        )


def fit(
    cases: Sequence[LabelledCase], *, folder: Path, home: Path, seed: int, progress: Progress
) -> dict[str, Any]:
    """This will draw the training points: 2,000 of lesions and 10,000 others from each case.

    Two voxels around a lesion give no point without lesion (`noborder`); a case with fewer points
    gives what it has.
    """
    taught, template = bring_together(
        cases, sequences=SEQUENCES, progress=lambda done, stage: progress(0.6 * done, stage)
    )
    rng = np.random.default_rng(seed)
    points, lesion = [], []
    for number, one in enumerate(taught):
        case = one.case
        progress(0.6 + 0.4 * number / len(taught), f"Drawing points of {case.name}")
        looked = looked_at(case.brain, one.placed.grid)
        near = ndimage.binary_dilation(case.lesions, iterations=2)
        parts = (
            (case.lesions & looked, SETTINGS["lesion_points"], 1),
            (looked & ~near, SETTINGS["other_points"], 0),
        )
        for part, most, is_lesion in parts:
            voxels = np.argwhere(part)
            if len(voxels) > most:
                voxels = voxels[rng.choice(len(voxels), most, replace=False)]
            points.append(features(one.scans, case.brain, one.placed, voxels))
            lesion.append(np.full(len(voxels), is_lesion, dtype=np.float32))
    arrays = {
        "points": np.concatenate(points),
        "lesion": np.concatenate(lesion),
        "flair": template,
    }
    write_coefficients(
        folder,
        NAME,
        numbers={"features": arrays["points"].shape[1]},
        arrays=arrays,
        record=record_of(cases, seed=seed),
    )
    return {"lesion points": int(arrays["lesion"].sum()), "points": len(arrays["lesion"])}


def load(card: MethodCard, parts: Sequence[Path]) -> Bianca:
    """This will load the training points; raises UnusableCheckpoint."""
    return Bianca(
        card,
        read_coefficients(
            parts[0], NAME, numbers=("features",), arrays={"points": 2, "lesion": 1, "flair": 3}
        ),
    )
