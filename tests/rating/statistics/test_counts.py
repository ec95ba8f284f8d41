"""Counts: published ICC, repeatability by hand, and what is undefined."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rating.statistics.counts import (
    median_difference,
    repeatability,
    share_within,
)
from rating.statistics.icc import icc_agreement, icc_consistency
from rating.statistics.variance_components import variance_components

SHROUT_FLEISS = [  # Shrout and Fleiss 1979, Table 2: six targets, four judges
    *([9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]),
]


def test_icc_of_shrout_and_fleiss() -> None:
    found = icc_agreement(SHROUT_FLEISS)
    assert found is not None
    assert found.value == pytest.approx(0.29, abs=0.005)
    assert found.interval == pytest.approx((0.019, 0.761), abs=0.001)


def test_a_constant_difference_lowers_agreement() -> None:
    same = icc_agreement([[n, n] for n in range(8)])
    shifted = icc_agreement([[n, n + 3] for n in range(8)])
    assert same is not None
    assert shifted is not None
    assert same.value == pytest.approx(1)
    assert shifted.value < 0.8
    assert same.interval is None
    assert shifted.interval is None


@pytest.mark.parametrize("counts", [[], [[1, 2]], [[0, 0], [0, 0], [0, 0]], [[3, 3], [3, 3]]])
def test_icc_is_undefined_without_variation(counts: list[list[int]]) -> None:
    assert icc_agreement(counts) is None


def test_repeatability_by_hand() -> None:
    pairs = [(0, 0), (1, 2), (5, 3), (4, 4)]
    assert repeatability(pairs) == pytest.approx(1.96 * math.sqrt(2) * math.sqrt(5 / 8))
    assert median_difference(pairs) == 0.5
    assert share_within(pairs, 0) == 0.5
    assert share_within(pairs, 1) == 0.75


REPEATS = [  # skewed counts of two showings
    *([0, 1], [3, 2], [0, 0], [7, 9], [1, 1], [12, 10], [2, 5], [0, 0], [4, 3], [1, 2]),
]


def test_both_coefficients_are_those_of_psych() -> None:
    """R psych 2.2.9 ICC(lmer = FALSE), rows ICC2 and ICC3; oracles/oracles.R."""
    agreement, consistency = icc_agreement(REPEATS), icc_consistency(REPEATS)
    assert agreement is not None
    assert consistency is not None
    assert agreement.value == pytest.approx(0.9240658899)
    assert agreement.interval == pytest.approx((0.7337659482, 0.9804264859))
    assert consistency.value == pytest.approx(0.9196321471)
    assert consistency.interval == pytest.approx((0.7115178621, 0.9794160697))
    judges = icc_consistency(SHROUT_FLEISS)
    assert judges is not None
    assert judges.value == pytest.approx(0.7148407148)
    assert judges.interval == pytest.approx((0.342464765, 0.94585826))


def test_consistency_forgives_a_constant_difference() -> None:
    shifted = icc_consistency([[a, b + 3] for a, b in REPEATS])
    same = icc_consistency(REPEATS)
    assert shifted is not None
    assert same is not None
    assert shifted.value == pytest.approx(same.value)
    assert shifted.interval == pytest.approx(same.interval)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8))
def test_consistency_lies_in_its_interval(pairs: list[tuple[int, int]]) -> None:
    found = icc_consistency(pairs)
    turned = icc_consistency([(b, a) for a, b in pairs[::-1]])
    assert (found is None) == (turned is None)
    if found is None or turned is None:
        return
    assert turned.value == pytest.approx(found.value)
    assert -1 - 1e-9 <= found.value <= 1 + 1e-9
    if found.interval is not None:
        assert -1 <= found.interval[0] <= found.value <= found.interval[1] <= 1
        assert found.interval[0] < found.interval[1]


COUNTED = np.array(  # cases, raters, repeats
    [
        [[3, 4], [5, 5], [2, 1]],
        [[8, 7], [11, 12], [8, 9]],
        [[1, 0], [3, 2], [1, 1]],
        [[5, 6], [9, 7], [4, 5]],
        [[12, 10], [13, 15], [9, 10]],
        [[2, 3], [3, 5], [2, 2]],
    ]
)


def test_variance_components_are_those_of_reml() -> None:
    """R lme4 1.1.31 lmer (REML equals the mean squares where nothing is negative)."""
    found = variance_components(COUNTED)
    assert found is not None
    assert found.negative == ()
    assert (found.case, found.rater, found.interaction, found.repeat) == pytest.approx(
        (15.53333681, 2.433333437, 0.2055555981, 0.749999941), rel=1e-5
    )


def test_a_negative_component_is_0_and_named() -> None:
    crossed = np.array([[[0, 4], [4, 0]], [[4, 0], [0, 4]], [[0, 4], [0, 4]]])
    found = variance_components(crossed)
    assert found is not None
    assert found.case == found.interaction == 0
    assert {"case", "interaction"} >= set(found.negative) >= {"interaction"}
    same = variance_components(np.full((3, 2, 2), 0.1))
    assert same is not None
    assert same.negative == ()


@pytest.mark.parametrize("shape", [(1, 2, 2), (2, 1, 2), (2, 2, 1), (0, 2, 2)])
def test_components_need_two_of_everything(shape: tuple[int, int, int]) -> None:
    assert variance_components(np.zeros(shape)) is None


def test_components_do_not_depend_on_the_order_of_cases_raters_or_repeats() -> None:
    found = variance_components(COUNTED)
    turned = variance_components(COUNTED[::-1, ::-1, ::-1])
    assert found is not None
    assert turned is not None
    assert (turned.case, turned.rater) == pytest.approx((found.case, found.rater))
    assert (turned.interaction, turned.repeat) == pytest.approx((found.interaction, found.repeat))
