"""The summary of a study that Rita and Ravi rated, and of studies that hardly happened."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from rating.protocol.design import AcceptanceDesign
from rating.statistics import RatingRow, data_dictionary, summarise, tables
from rating.statistics.tables import COLUMNS
from tests.rating.statistics.answers import a_design, all_answers, an_answer

Line = dict[str, Any]


def lines(summary: dict[str, Any], table: str, **wanted: Any) -> list[Line]:
    return [row for row in summary[table] if all(row[k] == v for k, v in wanted.items())]


def line(summary: dict[str, Any], table: str, **wanted: Any) -> Line:
    (found,) = lines(summary, table, **wanted)
    return found


def reasons(row: Line) -> set[str]:
    return {value["undefined"] for value in row.values() if isinstance(value, dict)}


@pytest.fixture(scope="module")
def design() -> AcceptanceDesign:
    return a_design(8)


@pytest.fixture(scope="module")
def rows(design: AcceptanceDesign) -> list[RatingRow]:
    """Rita rejects mask 0 twice and mask 1 the second time; Ravi finds mask 1 on the boundary."""

    def answer(rater: str, occasion: int, number: int) -> dict[str, Any]:
        if rater == "rita" and (number == 0 or (number == 1 and occasion == 2)):
            return {"fp": 2, "fn": occasion}
        if rater == "ravi" and number == 1:
            return {"fp": 1}
        return {}

    return all_answers(design, answer)


@pytest.fixture(scope="module")
def summary(rows: list[RatingRow], design: AcceptanceDesign) -> dict[str, Any]:
    return summarise(rows, design)


def test_rates_per_rater_and_pooled(summary: dict[str, Any]) -> None:
    found = {
        row["rater"]: (row["accepted"], row["rated"], row["cases"], row["rate"])
        for row in lines(summary, "acceptance", group="all", is_primary=True)
    }
    assert found == {
        "ravi": (14, 16, 8, 0.875),
        "rita": (13, 16, 8, 0.8125),
        "": (27, 32, 8, 0.84375),
    }


def test_the_headline_interval_has_the_case_as_cluster(summary: dict[str, Any]) -> None:
    rita = line(summary, "acceptance", rater="rita", group="all", is_primary=True)
    p, n = 13 / 16, 8
    squares = [(0 - 2 * p) ** 2, (1 - 2 * p) ** 2, *[(2 - 2 * p) ** 2] * 6]
    variance = n / (n - 1) * sum(squares) / 16**2
    assert rita["n_effective"] == pytest.approx(p * (1 - p) / variance)
    assert rita["n_adjusted"] < rita["n_effective"] < 16
    expected = proportion_confint(p * rita["n_adjusted"], rita["n_adjusted"], method="beta")
    assert (rita["low"], rita["high"]) == pytest.approx(expected, abs=1e-8)
    naive = proportion_confint(13, 16, method="wilson")
    assert (rita["naive_wilson_low"], rita["naive_wilson_high"]) == pytest.approx(naive)
    assert rita["low"] < rita["naive_wilson_low"]


def test_both_boundary_policies_and_the_rater_s_verdict_stand_side_by_side(
    summary: dict[str, Any],
) -> None:
    ravi = {
        (row["verdict"], row["boundary_policy"]): row["accepted"]
        for row in lines(summary, "acceptance", rater="ravi", group="all")
    }
    assert ravi == {
        ("derived", "strict"): 14,
        ("derived", "lenient"): 16,
        ("rater", ""): 14,
        ("combined", "strict"): 14,
    }


def test_conflicts_are_split_by_whether_the_verdict_follows_from_the_counts() -> None:
    """By design, of three masks: a conflict said to be none, one admitted, and agreement."""
    design = a_design(3, raters=("rita", "ravi"), ask_consistency=True)
    given = {
        0: {"fn": 5, "verdict": "acceptable", "consistent": True},
        1: {"fn": 5, "verdict": "acceptable", "consistent": False},
        2: {"verdict": "unacceptable", "consistent": False},
    }
    rows = all_answers(design, lambda rater, occasion, number: given[number])
    rows.append(an_answer(design.items[0], rater="ada", outcome="unreadable"))
    found = summarise(rows, design)
    conflicts = ("conflict_none", "conflict_rater_accepts", "conflict_rater_rejects")
    split = {
        (line["rater"], line["consistent"]): (line["rated"], *(line[name] for name in conflicts))
        for line in found["consistency"]
    }
    assert split["rita", True] == (2, 0, 2, 0)
    assert split["rita", False] == (4, 0, 2, 2)
    assert split["", True] == (4, 0, 4, 0)
    assert split["", False] == (8, 0, 4, 4)
    assert split["ada", True] == split["ada", False] == (0, 0, 0, 0), "nothing was rated"
    both = {line["rater"]: line for line in found["verdicts"]}
    for name in conflicts[1:]:
        assert (
            split["", True][conflicts.index(name) + 1] + split["", False][conflicts.index(name) + 1]
            == both[""][name]
        )
    unasked = a_design(3, raters=("rita", "ravi"))
    assert summarise(rows, unasked)["consistency"] == []


def test_lesions_as_the_rater_counts_them_are_a_sensitivity_analysis() -> None:
    """Two missed that are one lesion; a false one of ten, exactly on the threshold, that is two."""
    design = a_design(2, raters=("rita",))
    given = {0: {"fn": 2, "as_lesions": (0, 1)}, 1: {"fp": 1, "as_lesions": (2, 0)}}
    rows = all_answers(design, lambda rater, occasion, number: given[number])
    found = summarise(rows, design)
    accepted = {
        (row["verdict"], row["boundary_policy"]): row["accepted"]
        for row in lines(found, "acceptance", rater="", group="all")
    }
    assert (accepted["derived", "strict"], accepted["derived", "lenient"]) == (0, 2)
    assert accepted["corrected", "strict"] == 2, "10 of 11 were found; 9 of 11 drawn are true"
    assert {row["verdict"] for row in lines(found, "masks")} >= {"derived", "corrected"}
    as_marked = all_answers(design, lambda rater, occasion, number: {"fp": 1})
    verdicts = {row["verdict"] for row in summarise(as_marked, design)["acceptance"]}
    assert "corrected" not in verdicts, "where nothing was corrected there is no such line"


def test_the_design_says_which_line_is_primary(rows: list[RatingRow]) -> None:
    for change, expected in (
        ({}, ("derived", "strict")),
        ({"boundary_policy": "lenient"}, ("derived", "lenient")),
        ({"primary_analysis": "rater"}, ("rater", "")),
    ):
        found = summarise(rows, a_design(8, **change))
        primary = lines(found, "acceptance", rater="", group="all", is_primary=True)
        assert [(row["verdict"], row["boundary_policy"]) for row in primary] == [expected]


def test_rates_per_occasion(summary: dict[str, Any]) -> None:
    rita = lines(summary, "acceptance", rater="rita", group="occasion", is_primary=True)
    assert [(row["name"], row["accepted"], row["rated"]) for row in rita] == [
        ("1", 7, 8),
        ("2", 6, 8),
    ]


def test_rates_per_lesion_load(design: AcceptanceDesign) -> None:
    loads = [0, 1, 10, 11, 20, 21, 50, 51]
    rows = all_answers(design, lambda _, __, number: {"lesions": loads[number]})
    strata = lines(
        summarise(rows, design), "acceptance", rater="", group="lesions", is_primary=True
    )
    assert [(row["name"], row["rated"]) for row in strata] == [
        ("0", 4),
        ("1 to 10", 8),
        ("11 to 20", 8),
        ("21 to 50", 8),
        ("51 or more", 4),
    ]


def test_masks_of_one_case_by_two_methods_are_one_cluster() -> None:
    design = a_design(6, methods=2)
    rows = all_answers(design, lambda _, __, number: {"fn": 5 if number in (0, 1, 3) else 0})
    found = summarise(rows, design)
    by_method = lines(found, "acceptance", rater="", group="method", is_primary=True)
    assert [(row["name"], row["accepted"], row["cases"]) for row in by_method] == [
        ("m0", 20, 6),
        ("m1", 16, 6),
    ]
    pooled = line(found, "acceptance", rater="", group="all", is_primary=True)
    assert (pooled["rated"], pooled["cases"]) == (48, 6)
    assert pooled["n_effective"] < 12
    repeated = line(found, "intra_rater", rater="rita", is_primary=True)
    assert (repeated["masks"], repeated["cases"], repeated["agreement"]) == (12, 6, 1.0)


def test_masks_say_how_repeats_combine(summary: dict[str, Any]) -> None:
    rita = line(summary, "masks", rater="rita", is_primary=True)
    assert [rita[name] for name in ("masks", "every_time", "sometimes", "never")] == [8, 6, 1, 1]
    assert (rita["rate_every_time"], rita["rate_at_least_once"]) == (6 / 8, 7 / 8)
    expected = proportion_confint(6, 8, method="beta")
    assert (rita["every_time_low"], rita["every_time_high"]) == pytest.approx(expected)
    everybody = line(summary, "masks", rater="", is_primary=True)
    assert [everybody[name] for name in ("every_time", "sometimes", "never")] == [6, 2, 0]


def test_intra_rater_table_and_coefficients(summary: dict[str, Any]) -> None:
    rita = line(summary, "intra_rater", rater="rita", is_primary=True)
    cells = ("both_accepted", "only_first_accepted", "only_second_accepted", "both_rejected")
    assert [rita[cell] for cell in cells] == [6, 1, 0, 1]
    assert rita["agreement"] == 7 / 8
    assert rita["is_below_95_percent"] is True
    assert rita["positive_agreement"] == pytest.approx(12 / 13)
    assert rita["negative_agreement"] == pytest.approx(2 / 3)
    assert rita["pabak"] == 0.75
    chance = (7 * 6 + 1 * 2) / 64
    assert rita["kappa"] == pytest.approx((7 / 8 - chance) / (1 - chance))
    assert rita["mcnemar_p"] == 1.0
    ravi = line(summary, "intra_rater", rater="ravi", is_primary=True)
    assert ravi["agreement"] == ravi["ac1"] == ravi["kappa"] == 1.0
    assert "undefined" in ravi["ac1_low"]
    assert "undefined" in ravi["mcnemar_p"]


def test_inter_rater_agreement_over_all_pairs_of_showings(summary: dict[str, Any]) -> None:
    both = line(summary, "inter_rater", is_primary=True)
    assert (both["rater"], both["other_rater"], both["masks"]) == ("ravi", "rita", 8)
    # Mask 0: never alike; mask 1: Ravi rejects twice, Rita once, 2 of 4 alike; six masks: always.
    assert both["agreement"] == pytest.approx(6.5 / 8)
    ravi, rita = 14 / 16, 13 / 16
    chance = ravi * rita + (1 - ravi) * (1 - rita)
    assert both["kappa"] == pytest.approx((6.5 / 8 - chance) / (1 - chance))
    assert both["disagreement_ratio"] == pytest.approx((1.5 / 8) / ((0 + 1 / 8) / 2))
    assert both["ac1_low"] <= both["ac1"] <= both["ac1_high"]


def test_counts_repeat(summary: dict[str, Any]) -> None:
    rita = line(summary, "counts", rater="rita", other_rater="", count="fn")
    assert rita["masks"] == 8
    assert rita["share_identical"] == 6 / 8  # (1, 2) and (0, 2)
    assert rita["share_within_1"] == 7 / 8
    assert rita["repeatability"] == pytest.approx(1.96 * (2 * 5 / 16) ** 0.5)
    between = line(summary, "counts", other_rater="rita", count="fp")
    assert (between["rater"], between["share_identical"]) == ("ravi", 6 / 8)
    assert "undefined" in between["repeatability"]


def test_conflicts_and_boundaries_are_counted_and_not_mended(design: AcceptanceDesign) -> None:
    a, b, c, *_ = design.items
    rows = [
        an_answer(a, fp=3, verdict="acceptable"),
        an_answer(b, verdict="unacceptable"),
        an_answer(c, fp=1, verdict="acceptable"),
        an_answer(a, occasion=2, lesions=0),
    ]
    found = line(summarise(rows, design), "verdicts", rater="rita")
    assert found["derived_unacceptable_rater_acceptable"] == 1
    assert found["derived_acceptable_rater_unacceptable"] == 1
    assert found["derived_boundary_rater_acceptable"] == 1
    assert (found["conflict_rater_accepts"], found["conflict_rater_rejects"]) == (2, 1)
    assert (found["boundary"], found["vacuous"]) == (1, 1)


def test_what_cannot_be_judged_leaves_the_denominator_visibly(design: AcceptanceDesign) -> None:
    def answer(rater: str, occasion: int, number: int) -> dict[str, Any] | None:
        if rater == "ravi":
            return None if occasion == 2 else {}
        if number == 0:
            return {"outcome": "unreadable"}
        if number == 1 and occasion == 1:
            return {"outcome": "wrong_mask"}
        return {"fn": 5} if number == 2 else {}

    found = summarise(all_answers(design, answer), design)
    rita = line(found, "presentations", rater="rita")
    assert rita == {
        "rater": "rita",
        "planned": 16,
        "rated": 13,
        "unreadable": 2,
        "wrong_mask": 1,
        "missing": 0,
        "submitted_first_block": 8,
        "submitted_second_block": 8,
    }
    ravi = line(found, "presentations", rater="ravi")
    assert (ravi["missing"], ravi["submitted_first_block"]) == (8, 8)
    assert ravi["submitted_second_block"] == 0
    assert line(found, "presentations", rater="")["missing"] == 8
    accepted = line(found, "acceptance", rater="rita", group="all", is_primary=True)
    assert (accepted["accepted"], accepted["rated"]) == (11, 13)
    assert line(found, "intra_rater", rater="rita", is_primary=True)["masks"] == 6
    assert reasons(line(found, "intra_rater", rater="ravi", is_primary=True)) == {
        "no mask was rated twice by this rater"
    }
    bounds = line(found, "missing", rater="rita")
    assert (bounds["missing"], bounds["not_rated"]) == (0, 3)
    assert bounds["rate_as_rated"] == bounds["rate_if_missing_rejected"]
    assert bounds["rate_as_rated"] == pytest.approx(11 / 13)
    assert bounds["rate_if_not_rated_rejected"] == 11 / 16
    assert bounds["rate_if_not_rated_accepted"] == 14 / 16
    early = line(found, "missing", rater="ravi")
    assert (early["rate_if_missing_rejected"], early["rate_if_missing_accepted"]) == (0.5, 1.0)


def test_everything_accepted_never_looks_certain() -> None:
    design = a_design(53)
    found = summarise(all_answers(design, lambda *_: {}), design)
    pooled = line(found, "acceptance", rater="", group="all", is_primary=True)
    assert (pooled["rate"], pooled["high"]) == (1.0, 1.0)
    assert pooled["low"] == pytest.approx(0.933, abs=0.0005)
    rita = line(found, "intra_rater", rater="rita", is_primary=True)
    assert rita["agreement"] == rita["ac1"] == 1.0
    assert rita["is_below_95_percent"] is False
    assert "by chance is perfect" in rita["kappa"]["undefined"]
    assert rita["negative_agreement"] == {"undefined": "no mask was ever rejected"}


def test_everything_rejected_has_a_rate_of_0_and_an_interval() -> None:
    design = a_design(53)
    found = summarise(all_answers(design, lambda *_: {"fp": 10}), design)
    pooled = line(found, "acceptance", rater="", group="all", is_primary=True)
    assert (pooled["rate"], pooled["low"]) == (0.0, 0.0)
    assert pooled["high"] == pytest.approx(0.067, abs=0.0005)


def studies() -> list[tuple[list[RatingRow], AcceptanceDesign]]:
    found = []
    for cases in (0, 1, 2, 5):
        for raters in ((), ("rita",), ("ravi", "rita"), ("dana", "ravi", "rita")):
            for methods in (1, 2):
                design = a_design(cases, methods=methods, raters=raters)
                for pattern in range(5):
                    rng = np.random.default_rng(pattern)

                    def answer(
                        _: str, occasion: int, number: int, pattern: int = pattern, rng: Any = rng
                    ) -> dict[str, Any] | None:
                        return (
                            {},
                            {"fn": 9},
                            None,
                            {} if occasion == 1 else None,
                            ({}, {"fp": 1}, {"fn": 4}, None, {"outcome": "unreadable"})[
                                rng.integers(5)
                            ],
                        )[pattern]

                    found.append((all_answers(design, answer), design))
    return found


@pytest.mark.parametrize(("rows", "design"), studies())
def test_any_study_can_be_summarised_and_laid_out(
    rows: list[RatingRow], design: AcceptanceDesign
) -> None:
    found = summarise(rows, design)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    for name, columns in COLUMNS.items():
        assert all(list(row) == list(columns) for row in found[name])
    laid_out = tables(found)
    assert list(laid_out) == list(COLUMNS)
    for name, (header, *body) in laid_out.items():
        assert header == list(COLUMNS[name])
        assert all(len(row) == len(header) for row in body)
        assert all(isinstance(cell, str | int | float | bool) for row in body for cell in row)
    for row in found["acceptance"]:
        if not isinstance(row["rate"], dict) and not isinstance(row["low"], dict):
            assert 0 <= row["low"] <= row["rate"] <= row["high"] <= 1
            assert row["low"] < row["high"]


def test_an_unrated_study_says_so() -> None:
    found = summarise([], a_design(3))
    pooled = line(found, "acceptance", rater="", group="all", is_primary=True)
    assert reasons(pooled) == {"no presentation was rated"}
    assert line(found, "presentations", rater="rita")["missing"] == 6
    assert reasons(line(found, "inter_rater", is_primary=True)) == {
        "no mask was rated by both raters"
    }


def test_one_case_has_a_rate_but_no_interval_over_cases() -> None:
    design = a_design(1)
    pooled = line(
        summarise(all_answers(design, lambda *_: {}), design),
        "acceptance",
        rater="",
        group="all",
        is_primary=True,
    )
    assert pooled["rate"] == 1.0
    assert reasons(pooled) == {"one case gives no variance between cases"}


def test_the_order_of_rows_does_not_matter(
    rows: list[RatingRow], design: AcceptanceDesign, summary: dict[str, Any]
) -> None:
    by_item = sorted(rows, key=lambda row: (row.item[::-1], -row.occasion, row.rater))
    for mixed in (rows[::-1], by_item, by_item[::-1]):
        assert json.dumps(summarise(mixed, design)) == json.dumps(summary)


def test_two_answers_to_one_presentation_are_an_error(
    rows: list[RatingRow], design: AcceptanceDesign
) -> None:
    with pytest.raises(ValueError, match="two answers"):
        summarise([*rows, rows[0]], design)


def test_undefined_values_are_words_in_a_table(design: AcceptanceDesign) -> None:
    header, *body = tables(summarise([], design))["acceptance"]
    assert {row[header.index("rate")] for row in body} == {"undefined: no presentation was rated"}


def test_every_column_has_a_meaning_and_a_unit() -> None:
    explained = data_dictionary()
    assert len({entry[:2] for entry in explained}) == len(explained)
    assert {table for table, *_ in explained} == set(COLUMNS)
    assert all(meaning and unit for *_, meaning, unit in explained)
