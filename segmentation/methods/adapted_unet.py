"""The paper's own network (Hindsholm et al. 2021): FLAIR at its own resolution, 384 x 384 pixels.

Each slice is seen with its neighbours k-1 and k+1 (at the ends the slice itself stands in), the
image is normalised as Li et al. do it, and lesions under 10.7 mm3 are dropped. A larger image is
cut to 384 around the brain; where the brain itself is larger, the window grows: none of it is lost.
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
from segmentation.inference.cleaning import clean_mask
from segmentation.inference.engine import predict
from segmentation.inference.framing import Window, window_around
from segmentation.inference.precision import precision_of
from segmentation.inference.scoring import shown
from segmentation.methods import MethodCard, Prediction, Progress, require_sequences
from segmentation.methods.brain import find_brain
from segmentation.methods.ensemble import part_of
from segmentation.methods.provenance import hash_of, provenance
from segmentation.networks.checkpoint import Checkpoint, UnusableCheckpoint, load_checkpoint

SETTINGS: dict[str, Any] = {
    "size": 384,
    "threshold": 0.5,
    "min_volume_mm3": 10.7,
    "connectivity": 26,
}


@dataclass(frozen=True, eq=False)
class Prepared:
    """A FLAIR as the network sees it: (slices, 384, 384), and the way back."""

    slices: NDArray[np.float32]
    window: Window
    grid: Grid

    def window_of(self, array: NDArray[np.float32]) -> NDArray[np.float32]:
        """This will cut an array in the scan's order as the scan was cut; 0 beyond it."""
        return self.window.cut(_axial(self.grid.to_ras(array)), fill=0.0)


def prepared(flair: Volume, brain: NDArray[np.bool_]) -> Prepared:
    """This will normalise a FLAIR and cut it to the network's window around the brain."""
    window = window_around(_axial(flair.grid.to_ras(brain)), size=SETTINGS["size"])
    slices = _axial(flair.grid.to_ras(flair.data).astype(np.float32))
    return Prepared(shown(slices, window), window, flair.grid)


class AdaptedUNet:
    """The adapted network; the mean of several where there are several files."""

    def __init__(self, card: MethodCard, checkpoints: Sequence[Checkpoint]) -> None:
        self.card = card
        self.checkpoints = checkpoints
        own = checkpoints[0].record.get("threshold", SETTINGS["threshold"])
        self.settings = {**SETTINGS, "threshold": own}

    def segment(
        self,
        volumes: Mapping[str, Volume],
        *,
        progress: Progress,
        brain: NDArray[np.bool_] | None = None,
    ) -> Prediction:
        """This will segment a FLAIR; see `segmentation.methods.Method`."""
        require_sequences(self.card, volumes, where="the case")
        flair = volumes["FLAIR"]
        inside = find_brain(flair, own=brain, progress=progress)
        progress(0.1, "Preparing the scan")
        ready = prepared(flair, inside)
        wanted = ready.window_of(inside.astype(np.float32)) > 0
        maps = np.zeros(wanted.shape, dtype=np.float32)
        precision = precision_of([one.network for one in self.checkpoints])
        for number, checkpoint in enumerate(self.checkpoints):
            reported = part_of(progress, number, len(self.checkpoints))
            maps += predict(
                checkpoint.network,
                ready.slices,
                within=wanted,
                precision=precision,
                progress=reported,
            )[0]
        maps /= len(self.checkpoints)
        likely = ready.window.put_back(maps).transpose(1, 2, 0)
        back = np.ascontiguousarray(flair.grid.to_native(likely))
        return Prediction(
            probability=back,
            mask=clean_mask(
                back,
                brain=inside,
                grid=flair.grid,
                threshold=self.settings["threshold"],
                min_volume_mm3=SETTINGS["min_volume_mm3"],
                connectivity=SETTINGS["connectivity"],
            ),
            brain=inside,
            provenance=provenance(
                self.settings,
                hash_of([one.sha256 for one in self.checkpoints]),
                grid=flair.grid,
                precision=precision.as_record(),
                window=[ready.window.rows.size, ready.window.columns.size],
            ),
        )


def _axial(array: NDArray[Any]) -> NDArray[Any]:
    """(x, y, z) to (z, x, y): the order in which networks are trained here."""
    return np.ascontiguousarray(array.transpose(2, 0, 1))


def load(card: MethodCard, parts: Sequence[Path]) -> AdaptedUNet:
    """This will load one network from each file; raises UnusableCheckpoint."""
    checkpoints = [load_checkpoint(one) for one in parts]
    for path, checkpoint in zip(parts, checkpoints, strict=True):
        settings = checkpoint.network.settings
        if settings.in_channels != 3 or settings.outputs != 1:
            raise UnusableCheckpoint(
                f"{path.name}: the network takes {settings.in_channels} channels and has "
                f"{settings.outputs} outputs; {card.title} takes 3 slices and has 1."
            )
    return AdaptedUNet(card, checkpoints)


def with_checkpoint(card: MethodCard, checkpoint: Checkpoint) -> AdaptedUNet:
    """The method with one checkpoint of its own layout, and that one's threshold."""
    return AdaptedUNet(card, [checkpoint])
