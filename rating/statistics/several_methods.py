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


def gee_wald(
    *, case: ArrayLike, method: ArrayLike, accepted: ArrayLike, methods: int
) -> ChiSquare | None:
    """This will test whether methods (numbered from 0) are accepted equally often over all answers.

    An entry per answer; the answers of a case may depend on each other in any way. Wald test of the
    method as a factor in logistic estimating equations with working independence and the sandwich
    covariance by case. The model has a parameter per method, so that its solution are the logits of
    the observed rates; chi-square with methods - 1 degrees of freedom, no small-sample correction.
    None below two methods, where a method has no answer or only equal ones, or where the covariance
    is singular. Source: Liang and Zeger 1986.
    """
    cases, own = np.unique(np.asarray(case), return_inverse=True)
    which, yes = np.asarray(method, dtype=np.int64), np.asarray(accepted, dtype=np.float64)
    cell = own * methods + which
    size = np.bincount(cell, minlength=len(cases) * methods).reshape(-1, methods)
    found = np.bincount(cell, weights=yes, minlength=size.size).reshape(-1, methods)
    total, accepts = size.sum(axis=0), found.sum(axis=0)
    if methods < 2 or (accepts <= 0).any() or (accepts >= total).any():
        return None
    rate = accepts / total
    scores = found - rate * size
    information = total * rate * (1 - rate)
    covariance = scores.T @ scores / np.outer(information, information)
    logits = np.log(rate / (1 - rate))
    differences = logits[1:] - logits[0]
    spread = covariance[1:, 1:] - covariance[:1, 1:] - covariance[1:, :1] + covariance[0, 0]
    if np.linalg.matrix_rank(spread, hermitian=True) < methods - 1:
        return None
    wald = float(differences @ np.linalg.solve(spread, differences))
    return ChiSquare(wald, float(special.chdtrc(methods - 1, wald)))


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
