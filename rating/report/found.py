"""What a coordinator needs first: acceptance per rater and method, and how it hangs on the rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rating.protocol.design import AcceptanceDesign
from rating.report.wording import (
    Column,
    Line,
    Names,
    cell,
    number,
    on_threshold,
    plural,
    rule,
    share,
    shares,
    table,
    text,
)
from segmentation.publication.document import Group, Section

RATE = "Rate (95 % interval)"


def headline(results: Mapping[str, Any], names: Names) -> tuple[str, str]:
    """The primary rate of all raters, of each method where there are several, and what it is of.

    Rates of several methods are never pooled here: that would be the rate of none. The first is
    empty where nothing was rated.
    """
    primary = [one for one in results["acceptance"] if one["is_primary"] and one["rater"] == ""]
    pooled = next(line for line in primary if line["group"] == "all")
    if not isinstance(pooled["rate"], float):
        return "", "Nothing was rated, so there is no rate."
    methods = [line for line in primary if line["group"] == "method"]
    has_several = len(methods) > 1
    shown = methods if has_several else [pooled]
    rates = [
        f"{names.method(line['name'])} " * has_several + cell(line["rate"], share).text
        for line in shown
    ]
    intervals = [
        f"{share(line['low'])} to {share(line['high'])}"
        for line in shown
        if isinstance(line["low"], float)
    ]
    told = [f"95 % interval{'s' * has_several} {', '.join(intervals)}"] if intervals else []
    accepted = "" if has_several else f"{pooled['accepted']} of "
    told.append(f"{accepted}{pooled['rated']} presentations of {plural(pooled['cases'], 'case')}")
    by = "the rater's verdict" if pooled["verdict"] == "rater" else "the counts"
    policy = f", {pooled['boundary_policy']}" if pooled["boundary_policy"] else ""
    total = next(line for line in results["presentations"] if line["rater"] == "")
    left = total["planned"] - total["rated"]
    unrated = f" {left} of {total['planned']} presentations were not rated." * bool(left)
    rest = f"({'; '.join([*told, f'by {by}{policy}'])}).{unrated}"
    return f"{', '.join(rates)} acceptable", rest


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
