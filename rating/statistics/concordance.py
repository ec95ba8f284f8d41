"""Who agrees with whom: a rater with themself, and raters with each other."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from rating.protocol.design import AcceptanceDesign
from rating.statistics.acceptance import ONE_CASE, named
from rating.statistics.agreement import (
    CaseSums,
    Table,
    ac1_interval,
    case_sums,
    cohen_kappa,
    count_pairs,
    defined,
    gwet_ac1,
    mcnemar_exact,
    negative_agreement,
    pabak,
    percent_agreement,
    positive_agreement,
)
from rating.statistics.columns import Columns, Ints
from rating.statistics.intervals import cluster_proportion, korn_graubard, wilson
from rating.statistics.redrawing import redrawn
from rating.statistics.rows import rules, undefined
from segmentation.evaluation.statistics.quantiles import Interval

LOW_CONCORDANCE = 0.95  # CAP 2021: look into a reader's concordance with themself below this

NO_REPEAT = "no mask was rated twice by this rater"
NO_SHARED = "no mask was rated by both raters"
NO_WIDTH = "the answers vary too little: this interval would have no width"
NO_BCA = "the answers vary too little to correct the percentiles"
NO_KAPPA = "all answers are the same, so agreement by chance is perfect"
KAPPA = (
    *("kappa", "kappa_low", "kappa_high", "kappa_undefined_redraws"),
    *("kappa_bca_low", "kappa_bca_high"),
)
Undefined = dict[str, str]


def intra_rater(answers: Columns, design: AcceptanceDesign) -> list[dict[str, Any]]:
    """This will compare the second showing of each mask with the first, per rater and rule."""
    asked = [(rule, answers.answers(rule)) for rule in rules(design)]
    return [
        {"rater": rater, **named(rule)} | _repeated(answers.item_case, given[number])
        for number, rater in enumerate(answers.raters)
        for rule, given in asked
    ]


def _repeated(item_case: Ints, given: Ints) -> dict[str, Any]:
    """`given` are one rater's answers by item and occasion."""
    has_both = (given >= 0).all(axis=1)
    pairs = given[has_both]
    sums = case_sums(case=item_case[has_both], first=pairs[:, 0], second=pairs[:, 1])
    table = count_pairs(pairs[:, 0], pairs[:, 1])
    line: dict[str, Any] = {
        "masks": table.n,
        "cases": len(sums.masks),
        "both_accepted": table.both,
        "only_first_accepted": table.first_only,
        "only_second_accepted": table.second_only,
        "both_rejected": table.neither,
    }
    names = (
        *("agreement", "agreement_low", "agreement_high", "is_below_95_percent"),
        *("positive_agreement", "negative_agreement"),
        *("ac1", "ac1_low", "ac1_high", "pabak"),
        *KAPPA,
        "mcnemar_p",
    )
    if table.n == 0:
        return line | dict.fromkeys(names, undefined(NO_REPEAT))
    agreement = float(percent_agreement(sums.total())[0])
    drift = mcnemar_exact(table)
    values = [
        agreement,
        *_agreement_interval(sums),
        agreement < LOW_CONCORDANCE,
        *_specific(sums),
        float(gwet_ac1(sums.total())[0]),
        *_ac1_interval(sums, table),
        float(pabak(sums.total())[0]),
        *_kappa(sums),
        undefined("no mask was answered differently the second time") if drift is None else drift,
    ]
    return line | dict(zip(names, values, strict=True))


def _specific(sums: CaseSums) -> tuple[Any, Any]:
    """Agreement on acceptances, and on rejections."""
    positive = defined(positive_agreement(sums.total()))
    negative = defined(negative_agreement(sums.total()))
    return (
        undefined("no mask was ever accepted") if positive is None else positive,
        undefined("no mask was ever rejected") if negative is None else negative,
    )


def _ac1_interval(sums: CaseSums, table: Table) -> tuple[Any, Any]:
    """Gwet's interval, unless nobody ever disagreed."""
    if table.alike == table.n:
        return (undefined(NO_WIDTH),) * 2
    return ac1_interval(sums) or (undefined(ONE_CASE),) * 2


def _agreement_interval(sums: CaseSums) -> tuple[Any, Any]:
    """Wilson over masks; on the effective number of them where cases have several."""
    alike, n = float(sums.alike.sum()), float(sums.masks.sum())
    if len(sums.masks) == n:
        return wilson(alike, n)
    estimate = cluster_proportion(sums.alike, sums.masks)
    if estimate is None or estimate.clusters < 2:
        return (undefined(ONE_CASE),) * 2
    return wilson(estimate.proportion * estimate.n_adjusted, estimate.n_adjusted)


def _kappa(sums: CaseSums) -> tuple[Any, ...]:
    """Kappa, its intervals from redrawn cases, and in how many redraws it was undefined."""
    kappa = defined(cohen_kappa(sums.total()))
    if kappa is None:
        return (undefined(NO_KAPPA),) * len(KAPPA)
    found = redrawn(sums, cohen_kappa)
    if found is None or len(sums.masks) < 2:
        return (kappa, *(undefined(ONE_CASE),) * (len(KAPPA) - 1))
    low, high = found.interval
    interval: tuple[Any, Any] = (undefined(NO_WIDTH),) * 2 if low == high else (low, high)
    bca: tuple[Any, Any] = (undefined(NO_BCA),) * 2
    if found.bca is not None and found.bca[0] < found.bca[1]:
        bca = found.bca
    return (kappa, *interval, found.undefined_redraws, *bca)


def _redrawn_ac1(sums: CaseSums) -> tuple[Any, Any]:
    found = redrawn(sums, gwet_ac1)
    if found is None or len(sums.masks) < 2:
        return (undefined(ONE_CASE),) * 2
    if found.interval[0] == found.interval[1]:
        return (undefined(NO_WIDTH),) * 2
    return found.interval


def inter_rater(answers: Columns, design: AcceptanceDesign) -> list[dict[str, Any]]:
    """This will compare every two raters, per rule, over the masks that both rated.

    A mask's agreement is the mean over all pairs of their showings (four when complete). The ratio
    sets their disagreement against the mean disagreement of each with themself: above 1 they differ
    more than one rater differs from themself.
    """
    asked = [(rule, answers.answers(rule)) for rule in rules(design)]
    names = answers.raters
    return [
        {"rater": names[one], "other_rater": names[two], **named(rule)}
        | _between(answers.item_case, given[one], given[two])
        for one, two in combinations(range(len(names)), 2)
        for rule, given in asked
    ]


def _between(item_case: Ints, first: Ints, second: Ints) -> dict[str, Any]:
    """`first` and `second` are the answers of two raters by item and occasion."""
    sums = case_sums(case=item_case, first=first, second=second)
    line: dict[str, Any] = {"masks": int(sums.masks.sum()), "cases": len(sums.masks)}
    names = (
        *("agreement", "agreement_low", "agreement_high"),
        *("positive_agreement", "negative_agreement"),
        *("ac1", "ac1_low", "ac1_high", "pabak"),
        *KAPPA,
        "disagreement_ratio",
    )
    if not len(sums.masks):
        return line | dict.fromkeys(names, undefined(NO_SHARED))
    estimate = cluster_proportion(sums.alike, sums.masks)
    interval: Interval | tuple[Any, Any] = (undefined(ONE_CASE),) * 2
    if estimate is not None and estimate.clusters > 1:
        interval = korn_graubard(estimate)
    agreement = float(percent_agreement(sums.total())[0])
    values = [
        *(agreement, *interval),
        *_specific(sums),
        *(float(gwet_ac1(sums.total())[0]), *_redrawn_ac1(sums)),
        float(pabak(sums.total())[0]),
        *_kappa(sums),
        _disagreement_ratio(agreement, first, second),
    ]
    return line | dict(zip(names, values, strict=True))


def _disagreement_ratio(agreement: float, first: Ints, second: Ints) -> float | Undefined:
    own = []
    for given in (first, second):
        pairs = given[(given >= 0).all(axis=1)]
        if len(pairs):
            own.append(float(np.mean(pairs[:, 0] != pairs[:, 1])))
    if len(own) < 2:
        return undefined("not both raters rated masks twice")
    if sum(own) == 0:
        return undefined("neither rater differs from themself")
    return (1 - agreement) / (sum(own) / 2)
