"""One table says who may do what. It is complete, and every address keeps to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from segmentation.operations.jobs import say_present
from tests.segmentation.scans import signed_in
from tests.webapp.clinics import FURTHER, Thing, Things, a_clinic
from webapp.access import ANYONE, TABLE, Rule, rule_for

OWN_NAMESPACES = {"", "api"}


def endpoints(
    patterns: list[URLPattern | URLResolver], namespace: str = "", route: str = ""
) -> Iterator[tuple[str, str, str]]:
    """View name, namespace and route of every address there is."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            below = pattern.namespace or namespace
            yield from endpoints(pattern.url_patterns, below, route + str(pattern.pattern))
        else:
            name = f"{namespace}:{pattern.name}" if namespace else str(pattern.name)
            yield name, namespace, route + str(pattern.pattern)


ENDPOINTS = sorted(set(endpoints(get_resolver().url_patterns)))
ROUTES = {name: route for name, namespace, route in ENDPOINTS if namespace in OWN_NAMESPACES}


@pytest.mark.parametrize(("name", "namespace", "route"), ENDPOINTS)
def test_every_endpoint_has_a_rule(name: str, namespace: str, route: str) -> None:
    assert rule_for(name, namespace) is not None


def test_every_rule_has_an_endpoint() -> None:
    assert set(TABLE) == set(ROUTES)


# --- The matrix: every person, at every object's every address, by every method -------------------

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LEAVING = {"account_logout"}  # would end the session that asks
# Let in, and told that this very thing is not there: no probability map, no such mark, no second
# factor.
ABSENT = {
    ("api:segmentation-probability", "GET"),
    ("api:presentation-mark", "DELETE"),
    ("mfa_deactivate_totp", "GET"),
    ("mfa_deactivate_totp", "POST"),
    ("mfa_view_recovery_codes", "GET"),
    ("member-remove", "GET"),
    ("member-remove", "POST"),
}


@pytest.fixture
def clinics(db: None) -> list[Things]:
    """Two clinics without anything or anybody in common, and a worker (`/ready/` asks for one)."""
    say_present(worker="worker", now=timezone.now())
    return [a_clinic("a", seed=1), a_clinic("b", seed=2)]


def everything_at(rule: Rule, clinics: list[Things]) -> list[Thing]:
    """The objects whose roles decide at an endpoint; one nothing where none does."""
    if rule.where.__name__ == "everywhere":
        return [Thing({}, {})]
    return [thing for clinic in clinics for thing in clinic[rule.where.__name__]]


def address_of(name: str, thing: Thing) -> str:
    """The address of an endpoint for an object."""
    needed = re.findall(r"<(?:\w+:)?(\w+)>", ROUTES[name])
    return reverse(name, kwargs={one: (FURTHER | thing.address)[one] for one in needed})


def expected(person: str, name: str, method: str, thing: Thing) -> set[int]:
    """The statuses that the table allows; empty for whoever is let in."""
    rule = TABLE[name]
    if method not in rule.methods:
        return {405}
    if rule.where.__name__ == "everywhere":
        is_open = bool(rule.methods[method] & {"anyone", "signed in"})
        return set() if is_open else {403, 404}
    role = thing.roles.get(person)
    if role is None:
        return {404}
    return set() if role in rule.methods[method] else {403}


PEOPLE = [f"{role}-{clinic}" for clinic in "ab" for role in ("cora", "dana", "rita", "ravi")]


@pytest.mark.parametrize("person", [*PEOPLE, "otto"])
def test_each_person_reaches_exactly_what_the_table_says(
    person: str, clinics: list[Things]
) -> None:
    if person == "otto":
        User.objects.create_user("otto", password="otto")
    user = User.objects.get(username=person)
    client = signed_in(user)
    wrong = []
    for name, rule in TABLE.items():
        if name in LEAVING:
            continue
        for thing in everything_at(rule, clinics):
            for method in METHODS:
                with transaction.atomic():  # every request finds the same world
                    address = address_of(name, thing)
                    sent = client.generic(method, address, content_type="application/json")
                    transaction.set_rollback(True)
                status, wanted = sent.status_code, expected(person, name, method, thing)
                let_in = status not in {401, 403, 404, 405} and status < 500
                absent = status == 404 and (name, method) in ABSENT
                if status not in wanted if wanted else not (let_in or absent):
                    wrong.append((name, method, thing.state, status, wanted))
    assert wrong == []


def test_what_is_not_mine_looks_like_what_does_not_exist(clinics: list[Things]) -> None:
    """Nobody learns by guessing addresses whether something is there."""
    stranger = signed_in(User.objects.create_user("otto"))
    different = []
    for name, rule in TABLE.items():
        for thing in everything_at(rule, clinics) if rule.where.__name__ != "everywhere" else []:
            nothing = Thing({key: unlike(value) for key, value in thing.address.items()}, {})
            for method in rule.methods:
                real, none = (
                    stranger.generic(method, address_of(name, one)) for one in (thing, nothing)
                )
                if (real.status_code, shown(real)) != (none.status_code, shown(none)):
                    different.append((name, method))
    assert different == []


def shown(answer: HttpResponse) -> bytes:
    """What an answer says, less the token that is another in every page."""
    return re.sub(rb'(?<=name="csrfmiddlewaretoken" value=")\w+', b"", answer.content)


def unlike(value: str) -> str:
    """A value of the same kind that names nothing."""
    try:
        UUID(value)
    except ValueError:
        return "nothing-there"
    return str(uuid4())


def test_strangers_get_nowhere(clinics: list[Things]) -> None:
    for name, rule in TABLE.items():
        for thing in everything_at(rule, clinics):
            address = address_of(name, thing)
            for method, roles in rule.methods.items():
                answer = Client().generic(method, address)
                if roles <= ANYONE:
                    assert answer.status_code in {200, 302}
                elif address.startswith("/api/"):
                    assert answer.status_code == 401
                    assert answer.json()["code"] == "NotSignedIn"
                else:
                    assert answer.status_code == 302
                    assert answer.headers["Location"].startswith("/accounts/login/?next=")


def test_nobody_signs_up(db: None) -> None:
    assert Client().get("/accounts/signup/").status_code == 404
