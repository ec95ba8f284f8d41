"""Are two sides accepted equally often, by a margin fixed before; and are several methods?"""

from __future__ import annotations

from typing import Any

import numpy as np

from rating.protocol.design import AcceptanceDesign
from rating.statistics.acceptance import ONE_CASE
from rating.statistics.columns import Bools, Columns, Ints
from rating.statistics.comparisons import NO_WIDTH
from rating.statistics.paired_difference import clustered_difference, two_one_sided
from rating.statistics.pairings import Pairing, only_items, pairings
from rating.statistics.rows import rules, undefined
from rating.statistics.several_methods import cochran_q, gee_wald

TESTED = (
    *("difference", "difference_low", "difference_high"),
    *("not_worse_p", "not_better_p", "equivalent_p"),
)
FEWEST_METHODS = 3  # two are compared by McNemar's test


def equivalence(answers: Columns, design: AcceptanceDesign) -> list[dict[str, Any]]:
    """This will test every comparison against the margin of the design, by the primary rule.

    Two one-sided tests over case differences; no line where the design has no margin.
    """
    margin = design.equivalence_margin
    if margin is None:
        return []
    primary = next(rule for rule in rules(design) if rule.is_primary)
    lines = []
    for pairing in pairings(answers, answers.answers(primary)):
        line = {**pairing.names(), "margin": margin, "cases": len(np.unique(pairing.case))}
        lines.append(line | _tested(pairing, margin))
    return lines


def _tested(pairing: Pairing, margin: float) -> dict[str, Any]:
    both, first, second, neither = pairing.by_case()
    pairs = both + first + second + neither
    found = clustered_difference(differences=first - second, pairs=pairs)
    if found is None:
        reason = ONE_CASE if len(pairs) == 1 else NO_WIDTH if len(pairs) else NO_PAIR
        return dict.fromkeys(TESTED, undefined(reason))
    tests = two_one_sided(found, margin=margin)
    p_values = (tests.p_not_worse, tests.p_not_better, tests.p_equivalent)
    return dict(zip(TESTED, (found.value, *found.interval, *p_values), strict=True))


NO_PAIR = "no mask has both answers"


def several_methods(answers: Columns, design: AcceptanceDesign) -> list[dict[str, Any]]:
    """This will test three or more methods at once, by the primary rule.

    Cochran's Q per rater and showing, so that a case has one answer for each method; over cases
    whose one mask of every method was rated. Estimating equations (GEE) over the same answers, and
    in the last line (rater "", occasion 0) over all answers there are. No line below three methods.
    """
    of_method = [only_items(answers, method) for method in range(len(answers.methods))]
    if len(of_method) < FEWEST_METHODS:
        return []
    primary = next(rule for rule in rules(design) if rule.is_primary)
    given = answers.answers(primary)
    cases = sorted(set(of_method[0]).intersection(*of_method[1:]))
    items = np.array([[own[case] for own in of_method] for case in cases], dtype=np.int64)
    lines = []
    for number, rater in enumerate(answers.raters):
        for occasion in (1, 2):
            rated = given[number][items.reshape(-1, len(of_method)), occasion - 1]
            rated = rated[(rated >= 0).all(axis=1)]
            found = cochran_q(rated) if len(rated) else None
            reason = "every case was answered alike for all methods"
            none = undefined(reason if len(rated) else "no case has an answer for every method")
            lines.append(
                {
                    "rater": rater,
                    "occasion": occasion,
                    "methods": len(of_method),
                    "cases": len(rated),
                    "q": found.statistic if found else none,
                    "q_p": found.p if found else none,
                    **_gee(
                        case=np.repeat(np.arange(len(rated)), len(of_method)),
                        method=np.tile(np.arange(len(of_method)), len(rated)),
                        accepted=rated.ravel(),
                        methods=len(of_method),
                    ),
                }
            )
    judged = np.flatnonzero(answers.is_rated)
    several = undefined("a case has several answers for a method")
    last = {"rater": "", "occasion": 0, "methods": len(of_method), "q": several, "q_p": several}
    pooled = _gee(
        case=answers.case[judged],
        method=answers.method[judged],
        accepted=answers.accepted(primary)[judged],
        methods=len(of_method),
    )
    return [*lines, last | {"cases": len(np.unique(answers.case[judged])), **pooled}]


def _gee(*, case: Ints, method: Ints, accepted: Ints | Bools, methods: int) -> dict[str, Any]:
    found = gee_wald(case=case, method=method, accepted=accepted, methods=methods)
    if found is None:
        reason = "a method has no rejection, or no acceptance, or too few cases were rated"
        return dict.fromkeys(("gee", "gee_p"), undefined(reason))
    return {"gee": found.statistic, "gee_p": found.p}
