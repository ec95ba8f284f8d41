"""What a coordinator needs first: acceptance per rater and method, and how it hangs on the rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rating.protocol.design import AcceptanceDesign
from rating.report.wording import (
    Column,
    Line,
    Names,
    number,
    on_threshold,
    rule,
    share,
    shares,
    table,
    text,
)
from segmentation.publication.document import Group, Section

RATE = "Rate (95 % interval)"


def headline(results: Mapping[str, Any]) -> tuple[str, str]:
    """The pooled primary rate, and what it is made of; empty where nothing was rated."""
    primary = next(
        line
        for line in results["acceptance"]
        if line["is_primary"] and line["rater"] == "" and line["group"] == "all"
    )
    if not isinstance(primary["rate"], float):
        return "", "Nothing was rated, so there is no rate."
    found = f"{primary['accepted']} of {primary['rated']} presentations of {primary['cases']} cases"
    interval = (
        f"95 % interval {share(primary['low'])} to {share(primary['high'])}; "
        if isinstance(primary["low"], float)
        else ""
    )
    by = "the rater's verdict" if primary["verdict"] == "rater" else "the counts"
    policy = f", {primary['boundary_policy']}" if primary["boundary_policy"] else ""
    return f"{share(primary['rate'])} acceptable", f"({interval}{found}; by {by}{policy})."


def found(results: Mapping[str, Any], names: Names, design: AcceptanceDesign) -> Group:
    """Acceptance by the primary rule, under every rule, and the masks whose answer hangs on it."""
    return Group(
        "found",
        "What was found",
        (_accepted(results, names), _rules(results, names, design), _flips(results, names)),
    )


def rater(names: Names) -> Column:
    """The column of raters."""
    return text("Rater", lambda line: names.rater(line["rater"]))


def _accepted(results: Mapping[str, Any], names: Names) -> Section:
    """Per rater and method, pooled last; by the primary rule."""
    primary = [line for line in results["acceptance"] if line["is_primary"]]
    methods = [line for line in primary if line["group"] == "method"]
    has_several = len({line["name"] for line in methods}) > 1
    lines = [
        line
        for line in primary
        if line["group"] == "all" or (has_several and line["group"] == "method")
    ]
    return Section(
        "acceptance",
        "Acceptance",
        "Share of rated presentations whose mask was accepted, by the primary analysis of the "
        "design. The interval takes the case for the unit (Korn-Graubard).",
        (
            table(
                "Acceptance per rater and method",
                lines,
                [
                    rater(names),
                    text("Method", lambda line: names.method(_method(line))),
                    number("Accepted", "accepted"),
                    number("Of", "rated"),
                    number("Cases", "cases"),
                    shares(RATE, "rate", "low", "high"),
                ],
                file="acceptance",
            ),
        ),
        files=("acceptance",),
    )


def _method(line: Line) -> str:
    return str(line["name"]) if line["group"] == "method" else ""


def _rules(results: Mapping[str, Any], names: Names, design: AcceptanceDesign) -> Section:
    """One line per rule and rater."""
    lines = [line for line in results["acceptance"] if line["group"] == "all"]
    return Section(
        "rules",
        "Under every rule",
        f"The same answers judged by the counts with exactly {on_threshold(design)} rejected "
        "(strict) or accepted (lenient), by the rater's own verdict, and by the combined rule: "
        "fewer false and missed lesions together than a tenth of the true ones. Where raters "
        "counted a mark as several lesions, or several marks as one, the counts with that stand "
        "beside. The primary analysis is marked.",
        (
            table(
                "Acceptance under every rule",
                lines,
                [
                    rater(names),
                    text("Rule", rule),
                    number("Accepted", "accepted"),
                    number("Of", "rated"),
                    shares(RATE, "rate", "low", "high"),
                ],
                file="acceptance",
            ),
        ),
        files=("acceptance",),
    )


def _flips(results: Mapping[str, Any], names: Names) -> Section:
    """Presentations that one rule accepts and another rejects."""
    flips = results["flips"]
    return Section(
        "flips",
        "Masks that flip",
        "Presentations whose answer hangs on the rule."
        if flips
        else "No presentation's answer hangs on the rule.",
        (
            table(
                "Presentations whose answer hangs on the rule",
                flips,
                [
                    rater(names),
                    text("Case", lambda line: line["case"]),
                    text("Method", lambda line: names.method(line["method"])),
                    number("Showing", "occasion"),
                    number("Drawn", "lesions"),
                    number("False", "fp"),
                    number("Missed", "fn"),
                    text("Strict", lambda line: _accepts(line["accepted_strict"])),
                    text("Lenient", lambda line: _accepts(line["accepted_lenient"])),
                    text("Combined", lambda line: _accepts(line["accepted_combined"])),
                ],
                file="flips",
            ),
        )
        if flips
        else (),
        files=("flips",),
    )


def _accepts(is_accepted: bool) -> str:
    return "accepted" if is_accepted else "rejected"
