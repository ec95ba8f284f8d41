"""The tables that compare: raters, methods, showings, marks, and answers along the order."""

from __future__ import annotations

from typing import Any

import pytest

from rating.protocol.sequence import draw_sequence
from rating.statistics import MarkRow, RatingRow, summarise
from rating.statistics.agreement import Table
from rating.statistics.paired_difference import clustered_difference, tango
from tests.rating.statistics.answers import a_design, all_answers, an_answer

Line = dict[str, Any]


def line(summary: dict[str, Any], table: str, **wanted: Any) -> Line:
    (found,) = (row for row in summary[table] if all(row[k] == v for k, v in wanted.items()))
    return found


def a_mark(
    rater: str, item: str, occasion: int, lesion: int | None = None, x: float = 0.0
) -> MarkRow:
    return MarkRow(rater, item, occasion, "FN" if lesion is None else "FP", lesion, (x, 0.0, 0.0))


def test_raters_are_compared_over_the_same_showings() -> None:
    """Rita rejects masks 0 to 2 twice and mask 3 once; Ravi mask 0 twice and mask 4 once."""
    rejected = {("rita", 1): {0, 1, 2}, ("rita", 2): {0, 1, 2, 3}}
    rejected |= {("ravi", 1): {0, 4}, ("ravi", 2): {0}}
    design = a_design(10)
    rows = all_answers(
        design, lambda rater, occasion, n: {"fn": 5 * (n in rejected[rater, occasion])}
    )
    found = summarise(rows, design)
    both = line(found, "comparisons", compared="raters", is_primary=True)
    assert (both["first"], both["second"], both["pairs"], both["cases"]) == ("ravi", "rita", 20, 10)
    assert (both["only_first"], both["only_second"]) == (5, 1)
    assert both["difference"] == pytest.approx(17 / 20 - 13 / 20)
    expected = clustered_difference(differences=[0, 2, 2, 1, -1, 0, 0, 0, 0, 0], pairs=[2] * 10)
    assert expected is not None
    assert (both["difference_low"], both["difference_high"]) == pytest.approx(expected.interval)
    assert both["sign_flip_p"] == both["holm_p"] == pytest.approx(2 * (1 + 2) / 16)
    assert both["obuchowski_p"] == pytest.approx(0.2301, abs=0.0005)
    assert "independent" in both["mcnemar_p"]["undefined"]
    occasions = line(found, "comparisons", compared="occasions", rater="rita", is_primary=True)
    assert (occasions["only_first"], occasions["only_second"]) == (1, 0)
    expected_interval = tango(Table(6, 1, 0, 3))
    assert (occasions["difference_low"], occasions["difference_high"]) == pytest.approx(
        expected_interval
    )
    assert occasions["mcnemar_p"] == occasions["sign_flip_p"] == 1.0


def test_what_differs_but_is_even_within_every_case_is_not_called_the_same() -> None:
    """Each rater rejects the mask once, at different showings: one for either side."""
    rejecting = {("rita", 1), ("ravi", 2)}
    for cases in (3, 1):
        rows = all_answers(
            a_design(cases),
            lambda rater, occasion, n: {"fn": 5 * (n == 0 and (rater, occasion) in rejecting)},
        )
        found = summarise(rows, a_design(cases))
        even = line(found, "comparisons", compared="raters", is_primary=True)
        assert (even["only_first"], even["only_second"], even["difference"]) == (1, 1, 0)
        for test in ("sign_flip_p", "obuchowski_p"):
            assert "even within every case" in even[test]["undefined"]
    rows = all_answers(a_design(1), lambda rater, _, __: {"fn": 5 * (rater == "rita")})
    one = line(summarise(rows, a_design(1)), "comparisons", compared="raters", is_primary=True)
    assert one["sign_flip_p"] == 1
    assert "one case" in one["obuchowski_p"]["undefined"]


def test_methods_are_compared_over_cases_with_one_mask_of_each() -> None:
    design = a_design(12, methods=3, raters=("rita",))
    rows = all_answers(design, lambda _, __, n: {"fn": 5 * (n % 3 == 2 and n < 24)})
    found = summarise([row for row in rows if row.item != "c11-m1"], design)
    worse = line(found, "comparisons", first="m0", second="m2", rater="rita", is_primary=True)
    assert (worse["cases"], worse["pairs"], worse["only_first"]) == (12, 24, 16)
    assert worse["difference"] == pytest.approx(16 / 24)
    assert worse["sign_flip_p"] == pytest.approx(2 / 2**8)
    assert worse["holm_p"] == pytest.approx(3 * 2 / 2**8 * 2 / 3)  # two of three are defined
    same = line(found, "comparisons", first="m0", second="m1", rater="", is_primary=True)
    assert same["cases"] == 11
    assert same["difference"] == 0
    assert "no case was answered differently" in same["sign_flip_p"]["undefined"]
    assert "no width" in same["difference_low"]["undefined"]


def test_presentations_that_hang_on_the_rule_are_listed() -> None:
    design = a_design(4, raters=("rita",))
    # Of 10 lesions one FP is the boundary; one missed lesion passes (10/11) by every rule, three
    # errors by none.
    wrong = [{"fp": 1}, {"fp": 0}, {"fn": 1}, {"fp": 1, "fn": 2}]
    rows = all_answers(design, lambda _, occasion, n: wrong[n] if occasion == 1 else {})
    flips = summarise(rows, design)["flips"]
    assert [row["item"] for row in flips] == ["c0-m0"]
    assert flips[0]["accepted_strict"] is False
    assert flips[0]["accepted_lenient"] is True
    assert flips[0]["accepted_combined"] is False
    many = a_design(1, raters=("rita",))
    row = an_answer(many.items[0], lesions=100, fp=6, fn=6)
    (combined,) = summarise([row], many)["flips"]
    assert (combined["accepted_strict"], combined["accepted_combined"]) == (True, False)


def test_lesion_rates_are_pooled_over_lesions_and_over_masks() -> None:
    design = a_design(3, raters=("rita",))
    sizes, fp, fn = [10, 40, 0], [5, 0, 0], [0, 10, 0]
    rows = all_answers(design, lambda _, __, n: {"lesions": sizes[n], "fp": fp[n], "fn": fn[n]})
    found = line(summarise(rows, design), "lesion_rates", rater="rita", method="")
    assert (found["lesions"], found["fp"], found["fn"]) == (100, 10, 20)
    assert found["precision_pooled"] == 0.9
    assert found["precision_mean"] == pytest.approx((0.5 + 1) / 2)  # the empty mask has none
    assert found["recall_pooled"] == pytest.approx(90 / 110)
    assert found["recall_mean"] == pytest.approx((1 + 0.8) / 2)
    one = a_design(2, raters=("rita",))
    single = all_answers(one, lambda _, __, n: {"lesions": n, "fn": 1 - n})
    found_single = line(summarise(single, one), "lesion_rates", rater="rita", method="")
    assert found_single["recall_mean"] == 0.5  # of one true lesion each, one is drawn
    assert found["recall_pooled_low"] < found["recall_pooled"] < found["recall_pooled_high"]
    empty = all_answers(design, lambda *_: {"lesions": 0})
    none = line(summarise(empty, design), "lesion_rates", rater="rita", method="m0")
    assert none["precision_mean"] == {"undefined": "no lesion is drawn"}
    assert none["recall_pooled"] == {"undefined": "there is no true lesion"}


def test_marks_of_both_showings_are_matched() -> None:
    design = a_design(3, raters=("rita",))
    wrong = {(1, 0): {"fp": 2, "fn": 1}, (2, 0): {"fp": 1, "fn": 1}, (1, 1): {"fn": 1}}
    rows = all_answers(design, lambda _, occasion, n: wrong.get((occasion, n), {}))
    marks = [
        *(a_mark("rita", "c0-m0", 1, 4), a_mark("rita", "c0-m0", 1, 7)),
        a_mark("rita", "c0-m0", 2, 7),
        *(a_mark("rita", "c0-m0", 1, x=1.0), a_mark("rita", "c0-m0", 2, x=5.0)),
        a_mark("rita", "c1-m0", 1, x=30.0),
    ]
    found = summarise(rows, design, marks)
    drawn = line(found, "mark_agreement", rater="rita", kind="FP")
    assert [drawn[name] for name in ("masks", "both", "only_first", "only_second", "neither")] == [
        *(3, 1, 1, 0, 28)
    ]
    assert drawn["agreement"] == pytest.approx(2 / 3)
    missed = line(found, "mark_agreement", rater="rita", kind="FN")
    assert [missed[name] for name in ("both", "only_first", "only_second")] == [1, 1, 0]
    assert missed["within_mm"] == 5
    assert "not counted" in missed["neither"]["undefined"]
    assert json_equal(found, summarise(rows[::-1], design, marks[::-1]))


def json_equal(one: dict[str, Any], two: dict[str, Any]) -> bool:
    return all(one[name] == two[name] for name in one)


def test_marks_between_raters_are_means_over_their_showings() -> None:
    design = a_design(1)
    rows = all_answers(design, lambda rater, occasion, _: {"fp": int(rater == "rita")})
    rows[0] = an_answer(design.items[0], rater="ravi", fp=1)
    marks = [
        *(a_mark("rita", "c0-m0", 1, 3), a_mark("rita", "c0-m0", 2, 4)),
        a_mark("ravi", "c0-m0", 1, 3),
    ]
    between = line(
        summarise(rows, design, marks),
        "mark_agreement",
        rater="ravi",
        other_rater="rita",
        kind="FP",
    )
    # Ravi's first showing shares 3 with Rita's first only; his second has no mark.
    assert (between["both"], between["only_first"], between["only_second"]) == (0.25, 0.25, 0.75)
    assert between["neither"] == 10 - 1.25
    assert "one case" in between["agreement_low"]["undefined"]


def test_typed_counts_have_no_marks_to_match() -> None:
    design = a_design(2, raters=("rita",))
    rows = all_answers(design, lambda _, __, n: {"fp": 2 * (n == 0)})
    found = line(summarise(rows, design), "mark_agreement", rater="rita", kind="FP")
    assert found["masks"] == 1
    assert "neither reading has such marks" in found["agreement"]["undefined"]


def test_components_need_a_balanced_study() -> None:
    design = a_design(5)
    rows = all_answers(
        design, lambda rater, occasion, n: {"fn": 2 * n + occasion + 3 * (rater == "rita")}
    )
    split = line(summarise(rows, design), "count_components", count="fn")
    assert (split["masks"], split["raters"], split["negative"]) == (5, 2, "interaction")
    assert split["case_variance"] > split["rater_variance"] > split["repeat_variance"] > 0
    alone = summarise([row for row in rows if row.rater == "rita"], a_design(5, raters=("rita",)))
    assert "one rater" in line(alone, "count_components", count="fn")["case_variance"]["undefined"]


def in_drawn_order(late: bool) -> tuple[list[RatingRow], Any]:
    """Rita reads 30 masks in an order that was drawn, rejecting the last quarter of each block."""
    design = a_design(30, raters=("rita",))
    keys = [item.key for item in design.items]
    slots = draw_sequence(
        secret=b"s", study="s", rater="rita", items=keys, gap=0, cases={key: key for key in keys}
    )
    by_key = {item.key: item for item in design.items}
    rows = [
        an_answer(
            by_key[slot.item],
            position=slot.position,
            occasion=slot.occasion,
            fn=9 * (late and (slot.position - 1) % 30 > 22),
            seconds=120.0 - slot.position,
        )
        for slot in slots
    ]
    return rows, design


def test_fatigue_shows_in_the_order() -> None:
    rows, design = in_drawn_order(late=True)
    found = line(summarise(rows, design), "order", rater="rita")
    assert (found["rejected_first_half"], found["rejected_second_half"]) == (7, 7)
    assert found["mean_position"] == pytest.approx((27 + 57) / 2)
    assert found["order_p"] <= 0.002
    assert found["order_redraws"] == 999
    assert found["time_factor"] < found["time_factor_high"] < 1
    assert found["timed"] == 60
    none = line(summarise(*in_drawn_order(late=False)), "order", rater="rita")
    assert none["order_p"] == {"undefined": "no mask was rejected"}
    stopped = line(summarise(rows[:50], design), "order", rater="rita")
    assert "not every presentation" in stopped["order_p"]["undefined"]


def test_tenths_of_the_order_hold_times_and_rejections() -> None:
    rows, design = in_drawn_order(late=True)
    tenths = summarise(rows, design)["reading_time"]
    assert [row["rejected"] for row in tenths] == [0, 0, 0, 1, 6, 0, 0, 0, 1, 6]
    assert [row["median_seconds"] for row in tenths[:2]] == [116.5, 110.5]
    untimed = all_answers(design, lambda *_: {})
    assert "undefined" in summarise(untimed, design)["reading_time"][0]["median_seconds"]
