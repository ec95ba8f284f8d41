"""What a network learns from: stacks of prepared slices with what is known about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

from segmentation.inference.preparation import AXIAL, neighbour_stride, stack

LESION, KNOWN, BRAIN = 1, 2, 4  # how a deck keeps the three label maps in one byte


@dataclass(frozen=True, eq=False)
class Example:
    """Slices (slices, height, width) with their labels; axial ones, or those of another plane.

    `lesion` and `brain` are 0 or 1; a pixel counts in the loss where `lesion_known`, or for the
    brain where `brain_known`. `foci` (n, 3) are lesion voxels to look at: each lesion has some, so
    that small ones are seen as well as large ones. `subjects` are all whose
    scan or mask went into it. `stride` is how many slices away the neighbours are that a network
    sees beside a slice.
    """

    group: str
    subjects: frozenset[str]
    pixels: NDArray[np.float16]
    lesion: NDArray[np.bool_]
    brain: NDArray[np.bool_]
    lesion_known: NDArray[np.bool_]
    brain_known: bool
    foci: NDArray[np.int16]
    stride: int


def make_example(
    *,
    group: str,
    subjects: Iterable[str],
    pixels: NDArray[np.float32],
    slice_mm: float,
    lesion: NDArray[np.bool_],
    brain: NDArray[np.bool_] | None,
    rng: Generator,
    lesion_known: NDArray[np.bool_] | None = None,
    plane: int = AXIAL,
) -> Example:
    """An example from arrays in x, y, z order (None: brain unknown, all lesions known).

    `plane` is that of its slices, `slice_mm` thick.
    """
    known = np.ones_like(lesion) if lesion_known is None else lesion_known
    stacked = stack(lesion, plane)
    return Example(
        group=group,
        subjects=frozenset(subjects),
        pixels=stack(pixels, plane).astype(np.float16),
        lesion=stacked,
        brain=np.zeros_like(stacked) if brain is None else stack(brain, plane),
        lesion_known=stack(known, plane),
        brain_known=brain is not None,
        foci=_foci(stacked, rng),
        stride=neighbour_stride(slice_mm),
    )


def _foci(lesion: NDArray[np.bool_], rng: Generator) -> NDArray[np.int16]:
    """A few voxels of every lesion, more of large ones (with the square root of their size)."""
    labels, count = ndimage.label(lesion, np.ones((3, 3, 3)))
    if not count:
        return np.zeros((0, 3), dtype=np.int16)
    voxels = np.argwhere(labels)
    voxels = voxels[rng.permutation(len(voxels))]
    owner = labels[tuple(voxels.T)]
    order = np.argsort(owner, kind="stable")
    sizes = np.bincount(owner)[1:]
    rank = np.empty(len(voxels), dtype=np.int64)
    rank[order] = np.arange(len(voxels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    allowed = np.ceil(np.sqrt(sizes) * 0.5).clip(1, 60)
    return np.asarray(voxels[rank < allowed[owner - 1]], dtype=np.int16)
