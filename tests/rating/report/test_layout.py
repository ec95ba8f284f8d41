"""The layout: every table has its place, names are titles, and what is undefined says why."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import pytest

from rating.protocol.design import PracticeCase
from rating.report import Report, lay_out
from rating.report.checklists import checklists
from rating.report.limits import limits
from rating.report.methods import methods
from rating.report.wording import (
    MOST_ROWS,
    Names,
    cell,
    number,
    p_value,
    share,
    table,
)
from rating.serializers.results import ReportSerializer
from rating.statistics import summarise
from rating.statistics.tables import COLUMNS
from segmentation.publication.cells import OFTEN, decimal
from segmentation.publication.document import Cell, Section, Table
from tests.rating.report.studies import FACTS, NAMES, a_study, laid_out, results_of
from tests.rating.statistics.answers import all_answers

PRACTICE = PracticeCase("practice-001", "p0", "0" * 64, "1" * 64, 3, (1,), ())


def sections(report: Report) -> Iterator[Section]:
    for group in report.groups:
        yield from group.sections


def tables_of(report: Report) -> Iterator[Table]:
    for section in sections(report):
        yield from (*section.tables, *section.folded)


def cells(report: Report) -> list[Cell]:
    return [one for laid in tables_of(report) for row in laid.rows for one in row.cells]


def the_table(report: Report, caption: str) -> Table:
    (found,) = (one for one in tables_of(report) if one.caption == caption)
    return found


def test_every_table_of_the_statistics_has_its_place() -> None:
    report = laid_out(a_study(methods=3, equivalence_margin=0.1))
    shown = {name for section in sections(report) for name in section.files}
    assert shown == set(COLUMNS)
    for section in sections(report):
        assert section.title
        assert section.hint.endswith(".")
    ids = [section.id for section in sections(report)] + [group.id for group in report.groups]
    assert len(ids) == len(set(ids))
    assert {figure.section for figure in report.figures} <= set(ids)


@pytest.mark.parametrize("share_answered", [0.0, 0.05, 0.6, 1.0])
@pytest.mark.parametrize("raters", [("rita",), ("ravi", "rita")])
def test_any_results_can_be_laid_out_and_undefined_values_say_why(
    share_answered: float, raters: tuple[str, ...]
) -> None:
    design = a_study(4, raters=raters)
    report = laid_out(design, share_answered)
    assert ReportSerializer(report).data["headline"] == report.headline
    assert bool(report.headline) == (share_answered > 0)
    assert report.headline_rest
    planned = 2 * len(design.items) * len(raters)
    said = re.search(rf"(\d+) of {planned} presentations were not rated\.$", report.headline_rest)
    results = results_of(design, share=share_answered)
    (total,) = [line for line in results["presentations"] if line["rater"] == ""]
    if report.headline and total["rated"] < planned:
        assert said
        assert int(said[1]) == planned - total["rated"]
    else:
        assert said is None
    for one in cells(report):
        assert one.is_undefined == one.text.startswith("undefined")
        assert "{" not in one.text
        assert "nan" not in one.text.split()
    for laid in tables_of(report):
        assert all(len(row.cells) == len(laid.heads) for row in laid.rows)
        undefined = [one.text for row in laid.rows for one in row.cells if one.is_undefined]
        below = {text for text in undefined if not text.startswith("undefined: ")}
        assert below == {f"undefined ({n})" for n in range(1, len(below) + 1)}
        assert all(re.search(rf"\({n}\) \w[^()]+", laid.more) for n in range(1, len(below) + 1))
        assert all(undefined.count(text) >= OFTEN for text in below)
        said = set(undefined) - below
        assert all(undefined.count(text) < OFTEN and len(text) > 11 for text in said)


def test_the_headline_has_a_rate_for_each_method_and_none_of_all() -> None:
    report = laid_out(a_study(methods=3))
    primary = [
        line
        for line in results_of(a_study(methods=3))["acceptance"]
        if line["is_primary"] and line["rater"] == ""
    ]
    rates = {line["name"]: line["rate"] for line in primary if line["group"] == "method"}
    assert len(rates) == 3
    for name, rate in rates.items():
        assert f"{NAMES.method(name)} {share(rate)}" in report.headline
    assert report.headline.count(" %") == 3
    alone = laid_out(a_study(methods=1))
    assert re.fullmatch(r"\d+\.\d % acceptable", alone.headline)
    assert re.match(r"\(95 % interval .*; \d+ of \d+ presentations", alone.headline_rest)


def test_methods_have_their_titles_everywhere() -> None:
    report = laid_out(a_study(methods=3))
    told = {one.text for one in cells(report)}
    assert {"Slim U-Net", "Imported mask", "LST-LPA"} <= told
    words = " ".join([*told, *report.methods, *report.limits, str(report.figures)])
    drawn = " ".join(str(figure.spec) for figure in report.figures)
    for name in ("m0", "m1", "m2"):
        assert name not in words.split()
        assert f"'{name}'" not in drawn
    assert "Slim U-Net" in drawn


def test_first_comes_acceptance_per_rater_and_method() -> None:
    design = a_study()
    results = results_of(design)
    report = laid_out(design)
    first = report.groups[0].sections[0].tables[0]
    assert [row.cells[0].text for row in first.rows] == (
        ["ravi"] * 3 + ["rita"] * 3 + ["All raters"] * 3
    )
    assert [row.cells[1].text for row in first.rows[:3]] == [
        *("All methods", "Slim U-Net", "Imported mask"),
    ]
    line = next(
        one
        for one in results["acceptance"]
        if one["is_primary"] and one["rater"] == "ravi" and one["group"] == "all"
    )
    low, high = 100 * line["low"], 100 * line["high"]
    written = f"{100 * line['rate']:.1f} % ({low:.1f} to {high:.1f})"
    assert first.rows[0].cells[-1].text == written
    assert not any(row.is_primary for row in first.rows)  # all are: nothing to mark
    rules = the_table(report, "Acceptance under every rule")
    assert [row.is_primary for row in rules.rows[:4]] == [True, False, False, False]


def test_masks_that_flip_are_listed_with_both_answers() -> None:
    design = a_study(2, methods=1)
    results = summarise([], design) | {
        "flips": [
            {
                "rater": "rita",
                "item": "c0-m0",
                "case": "c0",
                "method": "m0",
                "occasion": 2,
                "lesions": 10,
                "fp": 1,
                "fn": 0,
                "accepted_strict": False,
                "accepted_lenient": True,
                "accepted_combined": False,
            }
        ]
    }
    report = lay_out(results, design, NAMES, FACTS)
    found = the_table(report, "Presentations whose answer hangs on the rule")
    assert [one.text for one in found.rows[0].cells] == [
        *("rita", "c0", "Slim U-Net", "2", "10", "1", "0", "rejected", "accepted", "rejected"),
    ]


def test_long_tables_say_where_the_rest_is() -> None:
    lines = [{"n": number_} for number_ in range(MOST_ROWS + 5)]
    laid = table("Many", lines, [number("N", "n")], file="flips")
    assert len(laid.rows) == MOST_ROWS
    assert laid.more == "5 more rows are in tables/flips.csv of the bundle."
    assert table("Few", lines[:3], [number("N", "n")], file="flips").more == ""


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (share(0.9528), "95.3 %"),
        (decimal(-0.001), "0.00"),
        (decimal(-0.31), "-0.31"),
        (p_value(0.0004), "< 0.001"),
        (p_value(0.25), "0.250"),
        (cell({"undefined": "no mask"}, share).text, "undefined: no mask"),
        (Names({"imported": "Imported mask"}).method("imported"), "Imported mask"),
        (Names().method(""), "All methods"),
        (Names().rater(""), "All raters"),
    ],
)
def test_values_are_written_as_people_write_them(written: str, expected: str) -> None:
    assert written == expected


def test_methods_and_limits_follow_the_design() -> None:
    results = results_of(a_study(3))
    paper = a_study(53, methods=1, washout_days=14)
    told = methods(results, paper, NAMES, FACTS)
    assert "53 masks of 53 cases (Slim U-Net) were judged by 2 raters" in told[0]
    assert "the second block opened 14 days after" in told[0]
    assert f"a mask comes again at least {paper.gap} positions later, and stored." in told[0]
    assert "blind to case, method, occasion, earlier answers and each other." in told[0]
    assert "not drawn (missed), and then gave their verdict" in told[0]
    typed = a_study(3, allow_typed_counts=True)
    several = methods(results, dataclasses.replace(typed, gap=1), NAMES, FACTS)[0]
    assert "at least 1 position later and no two masks of one case in a row, and stored" in several
    assert "not drawn (missed), or typed how many of each there are, and then gave" in several
    assert "under-counted" in limits(paper)[0]
    assert limits(paper)[1].startswith(
        "53 cases can show that more than 90 % are acceptable only with no rejected case "
        "(which chance gives 7 % of such studies if 95 % are acceptable): an exact 95 % interval "
        "above 90 % takes 36 cases with no rejection, 54 for 1, 70 for 2"
    )
    assert not any("remembered" in text for text in limits(paper))
    alone = a_study(3, raters=("rita",), boundary_policy="lenient")
    assert "were judged by 1 rater, each" in methods(results, alone, NAMES, FACTS)[0]
    assert "precision of at least 90 %" in methods(results, alone, NAMES, FACTS)[1]
    assert "3 cases cannot show" in limits(alone)[1]
    assert any("With one rater" in text for text in limits(alone))
    assert any("remembered" in text for text in limits(alone))
    assert not any("90 %" in text for text in limits(a_study(120, methods=1)))
    margin = a_study(3, equivalence_margin=0.05)
    assert "margin of 0.05" in methods(results, margin, NAMES, FACTS)[2]
    assert "saw the mask on the FLAIR and were told nothing" in told[0]
    beside = a_study(3, shown_sequences=("FLAIR", "T1"))
    assert "the FLAIR, with the T1 beside it" in methods(results, beside, NAMES, FACTS)[0]
    asking = a_study(3, ask_consistency=True)
    assert "whether it followed from the counts" in methods(results, asking, NAMES, FACTS)[1]
    assert "followed from the counts" not in told[1]


@pytest.mark.parametrize(
    ("thresholds", "exactly", "each"),
    [
        ({}, "90 %", ("90 %", "90 %")),
        (
            {"precision_threshold": (4, 5), "recall_threshold": (4, 5)},
            "80 %",
            ("80 %", "80 %"),
        ),
        ({"precision_threshold": (90, 100)}, "90 %", ("90 %", "90 %")),
        (
            {"precision_threshold": (37, 40), "recall_threshold": (2, 3)},
            "92.5 % precision or 2/3 recall",
            ("92.5 %", "2/3"),
        ),
    ],
)
def test_thresholds_are_named_as_the_design_has_them(
    thresholds: dict[str, tuple[int, int]], exactly: str, each: tuple[str, str]
) -> None:
    design = a_study(3, **thresholds)
    report = laid_out(design)
    by_id = {section.id: section for section in sections(report)}
    assert f"with exactly {exactly} rejected (strict) or accepted (lenient)" in by_id["rules"].hint
    assert f"which way; exactly {exactly} is a conflict or none" in by_id["verdicts"].hint
    named = [head.text for laid in by_id["verdicts"].tables for head in laid.heads]
    assert [text for text in named if "Exactly" in text] == [
        f"Exactly {exactly}",
        f"Exactly {exactly}, rater accepts",
        f"Exactly {exactly}, rater rejects",
    ]
    rule = "precision of more than {} and recall of more than {}".format(*each)
    assert rule in report.methods[1]


def test_conflicts_are_split_where_the_design_asks_whether_verdicts_follow() -> None:
    caption = "Conflicts by whether the rater said that the verdict follows from the counts"
    asking = a_study(2, methods=1, ask_consistency=True)
    rows = all_answers(asking, lambda *_: {"fn": 9, "verdict": "acceptable", "consistent": False})
    report = lay_out(summarise(rows, asking), asking, NAMES, FACTS)
    shown = [[one.text for one in row.cells] for row in the_table(report, caption).rows]
    assert shown[-2:] == [
        ["All raters", "yes", "0", "0", "0", "0"],
        ["All raters", "no", "8", "0", "8", "0"],
    ]
    assert not the_table(laid_out(a_study(2)), caption).rows


def test_the_two_verdicts_are_laid_out_against_each_other() -> None:
    design = a_study(3, methods=1)  # masks of 0, 4 and 12 lesions
    given = [{}, {"fn": 4, "verdict": "acceptable"}, {"fp": 0, "fn": 0, "verdict": "unacceptable"}]
    rows = all_answers(design, lambda rater, occasion, number: given[number])
    report = lay_out(summarise(rows, design), design, NAMES, FACTS)
    caption = "The verdict of the counts against the rater's"
    pooled = [one.text for one in the_table(report, caption).rows[-1].cells]
    assert pooled == ["All raters", "4", "4", "0", "0", "4", "0"]


def test_kappa_comes_with_both_intervals_and_its_undefined_redraws() -> None:
    design = a_study(20, methods=1)
    report = laid_out(design)
    found = results_of(design)["intra_rater"][0]
    laid = the_table(report, "Coefficients of a rater's agreement with themself")
    *_, bca, without = (one.text for one in laid.rows[0].cells)
    assert bca == f"{found['kappa_bca_low']:.2f} to {found['kappa_bca_high']:.2f}"
    assert without == str(found["kappa_undefined_redraws"])
    alike = all_answers(design, lambda *_: {})
    plain = lay_out(summarise(alike, design), design, NAMES, FACTS)
    laid = the_table(plain, "Coefficients of a rater's agreement with themself")
    assert all(one.is_undefined for one in list(laid.rows[0].cells)[-3:])


def test_check_lists_say_what_was_not_collected() -> None:
    design = a_study(3)
    results = results_of(design)
    grras, claim = checklists(results, design, NAMES, FACTS)
    assert [item.item for item in grras.items] == [str(number_) for number_ in range(1, 16)]
    assert [item.item for item in claim.items] == [str(number_) for number_ in range(1, 43)]
    answers = {item.item: item.answer for item in claim.items}
    assert answers["40"] == answers["42"] == "not collected"  # registration, funding
    assert answers["33"].startswith("24 planned, 24 rated")
    assert {item.item: item.answer for item in grras.items}["9"].startswith("Yes")
    plain = {item.item: item.answer for item in grras.items}
    assert "practice" not in plain["8"]
    assert "amendment" not in answers["33"]
    assert "margin" not in answers["6"]
    told = a_study(3, practice=(PRACTICE,), equivalence_margin=0.05)
    amended = dataclasses.replace(FACTS, deviations=("A rater left.",))
    fuller = [
        {item.item: item.answer for item in one.items}
        for one in checklists(results, told, NAMES, amended)
    ]
    assert "practice cases with feedback beforehand: 1" in fuller[0]["8"]
    assert fuller[1]["33"].endswith("; amendments: 1 (Methods)")
    assert fuller[1]["6"].endswith("equivalence by a margin of 0.05")
    known = dataclasses.replace(FACTS, described_cases=2)
    described = checklists(results, design, NAMES, known)[1].items[33]
    assert described.answer == "cases.csv of the bundle, for 2 of 3 cases"
    assert answers["34"] == "not collected"


def test_how_cases_were_found_is_told_where_the_design_says_it() -> None:
    said = "Consecutive patients, 2019 to 2021, one hospital."
    for design, sampled, eligible in (
        (a_study(3), "not collected", "not collected"),
        (
            a_study(3, case_sampling=said),
            f"Cases: {said}; raters: not collected",
            f"{said} (Methods)",
        ),
    ):
        report = laid_out(design)
        grras, claim = ({item.item: item.answer for item in one.items} for one in report.checklists)
        assert (grras["7"], claim["8"]) == (sampled, eligible)
        told = f"How the cases were found: {said}" in report.methods
        assert told == bool(design.case_sampling)
