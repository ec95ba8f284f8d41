"""Who agrees with whom: a rater with themself, raters with each other, mark by mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rating.report.found import rater
from rating.report.wording import (
    Column,
    Line,
    Names,
    both_readings,
    cell,
    coefficients,
    count,
    number,
    p_value,
    reason,
    rule,
    share,
    shares,
    table,
    text,
    yes_no,
)
from segmentation.publication.cells import decimal
from segmentation.publication.document import Cell, Group, Head, Section


def agreement(results: Mapping[str, Any], names: Names) -> Group:
    """Intra-rater, inter-rater, comparisons, and the marks of two readings."""
    return Group(
        "agreement",
        "Agreement",
        (
            _intra(results, names),
            _inter(results, names),
            _comparisons(results, names),
            *_equivalence(results, names),
            *_several_methods(results, names),
            _marks(results, names),
        ),
    )


def _by_rule(lines: Sequence[Line], *, primary: bool) -> list[Line]:
    return [line for line in lines if line["is_primary"] is primary]


def _coefficients(who: Sequence[Column]) -> list[Column]:
    return [
        *who,
        number("On acceptances", "positive_agreement", share),
        number("On rejections", "negative_agreement", share),
        coefficients("AC1", "ac1"),
        number("PABAK", "pabak", decimal),
        coefficients("Kappa", "kappa"),
        _interval("Kappa, BCa", "kappa_bca_low", "kappa_bca_high"),
        number("Redraws without kappa", "kappa_undefined_redraws"),
    ]


def _interval(head: str, low: str, high: str) -> Column:
    """A column of intervals without a value."""

    def say(line: Line) -> Cell:
        if reason(line[low]):
            return cell(line[low], decimal)
        return Cell(f"{decimal(line[low])} to {decimal(line[high])}")

    return Head(head, is_number=True), say


def _intra(results: Mapping[str, Any], names: Names) -> Section:
    lines = results["intra_rater"]
    counted = [
        number("Both accepted", "both_accepted"),
        number("Only first", "only_first_accepted"),
        number("Only second", "only_second_accepted"),
        number("Both rejected", "both_rejected"),
        shares("Agreement (95 % interval)", "agreement"),
        number("Below 95 %", "is_below_95_percent", yes_no),
        number("Drift, p", "mcnemar_p", p_value),
    ]
    return Section(
        "intra-rater",
        "Same rater, same mask, twice",
        "First against second showing. Where nearly everything is accepted, kappa is unstable and "
        "AC1 nearly forced upwards: read both beside the counts. Drift is McNemar's exact test. "
        "Kappa has intervals from 2,000 redraws of cases (percentiles, and bias-corrected: BCa); "
        "where every redrawn answer is the same it has no value.",
        (
            table(
                "A rater's second answer against the first",
                _by_rule(lines, primary=True),
                [rater(names), *counted],
                file="intra_rater",
            ),
            table(
                "Coefficients of a rater's agreement with themself",
                _by_rule(lines, primary=True),
                _coefficients([rater(names)]),
                file="intra_rater",
            ),
        ),
        "Under the other rules",
        (
            table(
                "A rater's second answer against the first, under the other rules",
                _by_rule(lines, primary=False),
                [rater(names), text("Rule", rule), *counted[:-2], coefficients("Kappa", "kappa")],
                file="intra_rater",
            ),
        ),
        files=("intra_rater",),
    )


def _inter(results: Mapping[str, Any], names: Names) -> Section:
    lines = results["inter_rater"]
    title, hint = "Between raters", "One rater alone: there is no agreement between raters."
    if not lines:
        return Section("inter-rater", title, hint, files=("inter_rater",))
    pair = text("Raters", lambda line: f"{line['rater']} and {line['other_rater']}")
    return Section(
        "inter-rater",
        title,
        "Mean over masks of the share of pairs of showings answered alike. The ratio sets their "
        "disagreement against that of each with themself: above 1 they differ more than one does "
        "from themself.",
        (
            table(
                "Agreement between raters",
                _by_rule(lines, primary=True),
                [
                    pair,
                    number("Masks", "masks"),
                    shares("Agreement (95 % interval)", "agreement"),
                    number("Ratio", "disagreement_ratio", decimal),
                ],
                file="inter_rater",
            ),
            table(
                "Coefficients of agreement between raters",
                _by_rule(lines, primary=True),
                _coefficients([pair]),
                file="inter_rater",
            ),
        ),
        "Under the other rules",
        (
            table(
                "Agreement between raters under the other rules",
                _by_rule(lines, primary=False),
                [
                    pair,
                    text("Rule", rule),
                    number("Masks", "masks"),
                    shares("Agreement (95 % interval)", "agreement"),
                    coefficients("AC1", "ac1"),
                    coefficients("Kappa", "kappa"),
                ],
                file="inter_rater",
            ),
        ),
        files=("inter_rater",),
    )


def _side(line: Line, which: str, names: Names) -> str:
    if line["compared"] == "occasions":
        return {"1": "first showing", "2": "second showing"}[line[which]]
    return names.method(line[which]) if line["compared"] == "methods" else str(line[which])


def _comparisons(results: Mapping[str, Any], names: Names) -> Section:
    lines = results["comparisons"]
    columns: list[Column] = [
        text("One", lambda line: _side(line, "first", names)),
        text("Other", lambda line: _side(line, "second", names)),
        rater(names),
        number("Pairs", "pairs"),
        number("Only one", "only_first"),
        number("Only other", "only_second"),
        shares("Difference (95 % interval)", "difference"),
        number("p, exact", "sign_flip_p", p_value),
        number("p, Holm", "holm_p", p_value),
    ]
    tests = [
        *columns[:3],
        text("Rule", rule),
        number("McNemar", "mcnemar_p", p_value),
        number("Obuchowski", "obuchowski_p", p_value),
        number("Durkalski", "durkalski_p", p_value),
        number("Yang", "yang_p", p_value),
        number("Eliasziw-Donner", "eliasziw_donner_p", p_value),
    ]
    return Section(
        "comparisons",
        "Who accepts more",
        "Methods, raters, and first and second showings over the same masks. The exact p flips the "
        "signs of the differences between cases; Holm's adjusts within lines of one kind.",
        (table("Who accepts more", _by_rule(lines, primary=True), columns, file="comparisons"),)
        if lines
        else (),
        "Other tests (p), under every rule",
        (table("Other tests of the same differences", lines, tests, file="comparisons"),)
        if lines
        else (),
        files=("comparisons",),
    )


def _equivalence(results: Mapping[str, Any], names: Names) -> list[Section]:
    """One section where the design has a margin, none else."""
    lines = results["equivalence"]
    if not lines:
        return []
    margin = share(lines[0]["margin"])
    return [
        Section(
            "equivalence",
            "Equivalent?",
            f"Against the margin of the design, {margin}: two one-sided tests of the difference "
            "over cases. Not worse is shown by a p below 0.025.",
            (
                table(
                    "Tests of equivalence",
                    lines,
                    [
                        text("One", lambda line: _side(line, "first", names)),
                        text("Other", lambda line: _side(line, "second", names)),
                        rater(names),
                        number("Cases", "cases"),
                        shares("Difference (95 % interval)", "difference"),
                        number("Not worse, p", "not_worse_p", p_value),
                        number("Not better, p", "not_better_p", p_value),
                        number("Equivalent, p", "equivalent_p", p_value),
                    ],
                    file="equivalence",
                ),
            ),
            files=("equivalence",),
        )
    ]


def _several_methods(results: Mapping[str, Any], names: Names) -> list[Section]:
    """One section for three or more methods, none else."""
    lines = results["several_methods"]
    if not lines:
        return []
    return [
        Section(
            "several-methods",
            "All methods at once",
            "Do all methods have the same rate? Cochran's Q per rater and showing, since it takes "
            "one answer per case and method; estimating equations (GEE) also over all answers, "
            "with the case as cluster (showing 0: both).",
            (
                table(
                    "All methods at once",
                    lines,
                    [
                        rater(names),
                        number("Showing", "occasion"),
                        number("Methods", "methods"),
                        number("Cases", "cases"),
                        number("Q", "q", decimal),
                        number("p", "q_p", p_value),
                        number("GEE", "gee", decimal),
                        number("p", "gee_p", p_value),
                    ],
                    file="several_methods",
                ),
            ),
            files=("several_methods",),
        )
    ]


def _marks(results: Mapping[str, Any], names: Names) -> Section:
    return Section(
        "mark-agreement",
        "Do two readings mark the same lesions?",
        "Of the marks of both readings, the share that the other reading has too. A false positive "
        "is the same lesion by its number, a missed lesion when two places pair off within 5 mm.",
        (
            table(
                "Agreement of marks, lesion by lesion",
                results["mark_agreement"],
                [
                    text("Readings", both_readings),
                    text("Marks", lambda line: {"FP": "false", "FN": "missed"}[line["kind"]]),
                    number("Masks", "masks"),
                    number("In both", "both", count),
                    number("Only first", "only_first", count),
                    number("Only second", "only_second", count),
                    shares("Agreement (95 % interval)", "agreement"),
                ],
                file="mark_agreement",
            ),
        ),
        files=("mark_agreement",),
    )
