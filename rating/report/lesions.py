"""Errors counted: lesion precision and recall, how counts repeat, where their scatter is from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rating.report.found import rater
from rating.report.wording import (
    Column,
    Line,
    Names,
    both_readings,
    coefficients,
    estimate,
    number,
    share,
    shares,
    table,
    text,
)
from segmentation.publication.cells import decimal
from segmentation.publication.document import Cell, Group, Head, Section, Table

ERRORS = {"fp": "false", "fn": "missed"}


def lesions(results: Mapping[str, Any], names: Names) -> Group:
    """Lesion rates, reasons of marks, agreement of counts, components of their variance."""
    return Group(
        "lesions",
        "Lesions and counts",
        (
            _rates(results, names),
            _reasons(results, names),
            _counts(results),
            _components(results),
        ),
    )


def _rates(results: Mapping[str, Any], names: Names) -> Section:
    several = {line["method"] for line in results["lesion_rates"]} - {""}
    lines = [line for line in results["lesion_rates"] if line["method"] == "" or len(several) > 1]
    return Section(
        "lesion-rates",
        "Lesion precision and recall",
        "Over all lesions together, and as the mean of presentations. Raters saw the mask while "
        "they searched, so missed lesions are under-counted and recall is probably too high.",
        (
            table(
                "Lesion precision and recall",
                lines,
                [
                    rater(names),
                    text("Method", lambda line: names.method(line["method"])),
                    number("Drawn", "lesions"),
                    number("False", "fp"),
                    number("Missed", "fn"),
                    shares("Precision (95 % interval)", "precision_pooled"),
                    number("Mean", "precision_mean", share),
                    shares("Recall (95 % interval)", "recall_pooled"),
                    number("Mean", "recall_mean", share),
                ],
                file="lesion_rates",
            ),
        ),
        files=("lesion_rates",),
    )


def _reasons(results: Mapping[str, Any], names: Names) -> Section:
    def lines(*, pooled: bool) -> list[Line]:
        return [line for line in results["mark_reasons"] if (line["rater"] == "") is pooled]

    columns: list[Column] = [
        text("Marked", lambda line: ERRORS[line["kind"].lower()]),
        text("Reason", lambda line: line["reason"] or "none given"),
        number("Marks", "marks"),
        number("Of", "of"),
        number("Share", "share", share),
    ]
    return Section(
        "mark-reasons",
        "Why lesions were marked",
        "The reasons that raters gave with their marks, every showing counting.",
        (
            table(
                "Reasons of marks, all raters together",
                lines(pooled=True),
                columns,
                file="mark_reasons",
            ),
        ),
        "Per rater",
        (
            table(
                "Reasons of marks per rater",
                lines(pooled=False),
                [rater(names), *columns],
                file="mark_reasons",
            ),
        ),
        files=("mark_reasons",),
    )


def _counts(results: Mapping[str, Any]) -> Section:
    who: list[Column] = [
        text("Counts", both_readings),
        text("Of", lambda line: ERRORS[line["count"]]),
    ]
    return Section(
        "counts",
        "Do counts repeat?",
        "A rater's second count against the first, then the first counts of two raters. 95 % of "
        "repeats differ by less than the repeatability.",
        (
            table(
                "How counts repeat",
                results["counts"],
                [
                    *who,
                    number("Masks", "masks"),
                    number("Identical", "share_identical", share),
                    number("Within 1", "share_within_1", share),
                    number("Median difference", "median_absolute_difference"),
                    number("Repeatability", "repeatability", decimal),
                    coefficients("ICC(A,1)", "icc_agreement", "icc_low", "icc_high"),
                    coefficients("ICC(C,1)", "icc_consistency"),
                ],
                file="counts",
            ),
        ),
        "Limits of agreement and concordance",
        (
            table(
                "Mean difference (second less first) and 95 % limits of agreement, with intervals",
                results["counts"],
                [
                    *who,
                    _limit("Mean difference", "mean_difference"),
                    _limit("Lower limit", "limit_below"),
                    _limit("Upper limit", "limit_above"),
                    coefficients("Lin's CCC", "ccc"),
                ],
                file="counts",
            ),
            *_replicates(results, who),
        ),
        files=("counts", "count_pairs"),
    )


def _replicates(results: Mapping[str, Any], who: list[Column]) -> list[Table]:
    """Limits between raters from all four showings; no table for one rater."""
    lines = [line for line in results["counts"] if line["other_rater"]]
    if not lines:
        return []
    return [
        table(
            "Between raters, single counts, both showings used (other less one)",
            lines,
            [
                *who,
                _limit("Mean difference", "replicate_bias"),
                _limit("Lower limit", "replicate_below"),
                _limit("Upper limit", "replicate_above"),
            ],
            file="counts",
        )
    ]


def _limit(head: str, name: str) -> Column:
    ends = f"{name}_low", f"{name}_high"
    return (
        Head(head, is_number=True),
        lambda line: estimate(line, name, *ends, decimal, decimal),
    )


def _components(results: Mapping[str, Any]) -> Section:
    return Section(
        "count-components",
        "Where the scatter of counts comes from",
        "Variance between masks, between raters, of both together, and between repeats. Estimates "
        "below 0 are set to 0 and named.",
        (
            table(
                "Components of the variance of counts",
                results["count_components"],
                [
                    text("Of", lambda line: ERRORS[line["count"]]),
                    number("Masks", "masks"),
                    number("Raters", "raters"),
                    number("Masks (variance)", "case_variance", decimal),
                    number("Raters (variance)", "rater_variance", decimal),
                    number("Both together", "interaction_variance", decimal),
                    number("Repeats", "repeat_variance", decimal),
                    (Head("Below 0"), lambda line: Cell(str(line["negative"]))),
                ],
                file="count_components",
            ),
        ),
        files=("count_components",),
    )
