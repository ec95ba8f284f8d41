"""From counts to a verdict, in whole numbers only.

Precision is over the drawn lesions, TP / n; recall over the true ones, TP / (TP + FN), with TP = n
- FP. Floating point would decide wrongly exactly where it matters (0.1 * 10 == 1, but 1 - 0.9 is
not 0.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rating.protocol.design import Fraction
from segmentation.refusals import Refusal

Verdict = Literal["acceptable", "unacceptable", "boundary"]
Conflict = Literal["none", "rater_accepts", "rater_rejects"]


class InvalidCounts(Refusal):
    """Counts that cannot be true of any mask."""


@dataclass(frozen=True)
class DerivedVerdict:
    """The verdict that counts give; `vacuous` when nothing was drawn and nothing was missed."""

    verdict: Verdict
    vacuous: bool


def derive_verdict(
    *,
    n: int,
    fp: int,
    fn: int,
    precision_threshold: Fraction = (9, 10),
    recall_threshold: Fraction = (9, 10),
) -> DerivedVerdict:
    """This will judge a mask of n lesions with fp false positives and fn missed lesions.

    Acceptable when precision and recall both exceed their thresholds (numerator, denominator),
    unacceptable when one falls below, boundary otherwise. An empty mask is acceptable (vacuously)
    when nothing was missed and unacceptable when something was. Raises InvalidCounts for numbers
    that are no counts or fp > n. Source: Hindsholm et al. 2021, Methods, "more than 90 %".
    """
    for name, count in (("lesions", n), ("false positives", fp), ("missed lesions", fn)):
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise InvalidCounts(
                f"The number of {name} is {count!r}, which is no count. Nothing was judged; give a "
                "whole number from 0."
            )
    if fp > n:
        raise InvalidCounts(
            f"{fp} false positives were counted, but only {n} lesions are drawn. Nothing was "
            "judged; correct the number."
        )
    if n == 0:
        return DerivedVerdict("acceptable" if fn == 0 else "unacceptable", vacuous=fn == 0)
    tp = n - fp
    excess = min(_excess(tp, n, precision_threshold), _excess(tp, tp + fn, recall_threshold))
    if excess < 0:
        return DerivedVerdict("unacceptable", vacuous=False)
    return DerivedVerdict("acceptable" if excess > 0 else "boundary", vacuous=False)


def combined_verdict(*, n: int, fp: int, fn: int) -> Verdict:
    """This will judge by the abstract's wording: all errors against a tenth of the true lesions.

    A sensitivity analysis only: acceptable when 10 (fp + fn) < n - fp + fn. Without any true lesion
    the mask is acceptable when nothing was drawn, else unacceptable.
    """
    errors, true_lesions = 10 * (fp + fn), n - fp + fn
    if errors == true_lesions:
        return "boundary" if errors else "acceptable"
    return "acceptable" if errors < true_lesions else "unacceptable"


def is_accepted(verdict: str, boundary_policy: str) -> bool:
    """Does this verdict count as acceptable? A boundary does under the lenient policy."""
    return verdict == "acceptable" or (verdict == "boundary" and boundary_policy == "lenient")


def conflict(rater_verdict: str, derived: str, boundary_policy: str) -> Conflict:
    """This will say whether the rater's verdict differs from the derived one, and which way."""
    by_rater, by_counts = rater_verdict == "acceptable", is_accepted(derived, boundary_policy)
    if by_rater == by_counts:
        return "none"
    return "rater_accepts" if by_rater else "rater_rejects"


def _excess(part: int, whole: int, threshold: Fraction) -> int:
    """Positive when part / whole exceeds the threshold, 0 when they are equal, else negative."""
    num, den = threshold
    return den * part - num * whole
