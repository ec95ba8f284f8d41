"""By how much two sides differ in the share they accept, where both judged the same masks.

With repeated readings the case is the unit and the interval is t over cases; with one pair per case
it is a score interval, which stays honest for few and for no discordant pairs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from rating.statistics.agreement import Table
from segmentation.evaluation.statistics.quantiles import LEVEL, Interval, t_quantile

Z = float(special.ndtri((1 + LEVEL) / 2))


@dataclass(frozen=True)
class Difference:
    """First share minus second share over clusters; `error` is its standard error."""

    value: float
    error: float
    cases: int

    @property
    def interval(self) -> Interval:
        """t with cases - 1 degrees of freedom, cut to -1..1."""
        half = t_quantile(self.cases - 1) * self.error
        return max(-1.0, self.value - half), min(1.0, self.value + half)


@dataclass(frozen=True)
class TwoOneSided:
    """Two one-sided tests against a margin: not worse, not better, and both (equivalent)."""

    p_not_worse: float
    p_not_better: float

    @property
    def p_equivalent(self) -> float:
        """The larger of the two."""
        return max(self.p_not_worse, self.p_not_better)


def clustered_difference(*, differences: ArrayLike, pairs: ArrayLike) -> Difference | None:
    """This will estimate a difference of shares, the case as cluster.

    One entry per case: pairs that only the first side accepted less those that only the second did
    (d), and all its pairs (n). D = sum d / sum n with v = K/(K-1) sum (d - D n)^2 / (sum n)^2, the
    ratio estimator of `cluster_proportion`; with equal n that is the paired t of case means. None
    below two cases with pairs, or when the cases do not vary (the interval would have no width).
    """
    d, n = np.asarray(differences, dtype=np.float64), np.asarray(pairs, dtype=np.float64)
    d, n = d[n > 0], n[n > 0]
    cases, total = len(n), float(n.sum())
    if cases < 2:
        return None
    # Multiplied out, so that cases which do not vary give exactly 0.
    squares = float(np.square(d * total - d.sum() * n).sum())
    if squares == 0:
        return None
    error = math.sqrt(cases / (cases - 1) * squares) / total**2
    return Difference(float(d.sum()) / total, error, cases)


def two_one_sided(difference: Difference, *, margin: float) -> TwoOneSided:
    """This will test a clustered difference against a margin that was fixed beforehand.

    `p_not_worse` for "the first side is worse by the margin or more" (non-inferiority: reject at
    .025), `p_not_better` for "better by the margin or more"; t with cases - 1 degrees of freedom.
    Raises ValueError unless 0 < margin < 1. Source: Schuirmann 1987; Westlake 1981.
    """
    if not 0 < margin < 1:
        raise ValueError("the margin is a share between 0 and 1")
    freedom = difference.cases - 1
    worse, better = (
        float(special.stdtr(freedom, -(margin + sign * difference.value) / difference.error))
        for sign in (1, -1)
    )
    return TwoOneSided(p_not_worse=worse, p_not_better=better)


def tango(table: Table) -> Interval:
    """This will give the score interval of (b - c) / n for single pairs; at least one pair.

    Never without width, also with no discordant pair. Source: Tango 1998, Statistics in Medicine
    17:891.
    """
    n, b, c = table.n, table.first_only, table.second_only

    def score(delta: float) -> float:
        middle = -b - c + (2 * n - b + c) * delta
        root = math.sqrt(max(0.0, middle**2 + 8 * n * c * delta * (1 - delta)))
        q = (root - middle) / (4 * n)
        variance = n * (2 * q + delta * (1 - delta))
        gap = b - c - n * delta
        return gap / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, gap)

    estimate = (b - c) / n
    near = 1e-12
    low = high = estimate
    if estimate > -1:
        low = _crossing(lambda delta: score(delta) - Z, -1 + near, estimate - near)
    if estimate < 1:
        high = _crossing(lambda delta: score(delta) + Z, estimate + near, 1 - near)
    return low, high


def _crossing(excess: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function crosses 0 between the ends; the end itself where it does not."""
    if low >= high or excess(low) <= 0:
        return low if low < high else high
    if excess(high) >= 0:
        return high
    from scipy import optimize  # slow to import

    return float(optimize.brentq(excess, low, high, xtol=1e-13))
