"""How long readings take along the order: median per tenth, and the trend per position."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from segmentation.evaluation.statistics.quantiles import Interval, t_quantile

TENTHS = 10


@dataclass(frozen=True)
class Tenth:
    """A tenth of a rater's schedule: first and last position, readings, median seconds."""

    first_position: int
    last_position: int
    readings: int
    median_seconds: float | None


@dataclass(frozen=True)
class TimeTrend:
    """Change of the reading time per 10 positions, as a factor (0.97: 3 % faster)."""

    factor: float
    interval: Interval
    readings: int
    cases: int


def time_by_tenth(*, position: ArrayLike, seconds: ArrayLike, planned: int) -> list[Tenth]:
    """This will give the median reading time in every tenth of a schedule of `planned` positions.

    Positions count from 1. A tenth without readings has no median (None); with fewer than ten
    positions there are as many parts as positions, none for none.
    """
    at, took = np.asarray(position, dtype=np.int64), np.asarray(seconds, dtype=np.float64)
    parts = min(TENTHS, planned)
    found = []
    for part in range(parts):
        first, last = part * planned // parts + 1, (part + 1) * planned // parts
        own = took[(at >= first) & (at <= last)]
        median = float(np.median(own)) if len(own) else None
        found.append(Tenth(first, last, len(own), median))
    return found


def time_trend(*, position: ArrayLike, seconds: ArrayLike, case: ArrayLike) -> TimeTrend | None:
    """This will fit log seconds on position, with the case as cluster.

    Least squares; variance K/(K-1) (N-1)/(N-2) times the sandwich over K cases, interval by t with
    K - 1 degrees of freedom. `case` holds whole numbers from 0. Readings of 0 seconds or below have
    no logarithm and are left out (`readings` says how many are left). None below three cases or
    three readings, or when position or time does not vary. Source: Cameron and Miller 2015, Journal
    of Human Resources 50:317 (CR1).
    """
    took = np.asarray(seconds, dtype=np.float64)
    counts = took > 0
    x = np.asarray(position, dtype=np.float64)[counts]
    y = np.log(took[counts])
    cluster = np.asarray(case, dtype=np.int64)[counts]
    n, cases = len(y), len(np.unique(cluster))
    if n < 3 or cases < 3 or x.max() == x.min() or y.max() == y.min():
        return None
    centred = x - x.mean()
    spread = float(centred @ centred)
    slope = float(centred @ y) / spread
    residual = y - y.mean() - slope * centred
    scores = np.bincount(cluster, weights=centred * residual)
    correction = cases / (cases - 1) * (n - 1) / (n - 2)
    error = math.sqrt(correction * float(scores @ scores)) / spread
    half = t_quantile(cases - 1) * error
    return TimeTrend(
        factor=math.exp(10 * slope),
        interval=(math.exp(10 * (slope - half)), math.exp(10 * (slope + half))),
        readings=n,
        cases=cases,
    )
