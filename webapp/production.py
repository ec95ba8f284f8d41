"""What must not go into production: every unsafe setting is named, all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

# As Django's own check of the secret key (security.W009).
SHORTEST_KEY = 50
FEWEST_DIFFERENT_CHARACTERS = 5

# What an administrator may take on knowingly, by naming it in PLAQUE_ALLOW.
ALLOWABLE = ("sqlite", "folder-broker", "demonstration", "no-email")

MAIL_SCHEMES = ("smtps", "smtp+starttls", "smtp")

Settings = Mapping[str, Any]


def unsafe_settings(settings: Settings, *, demonstration: Path) -> list[str]:
    """This will return one sentence for each setting that is unsafe in production; empty: none.

    `settings` are Django's, by name; `demonstration` is the file that the demonstration's accounts
    are kept in, if there are any.
    """
    return [
        *_keys_and_names(settings),
        *_switches(settings),
        *_embedded_parts(settings, demonstration),
    ]


def _keys_and_names(settings: Settings) -> Iterator[str]:
    key = settings["SECRET_KEY"]
    if not key:
        yield "PLAQUE_SECRET_KEY is not set. It signs sessions and links: a long random text."
    elif _can_be_guessed(key):
        yield (
            f"PLAQUE_SECRET_KEY can be guessed: it needs at least {SHORTEST_KEY} random characters."
        )
    if any(_can_be_guessed(old) for old in settings["SECRET_KEY_FALLBACKS"]):
        yield (
            "PLAQUE_OLD_SECRET_KEYS holds a key that can be guessed: what is signed with it counts "
            f"as ours. Leave out those with fewer than {SHORTEST_KEY} random characters."
        )
    hosts = settings["ALLOWED_HOSTS"]
    if not hosts:
        yield "PLAQUE_HOSTS is not set: the names that Plaque is reached by, such as plaque.org."
    elif any(host in {"*", "."} for host in hosts):
        yield "PLAQUE_HOSTS takes any name (*). Links in e-mails would lead wherever a sender says."
    origins = settings["CSRF_TRUSTED_ORIGINS"]
    if not origins:
        yield "PLAQUE_ORIGINS is not set, such as https://plaque.example.org."
    for origin in origins:
        if not origin.startswith("https://") or "*" in origin:
            yield f"PLAQUE_ORIGINS holds {origin}; only whole addresses with https:// are safe."


def _can_be_guessed(key: str) -> bool:
    return len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_DIFFERENT_CHARACTERS


def _switches(settings: Settings) -> Iterator[str]:
    if settings["DEBUG"]:
        yield "DEBUG is on: it shows settings and data of patients to whoever causes an error."
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"):
        if not settings[name]:
            yield f"{name} is off: passwords and sessions would travel unencrypted."
    if settings["ALLAUTH_TRUSTED_PROXY_COUNT"] < 1:
        yield (
            "PLAQUE_PROXIES is not set: how many proxies of yours stand in front (mostly 1), each "
            "adding the client's address to X-Forwarded-For. Limits on attempts count by it."
        )
    for unknown in sorted(set(settings["ALLOWED_IN_PRODUCTION"]) - set(ALLOWABLE)):
        yield f"PLAQUE_ALLOW names {unknown}; it knows {', '.join(ALLOWABLE)}."


def _embedded_parts(settings: Settings, demonstration: Path) -> Iterator[str]:
    allowed = set(settings["ALLOWED_IN_PRODUCTION"])
    if "sqlite" in settings["DATABASES"]["default"]["ENGINE"] and "sqlite" not in allowed:
        yield (
            "DATABASE_URL is SQLite, which a power cut can cost the last moments. Use PostgreSQL, "
            "or take it on with PLAQUE_ALLOW=sqlite."
        )
    if settings["CELERY_BROKER_URL"].startswith("filesystem:") and "folder-broker" not in allowed:
        yield (
            "CELERY_BROKER_URL is a folder, which only processes of one machine share. Use Redis "
            "or RabbitMQ, or take it on with PLAQUE_ALLOW=folder-broker."
        )
    yield from _mail(settings, allowed)
    if demonstration.exists() and "demonstration" not in allowed:
        yield (
            f"{demonstration} holds passwords of demonstration accounts. Use another PLAQUE_DATA, "
            "or take it on with PLAQUE_ALLOW=demonstration."
        )


def _mail(settings: Settings, allowed: set[str]) -> Iterator[str]:
    if not settings["EMAIL_URL"]:
        if "no-email" not in allowed:
            yield (
                "PLAQUE_EMAIL_URL is not set, such as smtp+starttls://user:password@host. Nobody "
                "could choose a new password; take that on with PLAQUE_ALLOW=no-email."
            )
    elif not settings["EMAIL_HOST"] or settings["mail_server"].scheme not in MAIL_SCHEMES:
        yield f"PLAQUE_EMAIL_URL is none of {', '.join(MAIL_SCHEMES)} with a host."
    elif settings["EMAIL_HOST_PASSWORD"] and settings["mail_server"].scheme == "smtp":
        yield "PLAQUE_EMAIL_URL would send its password unencrypted; use smtp+starttls or smtps."
