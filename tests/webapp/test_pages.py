"""Every page tells its people what to do next, and strangers nothing."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from segmentation.models import Case
from segmentation.operations.cases import create_cohort
from tests.segmentation.scans import signed_in


@pytest.fixture
def cora(db: None) -> User:
    return User.objects.create_user("cora", first_name="Cora", password="cora-8chars")


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_a_newcomer_is_told_whom_to_ask(cora: User) -> None:
    client = signed_in(cora)
    assert "Nothing is assigned to you yet" in page(client, "/")
    assert "You belong to no cohort yet" in page(client, "/cases/")
    assert "You coordinate no cohort" in page(client, "/studies/")


def test_a_coordinator_with_an_empty_cohort_is_shown_the_way_in(cora: User) -> None:
    create_cohort(title="Clinic", coordinators=[cora])
    client = signed_in(cora)
    assert "Bring cases in" in page(client, "/")
    cases = page(client, "/cases/")
    assert "No case here yet" in cases
    assert 'id="upload-app"' in cases
    assert 'id="new-study"' in page(client, "/studies/")


def test_a_delineator_cannot_import(cora: User) -> None:
    cohort = create_cohort(title="Clinic")
    cohort.memberships.create(user=cora, role="delineator")
    assert 'id="upload-app"' not in page(signed_in(cora), "/cases/")


def test_logging_in_by_the_page(cora: User) -> None:
    client = Client()
    refused = client.post("/accounts/login/", {"login": "cora", "password": "wrong"})
    assert "not correct" in refused.content.decode()
    answer = client.post("/accounts/login/", {"login": "cora", "password": "cora-8chars"})
    assert answer.headers["Location"] == "/"
    assert "Good to see you, Cora" in page(client, "/")
    client.post("/accounts/logout/")
    assert client.get("/").status_code == 302


def test_what_is_not_there_says_so_kindly(cora: User) -> None:
    answer = signed_in(cora).get("/cases/C9999/")
    assert answer.status_code == 404
    assert "nothing at this address" in answer.content.decode()
    assert not Case.objects.exists()


def test_no_page_is_kept_in_a_cache(cora: User) -> None:
    for address in ("/", "/cases/", "/studies/"):
        assert signed_in(cora).get(address).headers["Cache-Control"] == "no-store"


def test_alive(db: None) -> None:
    assert Client().get("/health/").content == b"ok\n"
