"""Every sensitive act is written down once, for the coordinators of its cohort, for good."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Preferences
from rating.operations.study import close_study, create_study, delete_study, edit_study, open_study
from segmentation.models import AuditEntry, Case
from segmentation.operations.audit import Act, record
from segmentation.operations.cases import NamedFile, create_cohort, import_case
from segmentation.operations.members import add_member, remove_member
from segmentation.refusals import Refusal
from tests.conftest import audit_log
from tests.rating.stage import invited
from tests.segmentation.scans import NOON, flair_voxels, nifti, signed_in, two_lesions


@pytest.fixture
def cora(db: None) -> User:
    return User.objects.create_user("cora", password="phantoms")


@pytest.fixture
def rita(db: None) -> User:
    return User.objects.create_user("rita")


@pytest.fixture
def case(cora: User) -> Case:
    files = [
        NamedFile("FLAIR.nii.gz", nifti(flair_voxels())),
        NamedFile("mask.nii.gz", nifti(two_lesions())),
    ]
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    return import_case(cohort=cohort, files=files, now=NOON, by=cora).case


def written() -> list[tuple[str, str, str, str]]:
    return [(e.actor, e.act, e.what, e.why) for e in AuditEntry.objects.order_by("pk")]


def test_a_study_leaves_its_trail(case: Case, cora: User, rita: User) -> None:
    invited(case.cohort, rita)

    def draft(title: str) -> object:
        study = create_study(title=title, cohort=case.cohort, by=cora, now=NOON)
        settings = {"gap": 0, "min_volume_mm3": 0}
        masks = [case.segmentations.get().pk]
        return edit_study(study=study, by=cora, items=masks, raters=["rita"], settings=settings)

    unwanted = draft("Unwanted")
    with pytest.raises(Refusal, match="needs a reason"):
        delete_study(study=unwanted, reason=" ", by=cora, now=NOON)
    delete_study(study=unwanted, reason="A trial.", by=cora, now=NOON)
    study = open_study(study=draft("Reading"), reason="Approved. ", by=cora, now=NOON)
    with pytest.raises(Refusal):
        close_study(study=study, reason="", by=cora, now=NOON)
    close_study(study=study, reason="Long enough.", by=cora, now=NOON)
    address = f"/api/v1/studies/{study.slug}/bundle/"
    assert signed_in(cora).get(address, {"reason": " For the paper."}).status_code == 200
    assert [entry for entry in written() if entry[1] != Act.SIGNED_IN] == [
        ("", "cohort-created", "Clinic (clinic)", ""),
        ("", "member-added", "cora, coordinator", ""),
        ("cora", "case-imported", f"case {case.code}", ""),
        ("cora", "study-deleted", "Unwanted (unwanted)", "A trial."),
        ("cora", "study-opened", "Reading (reading)", "Approved."),
        ("cora", "study-closed", "Reading (reading)", "Long enough."),
        ("cora", "study-exported", "Reading (reading)", "For the paper."),
    ]


def test_signing_in_and_out_is_written_down(cora: User) -> None:
    client = Client()
    form = {"login": "cora", "password": "phantoms"}
    assert client.post("/accounts/login/", form).status_code == 302
    assert client.post("/accounts/logout/").status_code == 302
    assert [entry[:2] for entry in written()] == [("cora", "signed-in"), ("cora", "signed-out")]


def test_what_is_refused_leaves_no_entry(case: Case, cora: User) -> None:
    before = written()
    with pytest.raises(Refusal):
        import_case(cohort=case.cohort, files=[NamedFile("FLAIR.nii", b"no")], now=NOON, by=cora)
    assert written() == before


@pytest.mark.parametrize("verb", ["UPDATE", "DELETE"])
def test_the_database_refuses_to_change_an_entry(case: Case, verb: str) -> None:
    if connection.vendor == "sqlite" and verb == "DELETE":
        audit_log.unprotect(connection, "UPDATE")
        audit_log.protect(connection)
    entries = AuditEntry.objects.all()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        entries.update(what="nothing") if verb == "UPDATE" else entries.delete()
    assert written()[0][2] == "Clinic (clinic)"


def test_its_page_shows_it_to_coordinators_only(case: Case, cora: User, rita: User) -> None:
    address = f"/cohorts/{case.cohort.slug}/audit/"
    page = signed_in(cora).get(address).content.decode()
    assert f"case {case.code}" in page
    assert "case imported" in page
    case.cohort.memberships.create(user=rita, role="delineator")
    assert signed_in(rita).get(address).status_code == 403


def test_its_page_picks_one_kind_and_turns_pages(case: Case, cora: User) -> None:
    for number in range(150):
        record(Act.STUDY_EXPORTED, by=cora, now=NOON, what=f"#{number}.", cohort=case.cohort.slug)
    address = f"/cohorts/{case.cohort.slug}/audit/?act=study-exported"
    first = signed_in(cora).get(address).content.decode()
    second = signed_in(cora).get(f"{address}&page=2").content.decode()
    assert "#149." in first
    assert "#49." not in first
    assert "#49." in second
    assert "case imported</td>" not in first + second


def test_a_coordinator_with_hidden_cases_does_not_read_about_them(case: Case, cora: User) -> None:
    dana = User.objects.create_user("dana")
    case.cohort.memberships.create(user=dana, role="coordinator")
    study = create_study(title="Reading", cohort=case.cohort, by=dana, now=NOON)
    edit_study(
        study=study,
        by=dana,
        items=[case.segmentations.get().pk],
        raters=["cora"],
        settings={"gap": 0, "min_volume_mm3": 0},
    )
    open_study(study=study, by=dana, now=NOON)
    for address in ("audit/", "audit.csv"):
        assert signed_in(cora).get(f"/cohorts/{case.cohort.slug}/{address}").status_code == 404
        assert signed_in(dana).get(f"/cohorts/{case.cohort.slug}/{address}").status_code == 200


def test_its_table_holds_everything_and_runs_nothing(case: Case, cora: User) -> None:
    slug = case.cohort.slug
    record(Act.STUDY_CLOSED, by=cora, now=NOON, what="A", why="=2+5", cohort=slug)
    answer = signed_in(cora).get(f"/cohorts/{slug}/audit.csv")
    lines = answer.content.decode().splitlines()
    assert lines[0] == "at_utc,user,act,what,why"
    assert f"{NOON.isoformat()},cora,study-closed,A,'=2+5" in lines
    assert written()[-1][1] == "audit-exported"


def shown_in(case: Case, reader: User, **asked: str) -> list[tuple[str, str]]:
    """Who did what, by the table that is downloaded; the reader's own coming is left out."""
    answer = signed_in(reader).get(f"/cohorts/{case.cohort.slug}/audit.csv", asked)
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    own = {(reader.username, "signed-in"), (reader.username, "audit-exported")}
    return [one for row in rows if (one := (row["user"], row["act"])) not in own]


def test_it_knows_raters_and_those_who_left(case: Case, cora: User, rita: User) -> None:
    people = {name: User.objects.create_user(name) for name in ("dana", "otto", "ravi")}
    study = create_study(title="Reading", cohort=case.cohort, by=cora, now=NOON)
    invited(case.cohort, rita)
    edit_study(study=study, by=cora, raters=["rita"])
    add_member(cohort=case.cohort, user=people["dana"], role="delineator")
    remove_member(
        cohort=case.cohort, user=people["dana"], reason="Moved on.", by=cora, now=timezone.now()
    )
    record(Act.INVITATION_ACCEPTED, by=people["ravi"], now=NOON, what="as rater", cohort="clinic")
    for person in (rita, *people.values()):
        signed_in(person)
    boss = User.objects.create_superuser("boss")
    record(Act.ACCOUNT_CHANGED, by=boss, now=NOON, what="rita: active", about=rita)
    record(Act.ACCOUNT_CHANGED, by=boss, now=NOON, what="otto: active", about=people["otto"])
    told = shown_in(case, cora)
    assert {who for who, act in told if act == "signed-in"} == {"rita", "dana", "ravi"}
    assert told.count(("boss", "account-changed")) == 1


def test_person_act_and_days_are_chosen_together(case: Case, cora: User, rita: User) -> None:
    slug = case.cohort.slug
    for day in (2, 3, 4):
        for person in (cora, rita):
            at = datetime(2025, 3, day, 23, 30, tzinfo=UTC)
            record(Act.STUDY_EXPORTED, by=person, now=at, what=f"day {day}", cohort=slug)
            record(Act.STUDY_OPENED, by=person, now=at, what=f"day {day}", cohort=slug)
    asked = {
        "person": "rita",
        "act": "study-exported",
        "since": "2025-03-03",
        "until": "2025-03-03",
    }
    assert shown_in(case, cora, **asked) == [("rita", "study-exported")]
    assert shown_in(case, cora, until="2025-03-02") == [
        ("rita", "study-opened"),
        ("rita", "study-exported"),
        ("cora", "study-opened"),
        ("cora", "study-exported"),
    ]
    assert {who for who, _ in shown_in(case, cora, person="*")} == {""}
    address = f"/cohorts/{slug}/audit/?person=rita&since=2025-03-04&until=no-day"
    page = signed_in(cora).get(address).content.decode()
    assert page.count("<td>day 4</td>") == 2
    assert "<td>day 3</td>" not in page
    assert "<option selected>rita</option>" in page
    assert f"/cohorts/{slug}/audit.csv?person=rita&amp;since=2025-03-04" in page


@pytest.mark.parametrize("days", [{"until": "9999-12-31"}, {"since": "0001-01-01"}])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Lima"])
def test_days_at_the_ends_of_the_calendar_leave_nothing_out(
    case: Case, cora: User, days: dict[str, str], zone: str
) -> None:
    Preferences.objects.create(user=cora, time_zone=zone)
    everything = shown_in(case, cora)
    assert everything
    assert shown_in(case, cora, **days) == everything


def test_a_day_is_one_of_the_readers_time_zone(case: Case, cora: User) -> None:
    Preferences.objects.create(user=cora, time_zone="Asia/Tokyo")
    at = datetime(2025, 3, 2, 23, 30, tzinfo=UTC)  # there it is the 3rd
    record(Act.STUDY_EXPORTED, by=None, now=at, what="late", cohort=case.cohort.slug)
    days = {"since": "2025-03-03", "until": "2025-03-03"}
    assert shown_in(case, cora, **days) == [("", "study-exported")]
