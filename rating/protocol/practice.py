"""Practice: what a rater is told after each practice case, and nothing else.

Counts against the known truth; no percentage and no derived verdict, as in the study itself.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

NEAR_MM = 5.0  # as in the analysis of marks

Place = tuple[float, float, float]


@dataclass(frozen=True)
class Told:
    """What a rater is told about one place (mm): an error of the mask, or a mark where none is.

    `said` is "right" for an error that was marked, "overlooked" for one that was not, "wrong" for a
    mark that is no error.
    """

    kind: Literal["FP", "FN"]
    said: Literal["right", "overlooked", "wrong"]
    mm: Place


@dataclass(frozen=True)
class Feedback:
    """False positives and missed lesions: how many there are, and marked rightly or wrongly."""

    false_positives: int
    false_positives_found: int
    false_positives_wrong: int
    missed: int
    missed_found: int
    missed_wrong: int
    places: tuple[Told, ...]


def feedback(
    *,
    false_positives: Collection[int],
    missed_mm: Sequence[Place],
    marked_false: Collection[int],
    marked_missed_mm: Sequence[Place],
    lesions_mm: Mapping[int, Place],
) -> Feedback:
    """This will compare marks with the truth; `lesions_mm` says where the drawn lesions lie.

    Each missed lesion takes the nearest free mark within 5 mm; marks that no missed lesion takes
    are wrong.
    """
    places = [
        Told("FP", "right" if lesion in marked_false else "overlooked", lesions_mm[lesion])
        for lesion in sorted(false_positives)
    ]
    more = sorted(set(marked_false) - set(false_positives))
    places += [Told("FP", "wrong", lesions_mm[lesion]) for lesion in more]
    free = list(marked_missed_mm)
    for place in missed_mm:
        near = [mark for mark in free if math.dist(mark, place) <= NEAR_MM]
        if near:
            free.remove(min(near, key=lambda mark: math.dist(mark, place)))
        places.append(Told("FN", "right" if near else "overlooked", place))
    places += [Told("FN", "wrong", mark) for mark in free]
    counts = Counter((place.kind, place.said) for place in places)
    return Feedback(
        false_positives=len(set(false_positives)),
        false_positives_found=counts["FP", "right"],
        false_positives_wrong=counts["FP", "wrong"],
        missed=len(missed_mm),
        missed_found=counts["FN", "right"],
        missed_wrong=counts["FN", "wrong"],
        places=tuple(places),
    )
