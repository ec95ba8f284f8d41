"""How often masks are accepted: over presentations, and over masks.

A presentation is one showing of a mask to a rater; each mask has two per rater. Over presentations,
every rated one counts once and the case is the cluster of the interval. Over masks, repeats are
combined, and how is part of the name: accepted every time, or at least once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from rating.protocol.design import AcceptanceDesign
from rating.statistics.intervals import (
    Interval,
    agresti_coull,
    clopper_pearson,
    cluster_proportion,
    korn_graubard,
    wilson,
)
from rating.statistics.rows import RatingRow, Rule, rated, rules, showings, undefined

Rows = Sequence[RatingRow]
STRATA = ((0, 0), (1, 10), (11, 20), (21, 50))
RATE_COLUMNS = (
    *("rate", "low", "high", "wilson_low", "wilson_high"),
    *("n_effective", "n_adjusted"),
    *("naive_wilson_low", "naive_wilson_high", "naive_exact_low", "naive_exact_high"),
    *("naive_agresti_coull_low", "naive_agresti_coull_high"),
)


def acceptance(rows: Rows, design: AcceptanceDesign, raters: Sequence[str]) -> list[dict[str, Any]]:
    """This will compute acceptance rates over presentations, for every rule.

    Each rater first, then all raters together (rater ""); within each overall, by method, by
    occasion and by drawn lesions. Groups without a planned or rated presentation are left out.
    """
    judged = rated(rows)
    methods = sorted({item.method for item in design.items} | {row.method for row in rows})
    loads = [stratum(lesions) for lesions in sorted({row.n_lesions for row in judged})]
    groups = [("all", "all")]
    groups += [("method", name) for name in methods]
    groups += [("occasion", "1"), ("occasion", "2")]
    groups += [("lesions", name) for name in dict.fromkeys(loads)]
    table = []
    for rater in (*raters, ""):
        own = [row for row in judged if rater in ("", row.rater)]
        for group, name in groups:
            chosen = [row for row in own if (group, name) in _groups_of(row)]
            for rule in rules(design):
                table.append(
                    {"rater": rater, "group": group, "name": name, **named(rule)}
                    | rate_over_presentations(chosen, rule)
                )
    return table


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


def _groups_of(row: RatingRow) -> set[tuple[str, str]]:
    """Every group that a row belongs to."""
    return {
        ("all", "all"),
        ("method", row.method),
        ("occasion", str(row.occasion)),
        ("lesions", stratum(row.n_lesions)),
    }


def rate_over_presentations(rows: Rows, rule: Rule) -> dict[str, Any]:
    """This will compute one acceptance rate of rated rows; undefined without any.

    `low` and `high` are Korn-Graubard with the case as cluster; Wilson on n* beside it; the naive
    ones ignore that presentations repeat and are there to compare with published tables.
    """
    by_case: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        by_case[row.case].append(rule.accepts(row))
    answers = [by_case[case] for case in sorted(by_case)]
    accepted, total = sum(map(sum, answers)), len(rows)
    counted = {"accepted": accepted, "rated": total, "cases": len(answers)}
    estimate = cluster_proportion([sum(yes) for yes in answers], [len(yes) for yes in answers])
    if estimate is None:
        return counted | dict.fromkeys(RATE_COLUMNS, undefined("no presentation was rated"))
    n = estimate.n_adjusted
    values: list[Any] = [estimate.proportion]
    if estimate.clusters < 2:
        values += [undefined("one case gives no variance between cases")] * 6
    else:
        values += [*korn_graubard(estimate), *wilson(estimate.proportion * n, n)]
        values += [estimate.n_effective, n]
    values += [*wilson(accepted, total), *clopper_pearson(accepted, total)]
    values += agresti_coull(accepted, total)
    return counted | dict(zip(RATE_COLUMNS, values, strict=True))


def masks(rows: Rows, design: AcceptanceDesign, raters: Sequence[str]) -> list[dict[str, Any]]:
    """This will compute acceptance over masks, repeats combined, for every rule.

    Only masks count whose planned presentations are all rated: two per rater, or two by every rater
    in the line of all raters (rater "").
    """
    judged = rated(rows)
    table = []
    for rater in (*raters, ""):
        who = [rater] if rater else list(raters)
        seen = [showings(judged, one) for one in who]
        complete = sorted(
            item.key for item in design.items if all(len(by.get(item.key, {})) == 2 for by in seen)
        )
        full = [[row for by in seen for row in by[key].values()] for key in complete if who]
        for rule in rules(design):
            table.append({"rater": rater, **named(rule)} | _over_masks(full, rule))
    return table


def _over_masks(full: Sequence[Rows], rule: Rule) -> dict[str, Any]:
    """The shares of masks accepted every time and at least once, with intervals over cases."""
    always: dict[str, list[bool]] = defaultdict(list)
    ever: dict[str, list[bool]] = defaultdict(list)
    for rows in full:
        answers = [rule.accepts(row) for row in rows]
        always[rows[0].case].append(all(answers))
        ever[rows[0].case].append(any(answers))
    n_always, n_ever = sum(map(sum, always.values())), sum(map(sum, ever.values()))
    line: dict[str, Any] = {
        "masks": len(full),
        "every_time": n_always,
        "sometimes": n_ever - n_always,
        "never": len(full) - n_ever,
    }
    for name, by_case in (("every_time", always), ("at_least_once", ever)):
        columns = (f"rate_{name}", f"{name}_low", f"{name}_high")
        if not full:
            reason = undefined("no mask has all its presentations rated")
            line |= dict.fromkeys(columns, reason)
            continue
        rate = sum(map(sum, by_case.values())) / len(full)
        line |= dict(zip(columns, (rate, *_interval_over_cases(by_case)), strict=True))
    return line


def _interval_over_cases(by_case: dict[str, list[bool]]) -> Interval | tuple[Any, Any]:
    """Exact where every case has one mask, else Korn-Graubard with the case as cluster."""
    answers = [by_case[case] for case in sorted(by_case)]
    if all(len(yes) == 1 for yes in answers):
        return clopper_pearson(sum(map(sum, answers)), len(answers))
    estimate = cluster_proportion([sum(yes) for yes in answers], [len(yes) for yes in answers])
    if estimate is None or estimate.clusters < 2:
        reason = undefined("one case gives no variance between cases")
        return reason, reason
    return korn_graubard(estimate)
