"""The planner against R, and against its own promises."""

from __future__ import annotations

import pytest
from scipy import stats

from rating.statistics.planner import (
    cases_needed,
    chance_of_few_rejections,
    expected_interval,
    sample_size,
)


@pytest.mark.parametrize(
    ("claim", "truth", "power", "n"),  # R 4.2.2 qbinom and pbinom, oracles/oracles.R
    [(0.90, 0.95, 0.8, 255), (0.90, 0.95, 0.9, 316), (0.85, 0.95, 0.8, 84), (0.8, 0.9, 0.8, 113)],
)
def test_sample_sizes_are_those_of_r(claim: float, truth: float, power: float, n: int) -> None:
    found = sample_size(claim=claim, truth=truth, power=power)
    assert found is not None
    assert found.independent == found.clustered == n


def test_the_power_never_falls_below_what_was_asked() -> None:
    found = sample_size(claim=0.7, truth=0.9)
    assert found is not None

    def power(n: int) -> float:
        needed = next(k for k in range(n + 2) if stats.binom.sf(k - 1, n, 0.7) <= 0.025)
        return float(stats.binom.sf(needed - 1, n, 0.9))

    n = found.independent
    assert all(power(more) >= 0.8 for more in range(n, 3 * n))
    assert power(n - 1) < 0.8


def test_repeats_buy_little() -> None:
    found = sample_size(claim=0.90, truth=0.95, readings=2, correlation=0.6)
    assert found is not None
    assert (found.independent, found.clustered) == (255, 204)
    same = sample_size(claim=0.90, truth=0.95, readings=2, correlation=1.0)
    assert same is not None
    assert same.clustered == 255


def test_a_claim_too_close_to_the_truth_is_out_of_reach() -> None:
    assert sample_size(claim=0.9, truth=0.9001) is None


@pytest.mark.parametrize(
    "change",
    [
        {"claim": 0.95},
        {"claim": 0.0},
        {"truth": 1.0},
        {"power": 1.0},
        {"readings": 0},
        {"correlation": -0.1},
    ],
)
def test_impossible_claims_are_errors(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"lies? between|at least"):
        sample_size(**({"claim": 0.9, "truth": 0.95} | change))  # type: ignore[arg-type]


def test_how_many_cases_show_more_than_nine_in_ten() -> None:
    assert [cases_needed(claim=0.9, rejections=k) for k in range(6)] == [36, 54, 70, 85, 100, 114]
    for claim, rejections in ((1.0, 0), (0.9, -1)):
        with pytest.raises(ValueError, match="claim"):
            cases_needed(claim=claim, rejections=rejections)


def test_how_likely_few_rejections_are() -> None:
    assert chance_of_few_rejections(rate=0.95, cases=53, most=0) == pytest.approx(0.95**53)
    assert chance_of_few_rejections(rate=0.95, cases=53, most=1) == pytest.approx(0.25, abs=0.005)


def test_the_expected_interval_widens_with_correlation_and_holds_the_rate() -> None:
    widths = []
    for correlation in (0.0, 0.3, 0.6, 1.0):
        low, high = expected_interval(rate=0.95, cases=53, readings=4, correlation=correlation)
        assert low < 0.95 < high
        widths.append(high - low)
    assert widths == sorted(widths)
    exact = stats.binomtest(51, 53).proportion_ci(method="exact")
    single = expected_interval(rate=51 / 53, cases=53, readings=1, correlation=0.0)
    assert single == pytest.approx((exact.low, exact.high))
    with pytest.raises(ValueError, match="one case"):
        expected_interval(rate=0.9, cases=1, readings=2, correlation=0.5)
