"""The slim U-Net: FLAIR only, axial slices of 1 mm pixels, a second output for the brain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import segmentation
from segmentation.imaging.lesions import min_voxels_kept
from segmentation.imaging.nifti import Volume
from segmentation.inference.cleaning import brain_mask, clean_mask
from segmentation.inference.engine import predict
from segmentation.inference.preparation import prepare
from segmentation.methods import Prediction, Progress, method_card, require_sequences
from segmentation.networks.checkpoint import Checkpoint, load_checkpoint

CARD = method_card("slim-unet")
CHECKPOINT = Path(segmentation.__file__).parent / "checkpoints" / "slim-unet.safetensors"
SETTINGS: dict[str, Any] = {"threshold": 0.5, "min_volume_mm3": 10.7, "connectivity": 26}
AIR = -4.0  # a fifth of the tissue peak, see `normalise`


class SlimUNet:
    """The slim U-Net with one checkpoint."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint

    def segment(self, volumes: Mapping[str, Volume], *, progress: Progress) -> Prediction:
        """This will segment a FLAIR; see `segmentation.methods.Method`."""
        require_sequences(CARD, volumes, where="the case")
        flair = volumes["FLAIR"]
        progress(0.0, "Preparing the scan")
        slices = prepare(flair)
        maps = predict(
            self.checkpoint.network,
            slices.pixels,
            within=slices.pixels > AIR,
            progress=lambda done, stage: progress(0.1 + 0.8 * done, stage),
        )
        progress(0.9, "Cleaning up the mask")
        lesion, brain = (slices.to_scan(one) for one in maps)
        inside = brain_mask(brain)
        return Prediction(
            probability=lesion,
            mask=clean_mask(lesion, brain=inside, grid=flair.grid, **SETTINGS),
            brain=inside,
            provenance=self.provenance(flair),
        )

    def provenance(self, flair: Volume) -> dict[str, Any]:
        """What made the mask: checkpoint, code and settings by hash, and the effective size."""
        return {
            "checkpoint_sha256": self.checkpoint.sha256,
            "code_version": code_version(),
            "settings": SETTINGS,
            "settings_sha256": hashlib.sha256(
                json.dumps(SETTINGS, sort_keys=True).encode()
            ).hexdigest(),
            "min_voxels_kept": min_voxels_kept(
                voxel_volume_mm3=flair.grid.voxel_volume_mm3,
                min_volume_mm3=SETTINGS["min_volume_mm3"],
            ),
        }


@cache
def code_version() -> str:
    """SHA-256 over the source files that a prediction depends on."""
    root = Path(segmentation.__file__).parent
    digest = hashlib.sha256()
    for folder in ("imaging", "inference", "methods", "networks"):
        for file in sorted((root / folder).glob("*.py")):
            digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


@cache
def load() -> SlimUNet:
    """This will load the shipped checkpoint, once per process; raises UnusableCheckpoint."""
    return SlimUNet(load_checkpoint(CHECKPOINT))
