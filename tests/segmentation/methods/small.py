"""Small cases and small networks for the tests of methods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import torch

from segmentation.imaging.nifti import Volume, read_volume
from segmentation.methods.fitting import LabelledCase
from segmentation.networks.checkpoint import save_checkpoint
from segmentation.networks.unet import UNet, UNetSettings
from segmentation.training.phantoms import make_phantom

TINY = (4, 4, 4, 4, 4)
PHANTOM = make_phantom(
    seed=60_000, shape=(96, 112, 14), spacing_mm=(2.0, 2.4, 10.0), skull=False, confluent=True
)


def volume(data: np.ndarray, affine: np.ndarray = PHANTOM.affine) -> Volume:
    return read_volume(nib.Nifti1Image(data, affine).to_bytes(), name="small")


def labelled(seed: int) -> LabelledCase:
    """A coarse phantom with confluent lesions and all three sequences."""
    phantom = make_phantom(
        seed=seed, shape=(64, 76, 16), spacing_mm=(2.7, 2.7, 8.5), confluent=True
    )
    scans = {"FLAIR": phantom.flair, "T1": phantom.t1, "T2": phantom.t2}
    volumes = {name: volume(data, phantom.affine) for name, data in scans.items()}
    return LabelledCase(f"phantom {seed}", f"{seed:064d}", volumes, phantom.mask, phantom.brain)


def bright_detector(settings: UNetSettings, *, level: float = 1.2) -> UNet:
    """A U-Net that knows one thing: a middle pixel brighter than `level` SDs is a lesion."""
    network = UNet(settings)
    with torch.no_grad():
        for value in network.parameters():
            value.zero_()
        channel = 1 if settings.in_channels == 3 else 0
        kernel = settings.first_kernel
        network.down[0][0].conv.weight[0, channel, kernel // 2, kernel // 2] = 1
        network.down[0][1].conv.weight[0, 0, kernel // 2, kernel // 2] = 1
        width = settings.widths[1]
        network.up[3][0].conv.weight[0, width, 1, 1] = 1  # the skip lies behind what came up
        network.up[3][1].conv.weight[0, 0, 1, 1] = 1
        network.out.weight[0, 0] = 10
        network.out.bias[0] = -10 * level
    return network.eval()


def li_file(path: Path, *, channels: int = 1, level: float = 1.2, **record: Any) -> Path:
    settings = UNetSettings(channels, TINY, 5, 4, False, 0.0, 1)
    save_checkpoint(path, bright_detector(settings, level=level), record)
    return path
