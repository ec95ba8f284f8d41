"""Counts of errors: the second against the first, and how far apart they lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from segmentation.publication.charts import Data, around, finished
from segmentation.publication.document import Figure
from segmentation.publication.style import COLOURS, SOFT

KINDS = {"fp": "False positives", "fn": "Missed lesions"}
MOST_PAIRS = 6  # of readings that a figure compares
MOST_STEPS = 40  # of counts along an axis; larger counts are put together


def first_and_second(results: Mapping[str, Any]) -> Figure | None:
    """A bubble per pair of counts, one chart per rater and kind."""
    charts, data = [], Data()
    for kind, rater, other, lines in _compared(results, repeats_only=True):
        step = _step(lines)
        summed: Counter[tuple[int, int]] = Counter()
        for line in lines:
            summed[line["first"] // step * step, line["second"] // step * step] += line["masks"]
        rows = [{"first": a, "second": b, "masks": n} for (a, b), n in sorted(summed.items())]
        most = max(max(row["first"], row["second"]) for row in rows) + step
        ends = alt.Scale(domain=[-step / 2, most], nice=False)
        line_ = (
            alt.Chart(data.add([{"x": 0, "y": 0}, {"x": most, "y": most}]))
            .mark_line(color=SOFT, strokeDash=[4, 3], strokeWidth=1)
            .encode(x="x:Q", y="y:Q")
        )
        points = _bubbles(data.add(rows)).encode(
            x=alt.X("first:Q", title="first showing", scale=ends, axis=_whole(most)),
            y=alt.Y("second:Q", title="second showing", scale=ends, axis=_whole(most)),
            tooltip=["first:Q", "second:Q", "masks:Q"],
        )
        charts.append(
            alt.layer(line_, points).properties(
                title=_title(kind, rater, other, step), width=230, height=230
            )
        )
    if not charts:
        return None
    what = (
        "Masks by the counts of the first and of the second showing to the same rater; the area of "
        "a bubble is the number of masks. On the dashed line both counts are equal."
    )
    return Figure(
        "counts",
        "Counts, second against first",
        what,
        "counts",
        finished(alt.concat(*charts, columns=2), data, description=what),
    )


def bland_altman(results: Mapping[str, Any]) -> Figure | None:
    """Differences of counts against their means, with limits of agreement and their intervals."""
    found = {
        (line["count"], line["rater"], line["other_rater"]): line for line in results["counts"]
    }
    charts, data = [], Data()
    for kind, rater, other, lines in _compared(results, repeats_only=False):
        step = _step(lines)
        summed: Counter[tuple[float, int]] = Counter()
        for line in lines:
            first, second = line["first"] // step * step, line["second"] // step * step
            summed[(first + second) / 2, second - first] += line["masks"]
        rows = [{"mean": a, "difference": b, "masks": n} for (a, b), n in sorted(summed.items())]
        differences = [float(difference) for _, difference in summed]
        limits = _limits(found[kind, rater, other])
        layers: list[Any] = []
        if limits:
            layers += [
                alt.Chart(data.add(limits))
                .mark_rect(opacity=0.12, color=COLOURS[0])
                .encode(y="low:Q", y2="high:Q"),
                alt.Chart(data.add(limits))
                .mark_rule(strokeDash=[5, 3], color=COLOURS[0])
                .encode(y="at:Q", tooltip=["what:N", alt.Tooltip("at:Q", format=".2f")]),
            ]
        layers.append(
            _bubbles(data.add(rows)).encode(
                x=alt.X("mean:Q", title="mean of both counts", scale=alt.Scale(padding=14)),
                y=alt.Y(
                    "difference:Q",
                    title="other less one" if other else "second less first",
                    scale=alt.Scale(padding=10) if limits else around(differences),
                ),
                tooltip=["mean:Q", "difference:Q", "masks:Q"],
            )
        )
        charts.append(
            alt.layer(*layers).properties(
                title=_title(kind, rater, other, step), width=230, height=170
            )
        )
    if not charts:
        return None
    what = (
        "Differences of two counts of the same mask against their mean (Bland and Altman). Dashed: "
        "mean difference and 95 % limits of agreement, shaded: the 95 % interval of each. The area "
        "of a bubble is the number of masks."
    )
    return Figure(
        "bland_altman",
        "How far counts lie apart",
        what,
        "counts",
        finished(alt.concat(*charts, columns=2), data, description=what),
    )


def _compared(
    results: Mapping[str, Any], *, repeats_only: bool
) -> list[tuple[str, str, str, list[Mapping[str, Any]]]]:
    """Kind, rater, other rater and lines of the readings compared, both kinds side by side."""
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for line in results["count_pairs"]:
        if not (repeats_only and line["other_rater"]):
            key = (line["rater"], line["other_rater"], line["count"])
            groups.setdefault(key, []).append(line)
    readings = list(dict.fromkeys(key[:2] for key in groups))[:MOST_PAIRS]
    return [
        (kind, rater, other, groups[rater, other, kind])
        for rater, other in readings
        for kind in KINDS
    ]


def _step(lines: Sequence[Mapping[str, Any]]) -> int:
    """How many neighbouring counts are put together, so that a figure stays small."""
    most = max(max(line["first"], line["second"]) for line in lines)
    return int(most) // MOST_STEPS + 1


def _title(kind: str, rater: str, other: str, step: int) -> str:
    who = f"{rater} and {other}" if other else rater
    return f"{KINDS[kind]}, {who}" + (f" (by {step})" if step > 1 else "")


def _bubbles(named: Any) -> Any:
    return (
        alt.Chart(named)
        .mark_circle(color=COLOURS[0], opacity=0.75)
        .encode(
            size=alt.Size(
                "masks:Q",
                title="Masks",
                scale=alt.Scale(type="sqrt", domainMin=0, range=[0, 500]),
                legend=None,
            )
        )
    )


def _whole(most: int) -> alt.Axis:
    return alt.Axis(format="d", tickCount=min(10, most + 1), tickMinStep=1)


def _limits(line: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Mean difference and limits with the interval of each; none where all differences agree."""
    rows = []
    for name, what in (
        ("mean_difference", "mean difference"),
        ("limit_below", "lower limit"),
        ("limit_above", "upper limit"),
    ):
        ends = line[f"{name}_low"], line[f"{name}_high"]
        if all(isinstance(value, float) for value in (line[name], *ends)):
            rows.append({"what": what, "at": line[name], "low": ends[0], "high": ends[1]})
    return rows
