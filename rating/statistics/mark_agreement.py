"""Did two readings of a mask mark the same lesions? Within raters, and between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np

from rating.statistics.acceptance import ONE_CASE
from rating.statistics.columns import Columns, Ints
from rating.statistics.mark_matching import MATCH_MM, shared_lesions, shared_points
from rating.statistics.redrawing import Floats, redrawn_value
from rating.statistics.rows import MarkRow, undefined

KINDS = ("FP", "FN")
NAMES = ("agreement", "agreement_low", "agreement_high")
NOT_COUNTED = "lesions that nobody missed are not counted"
NO_MARKS = "neither reading has such marks"
NO_WIDTH = "the cases do not differ in it: this interval would have no width"


@dataclass(frozen=True)
class Marks:
    """The marks of one kind: how many each row has, and which."""

    kind: str
    made: Ints
    of_row: dict[int, list[MarkRow]]

    def shared(self, one: int, two: int) -> int:
        """How many marks two rows share."""
        first, second = self.of_row[one], self.of_row[two]
        if self.kind == "FP":
            return shared_lesions({m.lesion for m in first}, {m.lesion for m in second}).both
        return shared_points([m.mm for m in first], [m.mm for m in second]).both


def mark_agreement(answers: Columns, marks: Sequence[MarkRow]) -> list[dict[str, Any]]:
    """This will compare the marks of readings of the same masks, per kind of mark.

    A rater's second showing with the first (other_rater ""), then every two raters, each mask
    counting once, as the mean over all pairs of their showings. Readings whose counts were typed
    have no marks and are left out. The interval is that of redrawn cases (2,000, percentiles).
    """
    of_kind = [_marks(answers, marks, kind) for kind in KINDS]
    lines = []
    for number, rater in enumerate(answers.raters):
        shown = answers.at[number]
        lines += [
            _line(answers, own, {"rater": rater, "other_rater": ""}, shown[:, :1], shown[:, 1:])
            for own in of_kind
        ]
    for one, two in combinations(range(len(answers.raters)), 2):
        who = {"rater": answers.raters[one], "other_rater": answers.raters[two]}
        lines += [_line(answers, own, who, answers.at[one], answers.at[two]) for own in of_kind]
    return lines


def _marks(answers: Columns, marks: Sequence[MarkRow], kind: str) -> Marks:
    """The marks of one kind by row; marks of showings that were not rated are left out."""
    rater = {name: code for code, name in enumerate(answers.raters)}
    item = {name: code for code, name in enumerate(answers.items)}
    of_row: dict[int, list[MarkRow]] = defaultdict(list)
    for mark in marks:
        if mark.kind == kind and mark.rater in rater and mark.item in item:
            row = int(answers.at[rater[mark.rater], item[mark.item], mark.occasion - 1])
            if row >= 0:
                of_row[row].append(mark)
    made = np.zeros(len(answers.rater), dtype=np.int64)
    for row, own in of_row.items():
        made[row] = len(own)
    return Marks(kind, made, of_row)


def _line(
    answers: Columns, marks: Marks, who: dict[str, Any], first: Ints, second: Ints
) -> dict[str, Any]:
    """One comparison; `first` and `second` are rows by item and showing, -1 where not rated."""
    count = answers.fp if marks.kind == "FP" else answers.fn
    has_marks = np.append(marks.made == count, False)  # the last stands for no row
    made, lesions = np.append(marks.made, 0), np.append(answers.lesions, 0)
    summed, compared = np.zeros((len(first), 4)), np.zeros(len(first))
    for one, two in product(first.T, second.T):
        counts = has_marks[one] & has_marks[two]
        both = np.zeros(len(first))
        for item in np.flatnonzero(counts & (made[one] > 0) & (made[two] > 0)).tolist():
            both[item] = marks.shared(int(one[item]), int(two[item]))
        only = made[one] - both, made[two] - both
        neither = lesions[one] - both - only[0] - only[1]
        summed += np.where(counts, [both, *only, neither], 0.0).T
        compared += counts
    kept = compared > 0
    sums = _by_case(summed[kept] / compared[kept, None], answers.item_case[kept])
    total = sums.sum(axis=0).tolist()
    is_lesion = marks.kind == "FP"
    return {
        **who,
        "kind": marks.kind,
        "masks": int(kept.sum()),
        "cases": len(sums),
        "within_mm": 0.0 if is_lesion else MATCH_MM,
        "both": total[0],
        "only_first": total[1],
        "only_second": total[2],
        "neither": total[3] if is_lesion else undefined(NOT_COUNTED),
        **dict(zip(NAMES, _agreement(sums), strict=True)),
    }


def _by_case(rows: Floats, cases: Ints) -> Floats:
    """The rows summed by case."""
    if not len(rows):
        return np.zeros((0, 4))
    _, number = np.unique(cases, return_inverse=True)
    return np.stack([np.bincount(number, weights=column) for column in rows.T], axis=1)


def _specific(rows: Floats) -> Floats:
    """2 both / (2 both + only first + only second); NaN without marks."""
    below = 2 * rows[:, 0] + rows[:, 1] + rows[:, 2]
    return np.where(below > 0, 2 * rows[:, 0] / np.where(below > 0, below, 1.0), np.nan)


def _agreement(sums: Floats) -> tuple[Any, Any, Any]:
    if not len(sums):
        return (undefined("no mask has marks of both readings"),) * 3
    value = float(_specific(sums.sum(axis=0)[None, :])[0])
    if np.isnan(value):
        return (undefined(NO_MARKS),) * 3
    found = redrawn_value(sums, _specific)
    if found is None or len(sums) < 2:
        return (value, *(undefined(ONE_CASE),) * 2)
    low, high = found.interval
    return (value, *((undefined(NO_WIDTH),) * 2 if low == high else (low, high)))
