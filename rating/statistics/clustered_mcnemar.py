"""Do two raters, methods or occasions accept equally often, when a case holds several pairs?

McNemar's test takes every pair of answers for independent. These tests compare the same discordant
counts, but take the case for the independent unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ChiSquare:
    """A statistic that is chi-square with one degree of freedom under equality, and its p."""

    statistic: float
    p: float


def obuchowski(*, first_only: ArrayLike, second_only: ArrayLike) -> ChiSquare | None:
    """This will test whether both sides accept equally often, by Obuchowski's test.

    One entry per case: pairs that only the first side accepted (b), and only the second (c).
    X2 = (K-1)/K (sum (b-c))^2 / sum (b-c)^2 over K cases. None below two cases, or when every case
    has b = c. Source: Obuchowski 1998, Statistics in Medicine 17:1495, as simplified by Yang et al.
    2010.
    """
    differences = _floats(first_only) - _floats(second_only)
    squares = float(np.square(differences).sum())
    cases = len(differences)
    if cases < 2 or squares == 0:
        return None
    return _judged((cases - 1) / cases * float(differences.sum()) ** 2 / squares)


def durkalski(
    *, first_only: ArrayLike, second_only: ArrayLike, pairs: ArrayLike
) -> ChiSquare | None:
    """This will test whether both sides accept equally often, every case weighing the same.

    One entry per case: b, c, and all its pairs n. X2 = (sum (b-c)/n)^2 / sum ((b-c)/n)^2. Cases
    without a pair are left out. None when every case has b = c. Source: Durkalski et al. 2003,
    Statistics in Medicine 22:2417.
    """
    differences, n = _floats(first_only) - _floats(second_only), _floats(pairs)
    shares = differences[n > 0] / n[n > 0]
    squares = float(np.square(shares).sum())
    return _judged(float(shares.sum()) ** 2 / squares) if squares > 0 else None


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _judged(statistic: float) -> ChiSquare:
    return ChiSquare(statistic, float(special.chdtrc(1, statistic)))
