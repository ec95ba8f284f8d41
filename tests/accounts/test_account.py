"""The account page: name, time zone, address."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from django.contrib.auth.models import User
from django.test import Client

from accounts.models import Preferences
from segmentation.models import AuditEntry
from segmentation.operations.audit import Act, record
from segmentation.operations.cases import create_cohort
from tests.accounts.conftest import PASSWORD, post
from tests.segmentation.scans import signed_in


def browser(user: User) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    return client


def confirm_it_is_me(client: Client, address: str) -> None:
    """Type the password once more, as changes to the account's protection ask for."""
    asked = client.get(address)
    assert asked.headers["Location"].startswith("/account/again/")
    assert client.post(asked.headers["Location"], {"password": PASSWORD}).status_code == 302


def test_name_and_time_zone_are_kept(cora: User) -> None:
    client = browser(cora)
    form = {"first_name": "Cora", "last_name": "Ström", "time_zone": "Europe/Copenhagen"}
    page = client.post("/account/", form, follow=True).content.decode()
    assert "Saved." in page
    assert "Cora Ström" in page
    assert 'data-time-zone="Europe/Copenhagen"' in page


def test_times_are_shown_in_the_readers_time_zone(cora: User) -> None:
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    noon = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    record(Act.STUDY_OPENED, by=cora, now=noon, what="A study", cohort=cohort.slug)
    address = f"/cohorts/{cohort.slug}/audit/"
    assert "12:00:00" in signed_in(cora).get(address).content.decode()
    Preferences.objects.create(user=cora, time_zone="Europe/Copenhagen")
    assert "14:00:00" in signed_in(cora).get(address).content.decode()
    Preferences.objects.update(time_zone="Mars/Olympus")
    assert "12:00:00" in signed_in(cora).get(address).content.decode()


def test_an_unknown_time_zone_is_refused(cora: User) -> None:
    page = browser(cora).post("/account/", {"time_zone": "Mars/Olympus"}).content.decode()
    assert "not one of the available choices" in page
    assert not Preferences.objects.exists()


def test_an_address_is_changed_by_the_link_that_is_sent_to_it(cora: User) -> None:
    client = browser(cora)
    confirm_it_is_me(client, "/account/email/")
    client.post("/account/email/", {"address": "Cora@New.example"})
    (mail,) = post()
    assert mail.to == ["cora@new.example"]
    cora.refresh_from_db()
    assert cora.email == "cora@clinic.example"
    link = re.search(r"http://testserver(/\S+)", mail.body)[1]
    assert "cora@new.example" in client.get(link).content.decode()
    client.post(link)
    cora.refresh_from_db()
    assert cora.email == "cora@new.example"
    assert post()[1].to == ["cora@clinic.example"]  # the old one is told
    assert AuditEntry.objects.filter(act="email-changed", actor="cora").exists()
    assert "too old, was used already" in client.get(link).content.decode()


def test_nobody_else_can_use_that_link(cora: User, dana: User) -> None:
    client = browser(cora)
    confirm_it_is_me(client, "/account/email/")
    client.post("/account/email/", {"address": "cora@new.example"})
    link = re.search(r"http://testserver(/\S+)", post()[0].body)[1]
    for somebody in (dana, cora):
        other = browser(somebody)
        other.post(link if somebody is dana else link[:-3] + "x/")
    cora.refresh_from_db()
    dana.refresh_from_db()
    assert (cora.email, dana.email) == ("cora@clinic.example", "Dana@clinic.example")


def test_changing_the_address_needs_the_password_again(cora: User) -> None:
    client = browser(cora)
    asked = client.post("/account/email/", {"address": "thief@elsewhere.example"})
    assert asked.headers["Location"].startswith("/account/again/")
    assert post() == []
