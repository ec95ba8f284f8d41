"""People come in by a link that works once, and leave a cohort that always keeps a coordinator."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from accounts.models import Invitation
from rating.operations.study import create_study
from segmentation.models import AuditEntry, Cohort
from segmentation.operations.cases import create_cohort
from tests.segmentation.scans import NOON, signed_in

ADDRESS = "rita.ravn@clinic.example"
ACCOUNT = {
    "first_name": "Rita",
    "last_name": "Ravn",
    "new_password1": "other-words-2020",
    "new_password2": "other-words-2020",
}


@pytest.fixture
def cohort(cora: User) -> Cohort:
    return create_cohort(title="Clinic 2019", coordinators=[cora])


def invite(by: User, cohort: Cohort, role: str = "delineator", address: str = ADDRESS) -> str:
    """The link that the page shows to whoever invited, once."""
    form = {"address": address, "role": role}
    return link_on(signed_in(by).post(f"/cohorts/{cohort.slug}/members/", form))


def link_on(page: HttpResponse) -> str:
    found = re.search(r'value="http://testserver(/invitation/[^"]+)"', page.content.decode())
    assert found, page.content.decode()
    return found[1]


def roles(cohort: Cohort) -> set[tuple[str, str]]:
    return set(cohort.memberships.values_list("user__username", "role"))


def acts() -> list[tuple[str, str]]:
    made = ["cohort-created", "member-added"]  # with the cohort, before the story begins
    told = AuditEntry.objects.filter(cohort="clinic-2019").exclude(act__in=made).order_by("pk")
    return list(told.values_list("actor", "act"))


def test_an_invited_person_makes_an_account(cora: User, cohort: Cohort) -> None:
    link = invite(cora, cohort)
    assert mail.outbox[0].to == [ADDRESS]
    assert mail.outbox[0].subject == "[Plaque] Cora invites you"
    assert f"http://testserver{link}" in mail.outbox[0].body
    client = Client()
    assert "Choose a password" in client.get(link).content.decode()
    home = client.post(link, ACCOUNT, follow=True).content.decode()
    assert "You log in as rita.ravn from now on" in home
    rita = User.objects.get(username="rita.ravn")
    assert (rita.email, rita.get_full_name(), rita.is_staff) == (ADDRESS, "Rita Ravn", False)
    assert roles(cohort) == {("cora", "coordinator"), ("rita.ravn", "delineator")}
    assert acts() == [("cora", "invited"), ("rita.ravn", "invitation-accepted")]


def test_the_log_does_not_hold_the_address(cora: User, cohort: Cohort) -> None:
    invite(cora, cohort)
    assert not AuditEntry.objects.filter(what__contains="@").exists()


def test_a_rater_gets_an_account_and_no_role(cora: User, cohort: Cohort) -> None:
    Client().post(invite(cora, cohort, "rater"), ACCOUNT)
    assert roles(cohort) == {("cora", "coordinator")}
    assert "Clinic 2019" not in mail.outbox[0].body
    page = signed_in(cora).get("/cohorts/clinic-2019/members/").content.decode()
    assert "rater by invitation" in page


def test_whoever_has_an_account_joins_with_it(cora: User, dana: User, cohort: Cohort) -> None:
    link = invite(cora, cohort, "coordinator", "dana@clinic.example")
    browser = signed_in(dana)
    assert "Join as dana" in browser.get(link).content.decode()
    browser.post(link)
    assert roles(cohort) == {("cora", "coordinator"), ("dana", "coordinator")}


def test_an_invitation_never_takes_a_role_away(cora: User, cohort: Cohort) -> None:
    signed_in(cora).post(invite(cora, cohort, "delineator", "cora@clinic.example"))
    assert roles(cohort) == {("cora", "coordinator")}


def test_nobody_learns_whether_an_address_has_an_account(
    cora: User, dana: User, cohort: Cohort
) -> None:
    links = [invite(cora, cohort, "rater", one) for one in (dana.email.lower(), ADDRESS)]
    pages = [Client().get(link).content.decode() for link in links]
    without = [re.sub(r'value="\w{64}"|invitation/[\w-]+', "", page) for page in pages]
    assert without[0] == without[1].replace("rita.ravn", "dana")
    one, other = (
        sent.body.replace(link, "") for sent, link in zip(mail.outbox, links, strict=True)
    )
    assert one == other


def test_a_link_works_once(cora: User, cohort: Cohort) -> None:
    link = invite(cora, cohort)
    Client().post(link, ACCOUNT)
    again = Client()
    assert "This invitation is closed" in again.get(link).content.decode()
    assert "This invitation is closed" in again.post(link, ACCOUNT).content.decode()
    assert User.objects.count() == 2


def test_a_link_ends_after_a_week(cora: User, cohort: Cohort) -> None:
    link = invite(cora, cohort)
    Invitation.objects.update(expires_at=NOON - timedelta(days=7))
    assert "This invitation is closed" in Client().post(link, ACCOUNT).content.decode()
    page = signed_in(cora).get("/cohorts/clinic-2019/members/").content.decode()
    assert "too old" in page


def test_only_a_hash_of_the_key_is_kept(cora: User, cohort: Cohort) -> None:
    key = invite(cora, cohort).split("/")[2]
    kept = str(Invitation.objects.values().get())
    assert len(key) > 40
    assert key not in kept
    assert key not in signed_in(cora).get("/cohorts/clinic-2019/members/").content.decode()


def test_sending_again_ends_the_link_before(cora: User, cohort: Cohort) -> None:
    first = invite(cora, cohort)
    address = f"/invitations/{Invitation.objects.get().pk}/again/"
    second = link_on(signed_in(cora).post(address))
    assert len(mail.outbox) == 2
    assert "This invitation is closed" in Client().get(first).content.decode()
    assert "Choose a password" in Client().get(second).content.decode()


def test_what_is_taken_back_opens_nothing(cora: User, cohort: Cohort) -> None:
    link = invite(cora, cohort)
    signed_in(cora).post(f"/invitations/{Invitation.objects.get().pk}/revoke/")
    assert "This invitation is closed" in Client().post(link, ACCOUNT).content.decode()
    assert acts() == [("cora", "invited"), ("cora", "invitation-revoked")]


def test_an_accepted_invitation_is_neither_sent_again_nor_taken_back(
    cora: User, cohort: Cohort
) -> None:
    Client().post(invite(cora, cohort), ACCOUNT)
    pk = Invitation.objects.get().pk
    for what in ("again", "revoke"):
        page = signed_in(cora).post(f"/invitations/{pk}/{what}/", follow=True)
        assert "accepted already" in page.content.decode()
    assert Invitation.objects.count() == 1


def test_an_address_is_invited_once(cora: User, cohort: Cohort) -> None:
    invite(cora, cohort)
    form = {"address": ADDRESS.upper(), "role": "rater"}
    page = signed_in(cora).post("/cohorts/clinic-2019/members/", form).content.decode()
    assert "is invited already" in page
    assert len(mail.outbox) == 1


def test_a_mail_server_that_fails_leaves_the_link(
    cora: User, cohort: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailBackend, "send_messages", fail)
    form = {"address": ADDRESS, "role": "rater"}
    page = signed_in(cora).post("/cohorts/clinic-2019/members/", form)
    assert "hand the link over yourself" in page.content.decode()
    assert "Choose a password" in Client().get(link_on(page)).content.decode()


@pytest.mark.parametrize(
    ("server", "said"),
    [("", "No mail server is set"), ("smtp://mail.example.org", "A mail with the link was sent")],
)
def test_the_page_tells_whether_a_mail_went_out(
    cora: User, cohort: Cohort, settings: Settings, server: str, said: str
) -> None:
    settings.EMAIL_URL = server
    form = {"address": ADDRESS, "role": "rater"}
    page = signed_in(cora).post("/cohorts/clinic-2019/members/", form)
    assert said in page.content.decode()


def test_two_people_of_one_name(cora: User, cohort: Cohort) -> None:
    User.objects.create_user("Rita.Ravn")
    Client().post(invite(cora, cohort), ACCOUNT)
    assert User.objects.filter(username="rita.ravn2").exists()


@pytest.mark.parametrize("weak", ["short", "rita.ravn-rita", "password1234"])
def test_a_weak_password_makes_no_account(cora: User, cohort: Cohort, weak: str) -> None:
    link = invite(cora, cohort)
    Client().post(link, ACCOUNT | {"new_password1": weak, "new_password2": weak})
    assert User.objects.count() == 1
    assert Invitation.objects.get().accepted_at is None


def test_too_many_invitations_have_to_wait(cora: User, cohort: Cohort) -> None:
    client = signed_in(cora)
    said = [
        client.post("/cohorts/clinic-2019/members/", {"address": f"p{n}@x.dk", "role": "rater"})
        for n in range(21)
    ]
    assert [page.status_code for page in said] == [200] * 20 + [429]


# --- Leaving --------------------------------------------------------------------------------------


def remove(by: User, cohort: Cohort, user: User) -> str:
    address = f"/cohorts/{cohort.slug}/members/{user.pk}/"
    assert user.username in signed_in(by).get(address).content.decode()
    sent = signed_in(by).post(address, {"reason": "Moved to another clinic."}, follow=True)
    return sent.content.decode()


def test_a_removed_member_sees_nothing_any_more(cora: User, dana: User, cohort: Cohort) -> None:
    cohort.memberships.create(user=dana, role="delineator")
    assert signed_in(dana).get("/api/v1/cohorts/clinic-2019/cases/").status_code == 200
    assert "no longer belongs" in remove(cora, cohort, dana)
    assert signed_in(dana).get("/api/v1/cohorts/clinic-2019/cases/").status_code == 404
    assert acts() == [("cora", "member-removed")]


def test_the_last_coordinator_stays(cora: User, dana: User, cohort: Cohort) -> None:
    cohort.memberships.create(user=dana, role="delineator")
    assert "Invite another coordinator first" in remove(cora, cohort, cora)
    assert ("cora", "coordinator") in roles(cohort)


def test_whoever_alone_runs_a_study_stays(cora: User, dana: User, cohort: Cohort) -> None:
    cohort.memberships.create(user=dana, role="coordinator")
    study = create_study(title="Reading", cohort=cohort, by=dana, now=NOON)
    assert "only coordinator of Reading" in remove(cora, cohort, dana)
    study.memberships.create(user=cora, role="coordinator")
    assert "no longer belongs" in remove(cora, cohort, dana)


def test_who_left_a_cohort_left_its_studies(cora: User, dana: User, cohort: Cohort) -> None:
    cohort.memberships.create(user=dana, role="coordinator")
    study = create_study(title="Reading", cohort=cohort, by=dana, now=NOON)
    study.memberships.create(user=cora, role="coordinator")
    assert signed_in(dana).get("/studies/reading/").status_code == 200
    remove(cora, cohort, dana)
    assert signed_in(dana).get("/studies/reading/").status_code == 404
    assert signed_in(dana).get("/api/v1/studies/").json()["results"] == []
    assert signed_in(cora).get("/studies/reading/").status_code == 200
