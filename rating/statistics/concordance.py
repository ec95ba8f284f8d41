"""Who agrees with whom: a rater with themself, raters with each other, and counts with counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from rating.protocol.design import AcceptanceDesign
from rating.statistics.acceptance import named
from rating.statistics.agreement import (
    Answers,
    CaseSums,
    Redrawn,
    Table,
    ac1_interval,
    case_sums,
    cohen_kappa,
    count_pairs,
    gwet_ac1,
    mcnemar_exact,
    negative_agreement,
    percent_agreement,
    positive_agreement,
    redrawn_ac1,
    redrawn_kappa,
)
from rating.statistics.counts import (
    Pairs,
    median_difference,
    repeatability,
    share_within,
)
from rating.statistics.icc import icc_agreement
from rating.statistics.intervals import Interval, cluster_proportion, korn_graubard, wilson
from rating.statistics.rows import RatingRow, Rule, rated, repeats, rules, showings, undefined

Rows = Sequence[RatingRow]
LOW_CONCORDANCE = 0.95  # CAP 2021: look into a reader's concordance with themself below this

NO_REPEAT = "no mask was rated twice by this rater"
NO_SHARED = "no mask was rated by both raters"
ONE_CASE = "one case gives no variance between cases"
NO_WIDTH = "the answers vary too little: this interval would have no width"
NO_KAPPA = "all answers are the same, so agreement by chance is perfect"


def intra_rater(
    rows: Rows, design: AcceptanceDesign, raters: Sequence[str]
) -> list[dict[str, Any]]:
    """This will compare the second showing of each mask with the first, per rater and rule."""
    return [
        {"rater": rater, **named(rule)} | _repeated(repeats(rows, rater), rule)
        for rater in raters
        for rule in rules(design)
    ]


def _repeated(pairs: Sequence[tuple[RatingRow, RatingRow]], rule: Rule) -> dict[str, Any]:
    answers: dict[str, list[tuple[list[bool], list[bool]]]] = defaultdict(list)
    for one, two in pairs:
        answers[one.case].append(([rule.accepts(one)], [rule.accepts(two)]))
    table = count_pairs([(rule.accepts(one), rule.accepts(two)) for one, two in pairs])
    line: dict[str, Any] = {
        "masks": table.n,
        "cases": len(answers),
        "both_accepted": table.both,
        "only_first_accepted": table.first_only,
        "only_second_accepted": table.second_only,
        "both_rejected": table.neither,
    }
    names = (
        *("agreement", "agreement_low", "agreement_high", "is_below_95_percent"),
        *("positive_agreement", "negative_agreement"),
        *("ac1", "ac1_low", "ac1_high", "pabak"),
        *("kappa", "kappa_low", "kappa_high", "kappa_undefined_redraws", "mcnemar_p"),
    )
    if table.n == 0:
        return line | dict.fromkeys(names, undefined(NO_REPEAT))
    sums = case_sums(answers)
    agreement = percent_agreement(sums)
    positive, negative = positive_agreement(table), negative_agreement(table)
    drift = mcnemar_exact(table)
    values = [
        agreement,
        *_agreement_interval(sums),
        agreement < LOW_CONCORDANCE,
        undefined("no mask was ever accepted") if positive is None else positive,
        undefined("no mask was ever rejected") if negative is None else negative,
        gwet_ac1(sums),
        *_ac1_interval(answers, table),
        2 * agreement - 1,
        *_kappa(sums),
        undefined("no mask was answered differently the second time") if drift is None else drift,
    ]
    return line | dict(zip(names, values, strict=True))


def _ac1_interval(answers: Answers, table: Table) -> tuple[Any, Any]:
    """Gwet's interval, unless nobody ever disagreed."""
    if table.alike == table.n:
        return (undefined(NO_WIDTH),) * 2
    return ac1_interval(answers) or (undefined(ONE_CASE),) * 2


def _agreement_interval(sums: CaseSums) -> tuple[Any, Any]:
    """Wilson over masks; on the effective number of them where cases have several."""
    alike, n = float(sums.alike.sum()), float(sums.masks.sum())
    if len(sums.masks) == n:
        return wilson(alike, n)
    estimate = cluster_proportion(list(sums.alike), [int(m) for m in sums.masks])
    if estimate is None or estimate.clusters < 2:
        return (undefined(ONE_CASE),) * 2
    return wilson(estimate.proportion * estimate.n_adjusted, estimate.n_adjusted)


def _kappa(sums: CaseSums) -> tuple[Any, Any, Any, Any]:
    """Kappa, its interval from redrawn cases, and in how many redraws it was undefined."""
    kappa = cohen_kappa(sums)
    if kappa is None:
        return (undefined(NO_KAPPA),) * 4
    return (kappa, *_redrawn(redrawn_kappa(sums), sums))


def _redrawn(found: Redrawn | None, sums: CaseSums) -> tuple[Any, Any, Any]:
    if found is None or len(sums.masks) < 2:
        return (undefined(ONE_CASE),) * 3
    if found.interval[0] == found.interval[1]:
        return (*(undefined(NO_WIDTH),) * 2, found.undefined_redraws)
    return (*found.interval, found.undefined_redraws)


def inter_rater(
    rows: Rows, design: AcceptanceDesign, raters: Sequence[str]
) -> list[dict[str, Any]]:
    """This will compare every two raters, per rule, over the masks that both rated.

    A mask's agreement is the mean over all pairs of their showings (four when complete). The ratio
    sets their disagreement against the mean disagreement of each with themself: above 1 they differ
    more than one rater differs from themself.
    """
    table = []
    for one, two in combinations(raters, 2):
        for rule in rules(design):
            table.append(
                {"rater": one, "other_rater": two, **named(rule)} | _between(rows, one, two, rule)
            )
    return table


def _between(rows: Rows, one: str, two: str, rule: Rule) -> dict[str, Any]:
    first, second = showings(rated(rows), one), showings(rated(rows), two)
    answers: dict[str, list[tuple[list[bool], list[bool]]]] = defaultdict(list)
    for item in sorted(first.keys() & second.keys()):
        case = next(iter(first[item].values())).case
        yes = [[rule.accepts(row) for row in by[item].values()] for by in (first, second)]
        answers[case].append((yes[0], yes[1]))
    sums = case_sums(answers)
    line: dict[str, Any] = {"masks": int(sums.masks.sum()), "cases": len(answers)}
    names = (
        *("agreement", "agreement_low", "agreement_high", "ac1", "ac1_low", "ac1_high"),
        *("kappa", "kappa_low", "kappa_high", "kappa_undefined_redraws"),
        "disagreement_ratio",
    )
    if not answers:
        return line | dict.fromkeys(names, undefined(NO_SHARED))
    estimate = cluster_proportion(list(sums.alike), [int(m) for m in sums.masks])
    interval: Interval | tuple[Any, Any] = (undefined(ONE_CASE),) * 2
    if estimate is not None and estimate.clusters > 1:
        interval = korn_graubard(estimate)
    agreement = percent_agreement(sums)
    own = [
        sum(rule.accepts(a) != rule.accepts(b) for a, b in pairs) / len(pairs)
        for pairs in (repeats(rows, one), repeats(rows, two))
        if pairs
    ]
    if len(own) < 2:
        ratio: Any = undefined("not both raters rated masks twice")
    elif sum(own) == 0:
        ratio = undefined("neither rater differs from themself")
    else:
        ratio = (1 - agreement) / (sum(own) / 2)
    values = [
        *(agreement, *interval),
        *(gwet_ac1(sums), *_redrawn(redrawn_ac1(sums), sums)[:2]),
        *_kappa(sums),
        ratio,
    ]
    return line | dict(zip(names, values, strict=True))


def counts(rows: Rows, raters: Sequence[str]) -> list[dict[str, Any]]:
    """This will compare counts: each rater's second showing with the first, then raters pairwise.

    Between raters the first showings are compared (other_rater is "" for a rater's own repeats).
    """
    lines = []
    for rater in raters:
        lines += [_compared(rater, "", kind, repeats(rows, rater)) for kind in ("fp", "fn")]
    for one, two in combinations(raters, 2):
        first, second = (showings(rated(rows), who) for who in (one, two))
        shared = [
            (first[item][1], second[item][1])
            for item in sorted(first.keys() & second.keys())
            if 1 in first[item] and 1 in second[item]
        ]
        lines += [_compared(one, two, kind, shared) for kind in ("fp", "fn")]
    return lines


def _compared(
    rater: str, other: str, kind: str, pairs: Sequence[tuple[RatingRow, RatingRow]]
) -> dict[str, Any]:
    values: Pairs = [(int(getattr(a, kind)), int(getattr(b, kind))) for a, b in pairs]
    line: dict[str, Any] = {
        "rater": rater,
        "other_rater": other,
        "count": kind,
        "masks": len(values),
    }
    names = (
        *("median_absolute_difference", "share_identical", "share_within_1"),
        *("repeatability", "icc_agreement", "icc_low", "icc_high"),
    )
    if not values:
        return line | dict.fromkeys(names, undefined(NO_SHARED if other else NO_REPEAT))
    repeat: Any = repeatability(values)
    if other:
        repeat = undefined("repeatability is about one rater's own repeats")
    icc = icc_agreement(values)
    icc_values: Sequence[Any]
    if icc is None:
        reason = "fewer than two masks" if len(values) < 2 else "all counts are equal"
        icc_values = (undefined(reason),) * 3
    else:
        exact = "the counts differ by a constant at most, which leaves no error to judge by"
        icc_values = (icc.value, *(icc.interval or (undefined(exact),) * 2))
    return line | dict(
        zip(
            names,
            (
                median_difference(values),
                share_within(values, 0),
                share_within(values, 1),
                repeat,
                *icc_values,
            ),
            strict=True,
        )
    )
