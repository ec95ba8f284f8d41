"""Which lesions of a reference a mask finds, and which of its own hit one.

Counted from both sides: recall is over reference lesions that share at least one voxel with the
mask, precision over the mask's lesions that share at least one voxel with the reference. One lesion
that covers ten of the reference is thus ten found and one hitting, never a precision of ten.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segmentation.evaluation.undefined import Undefined
from segmentation.imaging.geometry import Grid
from segmentation.imaging.lesions import find_lesions


@dataclass(frozen=True)
class LesionMatching:
    """How the lesions of a mask and of a reference meet.

    `merges` are ids of the mask's lesions that touch several reference lesions, `splits` ids of
    reference lesions that several of the mask's touch.
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
    mask: NDArray[np.bool_], reference: NDArray[np.bool_], *, grid: Grid, connectivity: int = 26
) -> LesionMatching:
    """This will match the lesions of two masks on one grid. Apply the size filter to both before.

    Empty masks give zeros. Raises ValueError when a mask does not lie on the grid.
    """
    if mask.shape != grid.shape or reference.shape != grid.shape:
        raise ValueError(f"masks of {mask.shape} and {reference.shape} on a grid of {grid.shape}")
    drawn_ids, drawn = find_lesions(mask, grid=grid, connectivity=connectivity)
    reference_ids, known = find_lesions(reference, grid=grid, connectivity=connectivity)
    both = mask & reference
    pairs = np.unique(np.stack([drawn_ids[both], reference_ids[both]]), axis=1)
    hits, hit_counts = np.unique(pairs[0], return_counts=True)
    finds, find_counts = np.unique(pairs[1], return_counts=True)
    return LesionMatching(
        reference=len(known),
        found=len(finds),
        drawn=len(drawn),
        hitting=len(hits),
        merges=tuple(int(id_) for id_ in hits[hit_counts > 1]),
        splits=tuple(int(id_) for id_ in finds[find_counts > 1]),
    )
