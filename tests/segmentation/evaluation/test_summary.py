"""Table 4, paired differences and volumes from records of cases, as told by hand."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np
import pytest

from segmentation.evaluation.cohort import CaseFacts
from segmentation.evaluation.findings import Asked, lay_out, table_4_text
from segmentation.evaluation.lesion_matching import ONE_VOXEL
from segmentation.evaluation.records import CaseRecord, record_case
from segmentation.evaluation.summary import (
    BETWEEN,
    MEAN,
    by_reference,
    differences,
    steps,
    table_4,
    volume_pairs,
    volumes,
)
from segmentation.imaging.geometry import Grid

GRID = Grid((20, 20, 10), np.eye(4))
METHODS = {"slim-unet": "Slim U-Net", "lst-lga": "LST-LGA"}


def box(length: int, at: int = 2) -> np.ndarray:
    """A lesion of 3 x 3 x length voxels."""
    mask = np.zeros(GRID.shape, bool)
    mask[2:5, 2:5, at : at + length] = True
    return mask


def case(
    code: str,
    methods: dict[str, int],
    references: dict[str, int],
    earlier: dict[str, int] | None = None,
) -> CaseRecord:
    """Every mask is one lesion of so many voxels' length; 0 is an empty mask."""
    return record_case(
        case=code,
        subject=f"S{code}",
        grid=GRID,
        methods={name: box(length) for name, length in methods.items()},
        references={name: box(length) for name, length in references.items()},
        missing={name: "no T1" for name in METHODS if name not in methods},
        min_volume_mm3=10.7,
        profile=ONE_VOXEL,
        earlier={name: box(length) for name, length in (earlier or {}).items()},
    )


RECORDS = [
    case("C1", {"slim-unet": 4, "lst-lga": 4}, {"A": 4, "B": 2}),
    case("C2", {"slim-unet": 6, "lst-lga": 3}, {"A": 6, "B": 6}),
    case("C3", {"slim-unet": 2}, {"A": 6, "B": 2}),
    case("C4", {"slim-unet": 0, "lst-lga": 2}, {"A": 2}),
]


def line(lines: list[dict[str, Any]], **which: str) -> dict[str, Any]:
    (found,) = [one for one in lines if which.items() <= one.items()]
    return found


def test_scores_are_averaged_over_references_first() -> None:
    """C1: (1 + 2/3) / 2; C2: 1; C3: (1/2 + 1) / 2; C4: 0 against A alone."""
    found = line(table_4(RECORDS, list(METHODS)), method="slim-unet", subset="all")
    cases = [(1 + 2 / 3) / 2, 1, 0.75, 0]
    assert found["n"] == 4
    assert found["DSC"] == pytest.approx(statistics.fmean(cases))
    assert found["DSC, SD"] == pytest.approx(statistics.stdev(cases))
    assert found["lesion precision"] == 1
    assert found["lesion precision, undefined"] == 1  # C4: nothing was drawn
    assert found["lesion recall"] == 0.75
    assert found["volume difference (%), undefined"] == 0


def test_methods_are_compared_on_the_cases_that_all_have() -> None:
    lines = table_4(RECORDS, list(METHODS))
    assert [line(lines, method=name, subset="common")["n"] for name in METHODS] == [3, 3]
    assert line(lines, method="lst-lga", subset="all")["n"] == 3
    raters = line(lines, method=BETWEEN, subset="all")
    assert raters["n"] == 3
    assert raters["DSC"] == pytest.approx(statistics.fmean([2 / 3, 1, 1 / 2]))


def test_between_references_both_directions_are_told() -> None:
    lines = by_reference(RECORDS, list(METHODS))
    there, back = line(lines, mask="A", reference="B"), line(lines, mask="B", reference="A")
    assert there["volume difference (%)"] == pytest.approx(statistics.fmean([100, 0, 200]))
    assert back["volume difference (%)"] == pytest.approx(statistics.fmean([50, 0, 200 / 3]))
    assert line(lines, mask="lst-lga", reference="B")["n"] == 2


def test_differences_are_taken_case_by_case() -> None:
    found = line(
        differences(RECORDS, list(METHODS)), first="slim-unet", second="lst-lga", score="DSC"
    )
    assert found["n"] == 3
    cases = [0, 1 - 2 / 3, 0 - 1]
    mean = statistics.fmean(cases)
    assert found["difference"] == pytest.approx(mean)
    half = 4.302652729911275 * statistics.stdev(cases) / 3**0.5  # t of 2 degrees, R qt(.975, 2)
    assert mean - half < -1  # no difference of two scores is so large
    beyond = {"undefined": "too few cases: the interval would leave -1 to 1"}
    assert (found["low"], found["high"]) == (beyond, beyond)
    inside = [
        case(f"C{at}", {"slim-unet": 4, "lst-lga": size}, {"A": 4})
        for at, size in enumerate((4, 3, 4, 3), 1)
    ]
    found = line(
        differences(inside, list(METHODS)), first="slim-unet", second="lst-lga", score="DSC"
    )
    cases = [0, 1 / 7, 0, 1 / 7]
    half = 3.182446305284263 * statistics.stdev(cases) / 2  # t of 3 degrees, R qt(.975, 3)
    assert (found["low"], found["high"]) == pytest.approx((1 / 14 - half, 1 / 14 + half))
    same = line(differences(RECORDS[:2], ["slim-unet"]), first="slim-unet", score="lesion recall")
    assert same["low"] == {"undefined": "all cases differ by the same"}


def test_volumes_are_compared_with_each_reference_their_mean_and_their_union() -> None:
    pairs = volume_pairs(RECORDS, ["slim-unet"], ["A", "B"])
    of_union = [one for one in pairs if one["second"] == "union"]
    assert [one["second_ml"] for one in of_union] == pytest.approx([0.036, 0.054, 0.054])
    found = volumes(pairs)
    assert [(one["first"], one["second"], one["n"]) for one in found] == [
        ("slim-unet", "A", 4),
        ("slim-unet", "B", 3),
        ("slim-unet", MEAN, 3),
        ("slim-unet", "union", 3),
        ("A", "B", 3),
    ]
    with_a = found[0]
    first, second = [0.036, 0.054, 0.018, 0], [0.036, 0.054, 0.054, 0.018]
    slope, intercept = np.polyfit(second, first, 1)
    assert (with_a["slope"], with_a["intercept_ml"]) == pytest.approx((slope, intercept))
    assert with_a["r2"] == pytest.approx(np.corrcoef(first, second)[0, 1] ** 2)
    assert with_a["bias_ml"] == pytest.approx(-0.0135)
    assert with_a["low_low_ml"] < with_a["low_ml"] < with_a["bias_ml"] < with_a["high_ml"]
    growth = with_a["difference_by_size"]
    difference, mean = np.subtract(first, second), np.add(first, second) / 2
    assert growth == pytest.approx(np.polyfit(mean, difference, 1)[0])
    assert with_a["difference_by_size_low"] < growth < with_a["difference_by_size_high"]
    assert with_a["ratio_n"] == 3, "the empty mask has no ratio"
    assert with_a["ratio"] == pytest.approx((1 * 1 * 1 / 3) ** (1 / 3))
    assert with_a["ratio_below"] < with_a["ratio_below_high"] < with_a["ratio_above_low"]
    alike = volumes(volume_pairs(RECORDS[:1], ["slim-unet"], ["A", "B"]))[0]
    assert "fewer than two cases" in alike["bias_ml"]["undefined"]


def test_references_of_both_steps_stand_side_by_side() -> None:
    """A box of a over one of b of the same 9 voxels' cross section: DSC is 2 min(a, b) / (a + b).

    What no first step is known of (B of C2, all of C4) counts in neither column.
    """
    records = [
        case("C1", {"slim-unet": 4, "lst-lga": 4}, {"A": 4, "B": 4}, {"A": 2, "B": 4}),
        case("C2", {"slim-unet": 6}, {"A": 6, "B": 3}, {"A": 3}),
        case("C3", {"slim-unet": 2}, {"A": 4, "B": 2}, {"A": 4, "B": 6}),
        case("C4", {"slim-unet": 2}, {"A": 2}),
    ]
    found = line(steps(records, list(METHODS)), method="slim-unet", score="DSC")
    first = [(2 * 2 / 6 + 1) / 2, 2 * 3 / 9, (2 * 2 / 6 + 2 * 2 / 8) / 2]
    second = [1, 1, (2 * 2 / 6 + 1) / 2]
    assert found["n"] == 3
    for name, values in (("step 1", first), ("step 2", second)):
        assert found[name] == pytest.approx(statistics.fmean(values))
        assert found[f"{name}, SD"] == pytest.approx(statistics.stdev(values))
    changes = np.subtract(second, first)
    half = 4.302652729911275 * statistics.stdev(changes) / 3**0.5
    assert found["difference"] == pytest.approx(changes.mean())
    assert (found["low"], found["high"]) == pytest.approx(
        (changes.mean() - half, changes.mean() + half)
    )
    raters = line(steps(records, list(METHODS)), method=BETWEEN, score="DSC")
    assert raters["n"] == 2
    assert raters["difference"] == pytest.approx(
        statistics.fmean([1 - 2 * 2 / 6, 2 * 2 / 6 - 2 * 4 / 10])
    )
    asked = Asked(METHODS, ("A", "B"), 10.7, "one-voxel")
    laid = lay_out(records, [], asked)
    assert laid.tables["steps"][0][:4] == ["method", "score", "step 1", "step 1, SD"]
    assert "| Slim U-Net | DSC | 3 | 0.69 (0.13) | 0.94 (0.10) |" in table_4_text(records, METHODS)
    assert [CaseRecord.from_json(one.as_json()) for one in records] == records
    assert "steps" not in lay_out(RECORDS, [], asked).tables


def test_records_survive_json() -> None:
    assert [CaseRecord.from_json(one.as_json()) for one in RECORDS] == RECORDS


def test_everything_is_laid_out_and_undefined_values_say_why() -> None:
    facts = [
        CaseFacts("C1", "S1", (20, 20, 10), (1.0, 1.0, 1.0), {"sex": "female", "age_years": 30}),
        CaseFacts(
            *("C2", "S1", (20, 20, 10), (1.0, 1.0, 1.0), {"sex": "female", "age_years": 31}),
            learned_by=frozenset({"slim-unet"}),
        ),
        CaseFacts(
            *("C3", "S3", (20, 20, 12), (1.0, 1.0, 1.0)),
            {"sex": "male", "edss": 2.5, "split": "test", "t1_flip_angle_deg": 8},
            t1=((40, 40, 40), (0.7, 0.7, 0.7)),
        ),
    ]
    asked = Asked(METHODS, ("A", "B"), 10.7, "one-voxel", (11,))
    found = lay_out(RECORDS, facts, asked)
    assert "fewer than 11 voxels" in found.methods[1]
    assert [row[:3] for row in found.tables["table_1_demographics"][1:5]] == [
        ["Subjects", 2, 2],
        ["Cases", 3, 3],
        ["Sex (% female)", 50.0, 2],
        ["Mean age in years (range)", "30.0 (30 to 30)", 1],
    ]
    assert [row[0] for row in found.tables["table_2_acquisition"][1:]] == [2, 1]
    (head, t1) = found.tables["table_2_acquisition_t1"]
    said = dict(zip(head, t1, strict=True))
    assert [said[name] for name in ("cases", "voxel_mm", "matrix", "t1_flip_angle_deg")] == [
        *(1, "0.70 x 0.70 x 0.70", "40 x 40 x 40", 8)
    ]
    assert found.tables["table_3_set_aside"][1:] == [
        *(["train", 0, 0], ["validation", 0, 0], ["test", 1, 1], ["not said", 2, 1])
    ]
    assert found.tables["table_3_split"][1] == ["slim-unet", 3, 1, 0, 2]
    assert [figure.name for figure in found.figures] == [
        *("volumes-1", "bland-altman-1", "volumes-2", "bland-altman-2"),
        *("volumes-3", "bland-altman-3"),
    ]
    text = table_4_text(RECORDS, METHODS)
    assert "| Slim U-Net | 4 | 0.65 (0.44) | 1.00 (0.00), 1 undefined |" in text
    assert "Cases that every method has a mask of" in text
    nothing = lay_out([], [], asked)
    assert "no case" in str(nothing.groups)
    assert nothing.figures == ()


def test_two_methods_are_one_line_of_differences_with_all_scores() -> None:
    asked = Asked(METHODS, ("A", "B"), 10.7, "one-voxel")
    found = lay_out(RECORDS, [], asked)
    (section,) = (
        one for group in found.groups for one in group.sections if one.id == "differences"
    )
    (table,) = section.tables
    assert [head.text for head in table.heads] == [
        *("First", "Second", "n", "DSC", "Lesion F1", "Lesion recall", "Lesion precision")
    ]
    pairs = {(line["first"], line["second"]) for line in differences(RECORDS, list(METHODS))}
    assert len(table.rows) == len(pairs) > 1
    for first, second in pairs:
        lines = {
            one["score"]: one
            for one in differences(RECORDS, list(METHODS))
            if (one["first"], one["second"]) == (first, second)
        }
        most = max(one["n"] for one in lines.values())
        (row,) = (
            one
            for one in table.rows
            if [cell.text for cell in one.cells[:2]]
            == [METHODS.get(name, name) for name in (first, second)]
        )
        assert row.cells[2].text == str(most)
        for cell, line in zip(row.cells[3:], lines.values(), strict=True):
            if line["n"] and line["n"] < most:
                assert cell.text.endswith(f", n = {line['n']}")
            elif line["n"]:
                assert cell.text.startswith(f"{line['difference']:.2f}".replace("-0.00", "0.00"))
                assert ", n" not in cell.text


def test_a_reason_that_fills_a_column_stands_below() -> None:
    records = [case(f"C{n}", {"slim-unet": 4}, {"A": 2 + n, "B": 3}) for n in (1, 2)]
    asked = Asked({"slim-unet": "Slim U-Net"}, ("A", "B"), 10.7, "one-voxel")
    (section,) = (
        one
        for group in lay_out(records, [], asked).groups
        for one in group.sections
        if one.id == "volumes"
    )
    table = section.tables[0]
    assert "undefined (1)" in {cell.text for row in table.rows for cell in row.cells}
    assert table.more.startswith("(1) fewer than three cases")


def test_wide_intervals_of_few_cases_leave_room_for_their_points() -> None:
    records = [case("C1", {"slim-unet": 4}, {"A": 2}), case("C2", {"slim-unet": 6}, {"A": 7})]
    asked = Asked({"slim-unet": "Slim U-Net"}, ("A",), 10.7, "one-voxel")
    drawn = lay_out(records, [], asked).figures[1].spec
    (chart,) = drawn["concat"]
    scale = chart["layer"][-1]["encoding"]["y"]["scale"]
    assert not scale["zero"]
    low, high = scale["domain"]
    limits, _, points = drawn["datasets"].values()
    assert (points[0]["difference_ml"] - points[1]["difference_ml"]) / (high - low) > 0.15
    assert all(low < one["at"] < high for one in limits)
    assert limits[1]["from"] < low, "cut off"
    assert chart["layer"][0]["mark"]["clip"]
