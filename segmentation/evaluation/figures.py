"""Volumes as figures: against each other with the line of identity, and as Bland and Altman."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from segmentation.evaluation.records import is_number
from segmentation.publication.charts import Data, around, finished
from segmentation.publication.document import Figure
from segmentation.publication.style import COLOURS, SOFT

Line = Mapping[str, Any]
SIZE = 210
SECTION = "volumes"
MOST_BEYOND = 0.5  # of what points and lines take, on either side: intervals of 10 cases have room
LEAST_ML = 0.01


def volume_figures(
    pairs: Sequence[Line], found: Sequence[Line], *, names: Mapping[str, str]
) -> tuple[Figure, ...]:
    """Two figures for every side that is compared first: scatter, and Bland and Altman.

    `pairs` and `found` are of `summary.volume_pairs` and `summary.volumes`; `names` are what people
    call methods.
    """
    firsts = dict.fromkeys(line["first"] for line in found)
    return tuple(
        draw(
            number,
            [line for line in pairs if line["first"] == first],
            [line for line in found if line["first"] == first],
            names.get(first, first),
            names,
        )
        for number, first in enumerate(firsts, 1)
        for draw in (_scatter, _bland_altman)
    )


def _scatter(
    number: int,
    pairs: Sequence[Line],
    found: Sequence[Line],
    first: str,
    names: Mapping[str, str],
) -> Figure:
    charts, data = [], Data()
    for line in found:
        rows = _rows(pairs, line["second"])
        most = max(max(row["first_ml"], row["second_ml"]) for row in rows) * 1.05 or 1
        ends = alt.Scale(domain=[0, most], nice=False)
        layers: list[Any] = [
            alt.Chart(data.add([{"x": 0, "y": 0}, {"x": most, "y": most}]))
            .mark_line(color=SOFT, strokeDash=[4, 3], strokeWidth=1)
            .encode(x="x:Q", y="y:Q")
        ]
        if is_number(line["slope"]):
            fit = [
                {"x": x, "y": line["intercept_ml"] + line["slope"] * x}
                for x in (min(row["second_ml"] for row in rows), max(r["second_ml"] for r in rows))
            ]
            layers.append(
                alt.Chart(data.add(fit))
                .mark_line(color=COLOURS[1], strokeWidth=1.5, clip=True)
                .encode(x="x:Q", y="y:Q")
            )
        layers.append(
            _points(data.add(rows)).encode(
                x=alt.X("second_ml:Q", title=f"{line['second']} (ml)", scale=ends),
                y=alt.Y("first_ml:Q", title=f"{first} (ml)", scale=ends),
                tooltip=["case:N", *_in_ml("first_ml", "second_ml")],
            )
        )
        title = f"R2 {_short(line['r2'])}, slope {_short(line['slope'])}, CCC {_short(line['ccc'])}"
        charts.append(alt.layer(*layers).properties(title=title, width=SIZE, height=SIZE))
    what = (
        f"Lesion volumes of {first} against each reference, a point for each case. Dashed: the "
        "line of identity, on which both volumes are the same; solid: least squares."
    )
    return _figure(f"volumes-{number}", f"Volumes of {first}", what, charts, data)


def _bland_altman(
    number: int,
    pairs: Sequence[Line],
    found: Sequence[Line],
    first: str,
    names: Mapping[str, str],
) -> Figure:
    charts, data = [], Data()
    for line in found:
        rows = _rows(pairs, line["second"])
        differences = [row["difference_ml"] for row in rows]
        means = alt.Scale(domain=[0, max(r["mean_ml"] for r in rows) * 1.05 or 1], nice=False)
        layers: list[Any] = []
        limits: list[dict[str, Any]] = [
            {"what": what, "at": line[f"{name}_ml"], "from": low, "to": high}
            for name, what in (("bias", "mean"), ("low", "lower limit"), ("high", "upper limit"))
            if is_number(low := line[f"{name}_low_ml"])
            and is_number(high := line[f"{name}_high_ml"])
        ]
        if limits:
            layers += [
                alt.Chart(data.add(limits))
                .mark_rect(opacity=0.12, color=COLOURS[0], clip=True)
                .encode(y="from:Q", y2="to:Q"),
                alt.Chart(data.add(limits))
                .mark_rule(strokeDash=[5, 3], color=COLOURS[0])
                .encode(y="at:Q", tooltip=["what:N", *_in_ml("at")]),
            ]
        layers.append(
            _points(data.add(rows)).encode(
                x=alt.X("mean_ml:Q", title="mean of both (ml)", scale=means),
                y=alt.Y(
                    "difference_ml:Q",
                    title=f"less {line['second']} (ml)",
                    scale=_about(differences, limits) if limits else around(differences),
                ),
                tooltip=["case:N", *_in_ml("mean_ml", "difference_ml")],
            )
        )
        title = f"{first} less {line['second']}"
        charts.append(alt.layer(*layers).properties(title=title, width=SIZE, height=170))
    what = (
        f"Difference of lesion volumes, {first} less each reference, against their mean (Bland and "
        "Altman). Dashed: mean difference and 95 % limits of agreement; shaded: the 95 % interval "
        "of each, exact for the limits, as far as the axis goes: with few cases it goes on beyond."
    )
    return _figure(f"bland-altman-{number}", f"How far {first} lies apart", what, charts, data)


def _figure(name: str, title: str, what: str, charts: list[Any], data: Data) -> Figure:
    drawn = alt.concat(*charts, columns=2)
    return Figure(name, title, what, SECTION, finished(drawn, data, description=what))


def _about(differences: list[float], limits: list[dict[str, Any]]) -> alt.Scale:
    """A scale with every point and line; intervals are cut where they would squeeze these."""
    shown = [*differences, *(one["at"] for one in limits)]
    low, high = min(shown), max(shown)
    room = max((high - low) * MOST_BEYOND, LEAST_ML)
    ends = [one[end] for one in limits for end in ("from", "to")]
    first, last = max(low - room, min(low, *ends)), min(high + room, max(high, *ends))
    return alt.Scale(domain=[first - room / 10, last + room / 10], nice=False, zero=False)


def _rows(pairs: Sequence[Line], second: str) -> list[dict[str, Any]]:
    return [
        {
            "case": one["case"],
            "first_ml": one["first_ml"],
            "second_ml": one["second_ml"],
            "mean_ml": (one["first_ml"] + one["second_ml"]) / 2,
            "difference_ml": one["first_ml"] - one["second_ml"],
        }
        for one in pairs
        if one["second"] == second
    ]


def _points(named: Any) -> Any:
    return alt.Chart(named).mark_circle(color=COLOURS[0], opacity=0.75, size=50)


def _in_ml(*names: str) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{name}:Q", format=".2f") for name in names]


def _short(value: Any) -> str:
    return f"{value:.2f}" if is_number(value) else "undefined"
