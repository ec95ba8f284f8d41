"""nicMSlesions (Valverde et al. 2017, 2019): a cascade of two patch networks on T1 and FLAIR.

Voxels of the brain that are bright on FLAIR are candidates; the first network looks at all of them,
the second again at those that the first is sure of. It runs with the public weights, whose layout
can only be run patch by patch, or with Plaque's own layout, which runs densely.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from segmentation.imaging.geometry import Grid
from segmentation.imaging.nifti import Volume
from segmentation.imaging.resampling import resample, resample_mask, respaced
from segmentation.inference.patches import predict_at
from segmentation.methods import (
    MethodCard,
    Prediction,
    Progress,
    method_card,
    parts_of,
    require_sequences,
)
from segmentation.methods.alignment import on_the_flairs_grid
from segmentation.methods.brain import find_brain
from segmentation.methods.fitting import LabelledCase, record_of
from segmentation.methods.provenance import provenance
from segmentation.networks.cascade import Cascade, load_cascade, save_cascade
from segmentation.networks.checkpoint import UnusableCheckpoint

Data = NDArray[np.float32]
ORDER = ("T1", "FLAIR")  # of the channels: established by trial, the other order knows little
MARGIN = 12  # voxels around the brain: more than half a patch
SETTINGS: dict[str, Any] = {
    "spacing_mm": 1.0,
    "candidates_above": 0.5,  # of the normalised FLAIR
    "second_above": 0.5,  # probability with which the second network looks again
    "threshold": 0.5,
    "more_than_voxels": 10,
    "connectivity": 6,
    "diffusion_steps": 3,
    "normalised_as_published": False,
}


@dataclass(frozen=True, eq=False)
class Prepared:
    """A case as the networks see it: RAS-ordered arrays on a grid of 1 mm around the brain."""

    grid: Grid
    channels: Data  # (2, x, y, z): T1, FLAIR
    brain: NDArray[np.bool_]
    candidates: NDArray[np.bool_]
    said: Mapping[str, str]


class NicMSLesions:
    """The cascade with one pair of networks."""

    def __init__(self, card: MethodCard, cascade: Cascade) -> None:
        self.card = card
        self.cascade = cascade

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
        progress(0.05, "Preparing the scans")
        ready = prepare(volumes, inside)
        first, second = self.cascade.stages
        likely = predict_at(
            first,
            ready.channels,
            ready.candidates,
            progress=lambda done, stage: progress(0.1 + 0.6 * done, f"{stage} (first network)"),
        )
        again = likely > SETTINGS["second_above"]
        likely = predict_at(
            second,
            ready.channels,
            again,
            progress=lambda done, stage: progress(0.7 + 0.2 * done, f"{stage} (second network)"),
        )
        mask = large_parts(likely > SETTINGS["threshold"])
        back, drawn = (
            resample(one.astype(np.float32), source=ready.grid, target=flair.grid)
            for one in (likely, mask)
        )
        return Prediction(
            probability=back,
            mask=drawn > 0.5,
            brain=inside,
            provenance=provenance(
                SETTINGS,
                self.cascade.sha256,
                grid=flair.grid,
                sequences=dict(ready.said),
                candidates=int(ready.candidates.sum()),
                layout=first.settings.slopes,
            ),
        )


def prepare(volumes: Mapping[str, Volume], brain: NDArray[np.bool_]) -> Prepared:
    """This will bring T1 and FLAIR to 1 mm, smooth, strip and normalise them, and find candidates.

    A FLAIR whose voxels are within 5 % of 1 mm already is not resampled. Raises NotRegistered.
    """
    flair = volumes["FLAIR"]
    scans, said = on_the_flairs_grid(volumes, sequences=ORDER)
    grid = flair.grid.ras
    if max(abs(mm / SETTINGS["spacing_mm"] - 1) for mm in grid.spacing_mm) > 0.05:
        mm = float(SETTINGS["spacing_mm"])
        grid = respaced(flair.grid, spacing_mm=(mm, mm, mm))
    inside = resample_mask(brain, source=flair.grid, target=grid)
    box = around(inside, MARGIN)
    inside = inside[box]
    corner = grid.affine.copy()
    corner[:3, 3] = grid.to_mm(np.array([axis.start for axis in box]))
    grid = Grid(inside.shape, corner)
    channels = np.stack(
        [
            normalised(
                np.where(inside, diffused(resample(scans[name], source=flair.grid, target=grid)), 0)
            )
            for name in ORDER
        ]
    )
    return Prepared(
        grid=grid,
        channels=channels,
        brain=inside,
        candidates=inside & (channels[ORDER.index("FLAIR")] > SETTINGS["candidates_above"]),
        said=said,
    )


def around(mask: NDArray[np.bool_], margin: int) -> tuple[slice, slice, slice]:
    """The box around a mask with a margin, within the array; the whole array for an empty mask."""
    found = ndimage.find_objects(mask.astype(np.uint8))
    x, y, z = found[0] if found else (slice(0, n) for n in mask.shape)
    cut = [
        slice(max(0, axis.start - margin), min(n, axis.stop + margin))
        for axis, n in zip((x, y, z), mask.shape, strict=True)
    ]
    return cut[0], cut[1], cut[2]


def diffused(image: Data, *, steps: int = SETTINGS["diffusion_steps"]) -> Data:
    """This will smooth an image where it is flat and keep its edges (Perona and Malik 1990).

    Conductance exp(-(gradient / 50)^2) in the image's own units and a step of 0.1, the defaults of
    the library that nicMSlesions calls.
    """
    image = np.asarray(image, dtype=np.float32).copy()
    for _ in range(steps):
        flow = np.zeros_like(image)
        for axis in range(3):
            step = np.diff(image, axis=axis)
            step *= np.exp(-((step / 50) ** 2))
            ahead = [slice(None)] * 3
            behind = [slice(None)] * 3
            ahead[axis], behind[axis] = slice(None, -1), slice(1, None)
            flow[tuple(ahead)] += step
            flow[tuple(behind)] -= step
        image += np.float32(0.1) * flow
    return image


def normalised(image: Data, *, as_published: bool = SETTINGS["normalised_as_published"]) -> Data:
    """This will subtract the mean of the voxels that are not 0, and divide by an SD.

    The SD is that of the same voxels. `as_published`: that of the voxels that are not 0 *after* the
    subtraction, background included, a quirk of nicMSlesions that depends on how much background
    there is; with the public weights it was measured to work worse. One value becomes 0.
    """
    used = image[image != 0]
    if not used.size:
        return np.zeros_like(image)
    centred = image - used.mean()
    spread = float((centred[centred != 0] if as_published else used).std())
    if not spread > 1e-6 * float(np.abs(used).max()):
        return np.zeros_like(image)
    return np.asarray(centred / spread, dtype=np.float32)


def large_parts(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """This will keep the parts (connected by faces) of more than ten voxels."""
    labels, _ = ndimage.label(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(sizes[labels] > SETTINGS["more_than_voxels"])


def fit(
    cases: Sequence[LabelledCase],
    *,
    folder: Path,
    home: Path,
    seed: int,
    progress: Progress,
    most: int = 20_000,
) -> dict[str, Any]:
    """This will train the last layers of the baseline's networks again on these cases.

    At most `most` samples for each network. Raises NotMadeYet without a baseline.
    """
    from segmentation.methods.cascade_training import retrain_cascade

    baseline = load_cascade(parts_of(method_card("nicmslesions"), folder=home)[0])
    stages = retrain_cascade(
        baseline.stages, cases, seed=seed, most=most, epochs=400, patience=50, progress=progress
    )
    record = record_of(cases, seed=seed, baseline_sha256=baseline.sha256)
    save_cascade(folder / "cascade.safetensors", stages, record)
    return {"baseline": baseline.sha256[:12], "cases": len(cases)}


def load(card: MethodCard, parts: Sequence[Path]) -> NicMSLesions:
    """This will load the cascade; raises UnusableCheckpoint."""
    cascade = load_cascade(parts[0])
    channels = cascade.stages[0].settings.channels
    if channels != len(ORDER):
        raise UnusableCheckpoint(
            f"{parts[0].name}: the networks take {channels} channels; {card.title} takes "
            f"{len(ORDER)} ({', '.join(ORDER)})."
        )
    return NicMSLesions(card, cascade)
