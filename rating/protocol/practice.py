"""Practice: what a rater is told after each practice case, and nothing else.

Counts against the known truth; no percentage and no derived verdict, as in the study itself.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

NEAR_MM = 5.0  # as in the analysis of marks

Place = tuple[float, float, float]


@dataclass(frozen=True)
class Feedback:
    """False positives and missed lesions: how many there are, and marked rightly or wrongly."""

    false_positives: int
    false_positives_found: int
    false_positives_wrong: int
    missed: int
    missed_found: int
    missed_wrong: int


def feedback(
    *,
    false_positives: Collection[int],
    missed_mm: Sequence[Place],
    marked_false: Collection[int],
    marked_missed_mm: Sequence[Place],
) -> Feedback:
    """This will compare marks with the truth. Each missed lesion takes the nearest free mark
    within 5 mm; marks that no missed lesion takes are wrong."""
    found = set(false_positives) & set(marked_false)
    free = list(marked_missed_mm)
    matched = 0
    for place in missed_mm:
        near = [mark for mark in free if math.dist(mark, place) <= NEAR_MM]
        if near:
            free.remove(min(near, key=lambda mark: math.dist(mark, place)))
            matched += 1
    return Feedback(
        false_positives=len(set(false_positives)),
        false_positives_found=len(found),
        false_positives_wrong=len(set(marked_false)) - len(found),
        missed=len(missed_mm),
        missed_found=matched,
        missed_wrong=len(free),
    )
