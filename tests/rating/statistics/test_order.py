"""Learning and fatigue: found where they were put, and not where they were not."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import statsmodels.api as sm

from rating.protocol.sequence import Slot, case_groups, draw_sequence
from rating.statistics import order
from rating.statistics.order import OrderTest, randomisation_test
from rating.statistics.reading_time import time_by_tenth, time_trend

ITEMS = [f"i{number:02d}" for number in range(20)]
CASES = {item: item for item in ITEMS}


def drawn(secret: bytes = b"secret") -> tuple[Slot, ...]:
    return draw_sequence(
        secret=secret, study="pilot", rater="rita", items=ITEMS, gap=6, cases=CASES
    )


def judged(
    slots: tuple[Slot, ...], rejected_at: set[int], label: str = "pilot rita"
) -> OrderTest | None:
    positions = np.zeros((20, 2), dtype=int)
    for slot in slots:
        positions[ITEMS.index(slot.item), slot.occasion - 1] = slot.position
    return randomisation_test(
        positions=positions,
        rejected=np.isin(positions, list(rejected_at)),
        groups=case_groups(ITEMS, CASES),
        gap=6,
        label=label,
    )


def test_rejections_that_crowd_at_the_end_of_each_block_are_found() -> None:
    late = judged(drawn(), {17, 18, 19, 20, 37, 38, 39, 40})
    assert late is not None
    assert late.mean_position == 28.5
    # Four of each block: the middle of the blocks is what chance expects.
    assert late.expected == (10.5 + 30.5) / 2
    assert late.p <= 0.002
    assert late.redraws == 999


def test_the_p_is_repeatable_and_depends_on_the_label_only_a_little() -> None:
    found = judged(drawn(), {3, 9, 28})
    assert found == judged(drawn(), {3, 9, 28})
    assert found is not None
    other = judged(drawn(), {3, 9, 28}, label="another")
    assert other is not None
    assert other.p == pytest.approx(found.p, abs=0.05)


def test_where_order_does_not_matter_the_p_is_uniform(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same three masks are rejected both times, whatever the order: 120 schedules."""
    monkeypatch.setattr(order, "REDRAWS", 99)
    found = []
    for study in range(120):
        slots = drawn(f"{study}".encode())
        rejected = {slot.position for slot in slots if slot.item in ITEMS[:3]}
        result = judged(slots, rejected, label=f"{study} rita")
        assert result is not None
        found.append(result.p)
    assert np.mean(np.array(found) <= 0.05) <= 0.1
    assert np.mean(found) == pytest.approx(0.5, abs=0.07)


def test_the_test_is_undefined_without_contrast_or_time() -> None:
    slots = drawn()
    assert judged(slots, set()) is None
    assert judged(slots, set(range(1, 41))) is None


def test_long_schedules_are_redrawn_less_often_or_not_at_all() -> None:
    positions = np.arange(1, 201).reshape(2, 100).T
    rejected = np.zeros((100, 2), dtype=bool)
    rejected[:5] = True
    for most, redraws in ((1_000_000, 999), (50_000, 250), (19_800, 99), (19_799, None)):
        found = randomisation_test(
            positions=positions,
            rejected=rejected,
            groups=range(100),
            gap=0,
            label="pilot",
            most_positions=most,
        )
        assert (found and found.redraws) == redraws


def test_times_by_tenth() -> None:
    position, seconds = list(range(1, 107)), [float(200 - at) for at in range(1, 107)]
    found = time_by_tenth(position=position, seconds=seconds, planned=106)
    assert len(found) == 10
    assert [found[0].first_position, found[-1].last_position] == [1, 106]
    assert all(one.last_position + 1 == two.first_position for one, two in pairwise(found))
    assert sum(tenth.readings for tenth in found) == 106
    assert found[0].median_seconds == np.median(seconds[:10])
    early = time_by_tenth(position=[1], seconds=[9.0], planned=20)
    assert [tenth.median_seconds for tenth in early] == [9.0] + [None] * 9
    assert len(time_by_tenth(position=[], seconds=[], planned=3)) == 3
    assert time_by_tenth(position=[], seconds=[], planned=0) == []


POSITION = list(range(1, 13))
CASE = [0, 1, 2, 3, 4, 5, 1, 0, 3, 2, 5, 4]
SECONDS = [90.0, 84, 120, 66, 75, 88, 60, 71, 58, 80, 52, 61]


def test_the_trend_of_time_is_that_of_r_and_statsmodels() -> None:
    found = time_trend(position=POSITION, seconds=SECONDS, case=CASE)
    assert found is not None
    # R survey 4.1.1 svyglm has no (N-1)/(N-2); oracles/oracles.R.
    error = 0.007554697106 * math.sqrt(11 / 10)
    half = 10 * 2.5705818 * error
    expected = (math.exp(-0.4414749289 - half), math.exp(-0.4414749289 + half))
    assert found.factor == pytest.approx(math.exp(-0.4414749289))
    assert found.interval == pytest.approx(expected)
    fit = sm.OLS(np.log(SECONDS), sm.add_constant(POSITION)).fit(
        cov_type="cluster", cov_kwds={"groups": CASE}
    )
    assert error == pytest.approx(fit.bse[1])
    mixed = [7, 3, 11, 0, 5, 9, 1, 2, 4, 6, 8, 10]
    again = time_trend(
        position=[POSITION[at] for at in mixed],
        seconds=[SECONDS[at] for at in mixed],
        case=[CASE[at] for at in mixed],
    )
    assert again is not None
    assert again.interval == pytest.approx(found.interval)


def test_a_trend_leaves_out_what_has_no_logarithm_and_may_be_undefined() -> None:
    more = time_trend(position=[*POSITION, 13], seconds=[*SECONDS, 0.0], case=[*CASE, 6])
    assert more == time_trend(position=POSITION, seconds=SECONDS, case=CASE)
    assert time_trend(position=[], seconds=[], case=[]) is None
    assert time_trend(position=[1, 2], seconds=[3.0, 4.0], case=[0, 1]) is None
    assert time_trend(position=[1, 2, 3], seconds=[5.0] * 3, case=[0, 1, 2]) is None
    assert time_trend(position=[1, 2, 3], seconds=[5.0, 6.0, 4.0], case=[0, 0, 1]) is None
