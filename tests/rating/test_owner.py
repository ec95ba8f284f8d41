"""What one person's page does is never done under another person's login."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import User
from django.test import Client, override_settings

from rating.models import Delineation, Mark, Presentation, Rating, Study
from segmentation.models import Cohort
from segmentation.people import owner_key
from tests.rating.stage import Browser, a_case, a_mark, a_view, an_answer
from tests.webapp.clinics import a_reference
from webapp.access import TABLE

FORM = {"login": "ravi", "password": "ravi-12345"}


def as_page_of(person: User, browser: Browser) -> Browser:
    """The browser, on a page that was made for a person."""
    browser.client.defaults["HTTP_X_PLAQUE_OWNER"] = owner_key(person)
    return browser


CORRECTION = {"outcome": "rated", "verdict": "acceptable", "reason": "Hers"}


def test_a_page_of_another_person_stores_nothing(
    study: Study, ravi: Browser, people: dict[str, User]
) -> None:
    """Not even a mark on a presentation that is the other's own."""
    token = ravi.open_next()["presentation"]
    reading = ravi.reading()["reading"]
    page = as_page_of(people["rita"], ravi)
    address, mark = f"presentations/{token}", f"presentations/{token}/marks/{uuid.uuid4()}/"
    tried = {
        "api:presentation-mark": [("put", mark, a_mark()), ("delete", mark, None)],
        "api:presentation-comment": [("put", f"{address}/comment/", {"comment": "Hers"})],
        "api:presentation-view": [("put", f"{address}/view/", a_view())],
        "api:presentation-submit": [("post", f"{address}/submit/", an_answer())],
        "api:presentation-correction": [("post", f"{address}/correction/", CORRECTION)],
        "api:presentation-open": [("post", f"{address}/open/", {})],
        "api:presentation": [("get", f"{address}/", None)],
        "api:presentation-image": [("get", f"{address}/image/", None)],
        "api:presentation-mask": [("get", f"{address}/mask/", None)],
        "api:presentation-t1": [("get", f"{address}/t1/", None)],
        "api:reading": [("get", f"readings/{reading}/", None)],
        "api:reading-declaration": [("post", f"readings/{reading}/declaration/", {})],
        "api:readings": [("get", "readings/", None)],
    }
    assert set(tried) == {name for name in TABLE if name.startswith(("api:pres", "api:read"))}
    for requests in tried.values():
        for method, path, body in requests:
            assert page.refused(method, path, body) == (403, "SomebodyElse"), path
    assert not Mark.objects.exists()
    assert not Rating.objects.exists()
    assert Presentation.objects.get(token=token).comment == ""
    as_page_of(people["ravi"], ravi).put(mark, a_mark())
    assert Mark.objects.count() == 1


def test_a_page_of_another_person_delineates_nothing(
    cora: Browser, dana: Browser, people: dict[str, User], cohort: Cohort
) -> None:
    """Not even in a delineation that is the other's own."""
    a_reference("Test set", "open", a_case(cohort, 3), people["dana"])
    one = Delineation.objects.get(step=2)
    Delineation.objects.update(submitted_at=None)
    before = set(Delineation.objects.values_list("pk", "submitted_at", "opened_at"))
    page = as_page_of(people["rita"], dana)
    root = f"delineations/{one.token}"
    seen = {"edits": 0, "voxels": 0, "digest": 0, "active_ms": 0}
    tried = {
        "api:delineation": [("get", f"{root}/", None)],
        "api:delineation-open": [("post", f"{root}/open/", {})],
        "api:delineation-scan": [("get", f"{root}/scans/FLAIR/", None)],
        "api:delineation-edit": [("put", f"{root}/edits/{uuid.uuid4()}/", {})],
        "api:dot-decision": [("put", f"{root}/dots/x/decisions/{uuid.uuid4()}/", {})],
        "api:delineation-submit": [("post", f"{root}/submit/", seen)],
        "api:assignment": [("get", f"assignments/{one.assignment.token}/", None)],
        "api:assignments": [("get", "assignments/", None)],
    }
    whose = ("api:delineation", "api:assignment", "api:dot-decision")
    assert set(tried) == {name for name in TABLE if name.startswith(whose)}
    for requests in tried.values():
        for method, path, body in requests:
            assert page.refused(method, path, body) == (403, "SomebodyElse"), path
    assert set(Delineation.objects.values_list("pk", "submitted_at", "opened_at")) == before


def test_whether_something_is_there_is_not_told_to_a_page_of_another_person(
    study: Study, ravi: Browser, people: dict[str, User]
) -> None:
    page = as_page_of(people["rita"], ravi)
    assert page.refused("get", "presentations/no-such/") == (403, "SomebodyElse")


def test_a_login_that_has_ended_is_said_first(study: Study, people: dict[str, User]) -> None:
    headers = {"X-Plaque-Owner": owner_key(people["rita"])}
    assert Client(headers=headers).get("/api/v1/readings/").json()["code"] == "NotSignedIn"


def test_the_pages_of_a_browser_can_see_who_is_logged_in(people: dict[str, User]) -> None:
    browser = Client()
    browser.post("/accounts/login/", FORM)
    assert browser.cookies["plaque_owner"].value == owner_key(people["ravi"])
    assert f'data-owner="{owner_key(people["ravi"])}"' in browser.get("/").content.decode()
    assert "plaque_owner" not in browser.get("/").cookies
    browser.post("/accounts/logout/")
    assert browser.cookies["plaque_owner"].value == ""
    assert "data-owner" not in browser.get("/accounts/login/").content.decode()


def test_two_people_have_two_keys_that_name_neither(people: dict[str, User]) -> None:
    keys = {owner_key(person) for person in people.values()}
    assert len(keys) == len(people)
    assert not [key for key in keys if any(name in key for name in people)]


def test_a_key_outlives_the_secret_key_and_goes_to_nobody_else(
    people: dict[str, User],
) -> None:
    number, key = people["rita"].pk, owner_key(people["rita"])
    with override_settings(SECRET_KEY="another" * 10):
        assert owner_key(User.objects.get(username="rita")) == key
    people["rita"].delete()
    later = User.objects.create_user("rita", pk=number)
    assert owner_key(later) != key
