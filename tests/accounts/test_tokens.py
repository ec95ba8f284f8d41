"""A token does in the API what its owner may, and nothing beside; it ends when it should."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import AccessToken
from accounts.operations.tokens import make_token
from segmentation.models import AuditEntry, Case
from segmentation.operations.cases import create_cohort
from tests.accounts.test_account import browser, confirm_it_is_me
from tests.rating.stage import a_case

ME = "/api/v1/cohorts/"


@pytest.fixture
def case(cora: User) -> Case:
    return a_case(create_cohort(title="Clinic A", coordinators=[cora]), 1)


def a_token(user: User, *, days: int = 30) -> str:
    return make_token(user=user, name="script", lifetime=timedelta(days=days), now=timezone.now())


def ask(key: str, address: str = ME, method: str = "GET", scheme: str = "Bearer") -> HttpResponse:
    """Ask as a script does: no cookie, no CSRF token, nobody forgiving."""
    client = Client(enforce_csrf_checks=True)
    return client.generic(method, address, headers={"Authorization": f"{scheme} {key}"})


def test_a_token_is_made_on_its_page_and_shown_once(cora: User, case: Case) -> None:
    client = browser(cora)
    form = {"name": "nightly import", "days": "90"}
    asked = client.post("/account/tokens/", form)
    assert asked.headers["Location"].startswith("/account/again/")  # the password, once more
    page = client.post(asked.headers["Location"], {"password": "phantoms-of-2019"})
    key = re.search(r'value="(plaque_[^"]+)"', page.content.decode())[1]
    assert [one["slug"] for one in ask(key).json()] == ["clinic-a"]
    again = client.get("/account/tokens/").content.decode()
    assert key not in again
    assert "nightly import" in again
    assert key not in str(list(AccessToken.objects.values()))
    token = AccessToken.objects.get()
    assert (token.expires_at - token.created_at).days == 90
    assert token.used_at is not None
    AuditEntry.objects.get(act="token-made", actor="cora", what="token nightly import")


def test_a_token_writes_without_csrf(cora: User, case: Case) -> None:
    asked = ask(a_token(cora), f"/api/v1/cases/{case.code}/jobs/", "POST")
    assert asked.json()["code"] == "Invalid"  # let in; the body is what is missing


def test_a_session_still_needs_csrf(cora: User, case: Case) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cora, backend="django.contrib.auth.backends.ModelBackend")
    address = f"/api/v1/cases/{case.code}/jobs/"
    assert client.post(address, {"method": "slim-unet"}).status_code == 403
    basic = client.post(address, headers={"Authorization": "Basic Y29yYTpub3RoaW5n"})
    assert basic.status_code == 403


def test_a_token_reaches_only_what_is_its_owners(cora: User, dana: User, case: Case) -> None:
    other = a_case(create_cohort(title="Clinic B", coordinators=[dana]), 2)
    keys = {cora: a_token(cora), dana: a_token(dana)}
    own, foreign = (f"/api/v1/cases/{one.code}/" for one in (case, other))
    assert ask(keys[cora], own).status_code == ask(keys[dana], foreign).status_code == 200
    assert ask(keys[cora], foreign).status_code == ask(keys[dana], own).status_code == 404
    assert [one["slug"] for one in ask(keys[dana]).json()] == ["clinic-b"]


def test_the_token_says_who_asks_not_the_session(cora: User, dana: User, case: Case) -> None:
    client = browser(dana)
    client.get("/")
    headers = {"Authorization": f"Bearer {a_token(cora)}"}
    assert [one["slug"] for one in client.get(ME, headers=headers).json()] == ["clinic-a"]
    assert client.get(ME).json() == []


def test_a_bad_token_is_refused_even_beside_a_good_session(cora: User) -> None:
    answer = browser(cora).get(ME, headers={"Authorization": "Bearer plaque_no"})
    assert answer.status_code == 401


@pytest.mark.parametrize("garble", ["", "x", "plaque_", "{}x", "x{}", "{} {}", "plaque_\u00e9"])
def test_a_garbled_token_opens_nothing(cora: User, garble: str) -> None:
    key = a_token(cora)
    answer = ask(garble.replace("{}", key))
    assert (answer.status_code, answer.json()["code"]) == (401, "TokenRefused")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_ends(cora: User) -> None:
    assert ask(a_token(cora, days=-1)).status_code == 401


def test_a_closed_accounts_token_opens_nothing(cora: User) -> None:
    key = a_token(cora)
    assert ask(key).status_code == 200
    User.objects.filter(pk=cora.pk).update(is_active=False)
    assert ask(key).status_code == 401


def test_a_revoked_token_opens_nothing(cora: User) -> None:
    key = a_token(cora)
    browser(cora).post(f"/account/tokens/{AccessToken.objects.get().pk}/revoke/")
    assert ask(key).status_code == 401
    AuditEntry.objects.get(act="token-revoked", actor="cora")


def test_nobody_revokes_anothers_token(cora: User, dana: User) -> None:
    key = a_token(cora)
    address = f"/account/tokens/{AccessToken.objects.get().pk}/revoke/"
    assert browser(dana).post(address).status_code == 404
    assert ask(key).status_code == 200


@pytest.mark.parametrize(
    "address",
    ["/", "/account/", "/account/tokens/", "/account/password/", "/account/email/", "/admin/"],
)
def test_a_token_opens_no_page_and_no_account(cora: User, address: str) -> None:
    User.objects.filter(pk=cora.pk).update(is_staff=True, is_superuser=True)
    key = a_token(cora)
    for method in ("GET", "POST"):
        client = Client()
        headers = {"Authorization": f"Bearer {key}"}
        answer = client.generic(method, address, headers=headers)
        assert answer.status_code in {302, 405}
        assert answer.headers.get("Location", "/accounts/login/").startswith("/accounts/login/")
    assert AccessToken.objects.count() == 1


def test_making_one_needs_the_password_again(cora: User) -> None:
    client = browser(cora)
    assert client.get("/account/tokens/").status_code == 200
    client.post("/account/tokens/", {"name": "thief", "days": "30"})
    assert not AccessToken.objects.exists()
    confirm_it_is_me(client, "/account/email/")
    client.post("/account/tokens/", {"name": "mine", "days": "30"})
    assert AccessToken.objects.count() == 1


def test_the_description_names_it(cora: User) -> None:
    described = ask(a_token(cora), "/api/schema/").content.decode()
    assert "scheme: bearer" in described
