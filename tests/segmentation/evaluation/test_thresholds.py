"""A threshold is chosen by subject, and what the choice is worth is told on subjects left out."""

import pytest

from segmentation.evaluation.thresholds import THRESHOLDS, Score, choose_threshold
from segmentation.evaluation.undefined import Undefined

NOTHING = Undefined("no lesion")


def peak(at: float, height: float = 1.0) -> list[Score]:
    """Scores that fall on both sides of a threshold."""
    return [height - abs(one - at) for one in THRESHOLDS]


def test_the_best_mean_is_chosen_and_every_subject_counts_once() -> None:
    scores = {"A": [peak(0.3), peak(0.3), peak(0.3)], "B": [peak(0.7)], "C": [peak(0.7)]}
    choice = choose_threshold(scores)
    assert choice.threshold == 0.7
    assert choice.score == pytest.approx((0.6 + 1 + 1) / 3)
    assert choice.curve[THRESHOLDS.index(0.3)] == pytest.approx((1 + 0.6 + 0.6) / 3)


def test_each_subject_is_scored_at_what_the_others_choose() -> None:
    choice = choose_threshold({"A": [peak(0.2)], "B": [peak(0.6)]})
    assert choice.left_out == pytest.approx(0.6)  # each at the other's best, 0.4 away


def test_of_equals_the_nearest_to_the_old_one_is_taken() -> None:
    flat: list[Score] = [0.5] * len(THRESHOLDS)
    assert choose_threshold({"A": [flat], "B": [flat]}, before=0.45).threshold == 0.45


def test_what_is_undefined_is_left_out_and_changes_nothing_where_all_is() -> None:
    bare: list[Score] = [NOTHING] * len(THRESHOLDS)
    assert choose_threshold({"A": [peak(0.3)], "B": [bare]}).threshold == 0.3
    nothing = choose_threshold({"A": [bare], "B": [bare]}, before=0.4)
    assert (nothing.threshold, nothing.score, nothing.left_out) == (0.4, None, None)
    assert set(nothing.curve) == {None}
