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


def yang(*, first_only: ArrayLike, second_only: ArrayLike, pairs: ArrayLike) -> ChiSquare | None:
    """This will test whether both sides accept equally often, by Yang's change of Obuchowski's.

    X2 = (K-1)/K (sum (b-c))^2 / (sum [(b - c - n D)^2 + (b-c)^2] / 2) with D = sum (b-c) / sum n:
    the variance is the mean of those with and without equality. Cases without a pair are left out.
    None below two cases, or when every case has b = c. Source: Yang, Sun and Hardin 2010,
    Biometrical Journal 52:638.
    """
    n = _floats(pairs)
    differences = (_floats(first_only) - _floats(second_only))[n > 0]
    n = n[n > 0]
    cases, total = len(n), float(differences.sum())
    squares = float(np.square(differences).sum())
    if cases < 2 or squares == 0:
        return None
    around = float(np.square(differences - n * total / n.sum()).sum())
    return _judged((cases - 1) / cases * total**2 / ((around + squares) / 2))


def eliasziw_donner(
    *, both: ArrayLike, first_only: ArrayLike, second_only: ArrayLike, neither: ArrayLike
) -> ChiSquare | None:
    """This will test whether both sides accept equally often: McNemar's statistic over C.

    One entry per case: pairs that both accepted, only the first, only the second, neither. C = 1 +
    (n_c - 1) rho says how much discordant answers of a case go together; rho is the correlation of
    the four answers within cases, by analysis of variance, carried over to discordant pairs. None
    where cases have single pairs, where fewer than two cases have discordant pairs, or where C is
    not above 0. Source: Eliasziw and Donner 1991, Statistics in Medicine 10:1981.
    """
    cells = np.stack([_floats(side) for side in (both, first_only, second_only, neither)], axis=1)
    cells = cells[cells.sum(axis=1) > 0]
    n, discordant = cells.sum(axis=1), cells[:, 1] + cells[:, 2]
    cases, split = len(n), int((discordant > 0).sum())
    if split < 2 or float(n.max()) == 1:
        return None
    rho = _discordant_correlation(cells)
    if rho is None:
        return None
    mean = float(discordant.sum()) / split
    spread = float(np.square(discordant - mean).sum()) - (cases - split) * mean**2
    usual = mean - spread / (split * (split - 1) * mean)
    inflation = 1 + (usual + split * (mean - usual) - 1) * rho
    if inflation <= 0:
        return None
    b, c = float(cells[:, 1].sum()), float(cells[:, 2].sum())
    return _judged((b - c) ** 2 / (b + c) / inflation)


def _discordant_correlation(cells: Floats) -> float | None:
    """The correlation of discordant answers within cases; None where it has no bounds."""
    n = cells.sum(axis=1)
    cases, mean = len(n), float(n.mean())
    shares = cells.sum(axis=0) / n.sum()
    between = float((np.square(cells - n[:, None] * shares) / n[:, None]).sum()) / cases
    within = float((cells * (n[:, None] - cells) / n[:, None]).sum()) / (cases * (mean - 1))
    usual = mean - float(np.square(n - mean).sum()) / (cases * (cases - 1) * mean)
    below = between + (usual - 1) * within
    rho = (between - within) / below if below else 0.0
    both = rho + float(shares[1] + shares[2]) * (1 - rho)
    return rho / both if both else None


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _judged(statistic: float) -> ChiSquare:
    return ChiSquare(statistic, float(special.chdtrc(1, statistic)))
