"""Learning and fatigue: do rejections sit early or late in the order that was drawn?

With few rejections no model is fitted. The order was drawn at random, so drawing it again from the
same sampler says how the rejections would lie if order did not matter.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rating.protocol.sequence import draw_order

REDRAWS = 999
FEWEST = 99
MOST_POSITIONS = 1_000_000  # to draw for all raters of a study: seconds


@dataclass(frozen=True)
class OrderTest:
    """Mean position of the rejections, where chance puts it, and the two-sided p."""

    mean_position: float
    expected: float
    p: float
    redraws: int


class Dice:
    """Random whole numbers from a text, the same every time."""

    def __init__(self, text: str) -> None:
        self._random = random.Random(text)  # noqa: S311 (nothing to keep secret)

    def below(self, bound: int) -> int:
        """A number from 0..bound-1, each equally likely."""
        return self._random.randrange(bound)


def randomisation_test(
    *,
    positions: ArrayLike,
    rejected: ArrayLike,
    groups: Sequence[int],
    gap: int,
    label: str,
    most_positions: int = MOST_POSITIONS,
) -> OrderTest | None:
    """This will test whether a rater's rejections sit early or late, by drawing the order again.

    `positions` (from 1) and `rejected` have a row per item, in the order of the design, and a
    column per occasion; `groups` and `gap` are what the order was drawn from (`case_groups`). p =
    (1 + r) / (1 + redraws), with r redraws whose mean position of the same showings lies at least
    as far from where it is expected: in the middle of the blocks. There are 999 redraws, from
    numbers that follow from `label`; fewer when more than `most_positions` would have to be drawn.
    None when nothing was rejected, or everything, or when that leaves fewer than 99. Source:
    Edgington and Onghena 2007.
    """
    at, turned_down = np.asarray(positions), np.asarray(rejected, dtype=np.bool_)
    total = int(turned_down.sum())
    if total == 0 or total == turned_down.size or FEWEST * at.size > most_positions:
        return None
    n, dice, means = len(at), Dice(label), list[float]()
    for _ in range(most_positions // at.size):
        order = draw_order(dice, groups, gap)
        if order is not None:
            is_hit = np.concatenate([turned_down[order[:n], 0], turned_down[order[n:], 1]])
            means.append(float(np.flatnonzero(is_hit).sum()) / total + 1)
        if len(means) == REDRAWS:
            break
    if len(means) < FEWEST:
        return None
    observed = float(at[turned_down].sum()) / total
    redrawn = np.array(means)
    first, second = turned_down.sum(axis=0).tolist()
    expected = (first * (n + 1) + second * (3 * n + 1)) / (2 * total)
    as_far = int((np.abs(redrawn - expected) >= abs(observed - expected) - 1e-9).sum())
    return OrderTest(observed, expected, (1 + as_far) / (1 + len(means)), len(means))
