"""The production log tells what happened, and nothing about a person."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import reverse

from rating.models import Presentation, StudyMembership
from segmentation.models import Case, Cohort, Scan
from tests.segmentation.scans import signed_in
from tests.webapp.clinics import Things, a_clinic
from tests.webapp.test_access import address_of, everything_at
from tests.webapp.test_readiness import ask_elsewhere
from webapp.access import TABLE
from webapp.errors import failed
from webapp.logs import JsonLines, RequestLogMiddleware


class Lines(logging.Handler):
    """Keeps every record as production writes it."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JsonLines())
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    def all(self, event: str) -> list[dict[str, Any]]:
        return [line for text in self.texts if (line := json.loads(text))["event"] == event]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What production would write while a test runs."""
    kept, root, ours = Lines(), logging.getLogger(), logging.getLogger("webapp.logs")
    level = ours.level
    root.addHandler(kept)
    ours.setLevel(logging.INFO)
    yield kept
    ours.setLevel(level)
    root.removeHandler(kept)


@pytest.fixture
def clinic(db: None) -> Things:
    return a_clinic("a", seed=1)


def personal_words(files: Path) -> set[str]:
    """Every word that stands for a person, a case, an answer or a file."""
    words = {person.username for person in User.objects.all()}
    words |= set(Case.objects.values_list("code", flat=True))
    words |= set(Case.objects.values_list("subject", flat=True))
    words |= set(Cohort.objects.values_list("slug", flat=True))
    words |= set(StudyMembership.objects.values_list("token", flat=True))
    words |= set(Presentation.objects.values_list("token", flat=True))
    words |= {path.name for path in files.rglob("*") if path.is_file()}
    return words | {"127.0.0.1", "secret-query", "scanner-7", "name-of-a-file"}


def test_a_crawl_leaves_nothing_about_a_person(
    clinic: Things, lines: Lines, tmp_path: Path
) -> None:
    words = personal_words(tmp_path / "files")
    assert len(words) > 30
    for person in ("cora-a", "rita-a"):
        client = signed_in(User.objects.get(username=person))
        for name, rule in TABLE.items():
            for thing in everything_at(rule, [clinic]):
                address = f"{address_of(name, thing)}?about=secret-query"
                for method in {"GET", *rule.methods} if name != "account_logout" else {"GET"}:
                    client.generic(method, address, headers={"user-agent": "scanner-7"})
    Client().get("/nowhere/name-of-a-file/")
    Client(headers={"host": "secret-query"}).get("/")
    Client(enforce_csrf_checks=True).post("/accounts/login/?about=secret-query", {"login": "a"})
    assert {line["status"] for line in lines.all("request")} >= {200, 302, 400, 403, 404, 405}
    told = {word for text in lines.texts for word in words if word in text}
    assert not told


def test_a_request_is_one_line_with_the_id_that_the_answer_carries(
    clinic: Things, lines: Lines
) -> None:
    cora = signed_in(User.objects.get(username="cora-a"))
    answer = cora.get(reverse("case", args=["C0001"]))
    (line,) = lines.all("request")
    assert line["request"] == answer.headers["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{16}", line["request"])
    assert (line["method"], line["route"], line["status"]) == ("GET", "case", 200)
    assert line["ms"] > 0
    assert set(line) == {
        "at",
        "level",
        "logger",
        "event",
        "request",
        "method",
        "route",
        "status",
    } | {"ms"}


def test_an_odd_method_is_not_quoted(lines: Lines, db: None) -> None:
    Client().generic("RITA", "/")
    assert lines.all("request")[0]["method"] == "other"


def test_a_fault_can_be_quoted_and_found_but_its_message_is_not_kept(
    clinic: Things, lines: Lines
) -> None:
    """The file of a scan is gone: the error's message names it."""
    lost = Scan.objects.get(sequence="FLAIR").browser
    lost.storage.delete(lost.name)
    cora = signed_in(User.objects.get(username="cora-a"))
    cora.raise_request_exception = False
    answer = cora.get("/api/v1/cases/C0001/scans/FLAIR/volume/")
    assert answer.status_code == 500
    assert answer.json()["code"] == "Failed"
    assert answer.headers["X-Request-ID"] in answer.json()["message"]
    (line,) = lines.all("This request failed.")
    assert line["request"] == answer.headers["X-Request-ID"]
    assert line["error"] == ["FileNotFoundError"]
    assert any("segmentation/api/answers.py" in place for place in line["where"])
    assert not [text for text in lines.texts if Path(lost.name).name in text]


def test_the_page_of_a_fault_quotes_the_request() -> None:
    def view(request: Any) -> Any:
        try:
            return 1 / 0
        except ZeroDivisionError:
            return failed(request)

    answer = RequestLogMiddleware(view)(RequestFactory().get("/cases/"))
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in answer.content.decode()  # type: ignore[attr-defined]


def test_what_a_library_puts_into_its_lines_is_dropped(lines: Lines) -> None:
    logging.getLogger("gunicorn.error").warning("Invalid request from ip=10.0.0.7: bad")
    logging.getLogger("some.library").warning("Cannot open %s", "rita.nii.gz")
    logging.getLogger("some.library").error(ValueError("rita"))
    logging.getLogger("segmentation.operations").warning("Job %s failed", 7)
    events = [json.loads(text)["event"] for text in lines.texts]
    assert events[-3:] == ["Cannot open %s", "ValueError", "Job 7 failed"]
    assert not [text for text in lines.texts if "10.0.0.7" in text or "rita" in text]


@pytest.mark.once
def test_without_its_database_plaque_says_so_in_plain_words(tmp_path: Path) -> None:
    gone = {"DATABASE_URL": "postgres://someone:secret@127.0.0.1:1/plaque"}
    page, api, nowhere = ask_elsewhere(tmp_path, "/cases/", "/api/v1/cohorts/", "/no/", **gone)
    assert page[0] == nowhere[0] == 503
    assert "The database does not answer" in page[2]
    assert (api[0], json.loads(api[2])["code"]) == (503, "NotAvailable")
    assert "secret" not in page[2] + api[2]
