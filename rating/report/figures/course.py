"""Reading time and rejections along the order of each rater."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from segmentation.publication.charts import MOST_RATERS, Data, finished, percent_axis
from segmentation.publication.document import Figure


def along_order(results: Mapping[str, Any]) -> Figure | None:
    """Median seconds and the share rejected, for every tenth of the schedule."""
    raters = list(dict.fromkeys(line["rater"] for line in results["reading_time"]))[:MOST_RATERS]
    rows = [
        {
            "rater": line["rater"],
            "part": line["part"],
            "seconds": None
            if isinstance(line["median_seconds"], Mapping)
            else line["median_seconds"],
            "rejected": line["rejected"],
            "share": line["rejected"] / line["rated"],
            "what": f"{line['rejected']} of {line['rated']}",
        }
        for line in results["reading_time"]
        if line["rated"] and line["rater"] in raters
    ]
    if not rows:
        return None
    data = Data()
    base = alt.Chart(data.add(rows)).encode(
        x=alt.X(
            "part:O",
            title="Tenth of the schedule",
            axis=alt.Axis(labelAngle=0),
        ),
        color=alt.Color("rater:N", title="Rater", scale=alt.Scale(domain=raters)),
    )
    times = base.encode(
        y=alt.Y("seconds:Q", title="Median seconds"),
        shape=alt.Shape("rater:N", title="Rater", scale=alt.Scale(domain=raters)),
        tooltip=["rater:N", "part:O", alt.Tooltip("seconds:Q", format=".0f")],
    )
    time = alt.layer(
        times.mark_line(strokeWidth=1.5), times.mark_point(filled=True, size=55, opacity=1)
    ).properties(width=560, height=150, title="Reading time")
    rejections = (
        base.mark_bar()
        .encode(
            xOffset=alt.XOffset("rater:N", sort=raters),
            y=alt.Y("share:Q", title="Rejected", axis=percent_axis()),
            tooltip=["rater:N", "part:O", alt.Tooltip("what:N", title="rejected")],
        )
        .properties(width=560, height=130, title="Rejections")
    )
    what = (
        "Median active reading time and share of rejected presentations in every tenth of each "
        "rater's schedule, by the primary analysis."
    )
    return Figure(
        "course",
        "Time and rejections along the order",
        what,
        "reading-time",
        finished(alt.vconcat(time, rejections), data, description=what),
    )
