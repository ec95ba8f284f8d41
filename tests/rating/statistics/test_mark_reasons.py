"""The reasons of marks: counted per rater and kind, of showings that were rated only."""

from __future__ import annotations

from rating.protocol.design import AcceptanceDesign
from rating.report import lay_out
from rating.statistics import MarkRow, summarise
from tests.rating.report.studies import FACTS, NAMES
from tests.rating.statistics.answers import a_design, all_answers


def mark(
    rater: str, item: str, reason: str, *, occasion: int = 1, is_drawn: bool = True
) -> MarkRow:
    kind, lesion = ("FP", 1) if is_drawn else ("FN", None)
    return MarkRow(rater, item, occasion, kind, lesion, (0.0, 0.0, 0.0), reason)


def test_reasons_are_counted_per_rater_and_kind_the_most_frequent_first() -> None:
    design = a_design(3)
    rows = all_answers(
        design,
        lambda rater, occasion, number: {"outcome": "unreadable"} if number == 2 else {},
    )
    marks = [
        mark("rita", "c0-m0", "vessel"),
        mark("rita", "c0-m0", "DAWM", occasion=2),
        mark("rita", "c1-m0", "DAWM"),
        mark("rita", "c1-m0", "", is_drawn=False),
        mark("ravi", "c0-m0", "cortex"),
        mark("ravi", "c1-m0", "artefact"),
        mark("ravi", "c2-m0", "vessel"),  # of a scan that could not be read
        mark("ravi", "gone", "vessel"),  # of a mask that was withdrawn
    ]
    found = [
        (line["rater"], line["kind"], line["reason"], line["marks"], line["of"])
        for line in summarise(rows, design, marks)["mark_reasons"]
    ]
    assert found == [
        ("ravi", "FP", "artefact", 1, 2),
        ("ravi", "FP", "cortex", 1, 2),
        ("rita", "FP", "DAWM", 2, 3),
        ("rita", "FP", "vessel", 1, 3),
        ("rita", "FN", "", 1, 1),
        ("", "FP", "DAWM", 2, 5),
        ("", "FP", "artefact", 1, 5),
        ("", "FP", "cortex", 1, 5),
        ("", "FP", "vessel", 1, 5),
        ("", "FN", "", 1, 1),
    ]


def test_the_report_says_them_in_words() -> None:
    design: AcceptanceDesign = a_design(2, methods=1)
    marks = [mark("rita", "c0-m0", "", is_drawn=False), mark("ravi", "c0-m0", "vessel")]
    results = summarise(all_answers(design, lambda *_: {}), design, marks)
    sections = [
        one for group in lay_out(results, design, NAMES, FACTS).groups for one in group.sections
    ]
    (section,) = (one for one in sections if one.id == "mark-reasons")
    shown = [[cell.text for cell in row.cells] for row in section.tables[0].rows]
    assert shown == [
        ["false", "vessel", "1", "1", "100.0 %"],
        ["missed", "none given", "1", "1", "100.0 %"],
    ]
