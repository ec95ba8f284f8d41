"""Counts: published ICC, repeatability by hand, and what is undefined."""

from __future__ import annotations

import math

import pytest

from rating.statistics.counts import (
    icc_agreement,
    median_difference,
    repeatability,
    share_within,
)

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
