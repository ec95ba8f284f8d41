"""Limits of agreement of two measurements, with intervals of the limits themselves.

The limits are no confidence interval: they say where 95 % of differences lie. How well they are
known is said by the interval of each limit, which is wide for few cases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from segmentation.evaluation.statistics.quantiles import LEVEL, Interval, Z, t_quantile

TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
MOST_EXACT = 1000  # noncentral t beyond costs much and differs from the normal by under 0.1 %


@dataclass(frozen=True)
class Limits:
    """Bias and 95 % limits of agreement, each with its interval; in the units of the values."""

    n: int
    bias: float
    bias_interval: Interval
    sd: float
    low: float
    low_interval: Interval
    high: float
    high_interval: Interval


@dataclass(frozen=True)
class Trend:
    """How differences change with size: slope of the difference on the mean of both."""

    slope: float
    interval: Interval


def limits_of_agreement(differences: ArrayLike) -> Limits | None:
    """This will compute bias and limits of agreement of single paired measurements.

    Limits bias +- 1.96 s with s of n - 1. The interval of the upper limit is exact, bias + s q /
    sqrt n with q the .025 and .975 quantiles of the noncentral t with n - 1 degrees of freedom and
    noncentrality 1.96 sqrt n; the lower one mirrors it. Above 1,000 differences the normal
    approximation s sqrt(1/n + 1.96^2 / (2 (n-1))) is used. None below two differences, or when all
    are equal. Source: Bland and Altman 1999; Carkeet 2015, Optometry and Vision Science 92:e71.
    """
    d = np.asarray(differences, dtype=np.float64)
    n = len(d)
    if n < 2 or float(d.max() - d.min()) == 0:
        return None
    bias, sd = float(d.mean()), float(d.std(ddof=1))
    half = t_quantile(n - 1) * sd / math.sqrt(n)
    near, far = _tolerance_factors(n)
    return Limits(
        n=n,
        bias=bias,
        bias_interval=(bias - half, bias + half),
        sd=sd,
        low=bias - Z * sd,
        low_interval=(bias - far * sd, bias - near * sd),
        high=bias + Z * sd,
        high_interval=(bias + near * sd, bias + far * sd),
    )


def trend(first: ArrayLike, second: ArrayLike) -> Trend | None:
    """This will fit differences (first - second) on means: does the difference grow with size?

    Least squares, interval by t with n - 2 degrees of freedom. A slope that is not 0 says that one
    pair of limits does not fit all sizes: use ratios. None below three pairs or when all means are
    equal. Source: Bland and Altman 1999, section 3.
    """
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    means = (one + two) / 2
    if len(means) < 3 or float(means.max() - means.min()) == 0:
        return None
    from scipy import stats  # slow to import

    fit = stats.linregress(means, one - two)
    half = t_quantile(len(means) - 2) * float(fit.stderr)
    return Trend(float(fit.slope), (float(fit.slope) - half, float(fit.slope) + half))


def ratio_limits(first: ArrayLike, second: ArrayLike) -> Limits | None:
    """This will compute limits of the ratio first / second: those of log ratios, taken back.

    `sd` stays on the scale of natural logarithms. Pairs with a value of 0 or below have no ratio
    and are left out (`n` says how many are left). None as `limits_of_agreement`.
    """
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    has_ratio = (one > 0) & (two > 0)
    logs = limits_of_agreement(np.log(one[has_ratio]) - np.log(two[has_ratio]))
    if logs is None:
        return None
    return Limits(
        n=logs.n,
        bias=math.exp(logs.bias),
        bias_interval=_exponentials(logs.bias_interval),
        sd=logs.sd,
        low=math.exp(logs.low),
        low_interval=_exponentials(logs.low_interval),
        high=math.exp(logs.high),
        high_interval=_exponentials(logs.high_interval),
    )


def _exponentials(interval: Interval) -> Interval:
    return math.exp(interval[0]), math.exp(interval[1])


def _tolerance_factors(n: int) -> Interval:
    """How many standard deviations from the bias the interval of a limit begins and ends."""
    if n > MOST_EXACT:
        half = Z * math.sqrt(1 / n + Z * Z / (2 * (n - 1)))
        return Z - half, Z + half
    from scipy import stats  # slow to import

    root = math.sqrt(n)
    near, far = (float(stats.nct.ppf(tail, n - 1, Z * root)) / root for tail in TAILS)
    return near, far
