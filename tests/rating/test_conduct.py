"""What raters declare and correct, and what Cora sees of how they read; never what they answer."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F

from rating.models import Presentation, Rating, Sitting, Study, StudyMembership
from segmentation.models import AuditEntry
from tests.accounts.conftest import post
from tests.rating.stage import Browser, an_answer

WHO = {"years": 12, "training": "Board certified", "specialty": "Neuroradiology"}
ROOM = {"room_light": "dimmed", "screen": "diagnostic"}


def bundled(cora: Browser, study: Study, name: str) -> list[dict[str, str]]:
    content = cora.ask("get", f"studies/{study.slug}/bundle/").getvalue()
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return list(csv.DictReader(io.StringIO(packed.read(f"{study.slug}/{name}").decode())))


# --- Declarations ---------------------------------------------------------------------------------


@pytest.fixture
def asking(cora: Browser, draft: dict[str, Any]) -> Study:
    asked = {"sign_instructions": True, "ask_qualification": True, "ask_conditions": True}
    cora.patch(f"studies/{draft['id']}/", {"design": asked})
    cora.post(f"studies/{draft['id']}/open/")
    return Study.objects.get(slug=draft["id"])


def test_nothing_opens_before_the_rater_has_declared(
    cora: Browser, rita: Browser, asking: Study
) -> None:
    state = rita.reading()
    assert state["asks"] == ["signature", "qualification", "conditions"]
    door = f"presentations/{state['presentation']}/open/"
    assert rita.refused("post", door, {}) == (409, "DeclarationMissing")
    address = f"readings/{state['reading']}/declaration/"
    for wrong, refusal in (
        ({"signed_sha256": "0" * 64}, (409, "OtherInstructions")),
        ({"qualification": WHO | {"years": -1}}, (400, "Invalid")),
        ({"conditions": ROOM | {"screen": "television"}}, (400, "Invalid")),
    ):
        assert rita.refused("post", address, wrong) == refusal
    assert rita.reading()["asks"] == state["asks"]
    rita.post(address, {"signed_sha256": state["instructions_sha256"], "qualification": WHO})
    assert rita.refused("post", door, {}) == (409, "DeclarationMissing")
    assert rita.post(address, {"conditions": ROOM})["asks"] == []
    rita.post(address, {"qualification": WHO | {"years": 40}})  # what was said stays said
    for _ in range(6):
        rita.rate_next()
    cora.post(f"studies/{asking.slug}/close/", {"reason": "Done."})
    said = {row["rater"]: row for row in bundled(cora, asking, "raters.csv")}
    assert (said["rita"]["years"], said["rita"]["specialty"]) == ("12", "Neuroradiology")
    assert said["rita"]["signed_sha256"] == state["instructions_sha256"]
    assert (said["ravi"]["years"], said["ravi"]["signed_at"]) == ("", "")
    (sitting,) = bundled(cora, asking, "sittings.csv")
    assert (sitting["room_light"], sitting["screen"]) == ("dimmed", "diagnostic")
    lists = cora.get(f"studies/{asking.slug}/report/")["checklists"]
    told = " ".join(item["answer"] for one in lists for item in one["items"])
    assert "rita: Neuroradiology, Board certified, 12 years of experience" in told
    assert "1 raters signed the written instructions" in told
    assert rita.refused("post", address, {"conditions": ROOM}) == (409, "StudyNotOpen")


def test_a_sitting_ends_after_an_hour_of_rest(rita: Browser, asking: Study) -> None:
    state = rita.reading()
    signed = {"signed_sha256": state["instructions_sha256"], "qualification": WHO}
    rita.post(f"readings/{state['reading']}/declaration/", signed | {"conditions": ROOM})
    rita.rate_next()
    rested = timedelta(minutes=61)
    Presentation.objects.filter(submitted_at__isnull=False).update(
        opened_at=F("opened_at") - rested, submitted_at=F("submitted_at") - rested
    )
    assert rita.reading()["asks"] == [], "a sitting was described within the hour"
    Sitting.objects.update(at=F("at") - rested)
    assert rita.reading()["asks"] == ["conditions"]


def test_instructions_that_are_not_there_cannot_be_signed(
    cora: Browser, draft: dict[str, Any]
) -> None:
    address = f"studies/{draft['id']}/"
    cora.patch(address, {"design": {"sign_instructions": True, "instructions": " "}})
    response = cora.ask("post", f"{address}open/")
    assert (response.status_code, list(response.json()["fields"])) == (400, ["instructions"])


# --- Whether a verdict follows from the counts ----------------------------------------------------


def test_every_verdict_is_asked_about_and_none_that_is_not(
    cora: Browser, rita: Browser, draft: dict[str, Any]
) -> None:
    cora.patch(f"studies/{draft['id']}/", {"design": {"ask_consistency": True}})
    cora.post(f"studies/{draft['id']}/open/")
    assert rita.reading()["ask_consistency"], "whatever the counts and the verdict are"
    token = rita.open_next()["presentation"]
    address = f"presentations/{token}/submit/"
    unsaid = rita.ask("post", address, an_answer())
    assert (unsaid.status_code, list(unsaid.json()["fields"])) == (400, ["consistent"])
    rita.submit(token, verdict="unacceptable", consistent=False)
    wanted = {"outcome": "rated", "verdict": "acceptable", "reason": "Wrong key."}
    address = f"presentations/{token}/correction/"
    assert rita.refused("post", address, wanted) == (400, "ConsistencyMisfit")
    rita.post(address, wanted | {"consistent": True})
    token = rita.open_next()["presentation"]
    rita.submit(token, outcome="unreadable", verdict=None, reason="Motion.", consistent=True)
    cora.post(f"studies/{draft['id']}/close/", {"reason": "Done."})
    said = [row["consistent"] for row in bundled(cora, Study.objects.get(), "ratings.csv")]
    assert said == ["False", "True", ""]
    split = bundled(cora, Study.objects.get(), "tables/consistency.csv")
    rated = {(row["rater"], row["consistent"]): row["rated"] for row in split}
    assert (rated["rita", "True"], rated["rita", "False"]) == ("0", "1"), "what was said first"


def test_what_is_not_asked_about_a_verdict_is_not_taken(rita: Browser, study: Study) -> None:
    assert not rita.reading()["ask_consistency"]
    token = rita.open_next()["presentation"]
    answer = an_answer(consistent=True)
    refused = rita.refused("post", f"presentations/{token}/submit/", answer)
    assert refused == (400, "ConsistencyMisfit")
    rita.submit(token)


# --- Corrections ----------------------------------------------------------------------------------


def test_a_correction_is_a_new_version_and_the_first_is_analysed(
    cora: Browser, rita: Browser, study: Study
) -> None:
    rita.rate_next(fn=1, verdict="acceptable")
    token = Presentation.objects.get(submitted_at__isnull=False).token
    address = f"presentations/{token}/correction/"
    wanted = {"outcome": "rated", "verdict": "unacceptable", "reason": "Wrong key."}
    assert rita.refused("post", address, wanted | {"reason": " "}) == (400, "ReasonMissing")
    assert rita.refused("post", address, wanted | {"verdict": None}) == (400, "VerdictMissing")
    the_same = rita.refused("post", address, wanted | {"verdict": "acceptable"})
    assert the_same == (400, "NothingCorrected")
    told = rita.post(address, wanted)
    assert (told["done"], "derived" in str(told)) == (1, False)
    assert rita.post(address, wanted) == told, "its reply was lost"
    rita.post(address, wanted | {"outcome": "unreadable", "why_not": "Motion.", "verdict": None})
    first, second, third = Rating.objects.order_by("version")
    assert [first.version, second.version, third.version] == [1, 2, 3]
    assert (first.verdict_rater, second.verdict_rater) == ("acceptable", "unacceptable")
    assert (second.fp, second.fn, second.counted_by) == (first.fp, first.fn, "marks")
    assert (third.outcome, third.reason, third.correction) == (
        "unreadable",
        "Motion.",
        "Wrong key.",
    )
    following = rita.open_next()["presentation"]
    assert rita.refused("post", address, wanted) == (409, "AnswerIsPast")
    assert rita.reading()["last"] is None
    rita.submit(following)
    assert rita.refused("post", address, wanted) == (409, "AnswerIsPast")
    following = rita.reading()["presentation"]
    unsubmitted = rita.refused("post", f"presentations/{following}/correction/", wanted)
    assert unsubmitted == (409, "NotSubmitted")
    cora.post(f"studies/{study.slug}/close/", {"reason": "Done."})
    versions = [
        (row["version"], row["is_analysed"], row["correction"])
        for row in bundled(cora, study, "ratings.csv")
        if row["position"] == "1"
    ]
    assert versions == [
        ("1", "True", ""),
        ("2", "False", "Wrong key."),
        ("3", "False", "Wrong key."),
    ]
    found = cora.get(f"studies/{study.slug}/results/")
    (rita_line,) = [line for line in found["presentations"] if line["rater"] == "rita"]
    assert (rita_line["rated"], rita_line["unreadable"]) == (2, 0)
    last = Presentation.objects.filter(submitted_at__isnull=False).latest("position").token
    late = rita.refused("post", f"presentations/{last}/correction/", wanted)
    assert late == (409, "StudyNotOpen")


# --- The blind monitor ----------------------------------------------------------------------------


def test_cora_sees_how_they_read_and_no_answer(
    cora: Browser, rita: Browser, opened: dict[str, Any]
) -> None:
    unreadable = {"outcome": "unreadable", "reason": "Motion.", "verdict": None}
    for active_ms, slices, more in ((9_000, 10, {}), (60_000, 7, {}), (80_000, 10, unreadable)):
        token = rita.open_next()["presentation"]
        rita.submit(token, active_ms=active_ms, slices_seen=slices, **more)
    rita.open_next()
    seen = {one["username"]: one for one in cora.get(f"studies/{opened['id']}/")["raters"]}
    told = seen["rita"]["conduct"]
    assert (told["quick"], told["low_coverage"], told["median_seconds"]) == (1, 1, 60.0)
    assert told["unrated"] == 1
    assert told["open_since"] is not None
    assert (told["idle_days"], told["after_washout"]) == (0, False)
    assert set(told) == set(seen["ravi"]["conduct"])
    assert not {"fp", "fn", "verdict", "outcome", "unreadable"} & set(told)


def test_a_reminder_says_nothing_of_the_study_and_goes_once_a_day(
    cora: Browser, rita: Browser, opened: dict[str, Any], people: dict[str, User]
) -> None:
    address = f"studies/{opened['id']}/reminders/"
    assert cora.refused("post", address, {"rater": "rita"}) == (400, "NothingToRemindOf")
    User.objects.filter(username="rita").update(email="rita@clinic.example")
    told = cora.post(address, {"rater": "rita"})
    assert {one["username"]: one["reminded_at"] is not None for one in told["raters"]} == {
        "rita": True,
        "ravi": False,
    }
    (sent,) = post()
    assert sent.to == ["rita@clinic.example"]
    study = Study.objects.get()
    secrets = {study.title, study.slug, "ravi", "secret-method", "mask", "item-"}
    assert not [word for word in secrets if word in sent.subject + sent.body]
    assert cora.refused("post", address, {"rater": "rita"}) == (409, "RemindedAlready")
    assert cora.refused("post", address, {"rater": "otto"}) == (400, "UnknownRater")
    StudyMembership.objects.update(reminded_at=F("reminded_at") - timedelta(hours=25))
    for _ in range(6):
        rita.rate_next()
    assert cora.refused("post", address, {"rater": "rita"}) == (400, "NothingToRemindOf")
    entry = AuditEntry.objects.get(act="rater-reminded")
    assert entry.what == "First reading (first-reading), rater rita"
