"""Augmentation of whole batches on their device: turned, scaled, mirrored, with other contrast.

Every number comes from the given generator, so that a seed gives the same batch on the same device.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from segmentation.inference.preparation import HIGHEST, LOWEST
from segmentation.training.examples import BRAIN, KNOWN, LESION


@dataclass(frozen=True)
class Augmentation:
    """How far crops are changed; angles in degrees, shear as a tangent, zoom as +- share.

    `contrast` scales all changes of intensity; 0 leaves intensities alone, as the paper did.
    `strip` is how often everything outside a known brain is blanked, as skull stripping does.
    """

    rotation_degrees: float = 20.0
    shear: float = 0.12
    zoom: float = 0.15
    mirror: bool = True
    contrast: float = 1.0
    strip: float = 0.2


@dataclass(frozen=True, eq=False)
class Layers:
    """Slices with neighbours (batch, channels, height, width), their label bits, brain known?

    `air` is the value outside every image.
    """

    pixels: Tensor
    labels: Tensor
    brain_known: Tensor
    air: float


def augment(
    layers: Layers,
    centres: NDArray[np.float32],
    *,
    size: int,
    rng: Generator,
    settings: Augmentation,
) -> Layers:
    """This will cut crops of `size` pixels around `centres` (row, column) and change them."""
    matrix = _matrices(len(centres), rng, settings)
    grid = _places(matrix, centres, size, layers.pixels)
    # Outside of the image there is air, and no lesion for sure.
    pixels = (
        functional.grid_sample(layers.pixels - layers.air, grid, align_corners=False) + layers.air
    )
    labels = functional.grid_sample(
        (layers.labels ^ KNOWN).float(), grid, mode="nearest", align_corners=False
    )
    bits = labels.to(torch.uint8) ^ KNOWN
    if settings.strip:
        pixels = _stripped(pixels, bits, layers, rng, settings.strip)
    if settings.contrast:
        pixels = _contrasted(pixels, bits, rng, settings.contrast)
    if settings.mirror and (channels := pixels.shape[1] - 1):
        swap = torch.from_numpy(rng.random(len(pixels)) < 0.5).to(pixels.device)
        order = range(channels, -1, -1)
        pixels = torch.where(swap[:, None, None, None], pixels[:, list(order)], pixels)
    return Layers(pixels, bits, layers.brain_known, layers.air)


def _matrices(count: int, rng: Generator, settings: Augmentation) -> NDArray[np.float64]:
    """Random turns, shears, zooms and mirrorings (count, 2, 2) of rows and columns."""
    angle = np.deg2rad(rng.uniform(-1, 1, count) * settings.rotation_degrees)
    shear = rng.uniform(-1, 1, count) * settings.shear
    zoom = 1 + rng.uniform(-1, 1, (count, 2)) * settings.zoom
    flips = np.where(rng.random(count) < 0.5 * settings.mirror, -1.0, 1.0)
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, -sine], [sine, cosine]]).transpose(2, 0, 1)
    stretch = np.array([[zoom[:, 0], shear], [np.zeros(count), zoom[:, 1]]]).transpose(2, 0, 1)
    matrix = turn @ stretch
    matrix[:, 0] *= flips[:, None]  # left and right change sides
    return np.asarray(matrix)


def _places(
    matrix: NDArray[np.float64], centres: NDArray[np.float32], size: int, like: Tensor
) -> Tensor:
    """Where each pixel of each crop comes from, as `grid_sample` counts: -1 to 1, column first."""
    turns, middles = (
        torch.from_numpy(one.astype(np.float32)).to(like.device) for one in (matrix, centres)
    )
    steps = torch.arange(size, device=like.device) - (size - 1) / 2
    offsets = torch.stack(torch.meshgrid(steps, steps, indexing="ij"))
    places = torch.einsum("bij,jrc->brci", turns, offsets) + middles[:, None, None, :]
    extent = torch.tensor(like.shape[-2:], device=like.device)
    return (2 * (places + 0.5) / extent - 1).flip(-1)


def _stripped(pixels: Tensor, bits: Tensor, layers: Layers, rng: Generator, share: float) -> Tensor:
    """This will blank everything outside the brain in a share of the crops that have one."""
    chosen = torch.from_numpy(rng.random(len(pixels)) < share).to(pixels.device)
    chosen = (chosen & (layers.brain_known > 0))[:, None, None, None]
    return torch.where(chosen & ((bits & BRAIN) == 0), layers.air, pixels)


def _contrasted(pixels: Tensor, bits: Tensor, rng: Generator, strength: float) -> Tensor:
    """This will change contrast, add a slow field, noise and blur, as other scanners would."""
    count, device = len(pixels), pixels.device

    def drawn(values: NDArray[np.float64]) -> Tensor:
        return torch.from_numpy((strength * values).astype(np.float32)).to(device).view(-1, 1, 1, 1)

    def sometimes(share: float) -> NDArray[np.bool_]:
        return rng.random(count) < share

    fainter = drawn(rng.uniform(-0.3, 0.5, count) * sometimes(0.5))
    lesion = functional.avg_pool2d((bits & LESION).float(), 3, 1, 1)
    pixels = pixels + fainter * lesion * pixels.clamp(min=0)
    # Grey matter, above the peak of all tissue: how lesions look beside it differs most of all.
    gray = (functional.avg_pool2d(pixels, 5, 1, 2, count_include_pad=False) - 0.2).clamp(0, 1.5)
    near = functional.avg_pool2d(functional.max_pool2d((bits & LESION).float(), 3, 1, 1), 5, 1, 2)
    scale = torch.exp(drawn(rng.uniform(-0.9, 0.8, count) * sometimes(0.6)))
    pixels = pixels + (scale - 1) * gray * (1 - near)
    centre = torch.from_numpy(rng.uniform(-2, 2.5, (count, 1, 1, 1)).astype(np.float32)).to(device)
    bump = drawn(rng.normal(0, 0.3, count) * sometimes(0.6))
    pixels = pixels + bump * torch.exp(-((pixels - centre) ** 2))
    relative = ((pixels - LOWEST) / -LOWEST).clamp(min=0)  # 1 is the tissue peak
    relative = relative ** (1 + drawn(rng.uniform(-0.25, 0.3, count)))
    field = drawn(rng.normal(0, 0.05, count * 9)).view(count, 1, 3, 3)
    relative = relative * (
        1 + functional.interpolate(field, size=relative.shape[-2:], mode="bicubic")
    )
    relative = relative * (1 + drawn(rng.normal(0, 0.03, count)))
    near = functional.avg_pool2d(relative, 3, 1, 1, count_include_pad=False)
    relative = relative + drawn(rng.uniform(-0.4, 0.9, count) * sometimes(0.6)) * (near - relative)
    generator = torch.Generator(device).manual_seed(int(rng.integers(2**31)))
    noise = torch.randn(relative.shape, generator=generator, device=device)
    smooth = torch.from_numpy(sometimes(0.4)).to(device).view(-1, 1, 1, 1)
    noise = torch.where(smooth, 2 * functional.avg_pool2d(noise, 3, 1, 1), noise)
    relative = relative + drawn(rng.uniform(0, 0.06, count) * sometimes(0.8)) * noise
    return (relative * -LOWEST + LOWEST).clamp(LOWEST, HIGHEST)
