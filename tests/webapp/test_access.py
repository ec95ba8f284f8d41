"""One table says who may do what. It is complete, and every address keeps to it.

Everybody's own session is tried on every database. What else opens or closes an address, a token or
no account at all, is looked at above the database: that is tried once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from django.utils import timezone

from accounts.operations.tokens import make_token
from segmentation.operations.jobs import say_present
from tests.segmentation.scans import signed_in
from tests.webapp.clinics import FURTHER, Thing, Things, a_clinic
from webapp.access import ALWAYS_OPEN, ANYONE, TABLE, Rule, rule_for

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


# --- What the table says, a second time: by what an address begins with, and exceptions -----------

OF_ONE_ROLE = {
    "account/tokens": ("in_token", "owner"),
    "assignments": ("in_assignment", "delineator"),
    "delineations": ("in_delineation", "delineator"),
    "drawings": ("in_drawing", "owner"),
    "evaluations": ("in_evaluation", "coordinator"),
    "invitations": ("in_invitation", "coordinator"),
    "presentations": ("in_presentation", "rater"),
    "reading": ("in_reading", "rater"),
    "readings": ("in_reading", "rater"),
    "reference-studies": ("in_reference", "coordinator"),
    "studies": ("in_study", "coordinator"),
}
OF_A_COHORT = {
    "cases": "in_case",
    "cohorts": "in_cohort",
    "jobs": "in_job",
    "segmentations": "in_segmentation",
    "trainings": "in_training",
}
# Closed to a coordinator from whom a case is hidden: it could be inferred, or told to a colleague.
OF_A_WHOLE_COHORT = {
    *("members", "member-remove", "audit", "audit-csv"),
    *("api:cohort-references", "api:cohort-evaluations", "api:cohort-reference-studies"),
    "api:cohort-trainings",
}
DELINEATORS_TOO = {
    *((name, "GET") for name in ("case", "corrections", "training", "training-log")),
    *((f"api:{name}", "GET") for name in ("cohort-cases", "case", "case-jobs", "job", "training")),
    *((f"api:{name}", "GET") for name in ("scan-volume", "scan-original", "case-brain-mask")),
    *((f"api:segmentation{part}", "GET") for part in ("", "-labels", "-mask", "-probability")),
    *(("api:case-brain", method) for method in ("GET", "POST", "DELETE")),
    *((f"api:{name}", "POST") for name in ("case-jobs", "case-drawings")),
    *((f"api:{name}", "POST") for name in ("job-cancel", "job-retry", "cohort-retry")),
}
WITH_A_KEY = {"account_reset_password_from_key", "account_email_confirm", "invitation"}
DOORS = {
    *("account_login", "account_logout", "account_inactive", "mfa_authenticate", "invitation"),
    *("account_reset_password", "account_reset_password_done", "health", "ready"),
    *("account_reset_password_from_key", "account_reset_password_from_key_done"),
}


def said_again(name: str, method: str) -> tuple[str, set[str]]:
    """Where roles are looked up for an endpoint, and which of them the method takes."""
    kind, _, rest = ROUTES[name].removeprefix("api/v1/").partition("/<")
    if not rest or name in WITH_A_KEY:
        return "everywhere", {"anyone" if name in DOORS else "signed in"}
    if kind in OF_ONE_ROLE:
        where, role = OF_ONE_ROLE[kind]
        return where, {role}
    where = "in_whole_cohort" if name in OF_A_WHOLE_COHORT else OF_A_COHORT[kind]
    return where, {"coordinator", *(["delineator"] if (name, method) in DELINEATORS_TOO else [])}


def test_the_table_gives_each_role_what_is_its_own() -> None:
    said = {
        (name, method): (rule.where.__name__, set(roles))
        for name, rule in TABLE.items()
        for method, roles in rule.methods.items()
    }
    assert said == {pair: said_again(*pair) for pair in said}
    assert said.keys() >= DELINEATORS_TOO
    assert TABLE.keys() >= OF_A_WHOLE_COHORT | WITH_A_KEY | DOORS


# --- The matrix: every person, at every object's every address, by every method -------------------

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LEAVING = {"account_logout"}  # would end the session that asks
# Let in, and told that this very thing is not there: no probability map, no such mark, no second
# factor.
ABSENT = {
    ("api:case-brain", "GET"),
    ("api:case-brain-mask", "GET"),
    ("api:training-checkpoint", "GET"),
    ("api:segmentation-probability", "GET"),
    ("api:drawing-probability", "GET"),
    ("api:presentation-mark", "DELETE"),
    ("api:dot-mask", "GET"),
    ("api:dot-table", "GET"),
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


# Everybody meets their own clinic and the other one; who is of which, neither being the first.
PEOPLE = ("cora-a", "dana-b", "rita-a", "ravi-b", "otto")


def answered_otherwise(
    client: Client, person: str, clinics: list[Things], names: Iterable[str]
) -> list[tuple[Any, ...]]:
    """What is answered otherwise than the table says: by every method, at every object's address.

    Every request finds the same world. A method that an endpoint lacks is tried on one object.
    """
    wrong = []
    for name in names:
        things = everything_at(TABLE[name], clinics)
        for thing in things:
            for method in METHODS if thing is things[0] else TABLE[name].methods:
                with transaction.atomic():
                    address = address_of(name, thing)
                    sent = client.generic(method, address, content_type="application/json")
                    transaction.set_rollback(True)
                status, wanted = sent.status_code, expected(person, name, method, thing)
                let_in = status not in {401, 403, 404, 405} and status < 500
                absent = status == 404 and (name, method) in ABSENT
                if status not in wanted if wanted else not (let_in or absent):
                    wrong.append((name, method, thing.state, status, wanted))
    return wrong


def person_called(name: str) -> User:
    """Somebody of a clinic, or Otto, who belongs to none."""
    if name == "otto":
        return User.objects.create_user("otto", password="otto")
    return User.objects.get(username=name)


def with_token(user: User) -> Client:
    """A script with a token: no cookie."""
    key = make_token(user=user, name="mine", lifetime=timedelta(days=1), now=timezone.now())
    return Client(headers={"Authorization": f"Bearer {key}"})


@pytest.mark.parametrize("person", PEOPLE)
def test_each_person_reaches_exactly_what_the_table_says(
    person: str, clinics: list[Things]
) -> None:
    client = signed_in(person_called(person))
    names = [name for name in TABLE if name not in LEAVING]
    assert answered_otherwise(client, person, clinics, names) == []


@pytest.mark.once
@pytest.mark.parametrize("person", ["cora-a", "rita-a"])  # whoever it is, one rule decides
def test_a_token_reaches_exactly_what_its_owner_does(person: str, clinics: list[Things]) -> None:
    client = with_token(person_called(person))
    names = [name for name in TABLE if name.startswith("api:")]
    assert answered_otherwise(client, person, clinics, names) == []


@pytest.mark.once
def test_a_token_opens_no_page_and_a_wrong_one_nothing(clinics: list[Things]) -> None:
    right = with_token(User.objects.get(username="cora-a"))
    wrong = Client(headers={"Authorization": "Bearer plaque_nothing"})
    for name, rule in TABLE.items():
        for thing in everything_at(rule, clinics):
            address = address_of(name, thing)
            for method, roles in rule.methods.items():
                if name.startswith("api:"):
                    answer = wrong.generic(method, address)
                    assert (answer.status_code, answer.json()["code"]) == (401, "TokenRefused")
                elif not roles <= ANYONE:
                    answer = right.generic(method, address)
                    assert answer.status_code == 302, name
                    assert answer.headers["Location"].startswith("/accounts/login/?next=")


def administration() -> list[tuple[str, str]]:
    """The name and the address of everything in the administration that is not a door."""
    named = r"\^?\(\?P<app_label>(\w+)[^)]*\)"  # the first of a choice of words

    def filled(route: str) -> str:
        first = re.sub(named, r"\1", route).replace("(?P<url>.*)", "nothing")
        return "/" + re.sub("<[^>]+>", "1", first).removesuffix("$")

    return [
        (name, filled(route))
        for name, namespace, route in ENDPOINTS
        if namespace == "admin" and name not in ALWAYS_OPEN
    ]


@pytest.mark.once
def test_the_administration_is_for_staff_and_for_what_they_may(clinics: list[Things]) -> None:
    """To others nothing is there; staff without permissions see an empty house."""
    cora, rita = (User.objects.get(username=name) for name in ("cora-a", "rita-a"))
    sam = User.objects.create_user("sam", is_staff=True)
    staff = signed_in(sam)
    addresses = administration()
    assert len(addresses) > 30
    assert all(resolve(address).namespace == "admin" for _, address in addresses)
    empty = {"admin:index", "admin:jsi18n", "admin:password_change", "admin:password_change_done"}
    for client in (signed_in(cora), signed_in(rita)):
        found = {client.generic(way, one).status_code for _, one in addresses for way in METHODS}
        assert found == {404, 405}
        assert client.post("/admin/auth/user/add/").status_code == 404
    for client in (Client(), with_token(cora), with_token(sam)):
        for _, address in addresses:
            for answer in (client.get(address), client.post(address)):
                assert answer.status_code == 302, address
                assert answer.headers["Location"].startswith("/accounts/login/?next=")
    for name, address in addresses:
        for status in (staff.get(address).status_code, staff.post(address).status_code):
            assert status in {302, 403, 404, 405} or (name in empty and status == 200), address


@pytest.mark.once
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
    stranger = Client()
    for name, rule in TABLE.items():
        for thing in everything_at(rule, clinics):
            address = address_of(name, thing)
            for method, roles in rule.methods.items():
                stranger.cookies.clear()
                answer = stranger.generic(method, address)
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
