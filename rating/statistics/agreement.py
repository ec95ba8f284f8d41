"""Agreement of two sets of yes/no answers about the same masks: a rater's repeats, or two raters.

Every measure follows from sums per case, so that masks of one case stay together: in the variance
and when cases are redrawn. Where nearly every mask is accepted, kappa is unstable and often
undefined while AC1 is nearly forced upwards; neither is to be read without the table.

A side may have answered a mask several times. A mask then counts once, its agreement being the mean
over all pairs of answers of the two sides (Po of a_c = mean 1[y_1 = y_2]). Chance agreement comes
from each side's share of yes, in which a mask counts once, too: without missing answers that is the
share of all answers, and with some kappa still lies between -1 and 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from segmentation.evaluation.statistics.quantiles import Interval, t_quantile

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """Masks by two answers: accepted both times, only first, only second, rejected both times."""

    both: int
    first_only: int
    second_only: int
    neither: int

    @property
    def n(self) -> int:
        """How many masks have both answers."""
        return self.both + self.first_only + self.second_only + self.neither

    @property
    def alike(self) -> int:
        """How many masks got the same answer twice."""
        return self.both + self.neither


@dataclass(frozen=True)
class CaseSums:
    """Sums over masks, one entry per case (or per redraw, or one for all).

    alike and both: agreement, and agreement on yes; masks; and those that each side said yes to.
    With several answers per side a mask gives fractions (agreement of quarters for two).
    """

    alike: Floats
    both: Floats
    masks: Floats
    first_yes: Floats
    second_yes: Floats

    def columns(self) -> Floats:
        """All sums as one array, a row per entry."""
        return np.stack([getattr(self, field.name) for field in fields(self)], axis=1)

    def total(self) -> CaseSums:
        """The sums over all entries, as one entry."""
        return CaseSums(*(self.columns().sum(axis=0)[:, None]))


def case_sums(*, case: ArrayLike, first: ArrayLike, second: ArrayLike) -> CaseSums:
    """This will sum answers by case.

    `case` numbers the case of every mask; `first` and `second` have a row per mask and a column per
    showing: 1 yes, 0 no, below 0 not answered. Masks that a side never answered are left out, cases
    without a mask too. Single answers may be given without the second axis.
    """
    numbers = np.asarray(case, dtype=np.int64)
    sides = [np.asarray(side) for side in (first, second)]
    sides = [side[:, None] if side.ndim == 1 else side for side in sides]
    yes = [(side == 1).sum(axis=1, dtype=np.float64) for side in sides]
    answers = [(side >= 0).sum(axis=1, dtype=np.float64) for side in sides]
    counts = (answers[0] > 0) & (answers[1] > 0)
    numbers = numbers[counts]
    a, b = (x[counts] / n[counts] for x, n in zip(yes, answers, strict=True))
    both = a * b
    alike = both + (1 - a) * (1 - b)
    size = int(numbers.max()) + 1 if len(numbers) else 0
    present = np.bincount(numbers, minlength=size) > 0
    summed = np.zeros((5, int(present.sum())))
    for at, row in enumerate((alike, both, np.ones(len(numbers)), a, b)):
        summed[at] = np.bincount(numbers, weights=row, minlength=size)[present]
    return CaseSums(*summed)


def count_pairs(first: ArrayLike, second: ArrayLike) -> Table:
    """This will count pairs of yes/no answers; no pair gives zeros."""
    one, two = np.asarray(first, dtype=np.bool_), np.asarray(second, dtype=np.bool_)
    return Table(
        both=int((one & two).sum()),
        first_only=int((one & ~two).sum()),
        second_only=int((~one & two).sum()),
        neither=int((~one & ~two).sum()),
    )


def mcnemar_exact(table: Table) -> float | None:
    """Exact two-sided p for a drift between the answers; None when no mask was answered twofold."""
    split = table.first_only + table.second_only
    if split == 0:
        return None
    fewer = min(table.first_only, table.second_only)
    return min(1.0, 2 * float(special.bdtr(fewer, split, 0.5)))


# --- Measures, one value per entry; NaN where an entry leaves them undefined ----------------------


def percent_agreement(sums: CaseSums) -> Floats:
    """Po: the share of masks answered alike."""
    return _ratio(sums.alike, sums.masks)


def pabak(sums: CaseSums) -> Floats:
    """Prevalence- and bias-adjusted kappa, 2 Po - 1. Source: Byrt, Bishop and Carlin 1993."""
    return 2 * percent_agreement(sums) - 1


def positive_agreement(sums: CaseSums) -> Floats:
    """Of the answers yes, the share that the other answer repeats: 2a / (2a + b + c).

    Undefined where nobody said yes. Source: Cicchetti and Feinstein 1990.
    """
    return _ratio(2 * sums.both, 2 * sums.both + sums.masks - sums.alike)


def negative_agreement(sums: CaseSums) -> Floats:
    """Of the answers no, the share that the other answer repeats: 2d / (2d + b + c)."""
    neither = sums.alike - sums.both
    return _ratio(2 * neither, 2 * neither + sums.masks - sums.alike)


def gwet_ac1(sums: CaseSums) -> Floats:
    """AC1 = (Po - Pe) / (1 - Pe) with Pe = 2 pi (1 - pi), pi the mean of both shares of yes.

    Source: Gwet 2008, British Journal of Mathematical and Statistical Psychology 61:29.
    """
    yes = _ratio(sums.first_yes + sums.second_yes, 2 * sums.masks)
    chance = 2 * yes * (1 - yes)
    return (percent_agreement(sums) - chance) / (1 - chance)


def cohen_kappa(sums: CaseSums) -> Floats:
    """Kappa, chance from each side's share of yes; undefined where both gave one same answer."""
    first = _ratio(sums.first_yes, sums.masks)
    second = _ratio(sums.second_yes, sums.masks)
    chance = first * second + (1 - first) * (1 - second)
    is_certain = np.isclose(chance, 1, rtol=0, atol=1e-12)
    return _ratio(percent_agreement(sums) - chance, np.where(is_certain, 0.0, 1 - chance))


def defined(values: Floats) -> float | None:
    """The only value, None when it is undefined."""
    (value,) = values.tolist()
    return None if math.isnan(value) else float(value)


def ac1_interval(sums: CaseSums) -> Interval | None:
    """This will give Gwet's interval of AC1 for single answers; None below two cases.

    Gwet 2008's linearised variance with t on cases - 1, summed within cases, cut to -1..1. With one
    mask per case it is the published formula (irrCAC).
    """
    cases = len(sums.masks)
    if cases < 2:
        return None
    n = float(sums.masks.sum())
    ac1 = float(gwet_ac1(sums.total())[0])
    share = (sums.first_yes + sums.second_yes) / 2
    yes = float(share.sum()) / n
    chance = 2 * yes * (1 - yes)
    own = (sums.alike - chance * sums.masks) / (1 - chance)
    own_chance = share * (1 - yes) + (sums.masks - share) * yes - chance * sums.masks
    residual = own - 2 * (1 - ac1) * own_chance / (1 - chance) - ac1 * sums.masks
    square = float(residual @ residual)
    half = t_quantile(cases - 1) * math.sqrt(cases / (cases - 1) * square) / n
    return max(-1.0, ac1 - half), min(1.0, ac1 + half)


def _ratio(above: Floats, below: Floats) -> Floats:
    """The quotient, NaN where the denominator is 0."""
    is_defined = below != 0
    return np.where(is_defined, above / np.where(is_defined, below, 1.0), np.nan)
