"""Precision and recall over lesions, as the raters' counts give them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rating.statistics.acceptance import ONE_CASE
from rating.statistics.columns import Columns, Ints
from rating.statistics.intervals import cluster_proportion, korn_graubard
from rating.statistics.rows import undefined

NAMES = ("pooled", "pooled_low", "pooled_high", "mean")


def lesion_rates(answers: Columns) -> list[dict[str, Any]]:
    """This will compute lesion precision and recall from the counts, per rater and method.

    Precision TP / drawn and recall TP / (TP + FN) with TP = drawn - FP: pooled over all lesions, a
    ratio of sums with the case as cluster (Korn-Graubard), so that masks with many lesions weigh
    more; and the mean over presentations that have it, every mask weighing the same. Recall is what
    raters found missing with the mask before them, probably too high. Methods one by one, then all
    together (method ""); likewise raters.
    """
    judged = np.flatnonzero(answers.is_rated)
    true = answers.lesions - answers.fp
    lines = []
    for number, rater in (*enumerate(answers.raters), (-1, "")):
        own = judged if not rater else judged[answers.rater[judged] == number]
        for code, method in (*enumerate(answers.methods), (-1, "")):
            rows = own if not method else own[answers.method[own] == code]
            case, found = answers.case[rows], true[rows]
            line = {
                "rater": rater,
                "method": method,
                "rated": len(rows),
                "lesions": int(answers.lesions[rows].sum()),
                "fp": int(answers.fp[rows].sum()),
                "fn": int(answers.fn[rows].sum()),
            }
            for name, whole, reason in (
                ("precision", answers.lesions[rows], "no lesion is drawn"),
                ("recall", found + answers.fn[rows], "there is no true lesion"),
            ):
                values = _rate(case, found, whole, reason)
                names = (f"{name}_{part}" for part in NAMES)
                line |= dict(zip(names, values, strict=True))
            lines.append(line)
    return lines


def _rate(case: Ints, part: Ints, whole: Ints, reason: str) -> tuple[Any, Any, Any, Any]:
    """The pooled rate with its interval, and the mean over rows that have a whole."""
    estimate = cluster_proportion(np.bincount(case, weights=part), np.bincount(case, weights=whole))
    if estimate is None:
        return (undefined(reason),) * 4
    has_whole = whole > 0
    shares: NDArray[np.float64] = part[has_whole] / whole[has_whole]
    interval: tuple[Any, Any] = (undefined(ONE_CASE),) * 2
    if estimate.clusters > 1:
        interval = korn_graubard(estimate)
    return (estimate.proportion, *interval, float(shares.mean()))
