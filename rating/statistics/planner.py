"""How many cases a claim needs, and how wide an interval to expect: asked before a study."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rating.statistics.intervals import Clustered, adjusted_size, clopper_pearson, korn_graubard
from segmentation.evaluation.statistics.quantiles import LEVEL, Interval

LARGEST = 20_000  # nobody rates more independent cases for one claim


@dataclass(frozen=True)
class SampleSize:
    """Cases for a claim: with one reading each, and with `readings` readings that correlate."""

    independent: int
    clustered: int


def sample_size(
    *,
    claim: float,
    truth: float,
    power: float = 0.8,
    readings: float = 1,
    correlation: float = 0.0,
) -> SampleSize | None:
    """This will find how many cases show that the acceptance rate exceeds `claim`.

    By the exact one-sided binomial test at .025, if the true rate is `truth`: the smallest n from
    which on the power never falls below `power` again (it is a sawtooth in n). With m readings per
    case that correlate by rho, cases = n (1 + (m-1) rho) / m, rounded up. None when more than
    20,000 independent cases would be needed. Raises ValueError unless 0 < claim < truth < 1, 0 <
    power < 1, readings >= 1 and 0 <= correlation <= 1. Source: Chernick and Liu 2002, The American
    Statistician 56:149 (sawtooth); Donner and Klar 2000 (design effect).
    """
    if not 0 < claim < truth < 1:
        raise ValueError("the claim lies between 0 and the true rate, the true rate below 1")
    if not 0 < power < 1:
        raise ValueError("the power lies between 0 and 1")
    if readings < 1 or not 0 <= correlation <= 1:
        raise ValueError("there is at least one reading, and the correlation lies between 0 and 1")
    most = 64
    while True:
        falls_short = np.flatnonzero(_power(np.arange(1, most + 1), claim, truth) < power)
        last = int(falls_short[-1]) + 1 if len(falls_short) else 0
        # The teeth get smaller: once clear over a whole doubling, power stays.
        if 2 * last + 32 < most:
            break
        if most >= LARGEST:
            return None
        most = min(2 * most, LARGEST)
    n = last + 1
    return SampleSize(n, math.ceil(round(n * (1 + (readings - 1) * correlation) / readings, 9)))


def _power(n: NDArray[np.int64], claim: float, truth: float) -> NDArray[np.float64]:
    """How often the exact test at .025 shows the claim, for every number of cases."""
    from scipy import stats  # slow to import

    needed = stats.binom.isf((1 - LEVEL) / 2, n, claim) + 1  # so many accepted are too many
    return np.asarray(stats.binom.sf(needed - 1, n, truth), dtype=np.float64)


def cases_needed(*, claim: float, rejections: int) -> int:
    """This will find how many cases show more than `claim` although so many are rejected.

    The smallest n whose exact 95 % interval (Clopper-Pearson) lies at or above the claim. Raises
    ValueError unless 0 < claim < 1 and rejections >= 0.
    """
    if not 0 < claim < 1 or rejections < 0:
        raise ValueError("the claim lies between 0 and 1, and rejections are counted from 0")
    low, high = rejections, rejections + 1
    while clopper_pearson(high - rejections, high)[0] < claim:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if clopper_pearson(middle - rejections, middle)[0] < claim:
            low = middle
        else:
            high = middle
    return high


def expected_interval(*, rate: float, cases: int, readings: float, correlation: float) -> Interval:
    """This will give the Korn-Graubard interval of a study that finds exactly this rate.

    `readings` per case, all raters together, correlate by `correlation`: the effective number is
    cases m / (1 + (m-1) rho). Raises ValueError below two cases.
    """
    if cases < 2:
        raise ValueError("one case gives no variance between cases")
    total = round(cases * readings)
    effective = total / (1 + (readings - 1) * correlation)
    adjusted = adjusted_size(effective, n=cases, total=total)
    return korn_graubard(Clustered(rate, 0.0, total, cases, effective, adjusted))


def chance_of_few_rejections(*, rate: float, cases: int, most: int) -> float:
    """The probability of at most so many rejections among independent cases at a true rate."""
    return float(special.bdtr(most, cases, 1 - rate))
