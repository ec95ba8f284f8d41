"""How counts of false positives and missed lesions agree, and where their scatter comes from."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rating.statistics.columns import Columns
from rating.statistics.concordance import NO_REPEAT, NO_SHARED
from rating.statistics.counts import median_difference, repeatability, share_within
from rating.statistics.icc import Icc, icc_agreement, icc_consistency
from rating.statistics.replicate_limits import replicate_limits
from rating.statistics.rows import undefined
from rating.statistics.variance_components import variance_components
from segmentation.evaluation.statistics.bland_altman import limits_of_agreement
from segmentation.evaluation.statistics.concordance_correlation import concordance_correlation

Pairs = NDArray[np.int64]
KINDS = ("fp", "fn")
LIMITS = (
    *("mean_difference", "mean_difference_low", "mean_difference_high"),
    *("limit_below", "limit_below_low", "limit_below_high"),
    *("limit_above", "limit_above_low", "limit_above_high"),
)
MOST_RATERS = 6  # of whom every two are paired, first showings; more would be too many lines
CCC = ("ccc", "ccc_low", "ccc_high")
REPLICATES = (
    *("replicate_bias", "replicate_bias_low", "replicate_bias_high"),
    *("replicate_below", "replicate_below_low", "replicate_below_high"),
    *("replicate_above", "replicate_above_low", "replicate_above_high"),
)
ONE_RATER = "it is about two raters"
COMPONENTS = ("case_variance", "rater_variance", "interaction_variance", "repeat_variance")


def counts(answers: Columns) -> list[dict[str, Any]]:
    """This will compare counts: each rater's second showing with the first, then raters pairwise.

    Between raters the first showings are compared (other_rater is "" for a rater's own repeats).
    """
    lines = []
    names, at = answers.raters, answers.at
    for number, rater in enumerate(names):
        shown = at[number]
        own = dict.fromkeys(REPLICATES, undefined(ONE_RATER))
        lines += [line | own for line in _compared(answers, rater, "", shown[:, 0], shown[:, 1])]
    for one, two in combinations(range(len(names)), 2):
        lines += [
            line | _replicates(answers, line["count"], at[one], at[two])
            for line in _compared(answers, names[one], names[two], at[one, :, 0], at[two, :, 0])
        ]
    return lines


def _compared(
    answers: Columns, rater: str, other: str, first: Pairs, second: Pairs
) -> list[dict[str, Any]]:
    """The lines of both kinds of counts; `first` and `second` are rows, -1 where not rated."""
    rows = np.stack([first, second], axis=1)
    rows = rows[(rows >= 0).all(axis=1)]
    lines = []
    for kind in KINDS:
        pairs = getattr(answers, kind)[rows] if len(rows) else np.zeros((0, 2), dtype=np.int64)
        line = {"rater": rater, "other_rater": other, "count": kind, "masks": len(pairs)}
        lines.append(line | _described(pairs, is_repeat=not other))
    return lines


def count_pairs(answers: Columns) -> list[dict[str, Any]]:
    """This will count masks by their two counts, as `counts` compares them: what a figure draws.

    Raters are paired with each other up to 6 of them. Counts that never occurred have no line.
    """
    names, at = answers.raters, answers.at
    compared = [(name, "", at[number]) for number, name in enumerate(names)]
    if len(names) <= MOST_RATERS:
        compared += [
            (names[one], names[two], np.stack([at[one, :, 0], at[two, :, 0]], axis=1))
            for one, two in combinations(range(len(names)), 2)
        ]
    lines = []
    for rater, other, rows in compared:
        rated = rows[(rows >= 0).all(axis=1)]
        for kind in KINDS if len(rated) else ():
            pairs, masks = np.unique(getattr(answers, kind)[rated], axis=0, return_counts=True)
            lines += [
                {
                    "rater": rater,
                    "other_rater": other,
                    "count": kind,
                    "first": first,
                    "second": second,
                    "masks": n,
                }
                for (first, second), n in zip(pairs.tolist(), masks.tolist(), strict=True)
            ]
    return lines


def _described(pairs: Pairs, *, is_repeat: bool) -> dict[str, Any]:
    names = (
        *("median_absolute_difference", "share_identical", "share_within_1", "repeatability"),
        *("icc_agreement", "icc_low", "icc_high"),
        *("icc_consistency", "icc_consistency_low", "icc_consistency_high"),
        *LIMITS,
        *CCC,
    )
    if not len(pairs):
        return dict.fromkeys(names, undefined(NO_REPEAT if is_repeat else NO_SHARED))
    repeat: Any = undefined("it is about one rater's own repeats")
    values = [
        median_difference(pairs),
        share_within(pairs, 0),
        share_within(pairs, 1),
        repeatability(pairs) if is_repeat else repeat,
        *_icc(icc_agreement(pairs), len(pairs)),
        *_icc(icc_consistency(pairs), len(pairs)),
        *_limits(pairs),
        *_ccc(pairs),
    ]
    return dict(zip(names, values, strict=True))


def _icc(icc: Icc | None, masks: int) -> tuple[Any, Any, Any]:
    if icc is None:
        reason = "fewer than two masks" if masks < 2 else "the counts do not vary between masks"
        return (undefined(reason),) * 3
    exact = "the counts vary too little, between masks or between repeats, to compare the two"
    return (icc.value, *(icc.interval or (undefined(exact),) * 2))


def _limits(pairs: Pairs) -> tuple[Any, ...]:
    """Second count less first count: bias and limits of agreement with their intervals."""
    found = limits_of_agreement(pairs[:, 1] - pairs[:, 0])
    mean = float(np.mean(pairs[:, 1] - pairs[:, 0]))
    if found is None:
        reason = "fewer than two masks" if len(pairs) < 2 else "all differences are equal"
        return (mean, *(undefined(reason),) * (len(LIMITS) - 1))
    return (
        *(found.bias, *found.bias_interval),
        *(found.low, *found.low_interval),
        *(found.high, *found.high_interval),
    )


def _ccc(pairs: Pairs) -> tuple[Any, Any, Any]:
    found = concordance_correlation(pairs[:, 0], pairs[:, 1])
    if found is None:
        reason = "fewer than three masks" if len(pairs) < 3 else "all counts are equal"
        return (undefined(reason),) * 3
    exact = "the counts lie on one line, which leaves no error to judge by"
    return (found.value, *(found.interval or (undefined(exact),) * 2))


def _replicates(answers: Columns, kind: str, one: Pairs, two: Pairs) -> dict[str, Any]:
    """Limits of agreement of single counts of two raters, both showings of both used.

    `one` and `two` are rows by item and showing. Over masks that both raters rated twice.
    """
    full = (one >= 0).all(axis=1) & (two >= 0).all(axis=1)
    given = getattr(answers, kind)
    first, second = given[one[full]], given[two[full]]
    found = replicate_limits(first=second.tolist(), second=first.tolist()) if full.any() else None
    if found is None:
        few = int(full.sum()) < 2
        reason = "fewer than two masks were rated twice by both" if few else "nothing varies"
        return dict.fromkeys(REPLICATES, undefined(reason))
    values = (
        *(found.bias, *found.bias_interval),
        *(found.low, *found.low_interval),
        *(found.high, *found.high_interval),
    )
    return dict(zip(REPLICATES, values, strict=True))


def components(answers: Columns) -> list[dict[str, Any]]:
    """This will split the variance of counts by mask, rater, both together, and repeat.

    Over the masks that every rater rated twice, so that the design is balanced.
    """
    full = np.flatnonzero((answers.at >= 0).all(axis=(0, 2)) & bool(answers.raters))
    lines = []
    for kind in KINDS:
        line = {"count": kind, "masks": len(full), "raters": len(answers.raters)}
        rows = answers.at[:, full].transpose(1, 0, 2)
        found = variance_components(getattr(answers, kind)[rows]) if len(full) else None
        if found is None:
            reason = (
                "one rater: raters cannot be told from masks"
                if len(answers.raters) < 2
                else "fewer than two masks were rated twice by every rater"
            )
            lines.append(line | dict.fromkeys(COMPONENTS, undefined(reason)) | {"negative": ""})
            continue
        values = (found.case, found.rater, found.interaction, found.repeat)
        line |= dict(zip(COMPONENTS, values, strict=True))
        lines.append(line | {"negative": " ".join(found.negative)})
    return lines
