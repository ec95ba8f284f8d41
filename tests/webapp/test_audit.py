"""Every sensitive act is written down once, for the coordinators of its cohort, for good."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client

from rating.operations.study import close_study, create_study, delete_study, edit_study, open_study
from segmentation.models import AuditEntry, Case
from segmentation.operations.audit import Act, record
from segmentation.operations.cases import NamedFile, create_cohort, import_case
from segmentation.refusals import Refusal
from tests.conftest import audit_log
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
    def draft(title: str) -> object:
        study = create_study(title=title, cohort=case.cohort, by=cora, now=NOON)
        settings = {"gap": 0, "min_volume_mm3": 0}
        masks = [case.segmentations.get().pk]
        return edit_study(study=study, by=cora, items=masks, raters=["rita"], settings=settings)

    delete_study(study=draft("Unwanted"), by=cora, now=NOON)
    study = open_study(study=draft("Reading"), by=cora, now=NOON)
    with pytest.raises(Refusal):
        close_study(study=study, reason="", by=cora, now=NOON)
    close_study(study=study, reason="Long enough.", by=cora, now=NOON)
    assert signed_in(cora).get(f"/api/v1/studies/{study.slug}/bundle/").status_code == 200
    assert [entry for entry in written() if entry[1] != Act.SIGNED_IN] == [
        ("cora", "case-imported", f"case {case.code}", ""),
        ("cora", "study-deleted", "Unwanted (unwanted)", ""),
        ("cora", "study-opened", "Reading (reading)", ""),
        ("cora", "study-closed", "Reading (reading)", "Long enough."),
        ("cora", "study-exported", "Reading (reading)", ""),
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
    assert written()[0][2] == f"case {case.code}"


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
