"""The verdict follows from counts, in whole numbers, also exactly on a threshold."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating.protocol.verdict import (
    InvalidCounts,
    combined_verdict,
    conflict,
    derive_verdict,
    is_accepted,
)

thresholds = st.tuples(st.integers(1, 40), st.integers(1, 40)).map(
    lambda pair: (pair[0], pair[0] + pair[1])
)


@pytest.mark.parametrize(
    ("n", "fp", "fn", "expected"),
    [
        (10, 1, 0, "boundary"),
        (9, 0, 1, "boundary"),
        (10, 0, 1, "acceptable"),
        (10, 0, 0, "acceptable"),
        (10, 2, 0, "unacceptable"),
        (20, 1, 2, "acceptable"),
        (20, 2, 2, "boundary"),
        (20, 2, 3, "unacceptable"),
        (100, 9, 10, "acceptable"),
        (100, 9, 11, "unacceptable"),
        (121, 12, 12, "acceptable"),
        (121, 12, 13, "unacceptable"),
        (5, 5, 0, "unacceptable"),
        (5, 5, 3, "unacceptable"),
        (0, 0, 1, "unacceptable"),
        (1, 0, 0, "acceptable"),
    ],
)
def test_the_examples_of_the_protocol(n: int, fp: int, fn: int, expected: str) -> None:
    derived = derive_verdict(n=n, fp=fp, fn=fn)
    assert derived.verdict == expected
    assert not derived.vacuous


def test_an_empty_mask_with_nothing_missed_is_vacuously_acceptable() -> None:
    derived = derive_verdict(n=0, fp=0, fn=0)
    assert (derived.verdict, derived.vacuous) == ("acceptable", True)


@given(st.integers(1, 400), st.data(), thresholds, thresholds)
def test_the_verdict_is_that_of_exact_fractions(
    n: int, data: st.DataObject, precision_over: tuple[int, int], recall_over: tuple[int, int]
) -> None:
    fp = data.draw(st.integers(0, n))
    fn = data.draw(st.integers(0, 400))
    tp = n - fp
    precision = Fraction(tp, n)
    recall = Fraction(tp, tp + fn) if tp + fn else Fraction(0)
    above = (precision > Fraction(*precision_over), recall > Fraction(*recall_over))
    at_least = (precision >= Fraction(*precision_over), recall >= Fraction(*recall_over))
    expected = "acceptable" if all(above) else "boundary" if all(at_least) else "unacceptable"
    derived = derive_verdict(
        n=n, fp=fp, fn=fn, precision_threshold=precision_over, recall_threshold=recall_over
    )
    assert derived.verdict == expected


@pytest.mark.parametrize("n", range(1, 150))
def test_tolerated_errors_are_one_less_than_a_tenth_rounded_up(n: int) -> None:
    false = [fp for fp in range(n) if derive_verdict(n=n, fp=fp, fn=0).verdict == "acceptable"]
    missed = [fn for fn in range(n) if derive_verdict(n=n, fp=0, fn=fn).verdict == "acceptable"]
    assert max(false) == ceil(n / 10) - 1
    assert max(missed) == ceil(n / 9) - 1


@pytest.mark.parametrize(
    ("n", "fp", "fn"), [(3, 4, 0), (-1, 0, 0), (3, -1, 0), (3, 0, -1), (0, 1, 0), (3, 0.0, 0)]
)
def test_impossible_counts_are_refused(n: int, fp: int, fn: int) -> None:
    with pytest.raises(InvalidCounts):
        derive_verdict(n=n, fp=fp, fn=fn)


def test_false_positives_beyond_the_drawn_lesions_are_refused_with_both_numbers() -> None:
    with pytest.raises(InvalidCounts, match=r"4 false positives.*only 3 lesions"):
        derive_verdict(n=3, fp=4, fn=0)


@pytest.mark.parametrize(
    ("said", "derived", "policy", "expected"),
    [
        ("acceptable", "acceptable", "strict", "none"),
        ("unacceptable", "unacceptable", "strict", "none"),
        ("acceptable", "unacceptable", "lenient", "rater_accepts"),
        ("unacceptable", "acceptable", "strict", "rater_rejects"),
        ("acceptable", "boundary", "strict", "rater_accepts"),
        ("acceptable", "boundary", "lenient", "none"),
        ("unacceptable", "boundary", "strict", "none"),
        ("unacceptable", "boundary", "lenient", "rater_rejects"),
    ],
)
def test_a_conflict_depends_on_what_a_boundary_means(
    said: str, derived: str, policy: str, expected: str
) -> None:
    assert conflict(said, derived, policy) == expected


def test_a_boundary_is_accepted_only_by_the_lenient() -> None:
    assert is_accepted("boundary", "lenient")
    assert not is_accepted("boundary", "strict")


@pytest.mark.parametrize(
    ("n", "fp", "fn", "expected"),
    [
        (20, 1, 1, "boundary"),  # 2 errors of 20 true lesions
        (21, 1, 1, "acceptable"),
        (20, 1, 2, "unacceptable"),  # the derived verdict accepts this one
        (0, 0, 0, "acceptable"),
        (2, 2, 0, "unacceptable"),
    ],
)
def test_the_combined_rule_sets_all_errors_against_the_true_lesions(
    n: int, fp: int, fn: int, expected: str
) -> None:
    assert combined_verdict(n=n, fp=fp, fn=fn) == expected
