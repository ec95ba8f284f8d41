"""Intraclass correlation: how much of the scatter of counts is between masks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from segmentation.evaluation.statistics.quantiles import LEVEL, Interval

TAIL = (1 + LEVEL) / 2


@dataclass(frozen=True)
class Icc:
    """A coefficient with its interval, which holds the coefficient and has a width.

    The interval is None where F has nothing to compare.
    """

    value: float
    interval: Interval | None


@dataclass(frozen=True)
class MeanSquares:
    """The two-way analysis of variance of n targets (rows) by k measurements (columns)."""

    n: int
    k: int
    rows: float
    columns: float
    error: float


def icc_agreement(counts: ArrayLike) -> Icc | None:
    """ICC(A,1) of n targets (rows) by k measurements: two-way, absolute agreement, single.

    None below two targets or two measurements, or when all counts are equal. Source: McGraw and
    Wong 1996 (= Shrout and Fleiss's ICC(2,1)), interval by F.
    """
    ms = _mean_squares(counts)
    if ms is None:
        return None
    below = ms.rows + (ms.k - 1) * ms.error + ms.k * (ms.columns - ms.error) / ms.n
    if below <= 1e-12:
        return None
    value = (ms.rows - ms.error) / below
    if not _is_comparable(ms):
        return Icc(value, None)
    return Icc(value, _interval_of_agreement(value, ms))


def icc_consistency(counts: ArrayLike) -> Icc | None:
    """ICC(C,1): as `icc_agreement`, but a constant difference between measurements is forgiven.

    (MSR - MSE) / (MSR + (k-1) MSE). None below two targets or two measurements, or when rows do not
    vary beyond the columns. Source: McGraw and Wong 1996 (= Shrout and Fleiss's ICC(3,1)).
    """
    ms = _mean_squares(counts)
    if ms is None:
        return None
    below = ms.rows + (ms.k - 1) * ms.error
    if below <= 1e-12:
        return None
    value = (ms.rows - ms.error) / below
    if not _is_comparable(ms):
        return Icc(value, None)
    f, freedom = ms.rows / ms.error, (ms.n - 1) * (ms.k - 1)
    low = f / float(special.fdtri(ms.n - 1, freedom, TAIL))
    high = f * float(special.fdtri(freedom, ms.n - 1, TAIL))
    return Icc(value, ((low - 1) / (low + ms.k - 1), (high - 1) / (high + ms.k - 1)))


def _mean_squares(counts: ArrayLike) -> MeanSquares | None:
    x = np.asarray(counts, dtype=np.float64)
    if x.ndim != 2 or min(x.shape) < 2:
        return None
    n, k = x.shape
    by_row, by_column, mean = x.mean(axis=1), x.mean(axis=0), x.mean()
    rest = x - by_row[:, None] - by_column[None, :] + mean
    return MeanSquares(
        n=n,
        k=k,
        rows=float(k * np.square(by_row - mean).sum()) / (n - 1),
        columns=float(n * np.square(by_column - mean).sum()) / (k - 1),
        error=float(np.square(rest).sum()) / ((n - 1) * (k - 1)),
    )


def _is_comparable(ms: MeanSquares) -> bool:
    """Whether F can compare: not if repeats differ by a constant at most, or sums not at all."""
    return min(ms.rows, ms.error) > 1e-12


def _interval_of_agreement(r: float, ms: MeanSquares) -> Interval | None:
    """The 95 % interval by F; None where the approximation does not hold.

    It leaves no degrees of freedom, or its interval misses the coefficient: both where there is
    about as little between the targets as within them, and few of them.
    """
    n, k = ms.n, ms.k
    a = k * r / (n * (1 - r))
    b = 1 + k * r * (n - 1) / (n * (1 - r))
    spread = (a * ms.columns) ** 2 / (k - 1) + (b * ms.error) ** 2 / ((n - 1) * (k - 1))
    if spread <= 1e-12:
        return None
    freedom = (a * ms.columns + b * ms.error) ** 2 / spread
    f_low = float(special.fdtri(n - 1, freedom, TAIL))
    f_high = float(special.fdtri(freedom, n - 1, TAIL))
    rest = k * ms.columns + (k * n - k - n) * ms.error
    low = n * (ms.rows - f_low * ms.error) / (f_low * rest + n * ms.rows)
    high = n * (f_high * ms.rows - ms.error) / (rest + n * f_high * ms.rows)
    low, high = max(-1.0, low), min(1.0, high)
    return (low, high) if low <= r <= high else None
