"""Intervals against published figures, statsmodels, and their own promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.stats.proportion import proportion_confint

from rating.statistics.intervals import (
    agresti_coull,
    clopper_pearson,
    cluster_proportion,
    korn_graubard,
    wilson,
)
from segmentation.evaluation.statistics.quantiles import t_quantile

COUNTS = [(0, 1), (1, 1), (0, 7), (7, 7), (1, 20), (50, 53), (53, 53), (101, 106), (200, 212)]


def percent(interval: tuple[float, float]) -> list[float]:
    return [round(100 * bound, 1) for bound in interval]


@pytest.mark.parametrize(("successes", "n"), COUNTS)
def test_intervals_are_those_of_statsmodels(successes: int, n: int) -> None:
    for ours, method in (
        (wilson, "wilson"),
        (clopper_pearson, "beta"),
        (agresti_coull, "agresti_coull"),
    ):
        theirs = proportion_confint(successes, n, alpha=0.05, method=method)
        expected = np.clip(np.nan_to_num(theirs, nan=0.0), 0, 1)
        assert ours(successes, n) == pytest.approx(tuple(expected), abs=1e-9)


def test_the_naive_intervals_of_the_paper() -> None:
    assert percent(wilson(101, 106)) == [89.4, 98.0]
    assert percent(wilson(99, 106)) == [87.0, 96.8]
    assert percent(wilson(200, 212)) == [90.4, 96.7]


@pytest.mark.parametrize(
    ("rejected", "cases"), [(0, 36), (1, 54), (2, 70), (3, 85), (4, 100), (5, 114)]
)
def test_how_many_cases_show_more_than_nine_in_ten(rejected: int, cases: int) -> None:
    assert clopper_pearson(cases - rejected, cases)[0] >= 0.90
    assert clopper_pearson(cases - 1 - rejected, cases - 1)[0] < 0.90


def test_all_accepted_counts_every_case_once() -> None:
    estimate = cluster_proportion([2] * 53, [2] * 53)
    assert estimate is not None
    assert estimate.n_effective == 53
    assert percent(korn_graubard(estimate)) == [93.3, 100.0]


@pytest.mark.parametrize(
    ("rejections", "contradictions", "expected"),
    [(5, 1, [86.1, 99.1]), (5, 5, [89.3, 98.5]), (7, 1, [83.3, 98.3]), (7, 7, [86.9, 97.3])],
)
def test_the_intervals_that_the_paper_s_margins_allow(
    rejections: int, contradictions: int, expected: list[float]
) -> None:
    """101 and 99 of 106, with masks rejected once and masks rejected twice."""
    twice = (rejections - contradictions) // 2
    accepted = [1] * contradictions + [0] * twice + [2] * (53 - contradictions - twice)
    estimate = cluster_proportion(accepted, [2] * 53)
    assert estimate is not None
    assert estimate.proportion == (106 - rejections) / 106
    assert percent(korn_graubard(estimate)) == expected


@pytest.mark.parametrize(
    ("accepted", "sizes", "expected"),
    [  # R survey 4.1.1 svyciprop(method = "beta"), oracles/oracles.R
        (
            [0, 0, 1] + [2] * 50,
            [2] * 53,
            (0.9528301887, 0.02781388664, 0.8611480612, 0.9913767335),
        ),
        (
            [0, 0, 0, 1] + [2] * 49,
            [2] * 53,
            (0.9339622642, 0.03309652903, 0.8330393448, 0.9832320417),
        ),
        (
            [2, 0, 3, 1, 4, 2, 1, 0, 2, 4],
            [2, 1, 4, 2, 4, 2, 2, 1, 2, 4],
            (0.7916666667, 0.08641889192, 0.5426065854, 0.942141966),
        ),
    ],
)
def test_korn_graubard_is_that_of_survey(
    accepted: list[int], sizes: list[int], expected: tuple[float, float, float, float]
) -> None:
    estimate = cluster_proportion(accepted, sizes)
    assert estimate is not None
    found = (estimate.proportion, math.sqrt(estimate.variance), *korn_graubard(estimate))
    assert found == pytest.approx(expected, abs=1e-7)


def test_the_variance_is_the_cluster_robust_one() -> None:
    rng = np.random.default_rng(7)
    sizes = rng.integers(1, 6, 40)
    yes = [rng.integers(0, 2, size) for size in sizes]
    estimate = cluster_proportion([int(y.sum()) for y in yes], [int(size) for size in sizes])
    flat = np.concatenate(yes)
    groups = np.repeat(np.arange(40), sizes)
    fit = sm.OLS(flat, np.ones(len(flat))).fit(cov_type="cluster", cov_kwds={"groups": groups})
    assert estimate is not None
    assert estimate.proportion == pytest.approx(fit.params[0])
    assert estimate.variance == pytest.approx(fit.bse[0] ** 2)


def test_the_effective_number_by_hand() -> None:
    """Two of four cases accepted throughout, two never: worth three presentations."""
    estimate = cluster_proportion([2, 2, 0, 0], [2, 2, 2, 2])
    assert estimate is not None
    assert estimate.variance == pytest.approx(4 / 3 * 4 / 64)
    assert estimate.n_effective == pytest.approx(3)
    adjusted = 3 * (t_quantile(7) / t_quantile(3)) ** 2
    assert estimate.n_adjusted == pytest.approx(adjusted)
    expected = proportion_confint(adjusted / 2, adjusted, method="beta")
    assert korn_graubard(estimate) == pytest.approx(expected)


def test_repeats_never_count_for_more_than_there_are() -> None:
    estimate = cluster_proportion([1] * 20, [2] * 20)  # every case once accepted, once rejected
    assert estimate is not None
    assert estimate.n_adjusted <= 40
    mixed = cluster_proportion([1] * 19 + [2], [2] * 20)  # far less varied than chance
    assert mixed is not None
    assert mixed.n_adjusted == 40


def test_nothing_gives_no_estimate_and_empty_cases_do_not_count() -> None:
    assert cluster_proportion([], []) is None
    assert cluster_proportion([0, 0], [0, 0]) is None
    assert cluster_proportion([2, 0, 1], [2, 0, 2]) == cluster_proportion([2, 1], [2, 2])


@pytest.mark.parametrize(("yes", "m"), [(5, 7), (1, 3), (2, 6), (11, 49)])
def test_cases_that_do_not_vary_count_once_each(yes: int, m: int) -> None:
    estimate = cluster_proportion([yes] * 10, [m] * 10)
    assert estimate is not None
    assert (estimate.variance, estimate.n_effective, estimate.n_adjusted) == (0, 10, 10)


def test_one_case_claims_nothing() -> None:
    estimate = cluster_proportion([2], [2])
    assert estimate is not None
    assert (estimate.clusters, estimate.n_adjusted) == (1, 1.0)


def test_the_interval_covers_where_the_naive_one_fails() -> None:
    """53 cases read four times, 95 % accepted, correlation .6 within cases: 400 studies."""
    rng = np.random.default_rng(53)
    truth, m, a = 0.95, 4, 1 / 0.6 - 1
    covered = naive = 0
    for _ in range(400):
        chances = rng.beta(truth * a, (1 - truth) * a, 53)
        accepted = [int(x) for x in rng.binomial(m, chances)]
        estimate = cluster_proportion(accepted, [m] * 53)
        assert estimate is not None
        low, high = korn_graubard(estimate)
        covered += low <= truth <= high
        low, high = wilson(sum(accepted), 53 * m)
        naive += low <= truth <= high
    assert covered / 400 >= 0.93
    assert naive / 400 <= 0.85


@pytest.mark.parametrize("degrees", [1, 9, 52, 211])
def test_the_t_quantile(degrees: int) -> None:
    from scipy import stats

    assert t_quantile(degrees) == pytest.approx(stats.t.ppf(0.975, degrees))
    assert math.isfinite(t_quantile(degrees))
