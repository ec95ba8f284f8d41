"""How often masks are accepted: over presentations, and over masks.

A presentation is one showing of a mask to a rater; each mask has two per rater. Over presentations,
every rated one counts once and the case is the cluster of the interval. Over masks, repeats are
combined, and how is part of the name: accepted every time, or at least once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rating.protocol.design import AcceptanceDesign
from rating.statistics.columns import Bools, Columns, Ints
from rating.statistics.intervals import (
    agresti_coull,
    clopper_pearson,
    cluster_proportion,
    korn_graubard,
    wilson,
)
from rating.statistics.rows import Rule, rules, undefined
from segmentation.evaluation.statistics.quantiles import Interval

STRATA = ((0, 0), (1, 10), (11, 20), (21, 50))
RATE_COLUMNS = (
    *("rate", "low", "high", "wilson_low", "wilson_high"),
    *("n_effective", "n_adjusted"),
    *("naive_wilson_low", "naive_wilson_high", "naive_exact_low", "naive_exact_high"),
    *("naive_agresti_coull_low", "naive_agresti_coull_high"),
)
ONE_CASE = "one case gives no variance between cases"


def acceptance(answers: Columns, design: AcceptanceDesign) -> list[dict[str, Any]]:
    """This will compute acceptance rates over presentations, for every rule.

    Each rater first, then all raters together (rater ""); within each overall, by method, by
    occasion and by drawn lesions. Groups without a planned or rated presentation are left out.
    """
    judged = np.flatnonzero(answers.is_rated)
    groups = _groups(answers, judged)
    asked = [(rule, answers.accepted(rule)) for rule in _rules(answers, design)]
    table = []
    for number, rater in (*enumerate(answers.raters), (-1, "")):
        for (group, name), members in groups.items():
            chosen = members if not rater else members[answers.rater[members] == number]
            for rule, accepted in asked:
                table.append(
                    {"rater": rater, "group": group, "name": name, **named(rule)}
                    | rate_over_presentations(answers.case[chosen], accepted[chosen])
                )
    return table


def _rules(answers: Columns, design: AcceptanceDesign) -> tuple[Rule, ...]:
    """The design's rules, and the one with corrected counts where any count was corrected."""
    corrected = Rule("corrected", design.boundary_policy)
    return (*rules(design), corrected) if answers.has_corrections else rules(design)


def named(rule: Rule) -> dict[str, Any]:
    """The columns that say which rule a line is about."""
    return {
        "verdict": rule.verdict,
        "boundary_policy": rule.boundary_policy,
        "is_primary": rule.is_primary,
    }


def stratum(lesions: int) -> str:
    """The stratum of drawn lesions that a mask belongs to: "0", "1 to 10" ... "51 or more"."""
    for low, high in STRATA:
        if lesions <= high:
            return str(low) if low == high else f"{low} to {high}"
    return f"{STRATA[-1][1] + 1} or more"


def _groups(answers: Columns, judged: Ints) -> dict[tuple[str, str], Ints]:
    """The rated rows of every group."""
    found = {("all", "all"): judged}
    for number, name in enumerate(answers.methods):
        found["method", name] = judged[answers.method[judged] == number]
    for occasion in (1, 2):
        found["occasion", str(occasion)] = judged[answers.occasion[judged] == occasion]
    lesions = answers.lesions[judged]
    present = np.unique(lesions)
    names = [stratum(count) for count in present.tolist()]
    for name in dict.fromkeys(names):
        own = present[[other == name for other in names]]
        found["lesions", name] = judged[(lesions >= own[0]) & (lesions <= own[-1])]
    return found


def rate_over_presentations(case: Ints, accepted: Bools) -> dict[str, Any]:
    """This will compute one acceptance rate of rated rows; undefined without any.

    `low` and `high` are Korn-Graubard with the case as cluster; Wilson on n* beside it; the naive
    ones ignore that presentations repeat and are there to compare with published tables.
    """
    sizes = np.bincount(case)
    n_accepted, total = int(accepted.sum()), len(case)
    counted = {"accepted": n_accepted, "rated": total, "cases": int((sizes > 0).sum())}
    estimate = cluster_proportion(np.bincount(case, weights=accepted), sizes)
    if estimate is None:
        return counted | dict.fromkeys(RATE_COLUMNS, undefined("no presentation was rated"))
    n = estimate.n_adjusted
    values: list[Any] = [estimate.proportion]
    if estimate.clusters < 2:
        values += [undefined(ONE_CASE)] * 6
    else:
        values += [*korn_graubard(estimate), *wilson(estimate.proportion * n, n)]
        values += [estimate.n_effective, n]
    values += [*wilson(n_accepted, total), *clopper_pearson(n_accepted, total)]
    values += agresti_coull(n_accepted, total)
    return counted | dict(zip(RATE_COLUMNS, values, strict=True))


def masks(answers: Columns, design: AcceptanceDesign) -> list[dict[str, Any]]:
    """This will compute acceptance over masks, repeats combined, for every rule.

    Only masks count whose planned presentations are all rated: two per rater, or two by every rater
    in the line of all raters (rater "").
    """
    asked = [(rule, answers.answers(rule)) for rule in _rules(answers, design)]
    table = []
    for number, rater in (*enumerate(answers.raters), (-1, "")):
        who = [number] if rater else list(range(len(answers.raters)))
        is_complete = answers.is_planned & (answers.at[who] >= 0).all(axis=(0, 2)) & bool(who)
        items = np.flatnonzero(is_complete)
        for rule, given in asked:
            yes = given[who][:, items] == 1
            table.append(
                {"rater": rater, **named(rule)}
                | _over_masks(answers.item_case[items], yes.all(axis=(0, 2)), yes.any(axis=(0, 2)))
            )
    return table


def _over_masks(case: Ints, always: Bools, ever: Bools) -> dict[str, Any]:
    """The shares of masks accepted every time and at least once, with intervals over cases."""
    n_always, n_ever = int(always.sum()), int(ever.sum())
    line: dict[str, Any] = {
        "masks": len(case),
        "every_time": n_always,
        "sometimes": n_ever - n_always,
        "never": len(case) - n_ever,
    }
    for name, yes in (("every_time", always), ("at_least_once", ever)):
        columns = (f"rate_{name}", f"{name}_low", f"{name}_high")
        if not len(case):
            reason = undefined("no mask has all its presentations rated")
            line |= dict.fromkeys(columns, reason)
            continue
        rate = int(yes.sum()) / len(case)
        line |= dict(zip(columns, (rate, *_interval_over_cases(case, yes)), strict=True))
    return line


def _interval_over_cases(case: Ints, yes: Bools) -> Interval | tuple[Any, Any]:
    """Exact where every case has one mask, else Korn-Graubard with the case as cluster."""
    sizes = np.bincount(case)
    if sizes.max() == 1:
        return clopper_pearson(int(yes.sum()), len(case))
    estimate = cluster_proportion(np.bincount(case, weights=yes), sizes)
    if estimate is None or estimate.clusters < 2:
        reason = undefined(ONE_CASE)
        return reason, reason
    return korn_graubard(estimate)
