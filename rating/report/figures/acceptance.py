"""Acceptance rates with their intervals: by rater and rule, and by lesion load."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from rating.report.wording import Names, rule, share
from segmentation.publication.charts import MOST_RATERS, Data, finished, percent_axis
from segmentation.publication.document import Figure


def forest(results: Mapping[str, Any], names: Names) -> Figure | None:
    """Rates of every rater (and method, where there are several) under every rule."""
    lines = [
        line
        for line in results["acceptance"]
        if line["group"] in ("all", "method") and isinstance(line["low"], float)
    ]
    if len({line["name"] for line in lines if line["group"] == "method"}) < 2:
        lines = [line for line in lines if line["group"] == "all"]
    if len({line["rater"] for line in lines}) > MOST_RATERS + 1:
        lines = [line for line in lines if line["rater"] == ""]
    if not lines:
        return None
    rows = [
        {
            "who": _who(line, names),
            "rule": rule(line),
            "rate": line["rate"],
            "low": line["low"],
            "high": line["high"],
            "what": f"{share(line['rate'])}, {line['accepted']} of {line['rated']}",
        }
        for line in lines
    ]
    order = list(dict.fromkeys(row["who"] for row in rows))
    by_rule = list(dict.fromkeys(row["rule"] for row in rows))
    data = Data()
    base = alt.Chart(data.add(rows)).encode(
        y=alt.Y("who:N", title=None, sort=order),
        yOffset=alt.YOffset("rule:N", sort=by_rule),
        color=alt.Color("rule:N", title="Rule", scale=alt.Scale(domain=by_rule)),
    )
    scale = _scale(min(row["low"] for row in rows))
    bars = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title="Accepted, with 95 % interval", scale=scale, axis=percent_axis()),
        x2="high:Q",
    )
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=alt.X("rate:Q", scale=scale),
        shape=alt.Shape("rule:N", title="Rule", scale=alt.Scale(domain=by_rule)),
        tooltip=["who:N", "rule:N", alt.Tooltip("what:N", title="accepted")],
    )
    chart = alt.layer(bars, points).properties(width=560, height=alt.Step(14))
    what = (
        "Share of presentations accepted, with the Korn-Graubard 95 % interval (the case as "
        "cluster), for each rater and for all raters together, under every rule."
    )
    return Figure(
        "acceptance", "Acceptance", what, "rules", finished(chart, data, description=what)
    )


def lesion_load(results: Mapping[str, Any], names: Names) -> Figure | None:
    """Rates of the primary analysis by the number of drawn lesions."""
    lines = [
        line
        for line in results["acceptance"]
        if line["is_primary"] and line["group"] == "lesions" and line["rated"]
    ]
    if len({line["rater"] for line in lines}) > MOST_RATERS + 1:
        lines = [line for line in lines if line["rater"] == ""]
    if not lines:
        return None
    rows = [
        {
            "rater": names.rater(line["rater"]),
            "lesions": line["name"],
            "rate": line["rate"],
            # A single case has no interval: its line has no length.
            "low": line["low"] if isinstance(line["low"], float) else line["rate"],
            "high": line["high"] if isinstance(line["high"], float) else line["rate"],
            "what": f"{share(line['rate'])}, {line['accepted']} of {line['rated']}",
        }
        for line in lines
    ]
    order = list(
        dict.fromkeys(line["name"] for line in results["acceptance"] if line["group"] == "lesions")
    )
    raters = list(dict.fromkeys(row["rater"] for row in rows))
    data = Data()
    base = alt.Chart(data.add(rows)).encode(
        x=alt.X("lesions:N", title="Drawn lesions", sort=order, axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("rater:N", sort=raters),
        color=alt.Color("rater:N", title="Rater", scale=alt.Scale(domain=raters)),
    )
    scale = _scale(min(row["low"] for row in rows))
    bars = base.mark_rule(strokeWidth=2).encode(
        y=alt.Y("low:Q", title="Accepted, with 95 % interval", scale=scale, axis=percent_axis()),
        y2="high:Q",
    )
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        y=alt.Y("rate:Q", scale=scale),
        shape=alt.Shape("rater:N", title="Rater", scale=alt.Scale(domain=raters)),
        tooltip=["rater:N", "lesions:N", alt.Tooltip("what:N", title="accepted")],
    )
    chart = alt.layer(bars, points).properties(width=560, height=240)
    what = (
        "Share of presentations accepted by the number of drawn lesions, with the Korn-Graubard 95 "
        "% interval, for each rater and all together, by the primary analysis."
    )
    return Figure(
        "lesion_load",
        "Verdict by lesion load",
        what,
        "parts",
        finished(chart, data, description=what),
    )


def _who(line: Mapping[str, Any], names: Names) -> str:
    who = names.rater(line["rater"])
    return f"{who}, {names.method(line['name'])}" if line["group"] == "method" else who


def _scale(lowest: float) -> alt.Scale:
    """From the tenth below the lowest bound to 1."""
    return alt.Scale(domain=[max(0.0, int(10 * lowest - 1e-9) / 10), 1])
