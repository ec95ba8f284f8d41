"""Pairs of masks whose scores can be told by hand, and a pair with many lesions."""

from __future__ import annotations

import numpy as np

SHAPE = (24, 24, 6)
SPACING_MM = (0.59, 0.59, 3.84)
Pair = tuple[np.ndarray, np.ndarray]


def blocks(*corners: tuple[int, int], size: int = 2) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    for x, y in corners:
        mask[x : x + size, y : y + size, 2:4] = True
    return mask


def pairs() -> dict[str, Pair]:
    """Mask and reference by name."""
    ten = blocks(*[(x, y) for x in (1, 5, 9, 13, 17) for y in (2, 8)])
    blob, whole, corner, touching = (np.zeros(SHAPE, bool) for _ in range(4))
    blob[0:20, 1:12, 2:4] = True
    whole[2:14, 5:7, 2:4] = True
    corner[3:9, 3:9, 1:4] = True
    touching[8:16, 8:16, 3:5] = True  # shares the voxel (8, 8, 3)
    known = [(1, 1), (1, 8), (1, 15), (12, 1), (12, 8)]
    return {
        "one blob over ten lesions": (blob, ten),
        "one lesion in three pieces": (blocks((2, 5), (6, 5), (11, 5)), whole),
        "one shared voxel": (touching, corner),
        "four of five and one wrong": (blocks(*known[:4], (20, 20)), blocks(*known)),
        "identical": (ten, ten),
        "many": many(SHAPE, lesions=14, seed=3),
        "some of many": some_of(many(SHAPE, lesions=14, seed=3)),
    }


def many(shape: tuple[int, int, int], *, lesions: int, seed: int) -> Pair:
    """Ellipsoids at random places: most of the mask's lie near one of the reference."""
    rng = np.random.default_rng(seed)
    mask, reference = np.zeros(shape, bool), np.zeros(shape, bool)
    most = np.array([max(1.5, n / 60) for n in shape])
    for number in range(lesions):
        centre = rng.uniform(0.15, 0.85, 3) * shape
        radii = most * rng.uniform(0.5, 1.5, 3)
        _fill(reference, centre, radii)
        if number % 8:
            _fill(mask, centre + rng.normal(0, 0.4, 3) * radii, radii * rng.uniform(0.6, 1.3))
        if number % 6 == 0:
            _fill(mask, rng.uniform(0.15, 0.85, 3) * shape, radii)
    return mask, reference


def some_of(pair: Pair) -> Pair:
    """Without what the mask has on the left half, and with a corner that is no lesion."""
    mask, reference = (each.copy() for each in pair)
    mask[: SHAPE[0] // 2] = False
    mask[-1, -1, -1] = True
    return mask, reference


def _fill(mask: np.ndarray, centre: np.ndarray, radii: np.ndarray) -> None:
    low = np.maximum(np.floor(centre - radii).astype(int), 0)
    high = np.minimum(np.ceil(centre + radii).astype(int) + 1, mask.shape)
    axes = [np.arange(a, b) for a, b in zip(low, high, strict=True)]
    away = sum(
        ((place - c) / r) ** 2
        for place, c, r in zip(np.meshgrid(*axes, indexing="ij"), centre, radii, strict=True)
    )
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] |= away <= 1
