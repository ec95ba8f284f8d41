"""One table says who may do what, and it is complete."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from segmentation.models import Case
from segmentation.operations.cases import NamedFile, create_cohort, import_case
from segmentation.operations.jobs import request_segmentation
from tests.segmentation.scans import NOON, flair_voxels, nifti, signed_in, two_lesions
from webapp.access import ANYONE, TABLE, rule_for

OWN_NAMESPACES = {"", "api"}


def endpoints(
    patterns: list[URLPattern | URLResolver], namespace: str = ""
) -> Iterator[tuple[str, str]]:
    """View name and namespace of every address there is."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            below = pattern.namespace or namespace
            yield from endpoints(pattern.url_patterns, below)
        else:
            name = f"{namespace}:{pattern.name}" if namespace else str(pattern.name)
            yield name, namespace


ENDPOINTS = sorted(set(endpoints(get_resolver().url_patterns)))


@pytest.mark.parametrize(("name", "namespace"), ENDPOINTS)
def test_every_endpoint_has_a_rule(name: str, namespace: str) -> None:
    assert rule_for(name, namespace) is not None


def test_every_rule_has_an_endpoint() -> None:
    there = {name for name, namespace in ENDPOINTS if namespace in OWN_NAMESPACES}
    assert set(TABLE) == there


# --- The matrix: every person, at every address, by every method ----------------------------------

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
def case(db: None) -> Case:
    people = {n: User.objects.create_user(n) for n in ("cora", "dana", "otto", "rita")}
    cohort = create_cohort(title="Clinic", coordinators=[people["cora"]])
    cohort.memberships.create(user=people["dana"], role="delineator")
    files = [
        NamedFile("FLAIR.nii.gz", nifti(flair_voxels())),
        NamedFile("mask.nii.gz", nifti(two_lesions())),
    ]
    return import_case(cohort=cohort, files=files, now=NOON).case


@pytest.fixture
def addresses(case: Case) -> dict[str, str]:
    """Every address of the table, filled with what there is: one case, one study, one reading."""
    from rating.models import StudyMembership
    from rating.operations.study import create_study, edit_study, open_study

    cora = User.objects.get(username="cora")
    job = request_segmentation(case=case, method="slim-unet", by=cora, now=NOON)
    mask = case.segmentations.get()
    study = create_study(title="Reading", cohort=case.cohort, by=cora, now=NOON)
    change = {"gap": 0, "min_volume_mm3": 0}
    edit_study(study=study, by=cora, items=[mask.pk], raters=["rita"], settings=change)
    open_study(study=study, now=NOON)
    reading = StudyMembership.objects.get(user__username="rita")
    filled = {
        "cohort": case.cohort.slug,
        "code": case.code,
        "study": study.slug,
        "reading": reading.token,
        "token": reading.presentations.get(position=1).token,
        "mark_id": str(uuid4()),
        "sequence": "FLAIR",
        "job": str(job.pk),
        "mask": str(mask.pk),
    }
    arguments = {
        "cohort-cases": ["cohort"],
        "cohort-studies": ["cohort"],
        "scan-volume": ["code", "sequence"],
        "scan-original": ["code", "sequence"],
        "presentation-mark": ["token", "mark_id"],
    }

    def needed(name: str) -> list[str]:
        short = name.removeprefix("api:")
        if short in arguments:
            return arguments[short]
        if short in {"case", "case-jobs"}:
            return ["code"]
        if short.startswith("segmentation"):
            return ["mask"]
        if short.startswith("job"):
            return ["job"]
        if short.startswith("study"):
            return ["study"]
        if short == "reading":
            return ["reading"]
        return ["token"] if short.startswith("presentation") else []

    return {name: reverse(name, args=[filled[one] for one in needed(name)]) for name in TABLE}


ROLES = {
    "cora": {"cohort": "coordinator", "case": "coordinator", "study": "coordinator"},
    "dana": {"cohort": "delineator", "case": "delineator"},
    "otto": {},
    "rita": {"reading": "rater", "presentation": "rater"},
}
PLACES = {
    "in_cohort": "cohort",
    "in_case": "case",
    "in_segmentation": "case",
    "in_job": "case",
    "in_study": "study",
    "in_reading": "reading",
    "in_presentation": "presentation",
}


def expected(person: str, name: str, method: str) -> set[int]:
    """The statuses that the table allows: let in is anything but 401, 403, 404 and 405."""
    rule = TABLE[name]
    if method not in rule.methods:
        return {405}
    place = PLACES.get(rule.where.__name__)
    if place is None:
        return set()
    role = ROLES[person].get(place)
    if role is None:
        return {404}
    return set() if role in rule.methods[method] else {403}


@pytest.mark.parametrize("person", sorted(ROLES))
def test_each_person_reaches_exactly_what_the_table_says(
    person: str, addresses: dict[str, str]
) -> None:
    client = signed_in(User.objects.get(username=person))
    wrong = []
    for name, address in addresses.items():
        for method in METHODS:
            if name == "account_logout" or (method == "DELETE" and name == "api:study"):
                continue  # they would end the session, or be refused for the study's state
            status = client.generic(method, address, content_type="application/json").status_code
            wanted = expected(person, name, method)
            let_in = status not in {401, 403, 404, 405} and status < 500
            if (wanted and status not in wanted) or (not wanted and not let_in):
                wrong.append((name, method, status, wanted))
    # Rita may see a probability map or a mark only where there is one.
    excused = {
        ("api:segmentation-probability", "GET", 404),
        ("api:presentation-mark", "DELETE", 404),
    }
    assert [one for one in wrong if one[:3] not in excused] == []


def test_strangers_get_nowhere(addresses: dict[str, str]) -> None:
    for name, address in addresses.items():
        for method, roles in TABLE[name].methods.items():
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
