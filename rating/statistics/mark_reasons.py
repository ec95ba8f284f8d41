"""Why raters called drawn lesions false, and of which kind the missed ones are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rating.statistics.columns import Columns
from rating.statistics.rows import MarkRow

KINDS = ("FP", "FN")


def mark_reasons(answers: Columns, marks: Sequence[MarkRow]) -> list[dict[str, Any]]:
    """This will count the marks of rated showings by the reason that was given, per rater and kind.

    Each rater, then all together (rater ""); the most frequent reason first, in the order of the
    alphabet where they are equal. A mark without a reason has "". Counts that were typed have no
    marks. No line for what never occurred.
    """
    rater = {name: code for code, name in enumerate(answers.raters)}
    item = {name: code for code, name in enumerate(answers.items)}
    found: Counter[tuple[str, str, str]] = Counter()
    for mark in marks:
        is_known = mark.rater in rater and mark.item in item
        if is_known and answers.at[rater[mark.rater], item[mark.item], mark.occasion - 1] >= 0:
            for who in (mark.rater, ""):
                found[who, mark.kind, mark.reason] += 1
    lines = []
    for who in (*answers.raters, ""):
        for kind in KINDS:
            own = {key[2]: n for key, n in found.items() if key[:2] == (who, kind)}
            total = sum(own.values())
            lines += [
                {
                    "rater": who,
                    "kind": kind,
                    "reason": reason,
                    "marks": n,
                    "of": total,
                    "share": n / total,
                }
                for reason, n in sorted(own.items(), key=lambda pair: (-pair[1], pair[0]))
            ]
    return lines
