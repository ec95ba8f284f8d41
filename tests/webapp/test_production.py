"""Production starts with safe settings only, and names every unsafe one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

SAFE = {
    "PLAQUE_PRODUCTION": "yes",
    "PLAQUE_SECRET_KEY": "k3y-" + "abcdefghijklmnopqrstuvwxyz0123456789" * 2,
    "PLAQUE_HOSTS": "plaque.example.org",
    "PLAQUE_ORIGINS": "https://plaque.example.org",
    "PLAQUE_PROXIES": "1",
    "PLAQUE_EMAIL_URL": "smtp+starttls://plaque:secret@mail.example.org",
    "DATABASE_URL": "postgres://plaque:plaque@127.0.0.1/plaque",
    "CELERY_BROKER_URL": "redis://127.0.0.1:6379/0",
}


def manage(data: Path, *words: str, **changed: str | None) -> subprocess.CompletedProcess[str]:
    """Run a command in production with settings changed, or left out (None)."""
    ours = ("PLAQUE_", "DATABASE_", "CELERY_", "DJANGO_ALLOW_ASYNC_UNSAFE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment = kept | {"PLAQUE_DATA": str(data)} | SAFE | changed
    environment = {name: value for name, value in environment.items() if value is not None}
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_deployment_check_is_clean(tmp_path: Path) -> None:
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout + done.stderr


def test_every_missing_setting_is_named_at_once(tmp_path: Path) -> None:
    done = manage(tmp_path, "check", **dict.fromkeys(set(SAFE) - {"PLAQUE_PRODUCTION"}))
    assert done.returncode != 0
    said = done.stderr.split("unsafe settings:\n")[1]
    named = [line.removeprefix("- ").split()[0] for line in said.splitlines() if line]
    assert named == [
        "PLAQUE_SECRET_KEY",
        "PLAQUE_HOSTS",
        "PLAQUE_ORIGINS",
        "PLAQUE_PROXIES",
        "DATABASE_URL",
        "CELERY_BROKER_URL",
        "PLAQUE_EMAIL_URL",
    ]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("PLAQUE_SECRET_KEY", "short", "can be guessed"),
        ("PLAQUE_SECRET_KEY", "ab" * 40, "can be guessed"),
        ("PLAQUE_OLD_SECRET_KEYS", f"{SAFE['PLAQUE_SECRET_KEY']},short", "can be guessed"),
        ("PLAQUE_HOSTS", "plaque.example.org,*", "takes any name"),
        ("PLAQUE_ORIGINS", "http://plaque.example.org", "only whole addresses with https://"),
        ("PLAQUE_ORIGINS", "https://*.example.org", "only whole addresses with https://"),
        ("DATABASE_URL", "sqlite:////tmp/plaque.sqlite3", "PLAQUE_ALLOW=sqlite"),
        ("CELERY_BROKER_URL", "filesystem://localhost", "PLAQUE_ALLOW=folder-broker"),
        ("PLAQUE_ALLOW", "anything", "it knows sqlite"),
        ("PLAQUE_EMAIL_URL", "mail.example.org", "none of smtps"),
        ("PLAQUE_EMAIL_URL", "smtp://plaque:secret@mail.example.org", "unencrypted"),
    ],
)
def test_an_unsafe_setting_is_refused(tmp_path: Path, name: str, value: str, why: str) -> None:
    done = manage(tmp_path, "check", **{name: value})
    assert done.returncode != 0
    assert f"- {name}" in done.stderr
    assert why in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("PLAQUE_PROXIES", "abc", "a whole number, 0 or more, such as 0"),
        ("PLAQUE_WORKERS", "-1", "a whole number, 0 or more, such as 1"),
        ("PLAQUE_JOB_MINUTES", "nan", "a number, 0 or more, such as 60"),
        ("DATABASE_URL", "nonsense", "an address such as postgres://user:password@host/name"),
        ("PLAQUE_EMAIL_URL", "smtp://host:x", "such as smtp+starttls://user:password@host:587"),
        ("PLAQUE_TIME_ZONE", "Mars", "the name of a zone, such as Europe/Berlin"),
        ("PLAQUE_LOG_LEVEL", "loud", "one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ],
)
def test_a_malformed_setting_is_named_in_one_sentence(
    tmp_path: Path, name: str, value: str, wanted: str
) -> None:
    done = manage(tmp_path, "check", **{name: value})
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith(f"{name} cannot be read: it must be ")
    assert wanted in done.stderr
    assert "Traceback" not in done.stderr


def test_demonstration_accounts_are_refused(tmp_path: Path) -> None:
    refused = manage(tmp_path, "make_demonstration")
    assert "no demonstration accounts are made" in refused.stderr
    (tmp_path / "demonstration-accounts.json").write_text("{}")
    assert "passwords of demonstration accounts" in manage(tmp_path, "check").stderr
    assert manage(tmp_path, "check", PLAQUE_ALLOW="demonstration").returncode == 0


def test_what_is_taken_on_knowingly_is_allowed(tmp_path: Path) -> None:
    left_out = dict.fromkeys(["DATABASE_URL", "CELERY_BROKER_URL", "PLAQUE_EMAIL_URL"])
    allowed = "sqlite, folder-broker, no-email"
    done = manage(tmp_path, "check", PLAQUE_ALLOW=allowed, **left_out)
    assert done.returncode == 0, done.stderr
