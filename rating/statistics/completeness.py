"""What is there and what is not: presentations, missing answers, and verdicts that conflict."""

from __future__ import annotations

from typing import Any

import numpy as np

from rating.protocol.design import AcceptanceDesign
from rating.statistics.columns import CONFLICTS, OUTCOMES, VERDICTS, Bools, Columns
from rating.statistics.rows import Rule, rules, undefined


def presentations(answers: Columns, design: AcceptanceDesign) -> list[dict[str, Any]]:
    """This will count, per rater, what was planned and what became of it, also by block."""
    each = len(design.items) * design.presentations_per_item
    table = []
    for rater, own in _by_rater(answers):
        planned = each * (1 if rater else len(answers.raters))
        outcomes = np.bincount(answers.outcome[own], minlength=len(OUTCOMES)).tolist()
        table.append(
            {
                "rater": rater,
                "planned": planned,
                **dict(zip(OUTCOMES, outcomes, strict=True)),
                "missing": planned - int(own.sum()),
                "submitted_first_block": int((own & (answers.occasion == 1)).sum()),
                "submitted_second_block": int((own & (answers.occasion == 2)).sum()),
            }
        )
    return table


def missing(answers: Columns, design: AcceptanceDesign) -> list[dict[str, Any]]:
    """This will bound the primary rate: as if all missing answers had rejected, or accepted.

    Once for presentations without an answer only, and once for all that were not rated, the
    unreadable and mismatched ones too.
    """
    primary = next(rule for rule in rules(design) if rule.is_primary)
    is_accepted = answers.accepted(primary)
    table = []
    for line, (rater, own) in zip(presentations(answers, design), _by_rater(answers), strict=True):
        judged = own & answers.is_rated
        rated, accepted = int(judged.sum()), int((judged & is_accepted).sum())
        bounds: dict[str, Any] = {}
        for name, absent in (
            ("missing", line["missing"]),
            ("not_rated", line["planned"] - line["rated"]),
        ):
            n = rated + absent
            none = undefined("no presentation would be left")
            bounds |= {
                name: absent,
                f"rate_if_{name}_rejected": accepted / n if n else none,
                f"rate_if_{name}_accepted": (accepted + absent) / n if n else none,
            }
        rate = accepted / rated if rated else undefined("no presentation was rated")
        table.append({"rater": rater, "rate_as_rated": rate} | bounds)
    return table


def verdicts(answers: Columns) -> list[dict[str, Any]]:
    """This will set the rater's verdict against the derived one and count what stands out.

    Conflicts are those stored at submission, under the design's boundary policy.
    """
    table = []
    for rater, own in _by_rater(answers):
        judged = own & answers.is_rated
        both = {
            f"derived_{derived}_rater_{said}": int(
                (
                    judged
                    & (answers.derived == VERDICTS.index(derived))
                    & (answers.said == VERDICTS.index(said))
                ).sum()
            )
            for derived in VERDICTS
            for said in ("acceptable", "unacceptable")
        }
        conflicts = {
            f"conflict_{way}": int((judged & (answers.conflict == CONFLICTS.index(way))).sum())
            for way in CONFLICTS[1:]
        }
        table.append(
            {
                "rater": rater,
                "rated": int(judged.sum()),
                **both,
                **conflicts,
                "boundary": int((judged & (answers.derived == VERDICTS.index("boundary"))).sum()),
                "vacuous": int((judged & (answers.lesions == 0) & (answers.fn == 0)).sum()),
            }
        )
    return table


def consistency(answers: Columns, design: AcceptanceDesign) -> list[dict[str, Any]]:
    """This will split agreement and conflicts of the verdicts by what raters said of their own.

    Whether it follows from the counts: one line each for yes and no. Empty where the design does
    not ask.
    """
    if not design.ask_consistency:
        return []
    table = []
    for rater, own in _by_rater(answers):
        for is_consistent in (True, False):
            said = own & answers.is_rated & (answers.consistent == int(is_consistent))
            found = np.bincount(answers.conflict[said], minlength=len(CONFLICTS)).tolist()
            table.append(
                {
                    "rater": rater,
                    "consistent": is_consistent,
                    "rated": int(said.sum()),
                    **{f"conflict_{way}": n for way, n in zip(CONFLICTS, found, strict=True)},
                }
            )
    return table


def flips(answers: Columns, design: AcceptanceDesign) -> list[dict[str, Any]]:
    """This will list the rated presentations whose answer hangs on the rule.

    Those that the derived verdict accepts under one boundary policy and rejects under the other,
    or that the combined rule, under the design's policy, judges unlike the derived one.
    """
    asked = {
        "accepted_strict": Rule("derived", "strict"),
        "accepted_lenient": Rule("derived", "lenient"),
        "accepted_combined": Rule("combined", design.boundary_policy),
    }
    given = {name: answers.accepted(rule) for name, rule in asked.items()}
    own = given[f"accepted_{design.boundary_policy}"]
    turns = (given["accepted_strict"] != given["accepted_lenient"]) | (
        given["accepted_combined"] != own
    )
    return [
        {
            "rater": answers.raters[answers.rater[row]],
            "item": answers.items[answers.item[row]],
            "case": answers.cases[answers.case[row]],
            "method": answers.methods[answers.method[row]],
            "occasion": int(answers.occasion[row]),
            "lesions": int(answers.lesions[row]),
            "fp": int(answers.fp[row]),
            "fn": int(answers.fn[row]),
            **{name: bool(accepted[row]) for name, accepted in given.items()},
        }
        for row in np.flatnonzero(answers.is_rated & turns).tolist()
    ]


def _by_rater(answers: Columns) -> list[tuple[str, Bools]]:
    """Which rows are of each rater, then all of them (rater "")."""
    found = [(name, answers.rater == number) for number, name in enumerate(answers.raters)]
    return [*found, ("", np.ones(len(answers.rater), dtype=np.bool_))]
