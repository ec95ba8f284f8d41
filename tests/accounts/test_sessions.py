"""A login ends when its person has done nothing for a while, and not before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from tests.segmentation.scans import signed_in

AGE = timedelta(seconds=settings.SESSION_COOKIE_AGE)


@pytest.fixture
def client(db: None) -> Client:
    """Cora's browser; she logged in when half of a login's time was left."""
    client = signed_in(User.objects.create_user("cora"))
    session = client.session
    session["renewed_at"] = timezone.now().timestamp() - AGE.total_seconds() / 2
    session.save()
    Session.objects.update(expire_date=timezone.now() + AGE / 2)
    return client


def time_left() -> timedelta:
    return Session.objects.get().expire_date - timezone.now()


def test_two_hours_is_the_time_of_a_shared_workstation() -> None:
    assert timedelta(hours=2) == AGE


@pytest.mark.parametrize(("method", "address"), [("get", "/"), ("patch", "/api/v1/cases/C1/")])
def test_whoever_does_something_stays_logged_in(client: Client, method: str, address: str) -> None:
    getattr(client, method)(address)
    assert time_left() > AGE * 0.99
    assert int(client.cookies["sessionid"]["max-age"]) == AGE.total_seconds()


def test_a_page_that_refreshes_itself_keeps_nobody_logged_in(client: Client) -> None:
    assert client.get("/api/v1/jobs/").status_code == 200
    assert time_left() < AGE * 0.51


def test_most_requests_renew_nothing(client: Client) -> None:
    client.get("/")
    Session.objects.update(expire_date=timezone.now() + AGE / 2)
    client.get("/")
    assert time_left() < AGE * 0.51


def test_after_its_time_a_login_has_ended(client: Client) -> None:
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get("/").headers["Location"].startswith("/accounts/login/")
    assert client.put("/api/v1/presentations/x/comment/").json()["code"] == "NotSignedIn"


def test_a_login_by_the_page_has_that_time(db: None) -> None:
    User.objects.create_user("cora", password="phantoms")
    client = Client()
    form = {"login": "cora", "password": "phantoms"}
    assert client.post("/accounts/login/", form).status_code == 302
    assert AGE * 0.99 < time_left() <= AGE
