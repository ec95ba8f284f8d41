"""Marks of two readings: the same drawn lesions, the same places."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rating.statistics.mark_matching import (
    Point,
    Shared,
    fused_points,
    shared_lesions,
    shared_points,
)

coordinate = st.integers(-6, 6).map(float)
points = st.lists(st.tuples(coordinate, coordinate, st.just(0.0)), max_size=5)


def test_lesions_are_the_same_by_id() -> None:
    found = shared_lesions({1, 2, 3}, {2, 3, 7, 9})
    assert found == Shared(both=2, first_only=1, second_only=2)
    assert found.agreement == 4 / 7
    assert shared_lesions(set(), set()).agreement is None
    assert shared_lesions({1}, set()).agreement == 0


def test_points_pair_off_within_the_distance_only() -> None:
    here, near, far = (0.0, 0.0, 0.0), (3.0, 0.0, 4.0), (3.0, 1.0, 4.0)
    assert shared_points([here], [near]) == Shared(1, 0, 0)
    assert shared_points([here], [far]) == Shared(0, 1, 1)
    assert shared_points([here], [far], within_mm=6) == Shared(1, 0, 0)
    assert shared_points([here, here], [near]) == Shared(1, 1, 0)
    assert shared_points([], [near]) == Shared(0, 0, 1)
    with pytest.raises(ValueError, match="above 0"):
        shared_points([here], [near], within_mm=0)


def test_a_close_pair_is_given_up_for_two_pairs() -> None:
    """Nearest first would pair b with c and leave a and d alone."""
    a, b, c, d = ((x, 0.0, 0.0) for x in (0.0, 4.0, 4.5, 8.0))
    assert shared_points([a, b], [c, d]).both == 2


@settings(deadline=None)
@given(points, points)
def test_as_many_pairs_as_there_can_be(first: list[Point], second: list[Point]) -> None:
    found = shared_points(first, second)
    less, more = sorted((first, second), key=len)
    best = max(
        sum(bool(np.linalg.norm(np.subtract(p, q)) <= 5) for p, q in zip(less, order, strict=False))
        for order in permutations(more, len(less))
    )
    assert found.both == best
    turned = shared_points(second[::-1], first[::-1])
    assert turned == Shared(found.both, found.second_only, found.first_only)
    if found.agreement is not None:
        assert 0 <= found.agreement <= 1


def test_points_of_one_lesion_are_one_group() -> None:
    here, near, far = (0.0, 0.0, 0.0), (3.0, 0.0, 4.0), (9.0, 0.0, 4.0)
    assert fused_points([here, far, near]) == ((here, near), (far,))
    assert fused_points([here, near], within_mm=4) == ((here,), (near,))
    assert fused_points([]) == ()
