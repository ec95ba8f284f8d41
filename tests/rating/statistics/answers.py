"""Builds the answers of Rita and Ravi for the tests of the statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rating.protocol.design import AcceptanceDesign, DesignItem
from rating.protocol.verdict import conflict, derive_verdict
from rating.statistics import RatingRow

RATERS = ("ravi", "rita")


def a_design(
    cases: int, *, methods: int = 1, raters: tuple[str, ...] = RATERS, **change: Any
) -> AcceptanceDesign:
    """A design of cases c0, c1 ... with one mask (10 lesions) per method m0, m1 ..."""
    items = tuple(
        DesignItem(f"c{case}-m{method}", f"c{case}", f"m{method}", "0" * 64, 10)
        for case in range(cases)
        for method in range(methods)
    )
    return AcceptanceDesign(items=items, raters=raters, gap=0, **change)


def an_answer(
    item: DesignItem,
    *,
    rater: str = "rita",
    occasion: int = 1,
    position: int = 1,
    fp: int = 0,
    fn: int = 0,
    lesions: int | None = None,
    verdict: str | None = None,
    outcome: str = "rated",
    policy: str = "strict",
    seconds: float | None = None,
    as_lesions: tuple[int, int] | None = None,
    consistent: bool | None = None,
) -> RatingRow:
    """One row as a submission stores it; the rater's verdict follows the counts unless given."""
    n = item.lesion_count if lesions is None else lesions
    is_rated = outcome == "rated"
    derived = derive_verdict(n=n, fp=fp, fn=fn).verdict
    said = verdict or ("acceptable" if derived == "acceptable" else "unacceptable")
    return RatingRow(
        study="pilot",
        rater=rater,
        item=item.key,
        case=item.case,
        method=item.method,
        position=position,
        occasion=occasion,
        n_lesions=n,
        fp=fp if is_rated else None,
        fn=fn if is_rated else None,
        outcome=outcome,
        verdict_rater=said if is_rated else None,
        verdict_derived=derived if is_rated else None,
        conflict=conflict(said, derived, policy) if is_rated else None,
        active_seconds=seconds,
        fp_corrected=as_lesions and as_lesions[0],
        fn_corrected=as_lesions and as_lesions[1],
        consistent=consistent if is_rated else None,
    )


def all_answers(
    design: AcceptanceDesign, answer: Callable[[str, int, int], dict[str, Any] | None]
) -> list[RatingRow]:
    """One row per presentation: `answer(rater, occasion, item number)`, None where missing."""
    rows = []
    for rater in design.raters:
        position = 0
        for occasion in (1, 2):
            for number, item in enumerate(design.items):
                position += 1
                given = answer(rater, occasion, number)
                if given is not None:
                    where = {"rater": rater, "occasion": occasion, "position": position}
                    rows.append(an_answer(item, **where, **given))
    return rows
