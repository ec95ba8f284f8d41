"""Counts that vary in one direction only leave an interval undefined, never an error."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rating.statistics.icc import icc_agreement


@example([(0, 2), (1, 1), (2, 0)])
@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=6))
def test_any_pairs_of_counts_give_a_coefficient_or_none(pairs: list[tuple[int, int]]) -> None:
    found = icc_agreement(pairs)
    if found is not None and found.interval is not None:
        low, high = found.interval
        assert -1 <= low <= high <= 1
