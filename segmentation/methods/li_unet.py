"""The U-Net of Li et al. (NeuroImage 2018), used as the paper uses it.

The scan is brought to the MICCAI data's resolution (1 x 1 x 3 mm), normalised over the head, cut to
200 x 200 pixels, seen slice by slice by several networks whose outputs are averaged, and what they
say is brought back to the scan's grid. An eighth of the slices at either end is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmentation.imaging.geometry import Grid
from segmentation.imaging.nifti import Volume
from segmentation.imaging.resampling import resample, resample_mask, respaced
from segmentation.inference.engine import predict
from segmentation.inference.framing import Window, window_around
from segmentation.inference.precision import Precision, precision_of
from segmentation.inference.scoring import shown
from segmentation.methods import MethodCard, Prediction, Progress, require_sequences
from segmentation.methods.alignment import on_the_flairs_grid
from segmentation.methods.brain import find_brain
from segmentation.methods.ensemble import part_of
from segmentation.methods.provenance import hash_of, provenance
from segmentation.networks.checkpoint import Checkpoint, UnusableCheckpoint, load_checkpoint

SETTINGS: dict[str, Any] = {
    "spacing_mm": [1.0, 1.0, 3.0],
    "size": 200,
    "threshold": 0.45,
    "dropped_share": 0.125,  # of the slices, at either end
    "head": "relative",  # or "published": 70 on FLAIR and 30 on T1, in the scanner's units
}
PUBLISHED = {"FLAIR": 70.0, "T1": 30.0}


@dataclass(frozen=True, eq=False)
class Prepared:
    """A case as the networks see it: (slices, channels, 200, 200), and the way back."""

    windows: NDArray[np.float32]
    window: Window
    grid: Grid
    said: Mapping[str, str]

    def window_of(self, array: NDArray[np.float32]) -> NDArray[np.float32]:
        """This will cut an x, y, z array on `grid` as the scans were cut; 0 beyond it."""
        return self.window.cut(array.transpose(2, 1, 0), fill=0.0)


def prepared(
    volumes: Mapping[str, Volume],
    brain: NDArray[np.bool_],
    *,
    sequences: Sequence[str],
    settings: Mapping[str, Any] = SETTINGS,
) -> Prepared:
    """This will bring the sequences to the MICCAI data's resolution, normalise and cut them."""
    flair = volumes["FLAIR"]
    scans, said = on_the_flairs_grid(volumes, sequences=sequences)
    x, y, z = settings["spacing_mm"]
    grid = respaced(flair.grid, spacing_mm=(x, y, z))
    kept = resample_mask(brain, source=flair.grid, target=grid)
    window = window_around(kept.transpose(2, 1, 0), size=settings["size"])
    channels = []
    for sequence in sequences:
        array = resample(scans[sequence], source=flair.grid, target=grid)
        slices = np.ascontiguousarray(array.transpose(2, 1, 0))
        threshold = PUBLISHED[sequence] if settings["head"] == "published" else None
        channels.append(shown(slices, window, threshold=threshold))
    return Prepared(np.stack(channels, axis=1), window, grid, said)


class LiUNet:
    """An ensemble of Li's networks."""

    def __init__(self, card: MethodCard, checkpoints: Sequence[Checkpoint]) -> None:
        self.card = card
        self.checkpoints = checkpoints
        self.settings = {**SETTINGS, "head": checkpoints[0].record.get("head", SETTINGS["head"])}

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
        progress(0.1, "Preparing the scan")
        ready = prepared(volumes, inside, sequences=self.card.needs, settings=self.settings)
        windows = ready.windows
        maps = np.zeros(windows[:, 0].shape, dtype=np.float32)
        precision = precision_of([one.network for one in self.checkpoints])
        for number, checkpoint in enumerate(self.checkpoints):
            reported = part_of(progress, number, len(self.checkpoints))
            maps += _seen(checkpoint, windows, precision, reported)[0]
        maps /= len(self.checkpoints)
        likely = ready.window.put_back(maps)
        ends = int(self.settings["dropped_share"] * len(likely))
        likely[:ends] = 0
        likely[len(likely) - ends :] = 0
        back = resample(likely.transpose(2, 1, 0), source=ready.grid, target=flair.grid)
        return Prediction(
            probability=back,
            mask=back > self.settings["threshold"],
            brain=inside,
            provenance=provenance(
                self.settings,
                hash_of([one.sha256 for one in self.checkpoints]),
                grid=flair.grid,
                ensemble=len(self.checkpoints),
                precision=precision.as_record(),
                sequences=dict(ready.said),
            ),
        )


def _seen(
    checkpoint: Checkpoint, windows: NDArray[np.float32], precision: Precision, progress: Progress
) -> NDArray[np.float32]:
    """What one network says of (slices, channels, height, width)."""
    turned = checkpoint.record.get("axes", "xy") == "xy"
    seen = windows.swapaxes(2, 3) if turned else windows
    maps = predict(
        checkpoint.network,
        np.ascontiguousarray(seen),
        precision=precision,
        progress=progress,
    )
    return maps.swapaxes(2, 3) if turned else maps


def load(card: MethodCard, parts: Sequence[Path]) -> LiUNet:
    """This will load one network from each file; raises UnusableCheckpoint."""
    checkpoints = [load_checkpoint(one) for one in parts]
    for path, checkpoint in zip(parts, checkpoints, strict=True):
        settings = checkpoint.network.settings
        if settings.in_channels != len(card.needs) or settings.outputs != 1:
            raise UnusableCheckpoint(
                f"{path.name}: the network takes {settings.in_channels} channels and has "
                f"{settings.outputs} outputs; {card.title} takes {len(card.needs)} "
                f"({', '.join(card.needs)}) and has 1."
            )
    return LiUNet(card, checkpoints)
