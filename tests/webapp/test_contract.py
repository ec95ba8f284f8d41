"""The API keeps to its own description, whatever is sent: no server error, only what is described.

Schemathesis makes the requests from the description; most of the addresses name what is there. For
a longer run: `PLAQUE_API_EXAMPLES=500 python -m pytest tests/webapp/test_contract.py`.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any
from urllib.parse import unquote

import pytest
import schemathesis
from django.conf import settings as app_settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.urls import Resolver404, resolve
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as some
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import rating.serializers
import segmentation.serializers
from accounts.operations.tokens import make_token
from rating.models import Study
from segmentation.serializers.requests import RequestSerializer
from tests.conftest import figures
from tests.segmentation.scans import signed_in
from tests.webapp.clinics import FURTHER, Things, a_clinic
from webapp.access import TABLE
from webapp.wsgi import application

EXAMPLES = int(os.environ.get("PLAQUE_API_EXAMPLES", "8"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
CSRF = "c" * 32


@pytest.fixture
def clinic(db: None) -> Things:
    return a_clinic("a", seed=1)


@contextmanager
def one_connection() -> Iterator[None]:
    """Requests as served close the connection before and after; here it is the test's own."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


Sent = dict[str, dict[str, str]]


def session_of(person: User) -> Sent:
    """What the browser of somebody signed in sends with every request."""
    session = signed_in(person).cookies["sessionid"].value
    cookies = {"sessionid": session, "csrftoken": CSRF}
    return {"headers": {"X-CSRFToken": CSRF}, "cookies": cookies}


def token_of(person: User) -> Sent:
    """What a script of somebody sends with every request."""
    key = make_token(user=person, name="script", lifetime=timedelta(days=1), now=timezone.now())
    return {"headers": {"Authorization": f"Bearer {key}"}}


def view_of(path: str) -> str:
    """The name of the view behind a path of the description."""
    return resolve(re.sub(r"{\w+}", FURTHER["mark_id"], path)).view_name


def addresses(clinic: Things, view: str) -> list[dict[str, str]]:
    """The parameters that name something that is there; the description calls a pk id."""
    there = clinic.get(TABLE[view].where.__name__, [])
    return [FURTHER | {**thing.address, "id": thing.address.get("pk", "")} for thing in there]


def bounded(examples: int) -> settings:
    """So many requests to an operation; the same ones every time unless more are asked for."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize="PLAQUE_API_EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )


def made(operation: Any) -> Any:
    """Requests as they are described and, where the description leaves any, others."""
    right = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if operation.body:
        return right | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    return right


def is_address(case: Any) -> bool:
    """Whether a made-up path leads to a view at all; who is not signed in is told so there."""
    try:
        resolve(unquote(case.formatted_path))
    except Resolver404:
        return False
    return True


def keeps_its_word(
    operation: Any, there: list[dict[str, str]], ask: Callable[[Any], Any], examples: int
) -> None:
    """This will try an operation with many requests, four of five at objects that are there."""

    @bounded(examples)
    @given(case=made(operation), known=some.sampled_from([*there * 4, {}]))
    def tried(case: Any, known: dict[str, str]) -> None:
        case.path_parameters = {
            key: known.get(key, value) for key, value in (case.path_parameters or {}).items()
        }
        assume(is_address(case))
        case.validate_response(ask(case), checks=CHECKS)

    tried()


def answers(clinic: Things, name: str, sent: Sent, examples: int, how: str) -> Counter[int]:
    """This will try every operation as somebody, and count the answers by status."""
    person = User.objects.get(username=name)
    described = schemathesis.openapi.from_dict(
        signed_in(person).get("/api/schema/?format=json").json()
    )
    described.app = application
    statuses: Counter[int] = Counter()

    def ask(case: Any) -> Any:
        case.headers.pop("Authorization", None)  # made up; who asks is in what is sent
        with one_connection(), transaction.atomic():  # every request finds the same world
            answer = case.call(**sent)
            transaction.set_rollback(True)
        statuses[answer.status_code] += 1
        return answer

    operations = [result.ok() for result in described.get_all_operations()]
    assert len(operations) > 30
    for operation in operations:
        keeps_its_word(operation, addresses(clinic, view_of(operation.path)), ask, examples)
    figures.append(
        f"API: {statuses.total()} requests {how} to {len(operations)} operations, by status: "
        + ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    )
    return statuses


# Nearly everything is open to Cora, who coordinates; the others are mostly refused before it runs.
@pytest.mark.parametrize(
    ("name", "examples"), [("cora", EXAMPLES), ("dana", EXAMPLES // 2), ("rita", EXAMPLES // 2)]
)
def test_every_operation_keeps_to_its_description(clinic: Things, name: str, examples: int) -> None:
    sent = session_of(User.objects.get(username=f"{name}-a"))
    assert answers(clinic, f"{name}-a", sent, max(2, examples), f"by {name}")[200] > 0


@pytest.mark.once
def test_every_operation_keeps_to_its_description_for_a_script(clinic: Things) -> None:
    sent = token_of(User.objects.get(username="cora-a"))
    statuses = answers(clinic, "cora-a", sent, max(2, EXAMPLES // 2), "with Cora's token")
    assert statuses[200] > 0
    assert statuses[401] == 0


@pytest.mark.once
def test_every_operation_is_closed_to_whoever_is_not_signed_in(clinic: Things) -> None:
    statuses = answers(clinic, "cora-a", {}, max(2, EXAMPLES // 4), "by nobody")
    assert set(statuses) == {401}


@pytest.mark.parametrize("asked", ["", "&version=a%0d%0ab", "&lang=nowhere"])
def test_the_description_is_the_same_whatever_is_asked(db: None, asked: str) -> None:
    client = signed_in(User.objects.create_user("otto"))
    answer = client.get(f"/api/schema/?format=json{asked}")
    assert (answer.status_code, answer.json()["info"]["version"]) == (200, "1")
    assert answer.headers["Content-Disposition"] == 'inline; filename="plaque.json"'


@pytest.mark.parametrize("accepted", ["application/octet-stream", "application/json", "a/b", "?"])
def test_a_file_is_a_file_and_all_else_json_whatever_is_accepted(
    clinic: Things, accepted: str
) -> None:
    cora = signed_in(User.objects.get(username="cora-a"))
    (case,) = clinic["in_case"]
    address = f"/api/v1/cases/{case.address['code']}/"
    headers = {"accept": accepted}
    file = cora.get(f"{address}scans/FLAIR/volume/", headers=headers)
    assert (file.status_code, file.headers["Content-Type"]) == (200, "application/octet-stream")
    for there, status in ((address, 200), (f"{address}scans/T2/volume/", 404)):
        answer = cora.get(there, headers=headers)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")


def test_what_is_too_much_is_refused_in_the_same_shape(clinic: Things) -> None:
    cora = signed_in(User.objects.get(username="cora-a"))
    (cohort,) = clinic["in_cohort"]
    slug = cohort.address["slug"]
    files = [SimpleUploadedFile(f"{n}.nii", b"x") for n in range(21)]
    many = cora.post(f"/api/v1/cohorts/{slug}/cases/", {"files": files})
    assert (many.status_code, many.json()["code"]) == (400, "TooManyFiles")
    title = json.dumps({"title": "x" * 11 * 1024**2})
    large = cora.post(f"/api/v1/cohorts/{slug}/studies/", title, content_type="application/json")
    assert (large.status_code, large.json()["code"]) == (413, "TooLarge")
    form = cora.post(f"/api/v1/cohorts/{slug}/studies/", {"title": "x"})
    assert (form.status_code, form.json()["code"]) == (415, "UnsupportedMediaType")


@pytest.mark.parametrize(
    ("sent", "code", "field"),
    [
        ('{"title": "A", "titel": "B"}', "Invalid", "titel"),
        ('{"title": "A", "state": "open"}', "Invalid", "state"),
        ('{"title": 1e999}', "ParseError", None),
        ('{"title": NaN}', "ParseError", None),
        ('{"title": -1e999}', "ParseError", None),
        ('{"title": ["A"}', "ParseError", None),
    ],
)
def test_what_nobody_can_have_meant_is_refused_by_name(
    clinic: Things, sent: str, code: str, field: str | None
) -> None:
    cora = signed_in(User.objects.get(username="cora-a"))
    before = Study.objects.count()
    answer = cora.post("/api/v1/cohorts/clinic-a/studies/", sent, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    if field:
        assert list(answer.json()["fields"]) == [field]
    assert Study.objects.count() == before


def test_every_field_of_every_request_is_known(clinic: Things) -> None:
    """Whatever is sent, nested too, is read by a serializer that passes nothing over."""
    schema = SchemaGenerator().get_schema(public=True)
    waiting = set(re.findall(r"schemas/(\w+Request)\b", json.dumps(schema["paths"])))
    read: set[str] = set()
    while waiting:
        read |= waiting
        inner = json.dumps([schema["components"]["schemas"][name] for name in waiting])
        waiting = set(re.findall(r"schemas/(\w+Request)\b", inner)) - read
    packages = (segmentation.serializers, rating.serializers)
    names = [
        one.name
        for package in packages
        for one in iter_modules(package.__path__, f"{package.__name__}.")
    ]
    known = {name: kind for one in names for name, kind in vars(import_module(one)).items()}
    assert len(read) > 12
    for name in read:
        serializer = f"{name.removeprefix('Patched').removesuffix('Request')}Serializer"
        assert issubclass(known[serializer], RequestSerializer), name


def test_the_front_end_writes_down_no_shape_of_its_own() -> None:
    """What `make check` compares with the schema is all that the pages know of the API."""
    names = (Path(app_settings.ROOT) / "frontend/src/api/types.ts").read_text()
    exported = re.findall(r"^export (.*)$", names, re.MULTILINE)
    assert len(exported) > 20
    known = r"(Schemas|[A-Z]\w+)(\['\w+'\]|\[number\])+"
    alias = re.compile(rf"type \w+ = ({known}|NonNullable<{known}>)")
    assert [line for line in exported if not alias.fullmatch(line)] == []
