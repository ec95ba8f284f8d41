"""What is there and what is not: presentations, missing answers, and verdicts that conflict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rating.protocol.design import AcceptanceDesign
from rating.statistics.rows import RatingRow, rated, rules, undefined

Rows = Sequence[RatingRow]
VERDICTS = ("acceptable", "boundary", "unacceptable")


def presentations(
    rows: Rows, design: AcceptanceDesign, raters: Sequence[str]
) -> list[dict[str, Any]]:
    """This will count, per rater, what was planned and what became of it, also by block."""
    table = []
    for rater in (*raters, ""):
        own = [row for row in rows if rater in ("", row.rater)]
        planned = len(design.items) * design.presentations_per_item * (1 if rater else len(raters))
        outcomes = Counter(row.outcome for row in own)
        table.append(
            {
                "rater": rater,
                "planned": planned,
                "rated": outcomes["rated"],
                "unreadable": outcomes["unreadable"],
                "wrong_mask": outcomes["wrong_mask"],
                "missing": planned - len(own),
                "submitted_first_block": sum(row.occasion == 1 for row in own),
                "submitted_second_block": sum(row.occasion == 2 for row in own),
            }
        )
    return table


def missing(rows: Rows, design: AcceptanceDesign, raters: Sequence[str]) -> list[dict[str, Any]]:
    """This will bound the primary rate: as if all missing answers had rejected, or accepted.

    Once for presentations without an answer only, and once for all that were not rated, the
    unreadable and mismatched ones too.
    """
    primary = next(rule for rule in rules(design) if rule.is_primary)
    table = []
    for line in presentations(rows, design, raters):
        judged = [row for row in rated(rows) if line["rater"] in ("", row.rater)]
        accepted = sum(primary.accepts(row) for row in judged)
        bounds: dict[str, Any] = {}
        for name, absent in (
            ("missing", line["missing"]),
            ("not_rated", line["planned"] - line["rated"]),
        ):
            n = len(judged) + absent
            none = undefined("no presentation would be left")
            bounds |= {
                name: absent,
                f"rate_if_{name}_rejected": accepted / n if n else none,
                f"rate_if_{name}_accepted": (accepted + absent) / n if n else none,
            }
        nothing = undefined("no presentation was rated")
        rate = accepted / len(judged) if judged else nothing
        table.append({"rater": line["rater"], "rate_as_rated": rate} | bounds)
    return table


def verdicts(rows: Rows, raters: Sequence[str]) -> list[dict[str, Any]]:
    """This will set the rater's verdict against the derived one and count what stands out.

    Conflicts are those stored at submission, under the design's boundary policy.
    """
    table = []
    for rater in (*raters, ""):
        own = [row for row in rated(rows) if rater in ("", row.rater)]
        both = Counter((row.verdict_derived, row.verdict_rater) for row in own)
        conflicts = Counter(row.conflict for row in own)
        table.append(
            {
                "rater": rater,
                "rated": len(own),
                **{
                    f"derived_{derived}_rater_{said}": both[derived, said]
                    for derived in VERDICTS
                    for said in ("acceptable", "unacceptable")
                },
                "conflict_rater_accepts": conflicts["rater_accepts"],
                "conflict_rater_rejects": conflicts["rater_rejects"],
                "boundary": sum(row.verdict_derived == "boundary" for row in own),
                "vacuous": sum(row.n_lesions == 0 and row.fn == 0 for row in own),
            }
        )
    return table
