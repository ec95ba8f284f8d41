"""Choosing and changing passwords, without anybody learning which accounts there are."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.operations.tokens import make_token
from accounts.views.doors import ForgottenPasswordView
from segmentation.models import AuditEntry
from tests.accounts.conftest import PASSWORD, post
from tests.segmentation.scans import signed_in

FORGOTTEN = "/accounts/password/"
NEW = {"password1": "other-words-2020", "password2": "other-words-2020"}


def ask(address: str) -> HttpResponse:
    return Client().post(FORGOTTEN, {"email": address}, follow=True)


def link_in(text: str) -> str:
    found = re.search(r"http://testserver(/\S+)", text)
    assert found
    return found[1]


def sign_in(name: str, password: str) -> HttpResponse:
    return Client().post("/accounts/login/", {"login": name, "password": password})


def test_a_forgotten_password_is_chosen_anew_by_mail(cora: User) -> None:
    elsewhere = signed_in(cora)
    make_token(user=cora, name="nightly", lifetime=timedelta(days=1), now=timezone.now())
    ask("cora@clinic.example")
    (mail,) = post()
    assert mail.to == ["cora@clinic.example"]
    assert "Your user name is cora." in mail.body
    client = Client()
    form = client.get(link_in(mail.body), follow=True)
    (there,) = form.redirect_chain[-1:]
    assert "key" not in there[0]  # no other site is told the key as referrer
    done = client.post(there[0], NEW, follow=True)
    assert "Your password is changed" in done.content.decode()
    assert sign_in("cora", NEW["password1"]).status_code == 302
    assert sign_in("cora", PASSWORD).status_code == 200
    assert elsewhere.get("/").status_code == 302  # logged out
    acts = AuditEntry.objects.filter(actor="cora").values_list("act", flat=True)
    assert "password-reset" in acts
    assert not cora.access_tokens.exists()
    assert "tokens of your scripts are revoked" in done.content.decode()
    assert AuditEntry.objects.get(act="token-revoked").what == "token nightly"


def test_a_link_works_once(cora: User) -> None:
    ask("cora@clinic.example")
    link = link_in(post()[0].body)
    client = Client()
    there = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(there, NEW)
    again = Client().get(link, follow=True)
    assert "used already or is too old" in again.content.decode()


def test_a_link_ends_after_a_day(cora: User, settings: Settings) -> None:
    ask("cora@clinic.example")
    settings.PASSWORD_RESET_TIMEOUT = -1
    again = Client().get(link_in(post()[0].body), follow=True)
    assert "used already or is too old" in again.content.decode()


def test_an_address_is_found_however_it_was_written(dana: User) -> None:
    ask("dana@CLINIC.example")
    assert len(post()) == 1


@pytest.mark.parametrize("address", ["nobody@clinic.example", "gone@clinic.example"])
def test_nobody_learns_which_accounts_there_are(cora: User, address: str) -> None:
    User.objects.create_user("gone", email="gone@clinic.example", is_active=False)
    known, unknown = ask("cora@clinic.example"), ask(address)
    assert known.content == unknown.content
    assert known.redirect_chain == unknown.redirect_chain
    assert [mail.to for mail in post()] == [["cora@clinic.example"]]


def test_one_address_is_not_flooded_with_mail(cora: User) -> None:
    answers = [ask("cora@clinic.example") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert len(post()) == 5


def test_where_no_mail_is_sent_the_page_says_so(
    cora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ForgottenPasswordView.extra_context, "mail_works", False)
    assert "Ask your administrator" in Client().get(FORGOTTEN).content.decode()


def test_changing_it_needs_the_old_one(cora: User) -> None:
    client, elsewhere = signed_in(cora), signed_in(cora)
    refused = client.post("/account/password/", {"oldpassword": "wrong"} | NEW)
    assert "current password" in refused.content.decode()
    done = client.post("/account/password/", {"oldpassword": PASSWORD} | NEW, follow=True)
    assert "Your password was changed" in done.content.decode()
    assert client.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302
    (mail,) = post()
    assert "Your password has been changed" in mail.body
    assert AuditEntry.objects.filter(act="password-changed", actor="cora").count() == 1


@pytest.mark.parametrize("weak", ["short", "password123", "cora-clinic"])
def test_a_weak_password_is_refused(cora: User, weak: str) -> None:
    form = {"oldpassword": PASSWORD, "password1": weak, "password2": weak}
    signed_in(cora).post("/account/password/", form)
    assert sign_in("cora", PASSWORD).status_code == 302
