"""Two-by-two tables of answers as small multiples: rater with themself, raters with each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from segmentation.publication.charts import Data, finished
from segmentation.publication.document import Figure
from segmentation.publication.style import COLOURS, INK

MOST_TABLES = 12
ANSWERS = ("accepted", "rejected")


def two_by_two(results: Mapping[str, Any]) -> Figure | None:
    """A table per rater (first and second showing) and per two raters (same showing)."""
    tables = [*_repeats(results), *_pairs(results)][:MOST_TABLES]
    if not tables:
        return None
    rows = []
    for title, cells in tables:
        total = sum(cells)
        for at, n in enumerate(cells):
            rows.append(
                {
                    "table": title,
                    "one": ANSWERS[at // 2],
                    "other": ANSWERS[at % 2],
                    "n": n,
                    "share": n / total,
                    "is_dark": n / total > 0.75,
                }
            )
    titles = [title for title, _ in tables]
    data = Data()
    base = alt.Chart(data.add(rows)).encode(
        x=alt.X("other:N", title="second, or the other rater", sort=list(ANSWERS), axis=_axis()),
        y=alt.Y("one:N", title="first, or one rater", sort=list(ANSWERS), axis=_axis()),
    )
    squares = base.mark_rect(stroke="white", strokeWidth=2).encode(
        color=alt.Color(
            "share:Q",
            title="Share",
            scale=alt.Scale(domain=[0, 1], range=["#f1f5f8", COLOURS[0]]),
            legend=None,
        ),
        tooltip=["table:N", "one:N", "other:N", "n:Q", alt.Tooltip("share:Q", format=".1%")],
    )
    numbers = base.mark_text(fontSize=14).encode(
        text="n:Q",
        color=alt.condition("datum.is_dark", alt.value("white"), alt.value(INK)),
    )
    chart = (
        alt.layer(squares, numbers)
        .properties(width=130, height=110)
        .facet(
            facet=alt.Facet("table:N", title=None, sort=titles),
            columns=min(3, len(titles)),
        )
    )
    what = (
        "How many masks were accepted or rejected at both showings by the same rater, or by both "
        "raters at the same showing, by the primary analysis. What lies off the falling diagonal "
        "was answered differently."
    )
    return Figure(
        "agreement",
        "Agreement, table by table",
        what,
        "intra-rater",
        finished(chart, data, description=what),
    )


def _repeats(results: Mapping[str, Any]) -> list[tuple[str, list[int]]]:
    names = ("both_accepted", "only_first_accepted", "only_second_accepted", "both_rejected")
    return [
        (f"{line['rater']}, first and second", [line[name] for name in names])
        for line in results["intra_rater"]
        if line["is_primary"] and line["masks"]
    ]


def _pairs(results: Mapping[str, Any]) -> list[tuple[str, list[int]]]:
    found = []
    for line in results["comparisons"]:
        if line["compared"] == "raters" and line["is_primary"] and line["pairs"]:
            only_first, only_second = line["only_first"], line["only_second"]
            both = round(line["first_rate"] * line["pairs"]) - only_first
            neither = line["pairs"] - both - only_first - only_second
            title = f"{line['first']} and {line['second']}"
            found.append((title, [both, only_first, only_second, neither]))
    return found


def _axis() -> alt.Axis:
    return alt.Axis(labelAngle=0, ticks=False, domain=False)
