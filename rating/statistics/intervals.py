"""Intervals of a proportion, for independent and for repeated observations.

Repeated readings of a case are not independent. The variance is taken over cases (the clusters),
turned into an effective number of observations, and that goes into an interval for proportions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from segmentation.evaluation.statistics.quantiles import LEVEL, Interval, t_quantile


@dataclass(frozen=True)
class Clustered:
    """A proportion over clusters, with what its interval needs.

    `n_effective` is how many independent observations are worth as much; `n_adjusted` (n*) also
    pays for estimating the variance from few clusters.
    """

    proportion: float
    variance: float
    observations: int
    clusters: int
    n_effective: float
    n_adjusted: float


def cluster_proportion(successes: ArrayLike, observations: ArrayLike) -> Clustered | None:
    """This will estimate a proportion from clusters: the ratio of the sums, variance over clusters.

    One entry per cluster; clusters without observations are left out. None when nothing is left.
    v = n/(n-1) sum (x_c - p m_c)^2 / (sum m_c)^2, n_eff = p (1-p) / v, n* = min(N, n_eff
    (t_{.975,N-1} / t_{.975,n-1})^2). Where the clusters do not vary at all (v = 0), every cluster
    counts once and n* is their number. A single cluster gives no
    variance: its sizes are 1. Source: Korn and Graubard 1998; `survey::svyciprop`.
    """
    x, m = (np.asarray(side, dtype=np.float64) for side in (successes, observations))
    if len(x) != len(m):
        raise ValueError("every cluster has successes and observations")
    x, m = x[m > 0], m[m > 0]
    if not len(m):
        return None
    n, total = len(m), int(m.sum())
    accepted = float(x.sum())
    p = accepted / total
    if n == 1:
        return Clustered(p, 0.0, total, 1, 1.0, 1.0)
    # Multiplied out, so that clusters which do not vary give exactly 0.
    squares = float(np.square(x * total - accepted * m).sum())
    variance = n / (n - 1) * squares / total**4
    if variance == 0:
        return Clustered(p, 0.0, total, n, float(n), float(n))
    n_effective = p * (1 - p) / variance
    return Clustered(
        p, variance, total, n, n_effective, adjusted_size(n_effective, n=n, total=total)
    )


def adjusted_size(n_effective: float, *, n: int, total: int) -> float:
    """This will turn the effective size of `total` observations in n >= 2 clusters into n*."""
    return min(float(total), n_effective * (t_quantile(total - 1) / t_quantile(n - 1)) ** 2)


def korn_graubard(estimate: Clustered) -> Interval:
    """This will give the headline interval: Clopper-Pearson with (p n*, n*)."""
    return clopper_pearson(estimate.proportion * estimate.n_adjusted, estimate.n_adjusted)


def clopper_pearson(successes: float, n: float) -> Interval:
    """This will give the exact interval of a binomial proportion; n > 0 need not be whole."""
    tail = (1 - LEVEL) / 2
    failures = n - successes
    low = 0.0 if successes <= 0 else float(special.betaincinv(successes, failures + 1, tail))
    high = 1.0 if failures <= 0 else float(special.betaincinv(successes + 1, failures, 1 - tail))
    return low, high


def wilson(successes: float, n: float) -> Interval:
    """This will give the score interval of a binomial proportion; n > 0."""
    z = float(special.ndtri((1 + LEVEL) / 2))
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if successes <= 0 else max(0.0, centre - half)
    high = 1.0 if successes >= n else min(1.0, centre + half)
    return low, high


def agresti_coull(successes: float, n: float) -> Interval:
    """This will give the adjusted Wald interval, cut to 0..1; n > 0."""
    z = float(special.ndtri((1 + LEVEL) / 2))
    more = n + z * z
    p = (successes + z * z / 2) / more
    half = z * math.sqrt(p * (1 - p) / more)
    return max(0.0, p - half), min(1.0, p + half)
