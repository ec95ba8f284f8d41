"""A design is validated, hashed, read back, and explained before it is frozen."""

from __future__ import annotations

import hashlib
import json
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from rating.protocol.design import (
    AcceptanceDesign,
    DesignItem,
    InvalidDesign,
    canonical_json,
    default_gap,
    design_from_json,
    design_sha256,
    validate,
)
from rating.protocol.meaning import meaning


def some_items(n: int, *, methods: int = 1, lesions: int = 12) -> tuple[DesignItem, ...]:
    return tuple(
        DesignItem(f"item-{k:03d}", f"c{k // methods}", f"m{k % methods}", "0" * 64, lesions)
        for k in range(n)
    )


PAPER = AcceptanceDesign(
    gap=18, items=some_items(53), raters=("ravi", "rita"), dawm_instruction="Not a lesion."
)


def faults(**change: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidDesign) as refusal:
        validate(replace(PAPER, **change))
    return refusal.value.fields


def test_the_design_of_the_paper_is_valid() -> None:
    validate(PAPER)
    assert PAPER.presentations_per_item == 2
    assert PAPER.precision_threshold == PAPER.recall_threshold == (9, 10)
    assert (PAPER.connectivity, PAPER.min_volume_mm3) == (26, 10.7)
    assert PAPER.boundary_policy == "strict"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"gap": 53}, "gap"),
        ({"gap": -1}, "gap"),
        ({"washout_days": -1}, "washout_days"),
        ({"presentations_per_item": 3}, "presentations_per_item"),
        ({"precision_threshold": (10, 10)}, "precision_threshold"),
        ({"recall_threshold": (0, 10)}, "recall_threshold"),
        ({"boundary_policy": "perhaps"}, "boundary_policy"),
        ({"primary_analysis": "both"}, "primary_analysis"),
        ({"equivalence_margin": 0.0}, "equivalence_margin"),
        ({"equivalence_margin": 1.0}, "equivalence_margin"),
        ({"connectivity": 8}, "connectivity"),
        ({"min_volume_mm3": float("nan")}, "min_volume_mm3"),
        ({"min_volume_mm3": -0.1}, "min_volume_mm3"),
        ({"shown_sequences": ("T1",)}, "shown_sequences"),
        ({"raters": ()}, "raters"),
        ({"raters": ("rita", "rita")}, "raters"),
        ({"raters": ("ri|ta",)}, "raters"),
        ({"items": ()}, "items"),
        ({"items": some_items(1) * 2, "gap": 1}, "items"),
        ({"items": (DesignItem("a", "c", "m", "", -1),), "gap": 0}, "items"),
        ({"items": some_items(3, methods=2), "gap": 1}, "items"),
    ],
)
def test_each_fault_is_named_with_its_field(change: dict[str, Any], field: str) -> None:
    assert list(faults(**change)) == [field]


def test_all_faults_are_listed_at_once() -> None:
    found = faults(items=(), raters=(), gap=-1, connectivity=7)
    assert set(found) == {"items", "raters", "gap", "connectivity"}


def test_one_item_can_be_a_study() -> None:
    validate(replace(PAPER, items=some_items(1), gap=0))


def test_json_is_canonical_and_read_back() -> None:
    text = canonical_json(PAPER)
    assert design_from_json(text) == PAPER
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    assert design_sha256(PAPER) == hashlib.sha256(text.encode()).hexdigest()
    assert canonical_json(design_from_json(text)) == text


def test_any_change_changes_the_hash() -> None:
    hashes = {
        design_sha256(design)
        for design in (
            PAPER,
            replace(PAPER, gap=17),
            replace(PAPER, raters=("rita", "ravi")),
            replace(PAPER, instructions="Look."),
            replace(PAPER, items=PAPER.items[::-1]),
        )
    }
    assert len(hashes) == 5


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "[]", "{}", "3", '{"items": 3}', '{"items": [{"key": "a"}]}'),
        canonical_json(PAPER).replace('"gap"', '"distance"'),
        canonical_json(PAPER)[:-1] + ',"extra":1}',
    ],
)
def test_a_text_that_is_no_design_is_refused(text: str) -> None:
    with pytest.raises(InvalidDesign, match="not the design"):
        design_from_json(text)


@pytest.mark.parametrize(
    ("name", "value"), [("equivalence_margin", 0.05), ("case_sampling", "Consecutive, 2019.")]
)
def test_a_design_without_what_came_later_is_the_text_it_was_before(name: str, value: Any) -> None:
    assert name not in canonical_json(PAPER)
    saying = replace(PAPER, **{name: value})
    assert f'"{name}":{json.dumps(value)}' in canonical_json(saying)
    for design in (PAPER, saying):
        assert design_from_json(canonical_json(design)) == design


def test_a_design_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        PAPER.gap = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("n", "washout", "gap"),
    [(53, 0, 18), (53, 14, 1), (0, 0, 0), (1, 0, 0), (1, 14, 0), (2, 0, 1), (3, 0, 1), (6, 0, 2)],
)
def test_the_default_gap_is_a_third_or_left_to_the_washout(n: int, washout: int, gap: int) -> None:
    assert default_gap(n, washout) == gap


def test_meaning_tells_work_tolerance_and_width() -> None:
    told = meaning(PAPER)
    assert (told["presentations_per_rater"], told["presentations"]) == (106, 212)
    assert {"minutes_each": 3, "hours": 5.3} in told["hours_per_rater"]
    tolerance = {row["lesions"]: row for row in told["tolerance"]}
    assert tolerance[10] == {"lesions": 10, "false_positives": 0, "missed": 1}
    assert tolerance[11]["false_positives"] == 1
    assert tolerance[100] == {"lesions": 100, "false_positives": 9, "missed": 11}
    widths = {(row["of"], row["rate"]): row["width"] for row in told["expected_interval"]}
    assert widths["all raters", 0.95] < widths["one rater", 0.95]
    assert 0.10 < widths["one rater", 0.95] < 0.15
    claims = {(row["claim"], row["power"]): row for row in told["claims"]}
    assert (claims[0.9, 0.8]["cases_read_once"], claims[0.9, 0.8]["cases"]) == (255, 204)
    assert claims[0.9, 0.9]["cases_read_once"] == 316
    assert told["warnings"] == ["Both blocks may be read on one day: raters may remember masks."]


def test_a_claim_takes_as_many_cases_before_masks_are_chosen_as_with_one_of_each_case() -> None:
    assert meaning(replace(PAPER, items=()))["claims"] == meaning(PAPER)["claims"]


def test_the_lenient_tolerate_one_more_on_the_boundary() -> None:
    told = meaning(replace(PAPER, boundary_policy="lenient"))
    tolerance = {row["lesions"]: row for row in told["tolerance"]}
    assert tolerance[10]["false_positives"] == 1
    assert tolerance[9]["missed"] == 1


def test_meaning_counts_masks_that_tolerate_nothing() -> None:
    items = (*some_items(3, lesions=9), *some_items(2, lesions=11))
    assert meaning(replace(PAPER, items=items))["items_tolerating_no_error"] == 3


def test_the_coordinator_is_told_over_how_many_cases_methods_are_compared() -> None:
    """Two methods: two cases have one mask of each, one has two of the first, one lacks it."""
    made = ["a1", "a2", "b1", "b2", "c1", "c1", "c2", "d2"]
    items = tuple(
        DesignItem(f"{at}", f"case-{one[0]}", f"method-{one[1]}", "0" * 64, 10)
        for at, one in enumerate(made)
    )
    told = meaning(replace(PAPER, items=items))["warnings"]
    assert "one mask of each method, which 2 of 4 cases have." in " ".join(told)
    whole = meaning(replace(PAPER, items=items[:4]))["warnings"]
    assert not any("each method" in warning for warning in whole)


def test_the_coordinator_is_told_while_designing_what_keeps_a_study_from_being_opened() -> None:
    told = meaning(replace(PAPER, gap=53))["faults"]
    assert told == {"gap": ["The gap is at most 52, one less than there are masks, not 53."]}
    assert meaning(replace(PAPER, gap=53, raters=()))["faults"] == told
    assert meaning(replace(PAPER, raters=()))["faults"] == {}


def test_an_unfinished_draft_has_a_meaning_too() -> None:
    told = meaning(AcceptanceDesign())
    assert told["presentations"] == 0
    assert told["expected_interval"] == []
    json.dumps(told, allow_nan=False)
    assert any(
        "one rater" in warning for warning in meaning(replace(PAPER, raters=("rita",)))["warnings"]
    )
