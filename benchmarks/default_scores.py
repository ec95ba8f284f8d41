"""python benchmarks/default_scores.py: the scores in the model card of the default method.

    python benchmarks/default_scores.py phantoms
    python benchmarks/default_scores.py thin-phantoms
    python benchmarks/default_scores.py heads --cases FOLDER
    python benchmarks/default_scores.py left-out --cases FOLDER --case NAME [--checkpoint FILE]

All are segmented by the shipped checkpoint, unless another is named; a left-out case must be one
that it has not seen. Both masks pass the size filter; a lesion counts as found with one shared
voxel; 26-connected.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from segmentation.evaluation.comparison import scores_of
from segmentation.evaluation.overlap import dice
from segmentation.imaging.lesions import find_lesions
from segmentation.imaging.nifti import Volume, read_volume
from segmentation.methods.slim_unet import CHECKPOINT, SlimUNet
from segmentation.networks.checkpoint import load_checkpoint
from segmentation.training.phantoms import make_phantom

GRIDS = {
    "phantoms": {"shape": (256, 288, 32), "spacing_mm": (0.8, 0.8, 4.5)},
    "thin-phantoms": {"shape": (192, 224, 150), "spacing_mm": (1.0, 1.0, 1.0)},
}


def scored(method: SlimUNet, flair: Volume, known: np.ndarray) -> tuple[list[object], object]:
    """DSC, lesion F1, recall, precision, seconds; and the prediction."""
    began = time.monotonic()
    prediction = method.segment({"FLAIR": flair}, progress=lambda *_: None)
    seconds = time.monotonic() - began
    return [*scores_of(prediction.mask, known, grid=flair.grid).values(), seconds], prediction


def phantoms(method: SlimUNet, grid: dict[str, Any], count: int) -> None:
    """Held-out phantoms with lesions, and as many whole heads without any."""
    rows = []
    for seed in range(60_000, 60_000 + count):
        phantom = make_phantom(seed=seed, flair_only=True, **grid)
        image = nib.Nifti1Image(phantom.flair, phantom.affine).to_bytes()
        row, _ = scored(method, read_volume(image, name="FLAIR"), phantom.mask)
        rows.append(row)
        print("phantom", seed, *(f"{value:.2f}" for value in row), flush=True)
    table = np.array(rows, float)
    print("mean", table.mean(0).round(2), "SD", table.std(0, ddof=1).round(2), flush=True)
    for seed in range(61_000, 61_010):
        phantom = make_phantom(seed=seed, lesions=0, confluent=False, flair_only=True, **grid)
        image = nib.Nifti1Image(phantom.flair, phantom.affine).to_bytes()
        volume = read_volume(image, name="FLAIR")
        prediction = method.segment({"FLAIR": volume}, progress=lambda *_: None)
        _, found = find_lesions(prediction.mask, grid=volume.grid)
        print("empty phantom", seed, "false lesions", len(found), flush=True)


def heads(method: SlimUNet, cases: Path) -> None:
    """Whole heads: is anything outside the brain, and how well is the brain found?"""
    for folder in sorted(cases.glob("long_*")):
        flair = read_volume((folder / "FLAIR.nii.gz").read_bytes(), name=folder.name)
        prediction = method.segment({"FLAIR": flair}, progress=lambda *_: None)
        millilitres = flair.grid.voxel_volume_mm3 / 1000
        told = f"lesions {prediction.mask.sum() * millilitres:.2f} ml"
        if (folder / "brainmask.nii.gz").exists():
            brain = read_volume((folder / "brainmask.nii.gz").read_bytes(), name="brain").data > 0
            outside = (prediction.mask & ~ndimage.binary_fill_holes(brain)).sum()
            told += f", outside the brain {outside} voxels, in holes of its mask "
            told += f"{(prediction.mask & ~brain).sum() - outside}, brain DSC "
            told += f"{dice(prediction.brain, brain):.3f}"
        print(folder.name, told, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=[*GRIDS, "heads", "left-out"])
    parser.add_argument("--cases", type=Path)
    parser.add_argument("--case")
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT)
    parser.add_argument("--count", type=int, default=12)
    chosen = parser.parse_args()
    method = SlimUNet(load_checkpoint(chosen.checkpoint))
    if chosen.what in GRIDS:
        phantoms(method, GRIDS[chosen.what], chosen.count)
    elif chosen.what == "heads":
        heads(method, chosen.cases)
    else:
        folder = chosen.cases / chosen.case
        flair = read_volume((folder / "FLAIR.nii.gz").read_bytes(), name="FLAIR")
        known = read_volume((folder / "mask.nii.gz").read_bytes(), name="mask").data > 0
        row, _ = scored(method, flair, known)
        print(chosen.case, *(f"{value:.3f}" for value in row), flush=True)


if __name__ == "__main__":
    main()
