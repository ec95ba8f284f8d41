"""How every chart looks: sizes, grey axes, as Vega-Lite specifications made by Altair."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import altair as alt

from segmentation.publication.style import COLOURS, FONT, INK, LINE, SOFT

MOST_RATERS = 12  # whose lines a figure draws; the tables have all


def finished(chart: Any, data: Data, *, description: str) -> dict[str, Any]:
    """This will give a chart the house's looks and write it as a Vega-Lite specification."""
    styled = (
        chart.configure(font=FONT, background="white", padding=8)
        .configure_view(stroke=LINE)
        .configure_axis(
            labelColor=INK,
            titleColor=SOFT,
            gridColor="#eef1f3",
            domainColor=LINE,
            tickColor=LINE,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            labelLimit=260,
        )
        .configure_axisY(minExtent=34)  # so that charts one below the other stand in line
        .configure_legend(
            labelColor=INK,
            titleColor=SOFT,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            orient="bottom",
            labelLimit=260,
        )
        .configure_header(
            labelColor=INK, titleColor=SOFT, labelFontSize=12, titleFontSize=12, labelLimit=300
        )
        .configure_title(color=INK, fontSize=12, fontWeight="normal", anchor="start")
        .configure_range(category=list(COLOURS))
    )
    spec: dict[str, Any] = styled.to_dict(validate=False)  # tests do, which takes seconds
    spec["datasets"] = data.rows
    spec["description"] = description
    return spec


@dataclass
class Data:
    """The rows of a figure, apart from its charts: Altair copies what is in a chart many times."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, rows: list[dict[str, Any]]) -> Any:
        """This will keep rows and give a chart the name that they go by."""
        name = f"data-{len(self.rows) + 1}"
        self.rows[name] = rows
        return alt.NamedData(name=name)


def around(values: Collection[float]) -> alt.Scale:
    """A scale with room at both ends; where all values are one, a unit above and below it."""
    is_one = min(values) == max(values)
    return alt.Scale(
        padding=10, domain=[min(values) - 1, max(values) + 1] if is_one else alt.Undefined
    )


def percent_axis() -> alt.Axis:
    """An axis of shares, written as the tables write them: 95 %."""
    return alt.Axis(labelExpr="format(100 * datum.value, 'd') + ' %'")
