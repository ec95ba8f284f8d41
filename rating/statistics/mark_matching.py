"""Do two readings of a mask mark the same lesions?

A false positive is a drawn lesion, so the same id is the same lesion. A missed lesion is a point in
space: two points are the same lesion when they pair off within a stated distance.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

MATCH_MM = 5.0  # a slice of 4 mm and a pointing error of 3 mm in it
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Shared:
    """Marks of two readings: of both, of the first only, of the second only."""

    both: int
    first_only: int
    second_only: int

    @property
    def agreement(self) -> float | None:
        """The share of marks that the other reading has too, 2 both / all; None without marks."""
        marks = 2 * self.both + self.first_only + self.second_only
        return 2 * self.both / marks if marks else None


def shared_lesions(first: Set[int | None], second: Set[int | None]) -> Shared:
    """This will count drawn lesions that both readings marked, by id."""
    both = len(first & second)
    return Shared(both, len(first) - both, len(second) - both)


def shared_points(
    first: Sequence[Point], second: Sequence[Point], *, within_mm: float = MATCH_MM
) -> Shared:
    """This will count missed lesions that both readings marked: points paired off one to one.

    As many pairs as possible at `within_mm` (RAS+ millimetres) or less, and of all such pairings
    the one with the smallest sum of distances. Raises ValueError for a distance of 0 or below.
    """
    if within_mm <= 0:
        raise ValueError("the distance to match within is above 0 mm")
    both = 0
    if first and second:
        from scipy import optimize  # slow to import

        ways = np.asarray(first, dtype=np.float64)[:, None] - np.asarray(second)[None]
        distance = np.sqrt(np.square(ways).sum(axis=2))
        too_far = distance > within_mm
        # Dearer than all allowed pairs together, so that a pair is never given up for closeness.
        cost = np.where(too_far, within_mm * (1 + min(distance.shape)), distance)
        rows, columns = optimize.linear_sum_assignment(cost)
        both = int((~too_far[rows, columns]).sum())
    return Shared(both, len(first) - both, len(second) - both)


def fused_points(
    points: Sequence[Point], *, within_mm: float = MATCH_MM
) -> tuple[tuple[Point, ...], ...]:
    """This will gather points that mean the same lesion: each joins the first group near it.

    A group is near when its mean lies at `within_mm` (RAS+ millimetres) or less. Groups come in the
    order of their first points; no points give none.
    """
    groups: list[list[Point]] = []
    for point in points:
        for group in groups:
            if np.linalg.norm(np.mean(group, axis=0) - np.asarray(point)) <= within_mm:
                group.append(point)
                break
        else:
            groups.append([point])
    return tuple(tuple(group) for group in groups)
