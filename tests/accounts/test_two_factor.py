"""A second factor: switched on with a code, asked for at every door, never stored in the clear."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from segmentation.models import AuditEntry
from tests.accounts.conftest import PASSWORD
from tests.accounts.test_account import browser, confirm_it_is_me
from tests.segmentation.scans import signed_in

ON = "/account/two-factor/on/"


def code(secret: str) -> str:
    """What an authenticator app would show now."""
    cache.clear()  # a code counts once; tests need several within half a minute
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


@pytest.fixture
def secret(cora: User) -> str:
    """The secret in Cora's authenticator app, after she switched it on."""
    client = browser(cora)
    confirm_it_is_me(client, ON)
    secret = client.get(ON).context["form"].secret
    done = client.post(ON, {"code": code(secret)}, follow=True)
    assert "Your recovery codes" in done.content.decode()
    return str(secret)


def at_the_second_step(user: User) -> Client:
    client = Client()
    door = client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert door.headers["Location"] == "/accounts/login/code/"
    assert client.get("/").status_code == 302
    return client


def test_the_password_alone_opens_nothing_any_more(cora: User, secret: str) -> None:
    client = at_the_second_step(cora)
    wrong = client.post("/accounts/login/code/", {"code": "000000"})
    assert "Incorrect code" in wrong.content.decode()
    assert client.get("/").status_code == 302
    client.post("/accounts/login/code/", {"code": code(secret)})
    assert client.get("/").status_code == 200


def test_a_code_opens_once(cora: User, secret: str) -> None:
    now = code(secret)
    at_the_second_step(cora).post("/accounts/login/code/", {"code": now})
    second = at_the_second_step(cora)
    second.post("/accounts/login/code/", {"code": now})
    assert second.get("/").status_code == 302


def test_a_recovery_code_opens_once(cora: User, secret: str) -> None:
    codes = Authenticator.objects.get(user=cora, type="recovery_codes").wrap().get_unused_codes()
    for expected in (200, 302):
        client = at_the_second_step(cora)
        client.post("/accounts/login/code/", {"code": codes[0]})
        assert client.get("/").status_code == expected


def test_codes_cannot_be_guessed(cora: User, secret: str) -> None:
    client = at_the_second_step(cora)
    said = [
        client.post("/accounts/login/code/", {"code": f"{n:06}"}).content.decode() for n in range(6)
    ]
    assert "Wait 5 minutes" in said[5]
    AuditEntry.objects.get(act="locked-out", actor="cora")


def test_the_administration_asks_for_it_too(cora: User, secret: str) -> None:
    User.objects.filter(pk=cora.pk).update(is_staff=True, is_superuser=True)
    client = at_the_second_step(cora)
    assert client.get("/admin/").status_code == 302
    client.post("/admin/login/", {"username": "cora", "password": PASSWORD})
    assert client.get("/admin/").status_code == 302


def test_it_is_stored_encrypted(cora: User, secret: str, settings: Settings) -> None:
    for one in Authenticator.objects.filter(user=cora):
        assert secret not in str(one.data)
        kept = one.data.get("secret") or one.data["seed"]
        assert len(kept) > 90  # nothing but its encryption


def test_it_outlives_a_new_secret_key(cora: User, secret: str, settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key that this installation has had since its last start"
    client = at_the_second_step(cora)
    client.post("/accounts/login/code/", {"code": code(secret)})
    assert client.get("/").status_code == 200


def test_switching_it_off_asks_who_it_is(cora: User, secret: str) -> None:
    client = at_the_second_step(cora)
    client.post("/accounts/login/code/", {"code": code(secret)})
    asked = client.get("/account/two-factor/off/")
    assert asked.headers["Location"].startswith("/account/again/")
    client.post(asked.headers["Location"], {"password": PASSWORD})
    client.post("/account/two-factor/off/")
    assert not Authenticator.objects.filter(user=cora).exists()
    acts = list(AuditEntry.objects.filter(act__startswith="two-factor").values_list("act", "actor"))
    assert sorted(acts) == [("two-factor-off", "cora"), ("two-factor-on", "cora")]


def test_an_administrator_can_take_it_away(cora: User, secret: str) -> None:
    boss = signed_in(User.objects.create_superuser("boss"))
    for one in Authenticator.objects.filter(user=cora):
        address = f"/admin/mfa/authenticator/{one.pk}/"
        page = boss.get(f"{address}change/").content.decode()
        assert "gAAAA" not in page  # the secret
        boss.post(f"{address}delete/", {"post": "yes"})
    assert browser(cora).get("/").status_code == 200
    written = AuditEntry.objects.filter(act="two-factor-off", actor="boss")
    assert "TOTP Authenticator of cora" in [entry.what for entry in written]
