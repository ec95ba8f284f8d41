"""Limits of agreement where both measurements were repeated: no repeat counts as a new case."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy import special

from segmentation.evaluation.statistics.bland_altman import TAILS, Limits
from segmentation.evaluation.statistics.quantiles import Z

Readings = Sequence[Sequence[float]]


def replicate_limits(*, first: Readings, second: Readings) -> Limits | None:
    """This will compute limits of agreement of single readings from repeated ones.

    One sequence of readings per case and side, of any length above 0; sides need not be paired. The
    variance of a single difference is var(mean differences) + (1 - 1/m_x) s_xw^2 + (1 - 1/m_y)
    s_yw^2, with m the harmonic mean number of readings and s_w^2 pooled within cases; intervals of
    the limits by MOVER (recovery of variance estimates), of the bias by the normal distribution.
    None below two cases, when a side has no repeats at all, or when nothing varies. Raises
    ValueError unless both sides have the same cases. Source: Bland and Altman 1999, section 5; Zou
    2013, Statistical Methods in Medical Research 22:630.
    """
    if len(first) != len(second):
        raise ValueError("both sides need readings of the same cases")
    n = len(first)
    if n < 2:
        return None
    sides = [_summed(side) for side in (first, second)]
    differences = sides[0].means - sides[1].means
    between = float(differences.var(ddof=1))
    parts = [(between, n - 1)]
    for side in sides:
        freedom = int(side.sizes.sum()) - n
        if freedom < 1:
            return None
        share = 1 - float(np.mean(1 / side.sizes))
        parts.append((share * side.squares / freedom, freedom))
    total = sum(value for value, _ in parts)
    if total <= 0:
        return None
    bias, sd = float(differences.mean()), math.sqrt(total)
    below, above = (
        math.sqrt(sum((value * (1 - k / float(_chi2(tail, k)))) ** 2 for value, k in parts))
        for tail in TAILS[::-1]
    )
    of_bias = Z * math.sqrt(between / n)
    far = math.hypot(of_bias, Z * (math.sqrt(total + above) - sd))
    near = math.hypot(of_bias, Z * (sd - math.sqrt(max(0.0, total - below))))
    low, high = bias - Z * sd, bias + Z * sd
    return Limits(
        n=n,
        bias=bias,
        bias_interval=(bias - of_bias, bias + of_bias),
        sd=sd,
        low=low,
        low_interval=(low - far, low + near),
        high=high,
        high_interval=(high - near, high + far),
    )


@dataclass(frozen=True)
class _Summed:
    """Readings and mean of every case, and the sum of squares within cases."""

    sizes: NDArray[np.int64]
    means: NDArray[np.float64]
    squares: float


def _summed(side: Readings) -> _Summed:
    sizes = np.fromiter(map(len, side), dtype=np.int64, count=len(side))
    flat = np.fromiter(chain.from_iterable(side), dtype=np.float64, count=int(sizes.sum()))
    means = np.add.reduceat(flat, np.cumsum(sizes) - sizes) / sizes
    return _Summed(sizes, means, float(np.square(flat - np.repeat(means, sizes)).sum()))


def _chi2(tail: float, freedom: int) -> float:
    """The quantile of chi-square that leaves `tail` below."""
    return float(special.chdtri(freedom, 1 - tail))
