"""Redrawn cases: the same as redrawing them one by one, repeatable, and quick for many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from rating.statistics.agreement import CaseSums, case_sums, cohen_kappa, defined, gwet_ac1
from rating.statistics.redrawing import REDRAWS, distinct, redrawn, redrawn_value
from tests.rating.statistics.test_agreement import sums_of


def test_redrawing_is_repeatable_and_counts_what_it_left_undefined() -> None:
    sums = sums_of(51, 1, 0, 1)
    found = redrawn(sums, cohen_kappa)
    assert found is not None
    assert found == redrawn(sums, cohen_kappa)
    low, high = found.interval
    assert low <= (defined(cohen_kappa(sums.total())) or 0) <= high
    # Neither of the two masks that were ever rejected is drawn with probability (51/53)^53 = 13 %.
    assert found.undefined_redraws / REDRAWS == pytest.approx((51 / 53) ** 53, abs=0.03)
    ac1 = redrawn(sums, gwet_ac1)
    assert ac1 is not None
    assert ac1.undefined_redraws == 0


def test_what_is_never_defined_has_no_interval() -> None:
    assert redrawn(sums_of(53, 0, 0, 0), cohen_kappa) is None
    assert redrawn(sums_of(0, 0, 0, 0), gwet_ac1) is None
    same = redrawn(sums_of(53, 0, 0, 0), gwet_ac1)
    assert same is not None
    assert same.interval == (1, 1)
    assert same.bca is None


def skewed_cases() -> CaseSums:
    """Two cases with ten disagreements each, all one way; BCa leans, and must to the right side."""
    tables = [(1, 0, 0, 1)] * 12 + [(1, 1, 0, 1)] * 5 + [(0, 10, 0, 1)] * 2
    answers = [
        (case, *pair)
        for case, table in enumerate(tables)
        for pair, n in zip(((1, 1), (1, 0), (0, 1), (0, 0)), table, strict=True)
        for _ in range(n)
    ]
    case, first, second = zip(*answers, strict=True)
    return case_sums(case=case, first=first, second=second)


@pytest.mark.parametrize("sums", [sums_of(35, 7, 5, 6), skewed_cases()])
def test_both_intervals_are_near_those_of_scipy(sums: CaseSums) -> None:
    """The same statistic, redrawn case by case by scipy.stats.bootstrap."""
    rows = sums.columns()

    def kappa(numbers: np.ndarray, axis: int = -1) -> np.ndarray:
        totals = rows[numbers.astype(int)].sum(axis=-2)
        agreement = totals[..., 0] / totals[..., 2]
        one, two = totals[..., 3] / totals[..., 2], totals[..., 4] / totals[..., 2]
        chance = one * two + (1 - one) * (1 - two)
        return np.asarray((agreement - chance) / (1 - chance))

    found = redrawn(sums, cohen_kappa)
    assert found is not None
    for method, interval in (("percentile", found.interval), ("BCa", found.bca)):
        theirs = stats.bootstrap(
            (np.arange(len(rows)),),
            kappa,
            n_resamples=4000,
            method=method,
            vectorized=True,
            rng=np.random.default_rng(1),
        ).confidence_interval
        assert interval == pytest.approx((theirs.low, theirs.high), abs=0.025)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 20), st.integers(0, 6), st.integers(0, 6), st.integers(0, 20))
def test_the_order_of_cases_does_not_matter(a: int, b: int, c: int, d: int) -> None:
    one = [1] * (a + b) + [0] * (c + d)
    two = [1] * a + [0] * b + [1] * c + [0] * d
    n = len(one)
    turned = case_sums(case=range(n), first=one[::-1], second=two[::-1])
    assert redrawn(turned, gwet_ac1) == redrawn(sums_of(a, b, c, d), gwet_ac1)


@settings(deadline=None)
@given(
    arrays(
        np.float64,
        st.tuples(st.integers(0, 8), st.integers(1, 4)),
        elements=st.sampled_from([0.0, 0.25, 1.0, 3.0]),
    )
)
def test_distinct_rows_are_those_of_numpy(rows: np.ndarray) -> None:
    patterns, times = distinct(rows)
    expected, counts = np.unique(rows, axis=0, return_counts=True)
    assert patterns.tolist() == expected.tolist()
    assert times.tolist() == counts.tolist()


def test_a_ratio_of_many_cases_has_the_normal_interval() -> None:
    rng = np.random.default_rng(3)
    rows = np.stack([rng.binomial(4, 0.8, 100_000), np.full(100_000, 4)], axis=1).astype(float)
    found = redrawn_value(rows, lambda sums: sums[:, 0] / sums[:, 1])
    assert found is not None
    half = 1.96 * np.sqrt(0.8 * 0.2 / 400_000)
    low, high = found.interval
    assert (high - low) / 2 == pytest.approx(half, rel=0.06)
    assert found.bca == pytest.approx(found.interval, abs=half / 5)
