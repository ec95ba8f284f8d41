"""How well counts of false positives and missed lesions repeat."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

Pairs = Sequence[tuple[int, int]]


def median_difference(pairs: Pairs) -> float:
    """Median absolute difference within pairs; at least one pair."""
    return float(median(abs(a - b) for a, b in pairs))


def share_within(pairs: Pairs, most: int) -> float:
    """Share of pairs that differ by at most `most`; at least one pair."""
    return sum(abs(a - b) <= most for a, b in pairs) / len(pairs)


def repeatability(pairs: Pairs) -> float:
    """The difference that 95 % of repeats stay below: 1.96 sqrt(2) s_w, s_w^2 = sum d^2 / 2n.

    In counts; at least one pair. Source: Bland and Altman 1999.
    """
    within = sum((a - b) ** 2 for a, b in pairs) / (2 * len(pairs))
    return 1.96 * math.sqrt(2 * within)
