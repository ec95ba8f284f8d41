"""The records of cases as the paper's Table 4, with what it leaves out.

A score is averaged over the references within a case first, then over cases: cases are what was
sampled, two experts of one case are not two cases. SD is that of a sample of cases.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from segmentation.evaluation.comparison import MEASURES
from segmentation.evaluation.records import SCORES, UNION, CaseRecord, Pair, is_number
from segmentation.evaluation.statistics.bland_altman import (
    Limits,
    limits_of_agreement,
    ratio_limits,
    trend,
)
from segmentation.evaluation.statistics.concordance_correlation import concordance_correlation
from segmentation.evaluation.statistics.quantiles import t_quantile

BETWEEN = "between references"
MEAN = "mean of references"
Line = dict[str, Any]
Means = dict[str, dict[str, float]]  # by case, the mean of each defined score over references


def means_of(records: Iterable[CaseRecord], name: str) -> Means:
    """The scores of a method (or BETWEEN) by case, each the mean over the case's references.

    A score that is undefined against every reference is left out; so is a case without any pair.
    """
    found = {}
    for record in records:
        pairs = record.between if name == BETWEEN else record.pairs
        own = [pair for pair in pairs if name in (BETWEEN, pair.mask)]
        if own:
            found[record.case] = _means(own)
    return found


def _means(pairs: Sequence[Pair]) -> dict[str, float]:
    known = {
        name: [value for pair in pairs if is_number(value := pair.scores[name])] for name in SCORES
    }
    return {name: statistics.fmean(values) for name, values in known.items() if values}


def common_cases(records: Sequence[CaseRecord], methods: Sequence[str]) -> list[str]:
    """The cases of which every method has a mask."""
    by_method = [set(means_of(records, name)) for name in methods]
    return sorted(set.intersection(*by_method)) if by_method else []


def table_4(records: Sequence[CaseRecord], methods: Sequence[str]) -> list[Line]:
    """Mean and SD of every score for each method and between references, with n.

    `subset` is "all" (every case that the method has) or "common" (those that all methods have).
    A mean or SD that cannot be told is {"undefined": reason}; `undefined` counts the cases that a
    mean leaves out.
    """
    common = set(common_cases(records, methods))
    lines = []
    for subset in ("all", "common"):
        for name in (*methods, BETWEEN):
            means = means_of(records, name)
            if name == BETWEEN and not means:
                continue
            used = [one for case, one in means.items() if subset == "all" or case in common]
            line: Line = {"subset": subset, "method": name, "n": len(used)}
            for score in SCORES:
                line |= _spread(score, [one[score] for one in used if score in one], len(used))
            lines.append(line)
    return lines


def by_reference(records: Sequence[CaseRecord], methods: Sequence[str]) -> list[Line]:
    """The same against each reference alone, and of each reference against each other one.

    Between references both directions are told: precision of one is recall of the other.
    """
    groups: dict[tuple[str, str], list[Pair]] = {}
    for record in records:
        for pair in (*record.pairs, *record.between):
            groups.setdefault((pair.mask, pair.reference), []).append(pair)
    lines = []
    for (mask, reference), pairs in groups.items():
        kind = "method" if mask in methods else "reference"
        line: Line = {"kind": kind, "mask": mask, "reference": reference, "n": len(pairs)}
        for score in SCORES:
            values = [pair.scores[score] for pair in pairs]
            line |= _spread(score, [one for one in values if is_number(one)], len(pairs))
        line["merges"] = sum(len(pair.merges) for pair in pairs)
        line["splits"] = sum(len(pair.splits) for pair in pairs)
        lines.append(line)
    return lines


def _spread(score: str, values: Sequence[Any], n: int) -> Line:
    mean: Any = statistics.fmean(values) if values else {"undefined": _why_none(n)}
    sd: Any = statistics.stdev(values) if len(values) > 1 else {"undefined": "fewer than two cases"}
    return {score: mean, f"{score}, SD": sd, f"{score}, undefined": n - len(values)}


def _why_none(n: int) -> str:
    return "undefined in every case" if n else "no case"


def differences(records: Sequence[CaseRecord], methods: Sequence[str]) -> list[Line]:
    """Paired differences of every two methods, and of each method and BETWEEN, case by case.

    Mean of first minus second over the cases where both are defined, with the t interval. Fewer
    than two cases, cases that do not differ in their difference, or an interval beyond what scores
    can differ by (-1 to 1) leave it undefined, with the reason.
    """
    means = {name: means_of(records, name) for name in (*methods, BETWEEN)}
    lines = []
    for one, other in combinations([name for name in means if means[name]], 2):
        for score in MEASURES:
            both = [
                means[one][case][score] - means[other][case][score]
                for case in means[one]
                if case in means[other]
                and score in means[one][case]
                and score in means[other][case]
            ]
            lines.append({"first": one, "second": other, "score": score} | _paired(both))
    return lines


def steps(records: Sequence[CaseRecord], methods: Sequence[str]) -> list[Line]:
    """Every method, and BETWEEN, against the references as after step 1 and as after step 2.

    Of every case the mean over the references that were drawn in both steps and against which the
    score is defined in both; then mean and SD over these `n` cases, and the difference (second
    step less first) with the t interval. Methods without such a case are left out.
    """
    lines: list[Line] = []
    for name in (*methods, BETWEEN):
        for score in MEASURES:
            first, second = [], []
            for record in records:
                both = _in_both_steps(record, name, score)
                if both:
                    first.append(statistics.fmean(one for one, _ in both))
                    second.append(statistics.fmean(other for _, other in both))
            if first:
                line: Line = {"method": name, "score": score}
                line |= _spread("step 1", first, len(first)) | _spread("step 2", second, len(first))
                changes = [after - before for before, after in zip(first, second, strict=True)]
                lines.append(line | _paired(changes))
    return lines


def _in_both_steps(record: CaseRecord, name: str, score: str) -> list[tuple[float, float]]:
    """The score in the first step and in the second, for each pair of masks that has both."""
    sides = (
        (record.earlier_between, record.between)
        if name == BETWEEN
        else (record.earlier, record.pairs)
    )
    first, second = (
        {
            (pair.mask, pair.reference): value
            for pair in side
            if name in (BETWEEN, pair.mask) and is_number(value := pair.scores[score])
        }
        for side in sides
    )
    return [(value, second[pair]) for pair, value in first.items() if pair in second]


def _paired(values: Sequence[float]) -> Line:
    """Mean difference and its t interval; none where that leaves what MEASURES can differ by.

    Cut to -1..1 it would claim more than so few cases can tell.
    """
    if not values:
        nothing = {"undefined": "no case in common"}
        return {"n": 0, "difference": nothing, "low": nothing, "high": nothing}
    mean = statistics.fmean(values)
    low: Any
    high: Any
    if len(values) < 2:
        low = high = {"undefined": "fewer than two cases"}
    elif max(values) == min(values):
        low = high = {"undefined": "all cases differ by the same"}
    else:
        half = t_quantile(len(values) - 1) * statistics.stdev(values) / len(values) ** 0.5
        low, high = mean - half, mean + half
        if not -1 <= low <= high <= 1:
            low = high = {"undefined": "too few cases: the interval would leave -1 to 1"}
    return {"n": len(values), "difference": mean, "low": low, "high": high}


# --- Volumes --------------------------------------------------------------------------------------


def volume_pairs(
    records: Sequence[CaseRecord], methods: Sequence[str], references: Sequence[str]
) -> list[Line]:
    """The volumes that are compared, case by case, in ml.

    Every method with each reference, with their mean and with their union; every two references.
    """
    sides = [*references, *((MEAN, UNION) if len(references) > 1 else ())]
    wanted = [(method, side) for method in methods for side in sides]
    wanted += list(combinations(references, 2))
    lines = []
    for one, other in wanted:
        for record in records:
            known = {MEAN: _mean(record.volumes_ml, references)} | dict(record.volumes_ml)
            first, second = known.get(one), known.get(other)
            if first is not None and second is not None:
                line = {"first": one, "second": other, "case": record.case}
                lines.append(line | {"first_ml": first, "second_ml": second})
    return lines


def _mean(volumes: Mapping[str, float], references: Sequence[str]) -> float | None:
    known = [volumes[name] for name in references if name in volumes]
    return statistics.fmean(known) if len(known) == len(references) else None


def volumes(pairs: Sequence[Line]) -> list[Line]:
    """How the volumes of each two sides agree: the line through them, CCC, limits of agreement.

    R2 and slope (second on the horizontal axis) say whether they go together, CCC whether they are
    the same; `difference_by_size` is the slope of the difference on the mean. Where that is not 0,
    no pair of limits in ml fits all sizes, and those of the ratio (first / second) are to be read;
    cases with an empty side have none and are not among `ratio_n`.
    """
    groups: dict[tuple[str, str], list[Line]] = {}
    for pair in pairs:
        groups.setdefault((pair["first"], pair["second"]), []).append(pair)
    return [
        {"first": one, "second": other, "n": len(rows)}
        | _agreement([row["first_ml"] for row in rows], [row["second_ml"] for row in rows])
        for (one, other), rows in groups.items()
    ]


def _agreement(first: Sequence[float], second: Sequence[float]) -> Line:
    few: Any = {"undefined": "fewer than three cases, or all alike"}
    growth_names = [f"difference_by_size{end}" for end in ("", "_low", "_high")]
    line: Line = dict.fromkeys(
        ("r2", "slope", "intercept_ml", "ccc", "ccc_low", "ccc_high", *growth_names), few
    )
    if len(first) > 2 and max(second) > min(second):
        from scipy import stats  # slow to import

        fit = stats.linregress(second, first)
        line |= {
            "r2": float(fit.rvalue) ** 2,
            "slope": float(fit.slope),
            "intercept_ml": float(fit.intercept),
        }
    if (ccc := concordance_correlation(first, second)) is not None:
        ends: tuple[Any, Any] = ccc.interval or (few, few)
        line |= {"ccc": ccc.value, "ccc_low": ends[0], "ccc_high": ends[1]}
    if (growth := trend(first, second)) is not None:
        line |= dict(zip(growth_names, (growth.slope, *growth.interval), strict=True))
    limits = limits_of_agreement([a - b for a, b in zip(first, second, strict=True)])
    ratios = sum(a > 0 and b > 0 for a, b in zip(first, second, strict=True))
    return (
        line
        | _limits(limits, "bias_ml", "low_ml", "high_ml")
        | {"ratio_n": ratios}
        | _limits(ratio_limits(first, second), "ratio", "ratio_below", "ratio_above")
    )


def _limits(limits: Limits | None, *names: str) -> Line:
    """Bias and both limits, each with its interval, under these names; the unit stays last."""
    line: Line = {}
    for name, of in zip(names, ("bias", "low", "high"), strict=True):
        stem, unit, _ = name.partition("_ml")
        keys = [f"{stem}{end}{unit}" for end in ("", "_low", "_high")]
        if limits is None:
            nothing = {"undefined": "fewer than two cases, or all differences alike"}
            line |= dict.fromkeys(keys, nothing)
        else:
            values = (getattr(limits, of), *getattr(limits, f"{of}_interval"))
            line |= dict(zip(keys, values, strict=True))
    return line
