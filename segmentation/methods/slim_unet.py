"""The slim U-Net: FLAIR only, axial slices of 1 mm pixels, a second output for the brain."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import segmentation
from segmentation.imaging.nifti import Volume
from segmentation.inference.cleaning import brain_mask, clean_mask
from segmentation.inference.engine import predict
from segmentation.inference.precision import precision_of
from segmentation.inference.preparation import prepare, smoothed_across
from segmentation.methods import (
    MethodCard,
    Prediction,
    Progress,
    method_card,
    require_sequences,
)
from segmentation.methods.brain import require_possible
from segmentation.methods.provenance import provenance
from segmentation.networks.checkpoint import Checkpoint, load_checkpoint

CARD = method_card("slim-unet")
CHECKPOINT = Path(segmentation.__file__).parent / "checkpoints" / "slim-unet.safetensors"
CLEANING: dict[str, Any] = {"threshold": 0.5, "min_volume_mm3": 10.7, "connectivity": 26}
SETTINGS: dict[str, Any] = {**CLEANING, "across_slices_mm": 1.0}
AIR = -4.0  # a fifth of the tissue peak, see `normalise`


class SlimUNet:
    """The slim U-Net with one checkpoint.

    `knows_brains`: it has learned them, so that more than any brain says that the scan is odd.
    """

    def __init__(self, checkpoint: Checkpoint, *, knows_brains: bool = False) -> None:
        self.checkpoint = checkpoint
        self.knows_brains = knows_brains
        own = {"threshold": checkpoint.record.get("threshold", SETTINGS["threshold"])}
        self.settings = {**SETTINGS, **own}

    def segment(
        self,
        volumes: Mapping[str, Volume],
        *,
        progress: Progress,
        brain: NDArray[np.bool_] | None = None,
    ) -> Prediction:
        """This will segment a FLAIR; see `segmentation.methods.Method`. Raises NoBrain, too."""
        require_sequences(CARD, volumes, where="the case")
        flair = volumes["FLAIR"]
        progress(0.0, "Preparing the scan")
        slices = prepare(flair)
        precision = precision_of([self.checkpoint.network])
        maps = predict(
            self.checkpoint.network,
            slices.pixels,
            within=slices.pixels > AIR,
            stride=slices.stride,
            precision=precision,
            progress=lambda done, stage: progress(0.1 + 0.8 * done, stage),
        )
        progress(0.9, "Cleaning up the mask")
        maps = smoothed_across(
            maps, slice_mm=flair.grid.ras.spacing_mm[2], sigma_mm=SETTINGS["across_slices_mm"]
        )
        lesion, likely = (slices.to_scan(one) for one in maps)
        if brain is None or not brain.any():
            brain = brain_mask(likely)
            if self.knows_brains:
                require_possible(brain, flair.grid)
        return Prediction(
            probability=lesion,
            mask=clean_mask(
                lesion,
                brain=brain,
                grid=flair.grid,
                **{name: self.settings[name] for name in CLEANING},
            ),
            brain=brain,
            provenance=provenance(
                self.settings,
                self.checkpoint.sha256,
                grid=flair.grid,
                precision=precision.as_record(),
            ),
        )


@cache
def load() -> SlimUNet:
    """This will load the shipped checkpoint, once per process; raises UnusableCheckpoint."""
    return SlimUNet(load_checkpoint(CHECKPOINT), knows_brains=True)


def with_checkpoint(card: MethodCard, checkpoint: Checkpoint) -> SlimUNet:
    """The method with a checkpoint of its own layout, and that one's threshold."""
    return SlimUNet(checkpoint)
