"""Lists ask the database equally often however long they are, and find what is looked for."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils import timezone

from accounts.models import Invitation
from accounts.operations.invitations import invite
from rating.models import Presentation, StudyMembership
from rating.operations.reference_study import create_reference
from rating.operations.study import create_study
from segmentation.models import Case, Cohort, InferenceJob
from segmentation.operations.cases import create_cohort
from segmentation.operations.jobs import request_segmentation, say_present
from tests.rating.stage import a_case, a_mask
from tests.segmentation.scans import NOON, signed_in
from tests.webapp.clinics import a_study
from tests.webapp.many import (
    add_acts,
    add_cases,
    add_evaluations,
    add_items,
    add_jobs,
    add_people,
    add_studies,
)
from webapp.access import TABLE

LISTS = [
    "/",
    "/cases/?cohort=clinic",
    "/cases/?cohort=clinic&q=C0&mask=slim-unet&sequence=T1&order=-imported",
    "/cases/C0001/",
    "/studies/",
    "/studies/reading/",
    "/reference-studies/",
    "/search/?q=s",
    "/jobs/",
    "/evaluations/",
    "/cohorts/clinic/corrections/?order=uncertainty",
    "/cohorts/clinic/corrections/?order=corrected",
    "/cohorts/clinic/audit/",
    "/cohorts/clinic/audit.csv",
    "/cohorts/clinic/members/",
    "/cohorts/clinic/members/?of=invitations&q=person",
    "/api/v1/cohorts/",
    "/api/v1/cohorts/clinic/cases/?page_size=1000",
    "/api/v1/cases/C0001/",
    "/api/v1/cases/C0001/jobs/",
    "/api/v1/studies/?page_size=1000",
    "/api/v1/studies/reading/",
    "/api/v1/studies/reading/candidates/",
    "/api/v1/jobs/?page_size=1000",
    "/api/v1/readings/",
    "/api/v1/reference-studies/?page_size=1000",
    "/api/v1/assignments/",
    "/api/v1/evaluations/?page_size=1000",
]


@pytest.fixture
def people(db: None) -> dict[str, User]:
    return {name: User.objects.create_user(name) for name in ("cora", "dana", "rita", "ravi")}


@pytest.fixture
def clinic(people: dict[str, User]) -> Cohort:
    """A cohort with one real case in an open study of Cora's."""
    cohort = create_cohort(title="Clinic", coordinators=[people["cora"]])
    a_study("Reading", "open", a_mask(a_case(cohort, 1), lesions=3), people)
    return cohort


def may_see(user: User, address: str) -> bool:
    """What the table says."""
    match = resolve(address.split("?", maxsplit=1)[0])
    rule = TABLE[match.view_name]
    return bool(rule.where(user, match.kwargs) & rule.methods["GET"])


def queries(user: User, address: str) -> int:
    """How many queries a page takes."""
    client = signed_in(user)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
        b"".join(answer) if answer.streaming else answer.content
    assert answer.status_code == 200, address
    return len(captured)


def test_a_list_of_1000_takes_as_many_queries_as_one_of_10(
    clinic: Cohort, people: dict[str, User]
) -> None:
    clinic.memberships.create(user=people["dana"], role="delineator")
    study = clinic.studies.get()
    token = study.memberships.get(user=people["rita"]).token
    lists = [*LISTS, f"/reading/{token}/", f"/api/v1/readings/{token}/"]
    everyone = ("cora", "dana", "rita")
    shown = [(who, one) for who in everyone for one in lists if may_see(people[who], one)]
    assert {one for _, one in shown} == {*lists}
    taken = []
    for count in (10, 990):
        add_cases(clinic, count)
        add_jobs(clinic.cases.get(code="C0001"), count)
        add_studies(clinic, people["cora"], people["rita"], count // 10)
        add_items(study, count // 4)
        add_people(clinic, people["cora"], count)
        add_acts(clinic, people["cora"], count)
        add_evaluations(clinic, people["cora"], count)
        taken.append({(who, one): queries(people[who], one) for who, one in shown})
    assert taken[0] == taken[1]
    assert max(taken[0].values()) < 25
    assert study.items.count() == 1 + 2 + 247


def test_cases_are_found_and_put_in_order(clinic: Cohort, people: dict[str, User]) -> None:
    add_cases(clinic, 120)
    client = signed_in(people["cora"])

    def codes(asked: str) -> list[str]:
        address = f"/api/v1/cohorts/clinic/cases/?page_size=1000&{asked}"
        return [case["code"] for case in client.get(address).json()["results"]]

    everything = codes("")
    assert len(everything) == 121
    assert everything == sorted(everything)
    assert codes("order=-code") == everything[::-1]
    assert codes("q=c0011") == ["C0011"]
    assert codes("q=S0011") == ["C0022", "C0023"]
    assert len(codes("mask=none")) == 12
    assert len(codes("mask=slim-unet")) == 108
    assert len(codes("sequence=T1")) == 120
    assert codes("q=nothing-like-it") == []
    first = client.get("/api/v1/cohorts/clinic/cases/?page_size=50").json()
    assert (first["count"], len(first["results"]), first["previous"]) == (121, 50, None)
    assert client.get("/api/v1/cohorts/clinic/cases/?page=99").status_code == 404


def test_ten_thousand_comes_after_nine_thousand(clinic: Cohort, people: dict[str, User]) -> None:
    for code in ("C10000", "C9999"):
        Case.objects.create(code=code, subject="S1", cohort=clinic, imported_at=NOON)
    page = signed_in(people["cora"]).get("/cases/?cohort=clinic").content.decode()
    assert page.index("C9999") < page.index("C10000")


def test_the_page_of_cases_turns_and_says_when_nothing_fits(
    clinic: Cohort, people: dict[str, User]
) -> None:
    add_cases(clinic, 60)
    client = signed_in(people["cora"])
    first = client.get("/cases/?cohort=clinic&q=C").content.decode()
    assert "Page 1 of 2" in first
    assert "q=C&amp;page=2" in first
    assert "C0055" in client.get("/cases/?cohort=clinic&q=C&page=2").content.decode()
    assert "No case fits" in client.get("/cases/?cohort=clinic&q=xyz").content.decode()


def test_the_page_of_people_turns_and_finds(clinic: Cohort, people: dict[str, User]) -> None:
    add_people(clinic, people["cora"], 120)
    User.objects.filter(username="person-77").update(last_name="Vilhelm")
    client = signed_in(people["cora"])

    def shown(asked: str) -> tuple[list[str], list[str]]:
        """The people and the invited addresses on a page, in its order."""
        page = client.get(f"/cohorts/clinic/members/{asked}").content.decode()
        names = re.findall(r"<td>(\S+)</td>\s*<td>(?:coord|delin|rater)", page)
        return names, re.findall(r'<th scope="row">(\S+@\S+)</th>', page)

    first, invited = shown("")
    assert (first[0], len(first), len(invited)) == ("cora", 50, 50)
    everybody = [*first, *shown("?page=2")[0], *shown("?page=3")[0]]
    assert len(everybody) == len(set(everybody)) == 123  # rita and ravi came to rate
    alone = [shown(f"?of=invitations&page={number}") for number in (1, 2)]
    assert [len(names) for names, _ in alone] == [0, 0]
    assert len({address for _, addresses in alone for address in addresses}) == 60
    assert shown("?q=vilh") == (["person-77"], [])
    assert shown("?q=person-10@") == ([], ["person-10@clinic.example"])
    page = client.get("/cohorts/clinic/members/?q=xyz").content.decode()
    assert "Nobody fits" in page


def test_search_shows_what_one_may_see(clinic: Cohort, people: dict[str, User]) -> None:
    found = signed_in(people["cora"]).get("/search/?q=C00").content.decode()
    assert "/cases/C0001/" in found
    assert "/studies/reading/" in signed_in(people["cora"]).get("/search/?q=read").content.decode()
    create_reference(title="Readers' reference", cohort=clinic, now=NOON)
    assert "/reference-studies/readers-reference/" in (
        signed_in(people["cora"]).get("/search/?q=reference").content.decode()
    )
    clinic.memberships.create(user=people["rita"], role="delineator")
    assert "readers-reference" not in (
        signed_in(people["rita"]).get("/search/?q=reference").content.decode()
    )
    hidden = signed_in(people["rita"]).get("/search/?q=0").content.decode()
    assert "C0001" not in hidden
    assert "Nothing found" in hidden
    root = User.objects.create_superuser("root")
    assert "/admin/auth/user/" in signed_in(root).get("/search/?q=rita").content.decode()
    assert "rita</a>" not in signed_in(people["cora"]).get("/search/?q=rita").content.decode()


def test_home_says_what_waits_for_a_coordinator(clinic: Cohort, people: dict[str, User]) -> None:
    case = a_case(clinic, 2)
    client = signed_in(people["cora"])
    assert "1 case of Clinic has no mask yet" in client.get("/").content.decode()
    job = InferenceJob.objects.create(
        case=case, method="slim-unet", queued_at=NOON, state="failed", reason="Memory ran out."
    )
    home = client.get("/").content.decode()
    assert "1 job failed in Clinic" in home
    assert "rita has rested for" in home  # the study was opened on a day long past
    assert "rested" not in signed_in(people["rita"]).get("/").content.decode()
    InferenceJob.objects.create(
        case=case, method="slim-unet", queued_at=NOON.replace(hour=13), state="queued"
    )
    assert 'href="/jobs/?state=failed&amp;cohort=clinic"' in home
    again = client.get("/").content.decode()
    assert "failed in" not in again
    assert "no mask yet" not in again
    assert job.pk


def test_whoever_went_on_lately_or_joined_lately_does_not_rest(
    clinic: Cohort, people: dict[str, User]
) -> None:
    reading = StudyMembership.objects.get(user=people["rita"])
    shown = reading.presentations.order_by("position").first()
    assert shown is not None
    lately, long_ago = (timezone.now() - timedelta(days=days) for days in (2, 9))
    for opened_at, joined_at, rests in (
        (None, None, True),
        (long_ago, None, True),
        (lately, None, False),
        (None, long_ago, True),
        (None, lately, False),
    ):
        reading.presentations.filter(pk=shown.pk).update(opened_at=opened_at)
        StudyMembership.objects.filter(pk=reading.pk).update(joined_at=joined_at)
        assert ("rita has rested for" in needs(people["cora"])) == rests, (opened_at, joined_at)


def needs(user: User) -> str:
    """What the home page says needs somebody's attention; empty when nothing does."""
    page = signed_in(user).get("/").content.decode()
    found = re.search(r'<ul class="attention">(.*?)</ul>', page, re.DOTALL)
    return re.sub(r"<[^>]+>|\s+", " ", found[1]) if found else ""


def test_home_says_when_jobs_wait_for_a_worker_that_is_not_there(
    clinic: Cohort, people: dict[str, User]
) -> None:
    cora = people["cora"]
    for seed in (2, 3):
        request_segmentation(case=a_case(clinic, seed), method="slim-unet", by=cora, now=NOON)
    words = needs(cora)
    assert "2 jobs wait in Clinic and no worker is there." in words
    say_present(worker="one", now=timezone.now())
    assert "no worker" not in needs(cora)
    say_present(worker="one", now=timezone.now() - timedelta(minutes=1))
    assert "no worker" in needs(cora)
    InferenceJob.objects.update(state="running")
    assert "no worker" not in needs(cora)


def test_home_says_what_is_to_be_closed_opened_or_sent_again(
    clinic: Cohort, people: dict[str, User]
) -> None:
    cora = people["cora"]
    create_study(title="Second reading", cohort=clinic, by=cora, now=NOON)
    invitation, _ = invite(
        cohort=clinic, address="dana@clinic.example", role="rater", by=cora, now=timezone.now()
    )
    before = needs(cora)
    assert "The draft “Second reading” is not open yet." in before
    assert "ran out" not in before
    assert "are rated" not in before
    Invitation.objects.update(expires_at=timezone.now())
    Presentation.objects.update(submitted_at=NOON)
    after = needs(cora)
    assert "1 invitation to Clinic ran out. Send it again" in " ".join(after.split())
    assert "All presentations of Reading are rated." in after
    assert needs(people["rita"]) == ""
    assert invitation.pk


def test_jobs_are_listed_by_cohort(clinic: Cohort, people: dict[str, User]) -> None:
    add_cases(clinic, 4)
    other = create_cohort(title="Other", coordinators=[people["cora"]])
    add_cases(other, 6)
    client = signed_in(people["cora"])

    def count(asked: str) -> int:
        return int(client.get(f"/api/v1/jobs/?{asked}").json()["count"])

    assert (count(""), count("cohort=other"), count("cohort=nothing")) == (10, 6, 0)
    assert count("cohort=other&state=failed") == 3
    stranger = signed_in(people["ravi"])
    assert stranger.get("/api/v1/jobs/?cohort=other").json()["count"] == 0
