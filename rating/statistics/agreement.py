"""Agreement of two sets of yes/no answers about the same masks: a rater's repeats, or two raters.

Every measure follows from sums per case, so that masks of one case stay together: in the variance
and when cases are redrawn. Where nearly every mask is accepted, kappa is unstable and often
undefined while AC1 is nearly forced upwards; neither is to be read without the table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rating.statistics.intervals import LEVEL, Interval, t_quantile

Floats = NDArray[np.float64]
REDRAWS = 2000
SEED = 20210101  # any fixed number: the same answers give the same interval


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
class Redrawn:
    """A percentile interval from redrawn cases, and in how many redraws the value was undefined."""

    interval: Interval
    undefined_redraws: int


@dataclass(frozen=True)
class CaseSums:
    """Per case: agreement summed over its masks, masks, and yes-answers and answers of each side.

    All arrays have one entry per case. Between raters a mask's agreement is the mean over all pairs
    of their showings, so it can be a fraction.
    """

    alike: Floats
    masks: Floats
    first_yes: Floats
    first_all: Floats
    second_yes: Floats
    second_all: Floats


Answers = Mapping[str, Sequence[tuple[Sequence[bool], Sequence[bool]]]]


def case_sums(answers: Answers) -> CaseSums:
    """This will sum answers: for every case, per mask, what each side said in its showings."""
    rows = []
    for case in sorted(answers):
        alike = 0.0
        for one, two in answers[case]:
            alike += sum(a == b for a in one for b in two) / (len(one) * len(two))
        first = [yes for one, _ in answers[case] for yes in one]
        second = [yes for _, two in answers[case] for yes in two]
        rows.append(
            (alike, len(answers[case]), sum(first), len(first), sum(second), len(second)),
        )
    columns = np.asarray(rows, dtype=np.float64).reshape(len(rows), 6).T
    return CaseSums(*columns)


def count_pairs(pairs: Sequence[tuple[bool, bool]]) -> Table:
    """This will count pairs of answers; no pair gives zeros."""
    return Table(
        both=sum(a and b for a, b in pairs),
        first_only=sum(a and not b for a, b in pairs),
        second_only=sum(b and not a for a, b in pairs),
        neither=sum(not a and not b for a, b in pairs),
    )


def positive_agreement(table: Table) -> float | None:
    """Of the answers "accepted", the share repeated: 2a / (2a + b + c); None without any."""
    answers = 2 * table.both + table.first_only + table.second_only
    return 2 * table.both / answers if answers else None


def negative_agreement(table: Table) -> float | None:
    """Of the answers "rejected", the share repeated: 2d / (2d + b + c); None without any."""
    answers = 2 * table.neither + table.first_only + table.second_only
    return 2 * table.neither / answers if answers else None


def mcnemar_exact(table: Table) -> float | None:
    """Exact two-sided p for a drift between the answers; None when no mask was answered twofold."""
    split = table.first_only + table.second_only
    if split == 0:
        return None
    fewer = min(table.first_only, table.second_only)
    return min(1.0, 2 * float(special.bdtr(fewer, split, 0.5)))


def percent_agreement(sums: CaseSums) -> float:
    """The share of masks answered alike; at least one mask."""
    return float(sums.alike.sum() / sums.masks.sum())


def gwet_ac1(sums: CaseSums) -> float:
    """Gwet's AC1 = (Po - Pe) / (1 - Pe) with Pe = 2 pi (1 - pi), pi the mean share of yes."""
    return float(_ac1(_totals(sums, np.ones((1, len(sums.masks)))))[0])


def cohen_kappa(sums: CaseSums) -> float | None:
    """Cohen's kappa, chance from each side's share of yes; None where chance agreement is 1."""
    value = float(_kappa(_totals(sums, np.ones((1, len(sums.masks)))))[0])
    return None if math.isnan(value) else value


def ac1_interval(answers: Answers) -> Interval | None:
    """This will give Gwet's interval of AC1 for single answers; None below two cases.

    Gwet 2008's linearised variance with t on cases - 1, summed within cases, cut to -1..1. With one
    mask per case it is the published formula (irrCAC).
    """
    if len(answers) < 2:
        return None
    sums = case_sums(answers)
    ac1, n = gwet_ac1(sums), float(sums.masks.sum())
    yes = float((sums.first_yes.sum() + sums.second_yes.sum()) / (2 * n))
    chance = 2 * yes * (1 - yes)
    square = 0.0
    for case in answers:
        residual = 0.0
        for (one,), (two,) in answers[case]:
            share = (one + two) / 2
            own_chance = share * (1 - yes) + (1 - share) * yes
            own = ((one == two) - chance) / (1 - chance)
            residual += own - 2 * (1 - ac1) * (own_chance - chance) / (1 - chance) - ac1
        square += residual**2
    cases = len(answers)
    half = t_quantile(cases - 1) * math.sqrt(cases / (cases - 1) * square) / n
    return max(-1.0, ac1 - half), min(1.0, ac1 + half)


def redrawn_kappa(sums: CaseSums) -> Redrawn | None:
    """This will redraw cases for a percentile interval of kappa; None if never defined."""
    return _redrawn(_kappa(_totals(sums, _weights(len(sums.masks)))))


def redrawn_ac1(sums: CaseSums) -> Redrawn | None:
    """This will redraw cases for a percentile interval of AC1; None without a case."""
    return _redrawn(_ac1(_totals(sums, _weights(len(sums.masks)))))


@lru_cache(maxsize=4)
def _weights(cases: int) -> Floats:
    """How often each case is drawn, one row per redraw; kept, since every table of a study asks."""
    rng = np.random.Generator(np.random.PCG64(SEED))
    if cases == 0:
        return np.zeros((0, 0))
    weights = rng.multinomial(cases, [1 / cases] * cases, size=REDRAWS).astype(np.float64)
    weights.flags.writeable = False
    return weights


def _totals(sums: CaseSums, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Per row of weights: agreement, share of yes on the first side and on the second."""
    agreement = weights @ sums.alike / (weights @ sums.masks)
    first = weights @ sums.first_yes / (weights @ sums.first_all)
    return agreement, first, weights @ sums.second_yes / (weights @ sums.second_all)


def _ac1(totals: tuple[Floats, Floats, Floats]) -> Floats:
    agreement, first, second = totals
    yes = (first + second) / 2
    chance = 2 * yes * (1 - yes)
    values: Floats = (agreement - chance) / (1 - chance)
    return values


def _kappa(totals: tuple[Floats, Floats, Floats]) -> Floats:
    """Kappa, NaN where both sides gave one and the same answer throughout."""
    agreement, first, second = totals
    chance = first * second + (1 - first) * (1 - second)
    is_certain = np.isclose(chance, 1, rtol=0, atol=1e-12)
    below = np.where(is_certain, 1.0, 1 - chance)
    return np.where(is_certain, np.nan, (agreement - chance) / below)


def _redrawn(values: Floats) -> Redrawn | None:
    defined = values[~np.isnan(values)]
    if not len(defined):
        return None
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Redrawn((float(low), float(high)), int(np.isnan(values).sum()))
