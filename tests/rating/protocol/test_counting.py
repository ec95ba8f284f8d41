"""Marks become counts: of components, and of lesions as the rater counts them."""

from __future__ import annotations

from uuid import UUID

from rating.protocol.counting import (
    CountedMark,
    Counts,
    corrected_drawn,
    count_components,
    count_lesions,
)

ONE, OTHER = UUID(int=1), UUID(int=2)


def test_no_marks_count_nothing() -> None:
    assert count_components([]) == count_lesions([]) == Counts(0, 0)


def test_a_mark_may_be_several_lesions_and_several_marks_one() -> None:
    marks = [
        CountedMark("FP"),
        CountedMark("FP", counts_as=3),
        CountedMark("FN", joined=ONE),
        CountedMark("FN", joined=ONE),
        CountedMark("FN", joined=OTHER),
        CountedMark("FP", joined=ONE),
    ]
    assert count_components(marks) == Counts(fp=3, fn=3)
    assert count_lesions(marks) == Counts(fp=5, fn=2)


def test_the_true_components_stay_what_they_are() -> None:
    drawn = corrected_drawn(drawn=10, components=Counts(2, 0), lesions=Counts(5, 0))
    assert drawn == 13, "8 true ones and 5 false ones"
