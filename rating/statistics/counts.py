"""How well counts of false positives and missed lesions repeat."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def median_difference(pairs: ArrayLike) -> float:
    """Median absolute difference within pairs (rows of two); at least one pair."""
    return float(np.median(np.abs(_differences(pairs))))


def share_within(pairs: ArrayLike, most: int) -> float:
    """Share of pairs that differ by at most `most`; at least one pair."""
    return float(np.mean(np.abs(_differences(pairs)) <= most))


def repeatability(pairs: ArrayLike) -> float:
    """The difference that 95 % of repeats stay below: 1.96 sqrt(2) s_w, s_w^2 = sum d^2 / 2n.

    In counts; at least one pair. Source: Bland and Altman 1999.
    """
    d = _differences(pairs)
    return 1.96 * math.sqrt(float(d @ d) / len(d))


def _differences(pairs: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(pairs, dtype=np.float64)
    return x[:, 0] - x[:, 1]
