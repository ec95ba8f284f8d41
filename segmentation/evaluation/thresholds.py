"""Choosing the threshold of a probability map on cases with a reference, by subject.

Every subject counts once, however many time points there are of it. What the choice is worth on
somebody new is estimated by leaving each subject out: the threshold is chosen on the others.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from segmentation.evaluation.undefined import Undefined

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))
Score = float | Undefined


@dataclass(frozen=True)
class Choice:
    """A threshold, the mean score of subjects at each of THRESHOLDS, and the score left out.

    None where a mean is undefined: no subject has a defined score.
    """

    threshold: float
    score: float | None
    curve: tuple[float | None, ...]
    left_out: float | None


def choose_threshold(
    scores: Mapping[str, Sequence[Sequence[Score]]], *, before: float = 0.5
) -> Choice:
    """This will choose the threshold with the best mean score.

    `scores` has for each subject a row for each case, with a score for each of THRESHOLDS; what is
    undefined is left out of the means. Of equals the one nearest to `before` is taken, and `before`
    itself where nothing is defined.
    """
    subjects = {subject: _means(cases) for subject, cases in scores.items()}
    curve = _means(list(subjects.values()))
    best = _best(curve, before)
    left_out = []
    for subject, own in subjects.items():
        others = _means([one for name, one in subjects.items() if name != subject])
        at = _best(others, before)
        if at is not None and own[at] is not None:
            left_out.append(own[at])
    known = [one for one in left_out if one is not None]
    return Choice(
        threshold=before if best is None else THRESHOLDS[best],
        score=None if best is None else curve[best],
        curve=tuple(curve),
        left_out=statistics.fmean(known) if known else None,
    )


def _means(rows: Sequence[Sequence[Score | None]]) -> list[float | None]:
    """The mean of each column over what is defined; None where nothing is."""
    means: list[float | None] = []
    for column in range(len(THRESHOLDS)):
        known = [row[column] for row in rows]
        defined = [one for one in known if isinstance(one, float | int)]
        means.append(statistics.fmean(defined) if defined else None)
    return means


def _best(curve: Sequence[float | None], before: float) -> int | None:
    """The place of the best score; None where none is defined."""
    known = [place for place, score in enumerate(curve) if score is not None]
    if not known:
        return None
    return max(known, key=lambda at: (round(curve[at] or 0.0, 9), -abs(THRESHOLDS[at] - before)))
