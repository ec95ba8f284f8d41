"""Every page tells its people what to do next, and strangers nothing."""

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
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


def refusal(answer: HttpResponse, status: int) -> str:
    """The words of a page that refuses, with the id of its request in them."""
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    words = answer.content.decode()
    assert answer.headers["X-Request-ID"] in words
    assert "othing was changed" in words
    return words


def test_what_a_role_does_not_allow_is_said_on_a_page(cora: User) -> None:
    cohort = create_cohort(title="Clinic")
    cohort.memberships.create(user=cora, role="delineator")
    client = signed_in(cora)
    assert "<h1>Not allowed</h1>" in refusal(client.get("/cohorts/clinic/members/"), 403)
    told = client.post("/api/v1/cohorts/clinic/studies/").json()
    assert told == {"code": "NotAllowed", "message": "Your role does not allow this."}


def test_what_an_address_does_not_do_is_said_on_a_page(cora: User) -> None:
    answer = signed_in(cora).post("/cases/")
    assert "<h1>This does not work here</h1>" in refusal(answer, 405)
    assert answer.headers["Allow"] == "GET"
    assert signed_in(cora).put("/api/v1/jobs/").json()["code"] == "MethodNotAllowed"


def test_a_log_in_page_from_before_another_log_in_says_what_to_do(cora: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get("/accounts/login/")
    form = {"login": "cora", "password": "cora-8chars", "csrfmiddlewaretoken": "x" * 32}
    words = refusal(client.post("/accounts/login/", form), 403)
    assert "<h1>This page is too old</h1>" in words
    assert "CSRF" not in words


def test_the_api_says_in_words_that_a_page_is_too_old(cora: User) -> None:
    create_cohort(title="Clinic", coordinators=[cora])
    client = Client(enforce_csrf_checks=True)
    client.force_login(cora, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post("/api/v1/cohorts/clinic/studies/", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "PageOutdated")
    assert "Reload the page" in answer.json()["message"]
    assert "CSRF" not in answer.json()["message"]


@pytest.mark.parametrize("address", ["/", "/api/v1/jobs/"])
def test_what_cannot_be_read_is_said_kindly(cora: User, address: str) -> None:
    answer = signed_in(cora).get(address, headers={"host": "no such host"})
    if address == "/":
        assert "<h1>This cannot be read</h1>" in refusal(answer, 400)
    else:
        assert (answer.status_code, answer.json()["code"]) == (400, "Invalid")


@pytest.mark.parametrize(
    "address",
    [
        *("/cases/?q=%00", "/search/?q=a%00b", "/cases/C%00/", "/reading/%00/"),
        *("/api/v1/jobs/?method=%00", "/api/v1/cases/C%00/", "/api/v1/readings/%00/"),
        "/api/v1/studies/reading/bundle/?reason=For%20the%20paper.%00",
    ],
)
def test_a_nul_in_an_address_cannot_be_read(cora: User, address: str) -> None:
    assert signed_in(cora).get(address).status_code == 400


def test_what_the_administration_refuses_is_said_on_a_page(cora: User) -> None:
    cora.is_staff = True
    cora.save()
    assert "<h1>Not allowed</h1>" in refusal(signed_in(cora).get("/admin/auth/user/"), 403)
