"""What the shipped network learns from: phantoms, real cases, implanted lesions, partial labels.

Every example is a stack of prepared slices with what is known about them. Real cases are folders
with FLAIR.nii.gz and, as far as they exist, mask.nii.gz (all lesions), change_mask.nii.gz (only the
lesions that are new at this time point: a partial label) and brainmask.nii.gz.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

from segmentation.imaging.nifti import read_volume
from segmentation.inference.preparation import LOWEST, normalise
from segmentation.training.phantoms import make_phantom

Stack = NDArray[np.float32]
BRIGHT = 0.6  # of a FLAIR normalised by `normalise`: brighter than almost all healthy white matter


@dataclass(frozen=True, eq=False)
class Example:
    """Slices (slices, height, width) of 1 mm pixels with their labels.

    `lesion` and `brain` are 0 or 1; a pixel counts in the loss where `lesion_known`, or for the
    brain where `brain_known`.
    """

    group: str
    pixels: Stack
    lesion: NDArray[np.uint8]
    brain: NDArray[np.uint8]
    lesion_known: NDArray[np.bool_]
    brain_known: bool


def phantom_examples(count: int, *, first_seed: int, rng: Generator) -> Iterator[Example]:
    """Phantoms with random slice thickness; a quarter of them without skull."""
    for seed in range(first_seed, first_seed + count):
        thick = float(rng.uniform(1.0, 4.5))
        p = make_phantom(
            seed=seed,
            shape=(192, 224, max(24, round(150 / thick))),
            spacing_mm=(1.0, 1.0, thick),
            skull=bool(rng.random() < 0.75),
        )
        image = np.where(p.brain, p.flair, 0) if rng.random() < 0.2 else p.flair
        pixels = normalise(image.astype(np.float32), (1.0, 1.0, thick))
        yield _example("phantom", pixels, p.mask, p.brain, np.ones_like(p.mask), brain_known=True)


def _example(
    group: str,
    pixels: Stack,
    lesion: NDArray[np.bool_],
    brain: NDArray[np.bool_],
    known: NDArray[np.bool_],
    *,
    brain_known: bool,
) -> Example:
    """An example from arrays in x, y, z order."""
    return Example(
        group=group,
        pixels=np.ascontiguousarray(pixels.transpose(2, 0, 1)),
        lesion=np.ascontiguousarray(lesion.transpose(2, 0, 1)).astype(np.uint8),
        brain=np.ascontiguousarray(brain.transpose(2, 0, 1)).astype(np.uint8),
        lesion_known=np.ascontiguousarray(known.transpose(2, 0, 1)),
        brain_known=brain_known,
    )


@dataclass(frozen=True, eq=False)
class RealCase:
    """A real case in RAS order at 1 mm pixels: normalised FLAIR and the masks it came with."""

    name: str
    pixels: Stack
    masks: dict[str, NDArray[np.bool_]]


def read_real_case(folder: Path) -> RealCase:
    """This will read a case folder and bring it to 1 mm pixels (nearest neighbour for masks)."""
    flair = read_volume((folder / "FLAIR.nii.gz").read_bytes(), name=folder.name)
    grid = flair.grid
    spacing = grid.ras.spacing_mm
    pixels = normalise(grid.to_ras(flair.data).astype(np.float32), spacing)
    factors = (spacing[0], spacing[1], 1.0)
    masks = {}
    for name in ("mask", "change_mask", "brainmask"):
        file = folder / f"{name}.nii.gz"
        if file.exists():
            mask = grid.to_ras(read_volume(file.read_bytes(), name=name).data > 0)
            masks[name] = _zoomed(mask.astype(np.float32), factors) > 0.5
    return RealCase(folder.name, _zoomed(pixels, factors), masks)


def _zoomed(array: Stack, factors: tuple[float, float, float]) -> Stack:
    if all(abs(factor - 1) < 1e-6 for factor in factors):
        return array
    return np.asarray(ndimage.zoom(array, factors, order=1, prefilter=False), np.float32)


def complete_examples(case: RealCase, *, thickness: tuple[int, ...]) -> Iterator[Example]:
    """A skull-stripped case with a complete mask, as thick slices of each of these many mm."""
    for slices in thickness:
        yield _thick("real", case.pixels, case.masks["mask"], slices)


def _thick(group: str, pixels: Stack, mask: NDArray[np.bool_], slices: int) -> Example:
    """A skull-stripped volume of 1 mm slices with every `slices` of them averaged."""
    image = _mean_slices(pixels, slices)
    lesion = _mean_slices(mask.astype(np.float32), slices) >= 0.5
    brain = np.asarray(
        ndimage.binary_fill_holes(ndimage.binary_opening(image > LOWEST + 0.5, iterations=2))
    )
    return _example(group, image, lesion, brain, np.ones_like(lesion), brain_known=True)


def _mean_slices(array: Stack, slices: int) -> Stack:
    usable = array.shape[2] // slices * slices
    parts = array[:, :, :usable].reshape(*array.shape[:2], -1, slices)
    return np.asarray(parts.mean(axis=3), dtype=np.float32)


def implant_examples(
    case: RealCase, masks: list[Path], *, count: int, rng: Generator
) -> Iterator[Example]:
    """Other patients' lesions (masks on the same MNI grid) painted into a case's white matter.

    The case's own lesions are first replaced by white matter with its own texture.
    """
    own = ndimage.binary_dilation(case.masks["mask"], iterations=2)
    healthy = np.where(own, rng.normal(0, 0.18, own.shape), case.pixels).astype(np.float32)
    healthy = np.where(own, ndimage.gaussian_filter(healthy, 0.7), healthy)
    white = ndimage.uniform_filter((np.abs(healthy) < 0.7).astype(np.float32), 5) > 0.75
    for _ in range(count):
        file = masks[int(rng.integers(len(masks)))]
        volume = read_volume(file.read_bytes(), name=file.name)
        mask = volume.grid.to_ras(volume.data > 0)
        if mask.shape != healthy.shape:
            continue
        if rng.random() < 0.5:
            mask = mask[::-1]
        mask = np.roll(mask, rng.integers(-6, 7, 3), axis=(0, 1, 2))
        labels, number = ndimage.label(mask, np.ones((3, 3, 3)))
        keep = np.concatenate([[False], rng.random(number) < rng.uniform(0.5, 1.0)])
        mask = keep[labels] & white
        texture = ndimage.gaussian_filter(rng.standard_normal(mask.shape).astype(np.float32), 3)
        level = rng.uniform(0.9, 2.4) + 4 * texture
        soft = ndimage.gaussian_filter(mask.astype(np.float32), rng.uniform(0.5, 0.9))
        painted = healthy + soft * level
        yield _thick("implant", painted.astype(np.float32), mask, int(rng.integers(1, 5)))


def partial_example(case: RealCase) -> Example:
    """A whole-head scan of which only some lesions are labelled.

    Bright pixels inside the brain that no label explains are left out of the loss; everything else
    that is not labelled is no lesion: this is what teaches scalp and skull. Without a brain mask,
    bright pixels are left out everywhere but in a frame of 12 mm.
    """
    change = case.masks.get("change_mask", np.zeros(case.pixels.shape, dtype=bool))
    bright = case.pixels > BRIGHT
    brain = case.masks.get("brainmask")
    near = ndimage.binary_dilation(bright, np.ones((3, 3, 1), dtype=bool), iterations=1)
    if brain is None:
        inner = np.zeros_like(bright)
        inner[12:-12, 12:-12] = True
    else:
        inner = ndimage.binary_dilation(brain, iterations=2)
    lesion = change & bright
    known = ~(inner & near) | lesion
    return _example(
        "partial",
        case.pixels,
        lesion,
        np.zeros_like(bright) if brain is None else brain,
        known,
        brain_known=brain is not None,
    )
