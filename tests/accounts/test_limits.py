"""Passwords cannot be guessed: attempts are counted by account and address, in all processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils.crypto import get_random_string
from pytest_django import Settings

from segmentation.models import AuditEntry

DOOR = "/accounts/login/"


@pytest.fixture(autouse=True)
def shared_cache(settings: Settings) -> None:
    """Attempts are counted in the database; where the broker is Redis, in Redis."""
    if settings.CELERY_BROKER_URL.startswith("redis:"):
        settings.CACHES = {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": settings.CELERY_BROKER_URL,
                "KEY_PREFIX": get_random_string(12),
            }
        }


@pytest.fixture
def cora(db: None) -> User:
    return User.objects.create_user("cora", password="right-8chars")


def attempt(name: str, password: str, **headers: str) -> HttpResponse:
    return Client().post(DOOR, {"login": name, "password": password}, headers=headers)


def is_locked(answer: HttpResponse) -> bool:
    return "Wait 5 minutes" in answer.content.decode()


def test_the_sixth_attempt_is_not_looked_at(cora: User) -> None:
    wrong = [attempt("cora", f"wrong-{n}") for n in range(5)]
    assert not any(is_locked(answer) for answer in wrong)
    assert is_locked(attempt("cora", "right-8chars"))
    assert attempt("cora", "right-8chars").status_code == 200


def test_one_account_is_locked_and_no_other(cora: User) -> None:
    User.objects.create_user("dana", password="right-8chars")
    for n in range(6):
        attempt("cora", f"wrong-{n}")
    assert attempt("dana", "right-8chars").status_code == 302


def test_a_name_that_does_not_exist_is_locked_alike(cora: User) -> None:
    """Nobody learns from the answers which accounts there are."""
    said = {
        name: [attempt(name, f"wrong-{n}").content.decode() for n in range(7)]
        for name in ("cora", "nobody")
    }
    for one, other in zip(said["cora"], said["nobody"], strict=True):
        assert one.count("not correct") == other.count("not correct")
        assert one.count("Wait 5 minutes") == other.count("Wait 5 minutes")


def test_the_right_password_does_not_wipe_the_count(cora: User) -> None:
    for n in range(4):
        attempt("cora", f"wrong-{n}")
    assert attempt("cora", "right-8chars").status_code == 302
    attempt("cora", "wrong")
    assert is_locked(attempt("cora", "right-8chars"))


def test_a_lockout_is_written_down_once(cora: User) -> None:
    for n in range(8):
        attempt("cora", f"wrong-{n}")
    acts = list(AuditEntry.objects.values_list("actor", "act"))
    assert acts == [("cora", "locked-out")]


def test_one_address_tries_no_more_than_a_few_names(db: None) -> None:
    answers = [attempt(f"name-{n}", "wrong") for n in range(21)]
    assert not any(is_locked(answer) for answer in answers[:20])
    assert is_locked(answers[20])


@pytest.mark.parametrize(("proxies", "heard"), [(0, ""), (1, ", 203.0.113.9")])
def test_what_a_client_writes_about_its_address_counts_for_nothing(
    proxies: int, heard: str, db: None, settings: Settings
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    answers = [
        attempt(f"name-{n}", "wrong", **{"X-Forwarded-For": f"198.51.100.{n}{heard}"})
        for n in range(21)
    ]
    assert is_locked(answers[20])


def test_clients_behind_our_proxy_are_counted_apart(db: None, settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for n in range(21):
        attempt(f"name-{n}", "wrong", **{"X-Forwarded-For": "203.0.113.9"})
    assert is_locked(attempt("name", "wrong", **{"X-Forwarded-For": "203.0.113.9"}))
    assert not is_locked(attempt("name", "wrong", **{"X-Forwarded-For": "203.0.113.10"}))


def test_a_request_past_the_proxies_is_counted_too(db: None, settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    answers = [attempt(f"name-{n}", "wrong") for n in range(21)]
    assert is_locked(answers[20])


def test_too_many_requests_are_asked_to_wait_a_minute(cora: User) -> None:
    for _ in range(30):
        Client().post(DOOR, {})
    answer = Client().post(DOOR, {})
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "60"
    assert "Wait one minute" in answer.content.decode()


def test_the_administration_has_no_door_of_its_own(cora: User) -> None:
    User.objects.create_superuser("boss", password="boss-8chars")
    form = {"username": "boss", "password": "boss-8chars", "next": "/admin/"}
    answer = Client().post("/admin/login/", form)
    assert answer.headers["Location"] == "/accounts/login/?next=%2Fadmin%2F"
    client = Client()
    client.post(DOOR, {"login": "boss", "password": "boss-8chars"})
    assert client.get("/admin/").status_code == 200


PROCESS = """
import django; django.setup()
from django.test import Client
from django.utils.crypto import get_random_string
for n in range(3):
    form = {"login": "cora", "password": "wrong"}
    said = Client(headers={"host": "localhost"}).post("/accounts/login/", form)
    print("Wait 5 minutes" in said.content.decode())
"""


@pytest.mark.once
def test_attempts_are_counted_over_all_processes(tmp_path: Path) -> None:
    def run(*words: str) -> str:
        environment = os.environ | {
            "PLAQUE_DATA": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
        }
        return subprocess.run(
            [sys.executable, *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        ).stdout

    run("manage.py", "migrate", "--verbosity", "0")
    said = run("-c", PROCESS) + run("-c", PROCESS)
    assert said.split() == ["False"] * 5 + ["True"]
