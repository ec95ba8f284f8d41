"""The bundle of a closed study: complete, checkable, the same bytes every time."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import transaction
from openpyxl import load_workbook

from rating.export.scripts import main_table_in_r
from rating.models import Mark, Study
from rating.protocol.design import AcceptanceDesign
from segmentation.models import AuditEntry, Case, Scan
from segmentation.operations.audit import Act
from segmentation.operations.cases import create_cohort
from segmentation.operations.describing import describe_case
from segmentation.publication.workbook import xlsx_file
from tests.rating.stage import NOON, Browser, a_case, a_mark, a_mask, invited

MARK = "44444444-4444-4444-8444-444444444444"
TWO_LESIONS = {"counts_as": 2}


@pytest.fixture
def closed(cora: Browser, rita: Browser, ravi: Browser, opened: dict[str, Any]) -> dict[str, Any]:
    """Rita rated everything, Ravi one presentation; one mark was removed again."""
    return read_and_closed(cora, rita, ravi, opened["id"])


def read_and_closed(cora: Browser, rita: Browser, ravi: Browser, study: str) -> dict[str, Any]:
    """The story of `closed`."""
    first = rita.open_next()["presentation"]
    rita.put(f"presentations/{first}/marks/{MARK}/", a_mark(mm=(3.0, -4.0, -9.0)))
    rita.put(f"presentations/{first}/marks/{MARK}/", a_mark(mm=(3.0, -4.0, -9.0)) | TWO_LESIONS)
    rita.delete(f"presentations/{first}/marks/{MARK}/")
    rita.submit(first, comment='Commas, "quotes" and\nlines.', slice_ms=[0, 1200, 30_000])
    described = Case.objects.earliest("code")
    describe_case(
        case=described, by=None, now=NOON, description={"edss": 1.5, "scanner": "Achieva"}
    )
    for _ in range(5):
        rita.rate_next(fn=1)
    second = ravi.open_next()["presentation"]
    ravi.submit(second, verdict="unacceptable", comment="=2+5")
    return cora.post(f"studies/{study}/close/", {"reason": "Time is up."})


@dataclass(frozen=True)
class Taken:
    """The bundle of such a study, and what the API says about it."""

    files: dict[str, bytes]
    opened: dict[str, Any]
    closed: dict[str, Any]
    results: dict[str, Any]
    report: dict[str, Any]
    scans: int
    marks: int


@pytest.fixture(scope="module")
def taken(django_db_setup: None, django_db_blocker: Any) -> Taken:
    """One study for all tests that only look; nothing of it stays in the database."""
    with django_db_blocker.unblock(), transaction.atomic():
        people = {name: User.objects.create_user(name) for name in ("cora", "rita", "ravi")}
        cora, rita, ravi = (Browser(person) for person in people.values())
        cohort = create_cohort(title="Clinic 2019", coordinators=[people["cora"]])
        invited(cohort, people["rita"], people["ravi"])
        masks = [a_mask(a_case(cohort, n), lesions=lesions) for n, lesions in enumerate((3, 0, 12))]
        made = cora.post(f"cohorts/{cohort.slug}/studies/", {"title": "First reading"})
        items = [str(mask.pk) for mask in masks]
        design = {"gap": 1, "washout_days": 0, "instructions": "Mark what is wrong."}
        change = {"items": items, "raters": ["rita", "ravi"], "design": design}
        cora.patch(f"studies/{made['id']}/", change)
        opened = cora.post(f"studies/{made['id']}/open/")
        closed = read_and_closed(cora, rita, ravi, made["id"])
        told = Taken(
            files=unpacked(cora, made["id"]),
            opened=opened,
            closed=closed,
            results=cora.get(f"studies/{made['id']}/results/"),
            report=cora.get(f"studies/{made['id']}/report/"),
            scans=Scan.objects.count(),
            marks=Mark.objects.count(),
        )
        transaction.set_rollback(True)
    return told


def unpacked(cora: Browser, study: str) -> dict[str, bytes]:
    response = cora.ask("get", f"studies/{study}/bundle/")
    assert response.status_code == 200
    with zipfile.ZipFile(io.BytesIO(response.getvalue())) as archive:
        return {name.split("/", 1)[1]: archive.read(name) for name in archive.namelist()}


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_two_bundles_are_the_same_bytes(cora: Browser, closed: dict[str, Any]) -> None:
    address = f"studies/{closed['id']}/bundle/"
    first, second = cora.ask("get", address), cora.ask("get", address)
    assert first.getvalue() == second.getvalue()
    assert first["Content-Type"] == "application/zip"


def test_the_manifest_lists_every_other_file(taken: Taken) -> None:
    files = taken.files
    listed = {row["file"]: row["sha256"] for row in rows(files.pop("manifest.csv"))}
    assert listed == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert {"README.txt", "design.json", "schedule.csv", "ratings.csv", "marks.csv"} <= set(files)
    assert any(name.startswith("tables/") for name in files)


def test_the_design_has_the_hash_that_was_committed_to(taken: Taken) -> None:
    files = taken.files
    assert hashlib.sha256(files["design.json"]).hexdigest() == taken.opened["design_sha256"]
    about = json.loads(files["study.json"])
    assert about["commitment"] == taken.opened["commitment"]
    assert about["closing_reason"] == "Time is up."
    assert len(about["secret"]) == 64


def test_every_answer_and_every_mark_is_there(taken: Taken) -> None:
    files = taken.files
    assert len(rows(files["schedule.csv"])) == 12
    shown = rows(files["presentations.csv"])
    assert sum(row["submitted_at"] != "" for row in shown) == 7
    ratings = rows(files["ratings.csv"])
    assert [row["rater"] for row in ratings] == ["ravi"] + ["rita"] * 6
    assert [row["position"] for row in ratings[1:]] == ["1", "2", "3", "4", "5", "6"]
    assert ratings[1]["comment"] == 'Commas, "quotes" and\nlines.'
    assert [ratings[at]["slice_ms"] for at in (0, 1)] == ["", "0 1200 30000"]
    assert ratings[0]["verdict_rater"] == "unacceptable"
    marks = rows(files["marks.csv"])
    assert len(marks) == 6
    assert [row["mark"] for row in marks if row["removed_at"]] == [MARK]
    (before,) = rows(files["mark_changes.csv"])
    assert (before["mark"], before["reason"], before["counts_as"]) == (MARK, "", "1")
    assert next(row["counts_as"] for row in marks if row["mark"] == MARK) == "2"


def test_reasons_of_marks_are_counted(cora: Browser, rita: Browser, opened: dict[str, Any]) -> None:
    shown = rita.open_next()["presentation"]
    rita.put(f"presentations/{shown}/marks/{MARK}/", a_mark() | {"reason": "infratentorial"})
    rita.submit(shown, fn=1)
    cora.post(f"studies/{opened['id']}/close/", {"reason": "Enough."})
    told = rows(unpacked(cora, opened["id"])["tables/mark_reasons.csv"])
    assert [(row["rater"], row["kind"], row["reason"], row["marks"]) for row in told] == [
        ("rita", "FN", "infratentorial", "1"),
        ("", "FN", "infratentorial", "1"),
    ]


def test_the_spreadsheet_has_the_tables(taken: Taken) -> None:
    files = taken.files
    book = load_workbook(io.BytesIO(files["tables.xlsx"]))
    names = [name.split("/")[1][:-4] for name in files if name.startswith("tables/")]
    assert book.sheetnames == [*names, "dictionary"]
    for name in names:
        header = files[f"tables/{name}.csv"].decode().splitlines()[0].split(",")
        assert [one.value for one in book[name][1]] == header
    sheet = [[one.value for one in row] for row in book["acceptance"].iter_rows()]
    line = dict(zip(sheet[0], sheet[1], strict=True))
    told = rows(files["tables/acceptance.csv"])[0]
    assert isinstance(line["rated"], int)
    assert line["rate"] == pytest.approx(float(told["rate"]))


def test_a_spreadsheet_holds_no_clock_and_no_formula() -> None:
    sheets = {"answers": [["comment", "n"], ["=2+5", 3]]}
    first = xlsx_file(sheets)
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        about = archive.read("docProps/core.xml").decode()
    assert about.count("1980-01-01T00:00:00Z") == 2
    assert str(datetime.now(UTC).year) not in about
    assert xlsx_file(sheets) == first
    assert load_workbook(io.BytesIO(first))["answers"]["A2"].value == "'=2+5"


def test_figures_come_as_specification_and_as_drawings(taken: Taken) -> None:
    files = taken.files
    report = taken.report
    assert report["figures"]
    for figure in report["figures"]:
        name = f"figures/{figure['name']}"
        assert json.loads(files[f"{name}.vl.json"]) == figure["spec"]
        assert figure["description"][:30] in files[f"{name}.svg"].decode()
        assert files[f"{name}.png"].startswith(b"\x89PNG")


def test_the_report_needs_nothing_else(taken: Taken) -> None:
    page = taken.files["report.html"].decode()
    for fetched in ("src=", "<script", "<link", "@import", "url(http"):
        assert fetched not in page
    assert set(re.findall(r'href="((?!data:)[^"]+)"', page)) <= {
        f"#{name}" for name in re.findall(r'id="([^"]+)"', page)
    }
    names = re.findall(r'\bid="([^"]+)"', page)
    assert len(names) == len(set(names))
    assert page.count("<svg") == page.count("<figure>") == 7
    assert "not collected" in page
    assert "under-counted" in page
    assert "secret-method" in page  # a method without a card keeps its name


def test_the_report_can_be_taken_alone_and_that_is_written_down(
    cora: Browser, rita: Browser, closed: dict[str, Any]
) -> None:
    address = f"studies/{closed['id']}/report.html"
    taken = cora.ask("get", f"{address}?reason=For+the+board")
    assert taken["Content-Disposition"] == f'attachment; filename="{closed["id"]}.html"'
    assert taken.getvalue() == unpacked(cora, closed["id"])["report.html"]
    entry = AuditEntry.objects.filter(act=Act.STUDY_EXPORTED).earliest("pk")
    assert entry.why == "For the board"
    assert rita.ask("get", address).status_code == 404
    assert rita.ask("get", f"studies/{closed['id']}/report/").status_code == 404
    shown = cora.ask("get", f"studies/{closed['id']}/examples.svg")
    assert shown.getvalue() == unpacked(cora, closed["id"])["figures/example_slices.svg"]


def test_nothing_is_reported_before_the_study_is_closed(
    cora: Browser, opened: dict[str, Any]
) -> None:
    for file in ("report/", "report.html", "examples.svg"):
        assert cora.refused("get", f"studies/{opened['id']}/{file}")[1] == "StudyNotClosed"


def test_imrmc_gets_every_rated_presentation(taken: Taken) -> None:
    files = taken.files
    frame = rows(files["imrmc.csv"])
    assert len(frame) == 7
    assert list(frame[0])[:4] == ["readerID", "caseID", "modalityID", "score"]
    derived = {
        (row["rater"], row["item"], row["occasion"]): row["verdict_derived"] == "acceptable"
        for row in rows(files["ratings.csv"])
    }
    for row in frame:
        assert derived[row["readerID"], row["item"], row["occasion"]] == bool(int(row["score"]))


@pytest.mark.parametrize(("policy", "lenient"), [("strict", "FALSE"), ("lenient", "TRUE")])
def test_the_script_for_r_judges_by_the_design(policy: str, lenient: str) -> None:
    design = AcceptanceDesign(precision_threshold=(4, 5), boundary_policy=policy)
    script = main_table_in_r(design)
    assert "precision <- c(4, 5); recall <- c(9, 10)" in script
    assert f"lenient <- {lenient} " in script
    assert "by_rater <- FALSE" in script


def test_every_case_that_was_shown_is_described(taken: Taken) -> None:
    first, second, _ = rows(taken.files["cases.csv"])
    assert (first["case"], first["edss"], first["scanner"]) == ("C0001", "1.5", "Achieva")
    assert (second["case"], second["edss"], second["scanner"]) == ("C0002", "", "")
    assert [first[f"voxels_{axis}"] for axis in "ijk"] == ["24", "28", "10"]
    assert [first[f"voxel_{axis}_mm"] for axis in "ijk"] == ["1.0", "1.0", "3.0"]


def test_a_comment_is_no_formula(taken: Taken) -> None:
    files = taken.files
    (row,) = [row for row in rows(files["ratings.csv"]) if row["rater"] == "ravi"]
    assert row["comment"] == "'=2+5"
    meanings = {(row["file"], row["column"]): row["meaning"] for row in dictionary(files)}
    assert "apostrophe" in meanings["ratings.csv", "comment"]
    assert "apostrophe" in files["README.txt"].decode()


def dictionary(files: dict[str, bytes]) -> list[dict[str, str]]:
    return rows(files["data_dictionary.csv"])


def test_marks_name_the_voxel_of_the_scan_as_imported(taken: Taken) -> None:
    marks = rows(taken.files["marks.csv"])
    (row,) = [row for row in marks if row["mark"] == MARK]
    assert [float(row[f"{axis}_mm"]) for axis in "xyz"] == [3.0, -4.0, -9.0]
    # The scans of these stories have affine diag(-1, -1, 3) with origin (12, 14, -15).
    assert [int(row[f"voxel_{axis}"]) for axis in "ijk"] == [9, 18, 2]
    assert taken.scans == 3
    assert taken.marks == len(marks)


def test_every_column_is_explained(taken: Taken) -> None:
    files = taken.files
    explained = {(row["file"], row["column"]) for row in dictionary(files)}
    for name in ("cases.csv", "schedule.csv", "presentations.csv", "ratings.csv", "marks.csv"):
        header = files[name].decode().splitlines()[0].split(",")
        assert {(name, column) for column in header} <= explained


def test_the_statistics_are_those_of_the_results_page(taken: Taken) -> None:
    assert json.loads(taken.files["statistics.json"]) == taken.results


def test_the_first_page_tells_method_and_limits(taken: Taken) -> None:
    page = taken.files["README.txt"].decode()
    assert "3 masks of 3 cases" in page
    assert "Of 12 presentations 7 were submitted." in page
    assert taken.closed["commitment"] in page
    assert "Limits of this design" in page


def test_the_command_writes_the_same_files(
    cora: Browser, closed: dict[str, Any], tmp_path: Path
) -> None:
    for folder, name in (("one", closed["id"]), ("two", closed["title"])):
        call_command("export_study", name, "--out", str(tmp_path / folder))
    written = [
        {
            str(path.relative_to(tmp_path / folder)): path.read_bytes()
            for path in (tmp_path / folder).rglob("*")
            if path.is_file()
        }
        for folder in ("one", "two")
    ]
    assert written[0] == written[1] == unpacked(cora, closed["id"])


def test_the_command_refuses_what_it_cannot_do(
    cora: Browser, opened: dict[str, Any], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(CommandError, match="There is no study nothing"):
        call_command("export_study", "nothing", "--out", str(out))
    with pytest.raises(CommandError, match="close it first"):
        call_command("export_study", opened["id"], "--out", str(out))
    assert not out.exists()
    cora.post(f"studies/{opened['id']}/close/", {"reason": "Enough."})
    out.mkdir()
    (out / "mine.txt").write_text("do not touch")
    with pytest.raises(CommandError, match="not empty"):
        call_command("export_study", opened["id"], "--out", str(out))
    assert [path.name for path in out.iterdir()] == ["mine.txt"]
    assert Study.objects.get().state == "closed"


def test_the_examples_show_a_slice_of_each_kind(taken: Taken) -> None:
    drawn = taken.files["figures/example_slices.svg"].decode()
    # With one lesion missed, 12 drawn ones stay acceptable and three do not; the empty mask is no
    # example.
    assert drawn.count("<image ") == drawn.count("(all slices)") == drawn.count("<text ") / 2
    assert ">rejected<" in drawn
    assert ">accepted with errors<" in drawn
    assert "<circle " in drawn, "a missed lesion has its ring"
    assert taken.files["figures/example_slices.png"][:8] == b"\x89PNG\r\n\x1a\n"
    assert "example_slices" not in taken.files["report.html"].decode()
    assert taken.files["report.html"].decode().count("data:image/png") == drawn.count("<image ")
