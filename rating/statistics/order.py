"""Learning and fatigue: do rejections sit early or late in the order that was drawn?

With few rejections no model is fitted. The order was drawn at random, so drawing it again from the
same sampler says how the rejections would lie if order did not matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rating.protocol.sequence import draw_sequence

REDRAWS = 999
MOST_POSITIONS = 2_000_000  # positions drawn per rater; fewer redraws for very long schedules
FEWEST = 99
Showing = tuple[str, int]  # item, occasion


@dataclass(frozen=True)
class OrderTest:
    """Mean position of the rejections, what all orders expect, and the two-sided p."""

    mean_position: float
    expected: float
    p: float
    redraws: int


def redraws_for(positions: int) -> int:
    """How many orders of so many positions are drawn; 0 where even 99 would take too long."""
    count = min(REDRAWS, MOST_POSITIONS // max(1, positions))
    return count if count >= FEWEST else 0


def randomisation_test(
    *,
    positions: Mapping[Showing, int],
    rejected: Sequence[Showing],
    items: Sequence[str],
    gap: int,
    cases: Mapping[str, str],
    label: str,
) -> OrderTest | None:
    """This will test whether rejections sit early or late, by drawing the order again.

    `positions` are those of all showings of one rater (item, occasion), `rejected` the showings
    that rejected the mask, `items`, `gap` and `cases` what the order was drawn from. p = (1 + r) /
    (1 + redraws), with r redraws whose mean position of the same showings lies at least as far from
    the mean over all orders, the drawn one too. Redraws come from secrets made of `label`, so
    the p is repeatable. None when nothing was rejected, when everything was, or when the schedule
    is too long to be redrawn 99 times. Source: Edgington and Onghena 2007.
    """
    count = redraws_for(len(positions))
    if not rejected or len(rejected) == len(positions) or not count:
        return None
    wanted = set(rejected)
    means = np.empty(count)
    for redraw in range(count):
        slots = draw_sequence(
            secret=hashlib.sha256(f"redraw {redraw} of {label}".encode()).digest(),
            study="redraw",
            rater=str(redraw),
            items=items,
            gap=gap,
            cases=cases,
        )
        sums = sum(slot.position for slot in slots if (slot.item, slot.occasion) in wanted)
        means[redraw] = sums / len(wanted)
    observed = sum(positions[showing] for showing in rejected) / len(wanted)
    expected = float((means.sum() + observed) / (count + 1))
    as_far = np.abs(means - expected) >= abs(observed - expected) - 1e-9
    return OrderTest(observed, expected, (1 + int(as_far.sum())) / (1 + count), count)
