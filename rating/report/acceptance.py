"""Acceptance looked at closely: by masks and parts, beside naive intervals, what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rating.protocol.design import AcceptanceDesign
from rating.report.found import RATE, rater
from rating.report.wording import (
    Column,
    Line,
    Names,
    bare_share,
    cell,
    number,
    on_threshold,
    rule,
    share,
    shares,
    table,
    text,
    yes_no,
)
from segmentation.publication.document import Cell, Group, Head, Section

KINDS = {"method": "Method", "occasion": "Showing", "lesions": "Drawn lesions"}


def acceptance(results: Mapping[str, Any], names: Names, design: AcceptanceDesign) -> Group:
    """Masks, parts, naive intervals, the two verdicts, missing answers."""
    return Group(
        "acceptance-closely",
        "Acceptance, closely",
        (
            _masks(results, names),
            _parts(results, names),
            _naive(results, names),
            _verdicts(results, names, design),
            _missing(results, names),
        ),
    )


def _masks(results: Mapping[str, Any], names: Names) -> Section:
    columns = [
        rater(names),
        text("Rule", rule),
        number("Masks", "masks"),
        number("Every time", "every_time"),
        number("Sometimes", "sometimes"),
        number("Never", "never"),
        shares(
            "Every time (95 % interval)", "rate_every_time", "every_time_low", "every_time_high"
        ),
        shares(
            "At least once (95 % interval)",
            "rate_at_least_once",
            "at_least_once_low",
            "at_least_once_high",
        ),
    ]
    return Section(
        "masks",
        "Over masks",
        "Masks with all their presentations rated: accepted every time, sometimes, never.",
        (
            table(
                "Acceptance over masks",
                [line for line in results["masks"] if line["is_primary"]],
                columns,
                file="masks",
            ),
        ),
        "Under the other rules",
        (
            table(
                "Acceptance over masks under the other rules",
                [line for line in results["masks"] if not line["is_primary"]],
                columns,
                file="masks",
            ),
        ),
        files=("masks",),
    )


def _parts(results: Mapping[str, Any], names: Names) -> Section:
    primary = [line for line in results["acceptance"] if line["is_primary"]]
    columns: list[Column] = [
        text("By", lambda line: KINDS[line["group"]]),
        text("Which", lambda line: _part(line, names)),
        rater(names),
        number("Accepted", "accepted"),
        number("Of", "rated"),
        shares(RATE, "rate", "low", "high"),
    ]
    order = {name: at for at, name in enumerate(KINDS)}

    def lines(of: tuple[str, ...], *, pooled: bool) -> list[Line]:
        chosen = [
            line for line in primary if line["group"] in of and (line["rater"] == "") is pooled
        ]
        return sorted(chosen, key=lambda line: order[line["group"]])

    return Section(
        "parts",
        "By lesion load, showing and method",
        "With few drawn lesions one error decides; with many, several are tolerated. Compare masks "
        "of one lesion load. Primary analysis, all raters together.",
        (
            table(
                "Acceptance by lesion load, showing and method",
                lines(tuple(KINDS), pooled=True),
                columns,
                file="acceptance",
            ),
        ),
        "Per rater",
        (
            table(
                "The same per rater",
                lines(tuple(KINDS), pooled=False),
                columns,
                file="acceptance",
            ),
        ),
        files=("acceptance",),
    )


def _part(line: Line, names: Names) -> str:
    if line["group"] == "method":
        return names.method(line["name"])
    return (
        {"1": "first", "2": "second"}[line["name"]]
        if line["group"] == "occasion"
        else str(line["name"])
    )


def _naive(results: Mapping[str, Any], names: Names) -> Section:
    lines = [
        line for line in results["acceptance"] if line["is_primary"] and line["group"] == "all"
    ]
    return Section(
        "naive",
        "Beside published tables",
        "Published tables often take every presentation for a new case. These intervals do so too "
        "and are too narrow; they are here to be compared, not to be quoted.",
        (
            table(
                "Intervals that ignore repeats, beside those that do not",
                lines,
                [
                    rater(names),
                    shares("Korn-Graubard, by case", "rate", "low", "high"),
                    shares("Wilson, by case", "rate", "wilson_low", "wilson_high"),
                    number("Effective number", "n_adjusted"),
                    *(
                        _ends(head, f"naive_{name}")
                        for head, name in (
                            ("Naive Wilson", "wilson"),
                            ("Naive exact", "exact"),
                            ("Naive Agresti-Coull", "agresti_coull"),
                        )
                    ),
                ],
                file="acceptance",
            ),
        ),
        files=("acceptance",),
    )


def _ends(head: str, name: str) -> Column:
    def say(line: Line) -> Cell:
        low, high = line[f"{name}_low"], line[f"{name}_high"]
        if isinstance(low, Mapping):
            return cell(low, share)
        return Cell(f"{bare_share(low)} to {bare_share(high)} %")

    return Head(head, is_number=True), say


def _verdicts(results: Mapping[str, Any], names: Names, design: AcceptanceDesign) -> Section:
    exactly = on_threshold(design)
    by_counts = {
        "acceptable": "Counts accept",
        "boundary": f"Exactly {exactly}",
        "unacceptable": "Counts reject",
    }
    both = [
        number(f"{head}, rater {said}", f"derived_{derived}_rater_{answer}")
        for derived, head in by_counts.items()
        for answer, said in (("acceptable", "accepts"), ("unacceptable", "rejects"))
    ]
    return Section(
        "verdicts",
        "The rater's verdict and the counts",
        f"How often the two differ, and which way; exactly {exactly} is a conflict or none as the "
        "design has it. A conflict is data; it is never corrected.",
        (
            table(
                "The rater's verdict and the counts",
                results["verdicts"],
                [
                    rater(names),
                    number("Rated", "rated"),
                    number(f"Exactly {exactly}", "boundary"),
                    number("Empty mask, nothing missed", "vacuous"),
                    number("Rater accepts, counts do not", "conflict_rater_accepts"),
                    number("Rater rejects, counts do not", "conflict_rater_rejects"),
                ],
                file="verdicts",
            ),
            table(
                "The verdict of the counts against the rater's",
                results["verdicts"],
                [rater(names), *both],
                file="verdicts",
            ),
        ),
        "By whether the verdict follows from the counts, as the rater said",
        (
            table(
                "Conflicts by whether the rater said that the verdict follows from the counts",
                results["consistency"],
                [
                    rater(names),
                    text("Follows", lambda line: yes_no(line["consistent"])),
                    number("Rated", "rated"),
                    number("Both agree", "conflict_none"),
                    number("Rater accepts, counts do not", "conflict_rater_accepts"),
                    number("Rater rejects, counts do not", "conflict_rater_rejects"),
                ],
                file="consistency",
            ),
        ),
        files=("verdicts", "consistency"),
    )


def _missing(results: Mapping[str, Any], names: Names) -> Section:
    planned = {line["rater"]: line for line in results["presentations"]}
    lines = [planned[line["rater"]] | line for line in results["missing"]]

    def limits(line: Line) -> Cell:
        low, high = line["rate_if_not_rated_rejected"], line["rate_if_not_rated_accepted"]
        if isinstance(low, Mapping):
            return cell(low, share)
        return Cell(f"{bare_share(low)} to {share(high)}")

    return Section(
        "missing",
        "What is missing",
        "Answers without a rating are in no rate. The bounds say what the primary rate would be if "
        "all of them had been rejected, or accepted.",
        (
            table(
                "What is missing",
                lines,
                [
                    rater(names),
                    number("Planned", "planned"),
                    number("Rated", "rated"),
                    number("Unreadable", "unreadable"),
                    number("Wrong mask", "wrong_mask"),
                    number("Without an answer", "missing"),
                    number("First block", "submitted_first_block"),
                    number("Second block", "submitted_second_block"),
                    (Head("Bounds of the rate", is_number=True), limits),
                ],
                file="missing",
            ),
        ),
        files=("presentations", "missing"),
    )
