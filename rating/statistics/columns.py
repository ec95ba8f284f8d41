"""The rows as arrays, so that a million answers are summed in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from rating.protocol.counting import Counts, corrected_drawn
from rating.protocol.design import AcceptanceDesign
from rating.protocol.verdict import combined_verdict, derive_verdict, is_accepted
from rating.statistics.rows import RatingRow, Rule

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
OUTCOMES = ("rated", "unreadable", "wrong_mask")
VERDICTS = ("acceptable", "boundary", "unacceptable")
CONFLICTS = ("none", "rater_accepts", "rater_rejects")
NONE = -1


@dataclass(frozen=True)
class Columns:
    """All rows of a study by rater, item and occasion; names are numbered in alphabetical order.

    Arrays have an entry per row, but for `item_case` and `item_method` (one per item) and `at`
    (raters, items, 2): the row of a showing that was rated, -1 where none was. Counts and verdicts
    of rows that are not rated are -1, and so is `consistent` (1 yes, 0 no) where it was not asked.
    `corrected` is the verdict derived from the lesions as the
    rater counts them; `has_corrections` where they are not the components in any row.
    """

    raters: tuple[str, ...]
    items: tuple[str, ...]
    cases: tuple[str, ...]
    methods: tuple[str, ...]
    item_case: Ints
    item_method: Ints
    is_planned: Bools
    rater: Ints
    item: Ints
    case: Ints
    method: Ints
    position: Ints
    occasion: Ints
    lesions: Ints
    fp: Ints
    fn: Ints
    outcome: Ints
    derived: Ints
    corrected: Ints
    has_corrections: bool
    said: Ints
    conflict: Ints
    consistent: Ints
    seconds: NDArray[np.float64]
    at: Ints

    @property
    def is_rated(self) -> Bools:
        """Which rows judge a mask."""
        return np.equal(self.outcome, OUTCOMES.index("rated"))

    def accepted(self, rule: Rule) -> Bools:
        """Which rows accept their mask; meant for rated rows."""
        if rule.verdict == "rater":
            return np.equal(self.said, VERDICTS.index("acceptable"))
        if rule.verdict in ("derived", "corrected"):
            counts = [is_accepted(verdict, rule.boundary_policy) for verdict in VERDICTS]
            judged = self.derived if rule.verdict == "derived" else self.corrected
            return np.array([*counts, False])[judged]
        return self._combined(rule.boundary_policy)

    def answers(self, rule: Rule) -> Ints:
        """By rater, item and occasion: 1 accepted, 0 rejected, -1 not rated."""
        if not len(self.rater):
            return np.full(self.at.shape, NONE, dtype=np.int64)
        return np.where(self.at >= 0, self.accepted(rule).astype(np.int64)[self.at], NONE)

    def _combined(self, policy: str) -> Bools:
        """The combined rule, judged once for every combination of counts that occurs."""
        fp, fn = np.maximum(self.fp, 0), np.maximum(self.fn, 0)
        wide = [int(counts.max(initial=0)) + 1 for counts in (fp, fn)]
        keys, inverse = np.unique((self.lesions * wide[0] + fp) * wide[1] + fn, return_inverse=True)
        judged = [
            is_accepted(
                combined_verdict(
                    n=key // wide[1] // wide[0], fp=key // wide[1] % wide[0], fn=key % wide[1]
                ),
                policy,
            )
            for key in keys.tolist()
        ]
        return np.array(judged, dtype=np.bool_)[inverse]


def columns(rows: Sequence[RatingRow], design: AcceptanceDesign, raters: Sequence[str]) -> Columns:
    """This will lay the rows out as arrays, sorted, whatever their order; none gives empty ones.

    Items of the design that nobody rated have their number too. A case or method of an item is what
    the design says, for items outside the design what the rows say.
    """
    case_of = {row.item: row.case for row in rows} | {i.key: i.case for i in design.items}
    method_of = {row.item: row.method for row in rows} | {i.key: i.method for i in design.items}
    names = [
        sorted(raters),
        sorted(case_of),
        sorted(set(case_of.values()) | {row.case for row in rows}),
        sorted(set(method_of.values()) | {row.method for row in rows}),
    ]
    rater_code, item_code, case_code, method_code = (_codes(group) for group in names)
    planned = {item.key for item in design.items}

    def codes(attribute: str, code_of: Mapping[str | None, int]) -> Ints:
        names_given = map(attrgetter(attribute), rows)
        return np.fromiter(map(code_of.__getitem__, names_given), dtype=np.int64, count=len(rows))

    def counts(attribute: str) -> Ints:
        given = map(attrgetter(attribute), rows)
        return np.fromiter(
            (NONE if count is None else count for count in given), dtype=np.int64, count=len(rows)
        )

    rater, item = codes("rater", rater_code), codes("item", item_code)
    occasion, outcome = counts("occasion"), codes("outcome", _codes(OUTCOMES))
    in_order = np.lexsort((occasion, item, rater))
    rater, item, occasion, outcome = (
        column[in_order] for column in (rater, item, occasion, outcome)
    )
    shown = np.flatnonzero(outcome == OUTCOMES.index("rated"))
    at = np.full((len(names[0]), len(names[1]), 2), NONE, dtype=np.int64)
    at[rater[shown], item[shown], occasion[shown] - 1] = shown
    derived = codes("verdict_derived", _codes(VERDICTS))
    corrections = [(at, row) for at, row in enumerate(rows) if _is_corrected(row)]
    corrected = derived.copy()
    for at_row, row in corrections:
        corrected[at_row] = VERDICTS.index(_corrected_verdict(row, design))
    seconds = (np.nan if row.active_seconds is None else row.active_seconds for row in rows)
    return Columns(
        raters=tuple(names[0]),
        items=tuple(names[1]),
        cases=tuple(names[2]),
        methods=tuple(names[3]),
        item_case=np.array([case_code[case_of[name]] for name in names[1]], dtype=np.int64),
        item_method=np.array([method_code[method_of[name]] for name in names[1]], dtype=np.int64),
        is_planned=np.array([name in planned for name in names[1]], dtype=np.bool_),
        rater=rater,
        item=item,
        case=codes("case", case_code)[in_order],
        method=codes("method", method_code)[in_order],
        position=counts("position")[in_order],
        occasion=occasion,
        lesions=counts("n_lesions")[in_order],
        fp=counts("fp")[in_order],
        fn=counts("fn")[in_order],
        outcome=outcome,
        derived=derived[in_order],
        corrected=corrected[in_order],
        has_corrections=bool(corrections),
        said=codes("verdict_rater", _codes(VERDICTS))[in_order],
        conflict=codes("conflict", _codes(CONFLICTS))[in_order],
        consistent=counts("consistent")[in_order],
        seconds=np.fromiter(seconds, dtype=np.float64, count=len(rows))[in_order],
        at=at,
    )


def _is_corrected(row: RatingRow) -> bool:
    """Whether the rater counts other lesions than the marked components."""
    return row.fp_corrected is not None and (row.fp, row.fn) != (row.fp_corrected, row.fn_corrected)


def _corrected_verdict(row: RatingRow, design: AcceptanceDesign) -> str:
    """The verdict derived from the lesions as the rater counts them; meant for rated rows."""
    lesions = Counts(fp=row.fp_corrected or 0, fn=row.fn_corrected or 0)
    components = Counts(fp=row.fp or 0, fn=row.fn or 0)
    return derive_verdict(
        n=corrected_drawn(drawn=row.n_lesions, components=components, lesions=lesions),
        fp=lesions.fp,
        fn=lesions.fn,
        precision_threshold=design.precision_threshold,
        recall_threshold=design.recall_threshold,
    ).verdict


def _codes(names: Sequence[str]) -> dict[str | None, int]:
    """The number of every name; -1 for none."""
    return {name: code for code, name in enumerate(names)} | {None: NONE, "": NONE}
