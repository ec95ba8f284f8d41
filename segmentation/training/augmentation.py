"""Random crops of examples: turned, scaled, mirrored, and with other contrast and noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional

from segmentation.inference.preparation import HIGHEST, LOWEST
from segmentation.training.examples import Example


@dataclass(frozen=True, eq=False)
class Batch:
    """Crops: images (batch, 3, size, size); the rest (batch, size, size)."""

    images: Tensor
    lesion: Tensor
    lesion_known: Tensor
    brain: Tensor
    brain_known: Tensor


def draw_batch(
    groups: Mapping[str, Sequence[Example]],
    shares: Mapping[str, float],
    *,
    size: int,
    count: int,
    rng: Generator,
) -> Batch:
    """This will draw `count` crops of `size` pixels; groups come in the given shares."""
    names = [name for name in shares if groups.get(name)]
    weights = np.array([shares[name] for name in names])
    crops = []
    for _ in range(count):
        pool = groups[names[rng.choice(len(names), p=weights / weights.sum())]]
        crops.append(_crop(pool[int(rng.integers(len(pool)))], size, rng))
    images, lesion, known, brain, brain_known = (
        torch.stack(part) for part in zip(*crops, strict=True)
    )
    return Batch(images, lesion, known, brain, brain_known)


def _crop(example: Example, size: int, rng: Generator) -> tuple[Tensor, ...]:
    """One crop: three neighbouring slices and the labels of the middle one."""
    middle, centre = _place(example, rng)
    last = len(example.pixels) - 1
    around = [max(middle - 1, 0), middle, min(middle + 1, last)]
    if rng.random() < 0.5:
        around.reverse()
    layers = np.concatenate(
        [
            example.pixels[around] - LOWEST,  # so that the outside, filled with 0, is air
            example.lesion[None, middle],
            example.lesion_known[None, middle],
            example.brain[None, middle],
        ]
    ).astype(np.float32)
    turned = _affine(torch.from_numpy(layers), centre, size, rng)
    image = _contrast(turned[:3] + LOWEST, rng)
    return (
        image,
        (turned[3] > 0.5).float(),
        (turned[4] > 0.99).float(),
        (turned[5] > 0.5).float(),
        torch.full((size, size), float(example.brain_known)),
    )


def _place(example: Example, rng: Generator) -> tuple[int, tuple[float, float]]:
    """A slice and a centre: on a lesion two times in three, else anywhere."""
    slices, height, width = example.pixels.shape
    if rng.random() < 0.66:
        found = np.flatnonzero(example.lesion)
        if found.size:
            k, i, j = np.unravel_index(found[int(rng.integers(found.size))], example.lesion.shape)
            return int(k), (i + rng.uniform(-40, 40), j + rng.uniform(-40, 40))
    return int(rng.integers(slices)), (
        rng.uniform(0.1, 0.9) * height,
        rng.uniform(0.1, 0.9) * width,
    )


def _affine(layers: Tensor, centre: tuple[float, float], size: int, rng: Generator) -> Tensor:
    """This will sample a turned, scaled, sheared, mirrored crop around a centre."""
    height, width = layers.shape[-2:]
    angle, shear = np.deg2rad(rng.uniform(-15, 15)), rng.uniform(-0.1, 0.1)
    zoom = rng.uniform(0.85, 1.15, 2)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = rotation @ np.array([[zoom[0], shear], [0, zoom[1]]])
    if rng.random() < 0.5:
        matrix = np.diag([-1.0, 1.0]) @ matrix  # left and right change sides
    # grid_sample counts from -1 to 1 along (column, row).
    i, j = np.meshgrid(*[np.arange(size) - (size - 1) / 2] * 2, indexing="ij")
    rows = matrix[0, 0] * i + matrix[0, 1] * j + centre[0]
    columns = matrix[1, 0] * i + matrix[1, 1] * j + centre[1]
    places = np.stack([2 * (columns + 0.5) / width - 1, 2 * (rows + 0.5) / height - 1], axis=-1)
    return functional.grid_sample(
        layers[None], torch.from_numpy(places.astype(np.float32))[None], align_corners=False
    )[0]


def _contrast(image: Tensor, rng: Generator) -> Tensor:
    """This will change contrast, add a slow field, noise and blur, as other scanners would."""
    relative = (image - LOWEST) / -LOWEST  # 1 is the tissue peak
    relative = relative.clamp(min=0) ** float(rng.uniform(0.8, 1.25))
    field = torch.from_numpy(rng.normal(0, 0.05, (1, 1, 3, 3)).astype(np.float32))
    size = image.shape[-2:]
    relative = relative * (1 + functional.interpolate(field, size=size, mode="bicubic")[0])
    if rng.random() < 0.3:
        weight = float(rng.uniform(0.05, 0.2))
        near = functional.avg_pool2d(relative[None], 3, 1, 1)[0]
        relative = (1 - 3 * weight) * relative + 3 * weight * near
    noise = float(rng.uniform(0, 0.05))
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    relative = relative + noise * torch.randn(relative.shape, generator=generator)
    return (relative * -LOWEST + LOWEST + float(rng.normal(0, 0.1))).clamp(LOWEST, HIGHEST)
