"""What a design means, said before it is frozen: work, tolerated errors, width of the interval."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any

from rating.protocol.design import AcceptanceDesign, faults_of
from rating.protocol.verdict import derive_verdict, is_accepted
from rating.statistics.planner import (
    SampleSize,
    cases_needed,
    expected_interval,
    sample_size,
)

MINUTES_EACH = (1, 2, 3, 5)
EXPECTED_RATES = (0.90, 0.95, 0.98)
ASSUMED_CORRELATION = 0.6
CLAIMS = ((0.90, 0.95), (0.85, 0.95))
POWERS = (0.8, 0.9)
LESION_COUNTS = (1, 2, 5, 9, 10, 11, 20, 21, 30, 50, 100)


def meaning(design: AcceptanceDesign) -> dict[str, Any]:
    """This will say what the design amounts to, as JSON; a draft without items or raters too.

    hours_per_rater: at 1, 2, 3 and 5 minutes each. tolerance: for masks of some lesion counts, how
    many false positives are tolerated with nothing missed, and the other way round (None: not even
    a faultless mask is). expected_interval: the Korn-Graubard interval at some true rates, if the
    readings of one case correlate by `correlation`. claims: how many cases, read as often as here,
    would show that the rate exceeds a claim with that power. faults: what keeps the design from
    being carried out, by field; that no mask or no rater is chosen yet is none. warnings: what the
    coordinator should know.
    """
    n = len(design.items)
    each = design.presentations_per_item * n
    return {
        "items": n,
        "cases": len({item.case for item in design.items}),
        "methods": sorted({item.method for item in design.items}),
        "raters": len(design.raters),
        "presentations_per_rater": each,
        "presentations": each * len(design.raters),
        "hours_per_rater": [
            {"minutes_each": minutes, "hours": round(each * minutes / 60, 1)}
            for minutes in MINUTES_EACH
        ],
        "washout_days": design.washout_days,
        "gap": design.gap,
        "tolerance": [_tolerance(design, lesions) for lesions in LESION_COUNTS],
        "items_tolerating_no_error": sum(
            not _passes(design, item.lesion_count, fp=min(1, item.lesion_count), fn=0)
            or not _passes(design, item.lesion_count, fp=0, fn=1)
            for item in design.items
        ),
        "expected_interval": _expected_intervals(design),
        "claims": _claims(design),
        "faults": _faults(design),
        "warnings": _warnings(design),
    }


def _passes(design: AcceptanceDesign, lesions: int, *, fp: int, fn: int) -> bool:
    derived = derive_verdict(
        n=lesions,
        fp=fp,
        fn=fn,
        precision_threshold=design.precision_threshold,
        recall_threshold=design.recall_threshold,
    )
    return is_accepted(derived.verdict, design.boundary_policy)


def _tolerance(design: AcceptanceDesign, lesions: int) -> dict[str, int | None]:
    """The most errors of one kind, none of the other, that leave a mask acceptable."""
    false = [fp for fp in range(lesions + 1) if _passes(design, lesions, fp=fp, fn=0)]
    missed: int | None = None
    for fn in range(1000 * lesions + 1):
        if not _passes(design, lesions, fp=0, fn=fn):
            break
        missed = fn
    return {
        "lesions": lesions,
        "false_positives": max(false) if false else None,
        "missed": missed,
    }


def _expected_intervals(design: AcceptanceDesign) -> list[dict[str, Any]]:
    """The interval at some true rates for one rater and all pooled; none below two cases."""
    cases = len({item.case for item in design.items})
    if cases < 2:
        return []
    rows = []
    for raters, label in ((1, "one rater"), (len(design.raters), "all raters")):
        if raters < 1:
            continue
        total = design.presentations_per_item * len(design.items) * raters
        for rate in EXPECTED_RATES:
            low, high = expected_interval(
                rate=rate, cases=cases, readings=total / cases, correlation=ASSUMED_CORRELATION
            )
            rows.append(
                {
                    "of": label,
                    "rate": rate,
                    "low": round(low, 4),
                    "high": round(high, 4),
                    "width": round(high - low, 4),
                    "correlation": ASSUMED_CORRELATION,
                }
            )
    return rows


def _claims(design: AcceptanceDesign) -> list[dict[str, Any]]:
    """What it takes to show a claim, with the readings per case that this design has.

    One rater's readings of a case, since raters are reported one by one; of one mask of each case
    while no masks are chosen.
    """
    cases = len({item.case for item in design.items})
    masks_per_case = len(design.items) / cases if cases else 1.0
    readings = design.presentations_per_item * masks_per_case
    rows = []
    for claim, truth in CLAIMS:
        for power in POWERS:
            size = _sample_size(claim, truth, power, readings)
            if size is not None:
                rows.append(
                    {
                        "claim": claim,
                        "truth": truth,
                        "power": power,
                        "cases_read_once": size.independent,
                        "cases": size.clustered,
                        "correlation": ASSUMED_CORRELATION,
                    }
                )
    return rows


@lru_cache(maxsize=64)
def _sample_size(claim: float, truth: float, power: float, readings: float) -> SampleSize | None:
    """Kept, since every look at a draft asks the same."""
    return sample_size(
        claim=claim, truth=truth, power=power, readings=readings, correlation=ASSUMED_CORRELATION
    )


def _paired_cases(design: AcceptanceDesign) -> int:
    """How many cases have exactly one mask of every method of the design."""
    made = Counter((item.case, item.method) for item in design.items)
    methods = {method for _, method in made}
    return sum(
        all(made[case, method] == 1 for method in methods) for case in {case for case, _ in made}
    )


def _faults(design: AcceptanceDesign) -> dict[str, list[str]]:
    """What is wrong with what was chosen so far, by the field that it is about; sentences."""
    chosen = {"items": design.items, "raters": design.raters}
    found: dict[str, list[str]] = {}
    for name, why in faults_of(design):
        if chosen.get(name, True):
            found.setdefault(name, []).append(why)
    return found


def _warnings(design: AcceptanceDesign) -> list[str]:
    """What limits what the study can show; sentences."""
    found = []
    cases = len({item.case for item in design.items})
    empty = sum(item.lesion_count == 0 for item in design.items)
    if not design.dawm_instruction.strip():
        found.append(
            "There is no instruction about diffusely abnormal white matter; raters will decide "
            "differently."
        )
    enough = cases_needed(claim=0.9, rejections=0)
    if 0 < cases < enough:
        found.append(
            f"{'One case' if cases == 1 else f'{cases} cases'}: even a study without any rejection "
            f"cannot show that more than 90 % are acceptable ({enough} cases would)."
        )
    methods = {item.method for item in design.items}
    paired = _paired_cases(design)
    if len(methods) > 1 and paired < cases:
        found.append(
            f"Methods are compared over cases with one mask of each method, which {paired} of "
            f"{cases} cases have."
        )
    if len(design.raters) == 1:
        found.append("With one rater there is no agreement between raters.")
    if empty:
        found.append(
            f"{empty} of the masks have no lesion: they are acceptable unless a lesion is missed."
        )
    if not design.washout_days and design.items:
        found.append("Both blocks may be read on one day: raters may remember masks.")
    return found
