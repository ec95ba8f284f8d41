"""What the statistics are computed from: one row per submitted answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from rating.protocol.design import AcceptanceDesign
from rating.protocol.verdict import combined_verdict, is_accepted

Undefined = dict[str, str]


@dataclass(frozen=True)
class RatingRow:
    """The first submitted answer to one presentation.

    Counts, verdicts and conflict are None unless `outcome` is rated (else unreadable, wrong_mask).
    `verdict_derived` is three-valued: acceptable, boundary, unacceptable.
    """

    study: str
    rater: str
    item: str
    case: str
    method: str
    position: int
    occasion: int
    n_lesions: int
    fp: int | None
    fn: int | None
    outcome: str
    verdict_rater: str | None
    verdict_derived: str | None
    conflict: str | None


@dataclass(frozen=True)
class Rule:
    """One way to say of an answer whether the mask is accepted.

    verdict: derived (from the counts), rater (the rater's own) or combined (the abstract's wording:
    all errors below a tenth of the true lesions). The rater's verdict has no boundary policy ("").
    """

    verdict: str
    boundary_policy: str
    is_primary: bool = False

    def accepts(self, row: RatingRow) -> bool:
        """Is the mask accepted? Asked of rated rows only."""
        if self.verdict == "rater":
            return row.verdict_rater == "acceptable"
        if self.verdict == "derived":
            return is_accepted(row.verdict_derived or "", self.boundary_policy)
        combined = combined_verdict(n=row.n_lesions, fp=row.fp or 0, fn=row.fn or 0)
        return is_accepted(combined, self.boundary_policy)


def rules(design: AcceptanceDesign) -> tuple[Rule, ...]:
    """The design's rule and the sensitivity analyses, always in the same order."""
    own = design.boundary_policy
    other = "lenient" if own == "strict" else "strict"
    return (
        Rule("derived", own, is_primary=design.primary_analysis == "derived"),
        Rule("derived", other),
        Rule("rater", "", is_primary=design.primary_analysis == "rater"),
        Rule("combined", own),
    )


def undefined(reason: str) -> Undefined:
    """What stands for a value that the data leave undefined."""
    return {"undefined": reason}


def rated(rows: Sequence[RatingRow]) -> list[RatingRow]:
    """The rows that judge a mask, without those that say it cannot be judged."""
    return [row for row in rows if row.outcome == "rated"]


def showings(rows: Sequence[RatingRow], rater: str) -> dict[str, dict[int, RatingRow]]:
    """A rater's rows by item and occasion, items sorted."""
    found: dict[str, dict[int, RatingRow]] = defaultdict(dict)
    own = [row for row in rows if row.rater == rater]
    for row in sorted(own, key=lambda row: (row.item, row.occasion)):
        found[row.item][row.occasion] = row
    return found


def repeats(rows: Sequence[RatingRow], rater: str) -> list[tuple[RatingRow, RatingRow]]:
    """A rater's first and second rating of every item that has both, by item."""
    return [(both[1], both[2]) for both in showings(rated(rows), rater).values() if len(both) == 2]
