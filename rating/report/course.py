"""The course of the reading: do rejections and times change along the order?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rating.report.found import rater
from rating.report.wording import (
    Line,
    Names,
    coefficients,
    number,
    p_value,
    table,
    text,
)
from segmentation.publication.cells import decimal
from segmentation.publication.document import Group, Section


def course(results: Mapping[str, Any], names: Names) -> Group:
    """Order effects and reading times."""
    return Group("course", "Along the order", (_order(results, names), _time(results, names)))


def _order(results: Mapping[str, Any], names: Names) -> Section:
    return Section(
        "order",
        "Learning and fatigue",
        "Do rejections sit early or late? The orders were drawn at random, so they are drawn again "
        "to see where rejections would lie by chance. The factor says how reading time changes "
        "within ten positions.",
        (
            table(
                "Rejections and reading time along the order",
                results["order"],
                [
                    rater(names),
                    number("Rejected, first half", "rejected_first_half"),
                    number("Second half", "rejected_second_half"),
                    number("Halves, p", "halves_p", p_value),
                    number("Mean position", "mean_position", decimal),
                    number("By chance", "expected_position", decimal),
                    number("Order, p", "order_p", p_value),
                    coefficients("Time factor", "time_factor"),
                ],
                file="order",
            ),
        ),
        files=("order",),
    )


def _time(results: Mapping[str, Any], names: Names) -> Section:
    return Section(
        "reading-time",
        "Tenths of the schedule",
        "Rejections and median active reading time (without hidden tab and idle time).",
        (),
        "Numbers for every tenth",
        (
            table(
                "Rejections and reading time by tenths of the schedule",
                results["reading_time"],
                [
                    rater(names),
                    text("Positions", _positions),
                    number("Rated", "rated"),
                    number("Rejected", "rejected"),
                    number("Timed", "timed"),
                    number("Median seconds", "median_seconds"),
                ],
                file="reading_time",
            ),
        ),
        files=("reading_time",),
    )


def _positions(line: Line) -> str:
    return f"{line['first_position']} to {line['last_position']}"
