"""Rejections and reading times along the order, per rater."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rating.protocol.design import AcceptanceDesign
from rating.protocol.sequence import case_groups
from rating.statistics.agreement import count_pairs, mcnemar_exact
from rating.statistics.columns import Columns, Ints
from rating.statistics.order import MOST_POSITIONS, OrderTest, randomisation_test
from rating.statistics.reading_time import TimeTrend, time_by_tenth, time_trend
from rating.statistics.rows import Rule, rules, undefined

ORDER = ("mean_position", "expected_position", "order_p", "order_redraws")
TREND = ("time_factor", "time_factor_low", "time_factor_high")


def order(
    answers: Columns, design: AcceptanceDesign, drawn: AcceptanceDesign
) -> list[dict[str, Any]]:
    """This will look for learning and fatigue in each rater's answers, by the primary rule.

    `drawn` is the frozen design that the orders were drawn from, also of what was withdrawn since.

    Rejections per half (block), McNemar of the same masks in both halves, the mean position of the
    rejections against redrawn orders, and the trend of log reading time.
    """
    primary = next(rule for rule in rules(design) if rule.is_primary)
    lines = []
    for number, rater in enumerate(answers.raters):
        own = np.flatnonzero((answers.rater == number) & answers.is_rated)
        turned_down = ~answers.accepted(primary)[own]
        occasion = answers.occasion[own]
        given = answers.answers(primary)[number]
        both = given[(given >= 0).all(axis=1)] == 1
        drift = mcnemar_exact(count_pairs(both[:, 0], both[:, 1]))
        trend = time_trend(
            position=answers.position[own], seconds=_known(answers, own), case=answers.case[own]
        )
        lines.append(
            {
                "rater": rater,
                "rated": len(own),
                "rejected_first_half": int((turned_down & (occasion == 1)).sum()),
                "rejected_second_half": int((turned_down & (occasion == 2)).sum()),
                "halves_p": undefined("no mask was answered differently in the other half")
                if drift is None
                else drift,
                **_order_test(answers, number, design, drawn, primary),
                **_trend(trend),
            }
        )
    return lines


def reading_time(
    answers: Columns, design: AcceptanceDesign, drawn: AcceptanceDesign
) -> list[dict[str, Any]]:
    """This will give, for every tenth of each rater's schedule, rejections and median seconds.

    `drawn` is the frozen design that the orders were drawn from.
    """
    primary = next(rule for rule in rules(design) if rule.is_primary)
    accepted = answers.accepted(primary)
    planned = len(drawn.items) * drawn.presentations_per_item
    lines = []
    for number, rater in enumerate(answers.raters):
        own = np.flatnonzero((answers.rater == number) & answers.is_rated)
        position, seconds = answers.position[own], answers.seconds[own]
        timed = ~np.isnan(seconds)
        for part, tenth in enumerate(
            time_by_tenth(position=position[timed], seconds=seconds[timed], planned=planned)
        ):
            inside = own[(position >= tenth.first_position) & (position <= tenth.last_position)]
            lines.append(
                {
                    "rater": rater,
                    "part": part + 1,
                    "first_position": tenth.first_position,
                    "last_position": tenth.last_position,
                    "rated": len(inside),
                    "rejected": int((~accepted[inside]).sum()),
                    "timed": tenth.readings,
                    "median_seconds": undefined("no reading was timed here")
                    if tenth.median_seconds is None
                    else tenth.median_seconds,
                }
            )
    return lines


def _known(answers: Columns, rows: Ints) -> NDArray[np.float64]:
    """The seconds of rows, 0 where no time was kept."""
    return np.nan_to_num(answers.seconds[rows], nan=0.0)


def _order_test(
    answers: Columns,
    number: int,
    design: AcceptanceDesign,
    drawn: AcceptanceDesign,
    primary: Rule,
) -> dict[str, Any]:
    """The randomisation test of one rater, over a schedule that was answered to the end.

    The order that is drawn again has all masks, withdrawn ones too; those have no rejection.
    """
    place = {item.key: at for at, item in enumerate(drawn.items)}
    known = {name: code for code, name in enumerate(answers.items)}
    items = [known[item.key] for item in design.items]
    places = [place[item.key] for item in design.items]
    answered = np.full((len(answers.items), 2), 0, dtype=np.int64)
    own = np.flatnonzero(answers.rater == number)
    answered[answers.item[own], answers.occasion[own] - 1] = answers.position[own]
    if not items or (answered[items] == 0).any():
        reason = "not every presentation was answered, and those left out are late ones"
        return dict.fromkeys(ORDER, undefined(reason))
    positions = np.full((len(drawn.items), 2), 0, dtype=np.int64)
    positions[places] = answered[items]
    turned_down = np.zeros(positions.shape, dtype=np.bool_)
    turned_down[places] = answers.answers(primary)[number][items] == 0
    found: OrderTest | None = randomisation_test(
        positions=positions,
        rejected=turned_down,
        groups=case_groups(
            [item.key for item in drawn.items], {item.key: item.case for item in drawn.items}
        ),
        gap=drawn.gap,
        label=answers.raters[number],
        most_positions=MOST_POSITIONS // len(answers.raters),
    )
    if found is not None:
        values = (found.mean_position, found.expected, found.p, found.redraws)
        return dict(zip(ORDER, values, strict=True))
    if not turned_down.any():
        reason = "no mask was rejected"
    elif turned_down.all():
        reason = "every mask was rejected"
    else:
        reason = "the schedules are too long to be drawn again often enough"
    return dict.fromkeys(ORDER, undefined(reason))


def _trend(trend: TimeTrend | None) -> dict[str, Any]:
    if trend is None:
        reason = undefined("fewer than three cases were timed, or the times do not vary")
        return {**dict.fromkeys(TREND, reason), "timed": 0}
    values = (trend.factor, *trend.interval)
    return {**dict(zip(TREND, values, strict=True)), "timed": trend.readings}
