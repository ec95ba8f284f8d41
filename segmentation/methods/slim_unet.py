"""The slim U-Net: FLAIR only, slices of 1 mm pixels, a second output for the brain.

It looks at axial slices, and at those of all three planes where the scan is thin enough for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import segmentation
from segmentation.imaging.nifti import Volume
from segmentation.inference.cleaning import brain_mask, clean_mask, without_rim
from segmentation.inference.engine import predict
from segmentation.inference.precision import Precision, precision_of
from segmentation.inference.preparation import THICK_MM, Prepared, prepare, stack
from segmentation.methods import (
    MethodCard,
    Prediction,
    Progress,
    method_card,
    require_sequences,
)
from segmentation.methods.brain import require_possible
from segmentation.methods.ensemble import part_of
from segmentation.methods.provenance import provenance
from segmentation.networks.checkpoint import Checkpoint, load_checkpoint

CARD = method_card("slim-unet")
CHECKPOINT = Path(segmentation.__file__).parent / "checkpoints" / "slim-unet.safetensors"
CLEANING: dict[str, Any] = {"threshold": 0.5, "min_volume_mm3": 10.7, "connectivity": 26}
SETTINGS: dict[str, Any] = {**CLEANING, "three_planes_below_mm": THICK_MM, "rim_mm": 3.0}
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
        ready = prepare(flair)
        precision = precision_of([self.checkpoint.network])
        maps = self._mean_of_planes(ready, precision, progress)
        progress(0.9, "Cleaning up the mask")
        lesion, likely = (ready.to_scan(one) for one in maps)
        settings = self.settings
        if brain is not None and brain.any():
            settings = {**settings, "rim_mm": 0.0}  # somebody has said where the brain ends
        else:
            brain = brain_mask(likely)
            if self.knows_brains:
                require_possible(brain, flair.grid)
        return Prediction(
            probability=lesion,
            mask=clean_mask(
                lesion,
                brain=without_rim(brain, grid=flair.grid, rim_mm=settings["rim_mm"]),
                grid=flair.grid,
                **{name: settings[name] for name in CLEANING},
            ),
            brain=brain,
            provenance=provenance(
                settings,
                self.checkpoint.sha256,
                grid=flair.grid,
                precision=precision.as_record(),
            ),
        )

    def _mean_of_planes(
        self, ready: Prepared, precision: Precision, progress: Progress
    ) -> NDArray[np.float32]:
        """Lesion and brain (2, x, y, z), as likely as the slices of all planes say on average."""
        maps = np.zeros((2, *ready.pixels.shape), dtype=np.float32)
        for number, plane in enumerate(ready.planes):
            slices = stack(ready.pixels, plane)
            likely = predict(
                self.checkpoint.network,
                slices,
                within=slices > AIR,
                stride=ready.stride,
                precision=precision,
                progress=part_of(progress, number, len(ready.planes), called="plane"),
            )
            maps += np.moveaxis(likely, 1, 1 + plane) / np.float32(len(ready.planes))
        return maps


@cache
def load() -> SlimUNet:
    """This will load the shipped checkpoint, once per process; raises UnusableCheckpoint."""
    return SlimUNet(load_checkpoint(CHECKPOINT), knows_brains=True)


def with_checkpoint(card: MethodCard, checkpoint: Checkpoint) -> SlimUNet:
    """The method with a checkpoint of its own layout, and that one's threshold."""
    return SlimUNet(checkpoint)
