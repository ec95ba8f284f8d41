"""How well counts of false positives and missed lesions repeat."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rating.statistics.intervals import LEVEL, Interval

Pairs = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Icc:
    """ICC(A,1) with its interval; the interval is None where the counts agree perfectly."""

    value: float
    interval: Interval | None


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


def icc_agreement(counts: Sequence[Sequence[int]]) -> Icc | None:
    """ICC(A,1) of n targets (rows) by k measurements: two-way, absolute agreement, single.

    None below two targets, or when all counts are equal. Source: McGraw and Wong 1996 (= Shrout and
    Fleiss's ICC(2,1)), interval by F.
    """
    x: NDArray[np.float64] = np.asarray(counts, dtype=np.float64)
    if len(x) < 2:
        return None
    n, k = x.shape
    by_row, by_column, mean = x.mean(axis=1), x.mean(axis=0), x.mean()
    msr = float(k * np.square(by_row - mean).sum()) / (n - 1)
    msc = float(n * np.square(by_column - mean).sum()) / (k - 1)
    rest = x - by_row[:, None] - by_column[None, :] + mean
    mse = float(np.square(rest).sum()) / ((n - 1) * (k - 1))
    below = msr + (k - 1) * mse + k * (msc - mse) / n
    if below <= 1e-12:
        return None
    value = (msr - mse) / below
    if mse <= 1e-12:  # repeats differ by a constant at most: F has no error to compare with
        return Icc(value, None)
    return Icc(value, _interval(value, n, k, msr, msc, mse))


def _interval(r: float, n: int, k: int, msr: float, msc: float, mse: float) -> Interval | None:
    """The 95 % interval by F; None where the approximation leaves no degrees of freedom."""
    a = k * r / (n * (1 - r))
    b = 1 + k * r * (n - 1) / (n * (1 - r))
    spread = (a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / ((n - 1) * (k - 1))
    if spread <= 1e-12:
        return None
    freedom = (a * msc + b * mse) ** 2 / spread
    tail = (1 + LEVEL) / 2
    f_low = float(special.fdtri(n - 1, freedom, tail))
    f_high = float(special.fdtri(freedom, n - 1, tail))
    rest = k * msc + (k * n - k - n) * mse
    low = n * (msr - f_low * mse) / (f_low * rest + n * msr)
    high = n * (f_high * msr - mse) / (rest + n * f_high * msr)
    if high < -1:  # so little between masks that F says nothing about a coefficient
        return None
    return max(-1.0, low), min(1.0, high)
