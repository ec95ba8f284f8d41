"""Counts that vary in one direction only leave an interval undefined, never an error."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rating.statistics.icc import icc_agreement


@example([(0, 2), (1, 1), (2, 0)])
@example([(7, 6), (7, 5), (9, 3)])  # F alone says -1 to -.344 about -.323
@example([(4, 5), (4, 9), (5, 5), (7, 3)])  # the coefficient itself is below -1
@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=6))
def test_any_pairs_of_counts_give_a_coefficient_or_none(pairs: list[tuple[int, int]]) -> None:
    found = icc_agreement(pairs)
    if found is not None and found.interval is not None:
        low, high = found.interval
        assert -1 <= low <= found.value <= high <= 1
        assert low < high
