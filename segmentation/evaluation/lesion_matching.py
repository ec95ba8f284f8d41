"""Which lesions of a reference a mask finds, and which of its own hit one.

Counted from both sides: recall is over reference lesions, precision over the mask's. By the paper's
rule one shared voxel is enough; one lesion that covers ten of the reference is thus ten found and
one hitting, never a precision of ten. Stricter profiles pair every lesion with at most one other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segmentation.evaluation.undefined import Undefined
from segmentation.imaging.components import Components
from segmentation.imaging.geometry import Grid
from segmentation.imaging.lesions import lesions_in


@dataclass(frozen=True)
class Profile:
    """When two lesions match: one shared voxel (`least` 0), or one to one with enough overlap.

    `by_union` measures overlap as intersection over union, else as the Dice coefficient of the two
    lesions. Pairs are made from the largest overlap down.
    """

    name: str
    title: str
    least: float = 0.0
    by_union: bool = False


ONE_VOXEL = Profile("one-voxel", "one shared voxel (Hindsholm et al.; WMH challenge)")
PROFILES = {
    one.name: one
    for one in (
        ONE_VOXEL,
        Profile("dice-10", "one to one, Dice of at least 0.1 (panoptica, binary MS)", 0.1),
        Profile("iou-50", "one to one, IoU of at least 0.5 (panoptica)", 0.5, by_union=True),
    )
}


@dataclass(frozen=True)
class LesionMatching:
    """How the lesions of a mask and of a reference meet.

    `merges` are ids of the mask's lesions that touch several reference lesions, `splits` ids of
    reference lesions that several of the mask's touch, whatever the profile.
    """

    reference: int
    found: int
    drawn: int
    hitting: int
    merges: tuple[int, ...]
    splits: tuple[int, ...]

    @property
    def recall(self) -> float | Undefined:
        """Share of reference lesions found."""
        return self.found / self.reference if self.reference else Undefined("no reference lesion")

    @property
    def precision(self) -> float | Undefined:
        """Share of drawn lesions that hit the reference."""
        return self.hitting / self.drawn if self.drawn else Undefined("no drawn lesion")

    @property
    def f1(self) -> float | Undefined:
        """Harmonic mean of recall and precision; 0 when nothing was found."""
        recall, precision = self.recall, self.precision
        if isinstance(recall, Undefined):
            return recall
        if isinstance(precision, Undefined):
            return precision
        return 2 * recall * precision / (recall + precision) if recall + precision else 0.0


def match_lesions(
    mask: NDArray[np.bool_],
    reference: NDArray[np.bool_],
    *,
    grid: Grid,
    connectivity: int = 26,
    profile: Profile = ONE_VOXEL,
) -> LesionMatching:
    """This will match the lesions of two masks on one grid. Apply the size filter to both before.

    Empty masks give zeros. Raises ValueError when a mask does not lie on the grid.
    """
    drawn, known = (
        lesions_in(each, grid=grid, connectivity=connectivity) for each in (mask, reference)
    )
    return match(drawn, known, profile=profile)


def match(drawn: Components, known: Components, *, profile: Profile = ONE_VOXEL) -> LesionMatching:
    """This will match lesions that lie on one grid, those of a mask and those of a reference."""
    _, here, there = np.intersect1d(drawn.at, known.at, assume_unique=True, return_indices=True)
    pairs, shared = np.unique(
        np.stack([drawn.ids[here], known.ids[there]]), axis=1, return_counts=True
    )
    hits, hit_counts = np.unique(pairs[0], return_counts=True)
    finds, find_counts = np.unique(pairs[1], return_counts=True)
    found, hitting = len(finds), len(hits)
    if profile.least:
        sizes = drawn.sizes[pairs[0] - 1] + known.sizes[pairs[1] - 1]
        overlap = shared / (sizes - shared) if profile.by_union else 2 * shared / sizes
        found = hitting = _one_to_one(pairs, overlap, profile.least)
    return LesionMatching(
        reference=known.count,
        found=found,
        drawn=drawn.count,
        hitting=hitting,
        merges=tuple(hits[hit_counts > 1].tolist()),
        splits=tuple(finds[find_counts > 1].tolist()),
    )


def _one_to_one(pairs: NDArray[np.intp], overlap: NDArray[np.float64], least: float) -> int:
    """How many pairs there are when each lesion is in one at most, the largest overlap first."""
    taken: tuple[set[int], set[int]] = set(), set()
    for place in np.argsort(-overlap, kind="stable"):
        one, other = pairs[:, place].tolist()
        if overlap[place] >= least and one not in taken[0] and other not in taken[1]:
            taken[0].add(one)
            taken[1].add(other)
    return len(taken[0])
