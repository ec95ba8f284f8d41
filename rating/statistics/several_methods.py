"""More than two methods at once: one test over all, and p values that pay for asking often."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from rating.statistics.clustered_mcnemar import ChiSquare


def cochran_q(answers: ArrayLike) -> ChiSquare | None:
    """This will test whether k methods are accepted equally often, one answer per case and method.

    `answers` has a row per case and a column per method. Q = (k-1) (k sum C^2 - N^2) / (k N - sum
    R^2) with column sums C, row sums R, N accepted; chi-square with k - 1 degrees of freedom. None
    when every case is answered alike for all methods, or below two methods. Source: Cochran 1950.
    """
    x = np.asarray(answers, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] < 2:
        return None
    k, total = x.shape[1], float(x.sum())
    below = k * total - float(np.square(x.sum(axis=1)).sum())
    if below == 0:
        return None
    q = (k - 1) * (k * float(np.square(x.sum(axis=0)).sum()) - total**2) / below
    return ChiSquare(q, float(special.chdtrc(k - 1, q)))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """This will adjust p values of one family so that any of them may be read at its level.

    An undefined p (None) stays so and does not count. Source: Holm 1979, step-down.
    """
    defined = sorted((p, at) for at, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, at) in enumerate(defined):
        largest = max(largest, min(1.0, (len(defined) - rank) * p))
        adjusted[at] = largest
    return adjusted
