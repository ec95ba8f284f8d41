"""Limits of agreement against R, what they promise, and what is undefined."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rating.statistics.replicate_limits import replicate_limits
from segmentation.evaluation.statistics.bland_altman import limits_of_agreement, ratio_limits, trend
from segmentation.evaluation.statistics.concordance_correlation import concordance_correlation

X = [1.2, 3.4, 2.2, 8.9, 15.1, 4.4, 6.0, 0.7, 11.3, 5.2]
Y = [1.5, 3.9, 2.0, 10.1, 17.7, 5.0, 6.1, 1.1, 13.9, 5.0]
FIRST = [
    *([5.1, 5.4], [7.9, 8.3, 8.0], [3.2, 3.0], [6.6]),
    *([4.4, 4.9, 4.1, 4.6], [9.0, 8.4], [2.2, 2.6], [5.5, 5.9, 5.2]),
]
SECOND = [
    *([5.6, 5.2, 5.9], [8.8, 8.1], [3.1, 3.5], [6.1, 6.9]),
    *([5.0, 5.3], [9.9], [2.0, 2.9, 2.4], [6.4, 6.0]),
]
values = st.lists(st.integers(-50, 50), min_size=2, max_size=20)


@pytest.mark.parametrize(
    ("n", "near", "far"),  # R 4.2.2 qt(ncp = ), oracles/oracles.R
    [
        (5, 0.9231648596, 5.974920498),
        (10, 1.163180886, 3.800902359),
        (30, 1.450346164, 2.756589855),
        (100, 1.659063168, 2.341870744),
    ],
)
def test_the_exact_interval_of_a_limit_is_that_of_r(n: int, near: float, far: float) -> None:
    found = limits_of_agreement(np.random.default_rng(n).normal(2, 3, n))
    assert found is not None
    low, high = ((bound - found.bias) / found.sd for bound in found.high_interval)
    assert (low, high) == pytest.approx((near, far), rel=1e-7)
    low, high = ((bound - found.bias) / found.sd for bound in found.low_interval)
    assert (low, high) == pytest.approx((-far, -near), rel=1e-7)


def test_many_differences_have_nearly_the_exact_interval() -> None:
    normal = np.random.default_rng(0).normal(size=1001)
    exact, near = limits_of_agreement(normal[:1000]), limits_of_agreement(normal)
    assert exact is not None
    assert near is not None
    assert near.high_interval == pytest.approx(exact.high_interval, abs=0.01)


def test_the_exact_interval_covers_as_often_as_it_says() -> None:
    samples = np.random.default_rng(10).normal(size=(100_000, 10))
    one = limits_of_agreement(samples[0])
    assert one is not None
    # With n alone given, the interval is so many standard deviations from the bias.
    factors = [(bound - one.bias) / one.sd for bound in one.high_interval]
    near, far = (samples.mean(axis=1) + factor * samples.std(axis=1, ddof=1) for factor in factors)
    covered = (near <= 1.959964) & (far >= 1.959964)
    assert covered.mean() == pytest.approx(0.95, abs=0.003)


@settings(deadline=None)
@given(values)
def test_limits_contain_and_mirror(differences: list[int]) -> None:
    found = limits_of_agreement(differences)
    if len(set(differences)) == 1:
        assert found is None
        return
    assert found is not None
    assert found.low_interval[0] < found.low < found.low_interval[1]
    assert found.low < found.bias < found.high
    assert found.bias_interval[0] < found.bias < found.bias_interval[1]
    turned = limits_of_agreement([-value for value in differences[::-1]])
    assert turned is not None
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))
    assert turned.low_interval == pytest.approx(tuple(-b for b in found.high_interval[::-1]))


def test_limits_need_two_differences() -> None:
    assert limits_of_agreement([1.0]) is None
    assert limits_of_agreement([]) is None


def test_replicate_limits_by_mover() -> None:
    """R 4.2.2, oracles/base.R."""
    found = replicate_limits(first=FIRST, second=SECOND)
    assert found is not None
    assert (found.bias, found.sd) == pytest.approx((-0.41875, 0.5421109243))
    assert found.bias_interval == pytest.approx((-0.7059539111, -0.1315460889))
    assert (found.low, found.high) == pytest.approx((-1.481267887, 0.6437678873))
    assert found.low_interval == pytest.approx((-2.297547393, -1.122205466))
    assert found.high_interval == pytest.approx((0.2847054662, 1.460047393))


def test_replicate_limits_do_not_depend_on_order_and_turn_with_the_sides() -> None:
    found = replicate_limits(first=FIRST, second=SECOND)
    mixed = replicate_limits(first=FIRST[::-1], second=[y[::-1] for y in SECOND[::-1]])
    turned = replicate_limits(first=SECOND, second=FIRST)
    assert found is not None
    assert mixed is not None
    assert turned is not None
    assert mixed.high_interval == pytest.approx(found.high_interval)
    assert turned.low_interval == pytest.approx(tuple(-b for b in found.high_interval[::-1]))


def test_replicate_limits_are_undefined_without_repeats_or_scatter() -> None:
    single = [[1.0], [2.0], [3.0]]
    assert replicate_limits(first=single, second=[[1.0, 2.0]] * 3) is None
    assert replicate_limits(first=[[1.0, 2.0]], second=[[1.0, 2.0]]) is None
    assert replicate_limits(first=[[1.0, 1.0]] * 3, second=[[1.0, 1.0]] * 3) is None
    with pytest.raises(ValueError, match="same cases"):
        replicate_limits(first=single, second=single[:2])


def test_a_trend_is_that_of_r() -> None:
    found = trend(X, Y)
    assert found is not None
    assert found.slope == pytest.approx(-0.1797744416)
    assert found.interval == pytest.approx((-0.2569108568, -0.1026380265))
    assert trend([1, 2], [1, 2]) is None
    assert trend([1, 1, 1], [2, 2, 2]) is None


def test_ratios_leave_out_empty_masks_and_scale() -> None:
    found = ratio_limits([*X, 0.0], [*Y, 3.0])
    logs = limits_of_agreement(np.log(X) - np.log(Y))
    assert found is not None
    assert logs is not None
    assert found.n == 10
    assert found.high_interval == pytest.approx(tuple(map(math.exp, logs.high_interval)))
    doubled = ratio_limits([2 * x for x in X], Y)
    assert doubled is not None
    assert doubled.bias == pytest.approx(2 * found.bias)
    assert ratio_limits([0.0, 1.0], [1.0, 0.0]) is None


def test_concordance_is_that_of_epir() -> None:
    """R epiR 2.0.57 epi.ccc, ci = "z-transform"."""
    found = concordance_correlation(X, Y)
    assert found is not None
    assert found.value == pytest.approx(0.9668297036)
    assert found.interval == pytest.approx((0.9192004709, 0.9865790717), abs=1e-8)


def test_a_bias_lowers_concordance_where_r2_stays_1() -> None:
    volumes = np.linspace(1, 20, 10)
    found = concordance_correlation(1.25 * volumes, volumes)
    assert found is not None
    assert np.corrcoef(1.25 * volumes, volumes)[0, 1] == pytest.approx(1)
    assert found.value < 0.95
    assert found.interval is None


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_concordance_is_symmetric_and_bounded(pairs: list[tuple[int, int]]) -> None:
    one, two = [a for a, _ in pairs], [b for _, b in pairs]
    found, turned = concordance_correlation(one, two), concordance_correlation(two, one)
    if len(pairs) < 3 or (len({*one, *two}) == 1):
        assert found is None
        return
    assert found is not None
    assert turned is not None
    assert turned.value == pytest.approx(found.value)
    assert -1 - 1e-12 <= found.value <= 1 + 1e-12
    if found.interval is not None:
        assert -1 <= found.interval[0] <= found.value <= found.interval[1] <= 1
