"""Rita has the reading open twice, or the database is held: nothing is stored twice or lost."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from rating.models import Mark, Presentation, Rating, Study
from tests.locked_database import impatient_database, locked_database
from tests.rating.stage import Browser, a_mark, an_answer

pytestmark = pytest.mark.django_db(transaction=True)


def both(user: User, act: Callable[[Browser, int], Any]) -> list[Any]:
    """What two tabs of one person are answered that act at the same moment, sorted."""
    start = Barrier(2)

    def tab(number: int) -> Any:
        try:
            browser = Browser(user)
            start.wait(30)
            return act(browser, number)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as tabs:
        return sorted(tabs.map(tab, range(2)))


def told(browser: Browser, method: str, path: str, body: Any) -> tuple[int, str]:
    """The status of a request, and the code if it was refused."""
    response = browser.ask(method, path, body)
    return response.status_code, response.json().get("code", "")


def at_lesions(browser: Browser) -> str:
    """The token of the first presentation of a mask with lesions, opened."""
    while not (shown := browser.open_next())["lesion_count"]:
        browser.submit(shown["presentation"])
    return str(shown["presentation"])


def test_one_lesion_is_marked_once(people: dict[str, User], rita: Browser, study: Study) -> None:
    address = f"presentations/{at_lesions(rita)}/marks/"

    def mark(tab: Browser, _: int) -> Any:
        return told(tab, "put", f"{address}{uuid.uuid4()}/", a_mark(2))

    assert both(people["rita"], mark) == [(200, ""), (409, "AlreadyMarked")]
    assert Mark.objects.count() == 1


def test_one_mark_that_is_sent_twice_is_stored_once(
    people: dict[str, User], rita: Browser, study: Study
) -> None:
    address = f"presentations/{at_lesions(rita)}/marks/{uuid.uuid4()}/"
    answers = both(people["rita"], lambda tab, _: told(tab, "put", address, a_mark()))
    assert answers == [(200, ""), (200, "")]
    assert Mark.objects.count() == 1


def test_one_presentation_is_submitted_once(
    people: dict[str, User], rita: Browser, study: Study
) -> None:
    token = rita.open_next()["presentation"]

    def submit(tab: Browser, number: int) -> Any:
        verdict = ("acceptable", "unacceptable")[number]
        return told(tab, "post", f"presentations/{token}/submit/", an_answer(verdict=verdict))

    assert both(people["rita"], submit) == [(200, ""), (409, "AlreadySubmitted")]
    assert Rating.objects.count() == 1
    assert Presentation.objects.filter(submitted_at__isnull=False).count() == 1


def test_two_tabs_open_the_same_presentation_at_the_same_time(
    people: dict[str, User], rita: Browser, study: Study
) -> None:
    token = rita.reading()["presentation"]
    first, second = both(
        people["rita"],
        lambda tab, _: tab.ask("post", f"presentations/{token}/open/", {}).content.decode(),
    )
    assert first == second
    assert f'"presentation":"{token}"' in first
    assert Presentation.objects.filter(opened_at__isnull=False).count() == 1


def test_a_mark_and_the_end_of_its_presentation_agree(
    people: dict[str, User], rita: Browser, study: Study
) -> None:
    """Either the mark comes first and the other tab's counts differ, or it comes too late."""
    token = at_lesions(rita)

    def act(tab: Browser, number: int) -> Any:
        if number:
            return "submit", *told(tab, "post", f"presentations/{token}/submit/", an_answer())
        return "mark", *told(tab, "put", f"presentations/{token}/marks/{uuid.uuid4()}/", a_mark())

    assert both(people["rita"], act) in (
        [("mark", 200, ""), ("submit", 409, "CountsDiffer")],
        [("mark", 409, "AlreadySubmitted"), ("submit", 200, "")],
    )
    assert Mark.objects.count() + Rating.objects.filter(presentation__token=token).count() == 1


def test_a_mark_and_the_end_of_its_study_agree(
    people: dict[str, User], rita: Browser, study: Study
) -> None:
    """A mark is told to be stored or to come too late; after the study nothing is left to mark."""
    token = at_lesions(rita)

    def act(tab: Browser, number: int) -> Any:
        if number:
            close = (f"studies/{study.slug}/close/", {"reason": "Enough."})
            return "close", *told(Browser(people["cora"]), "post", *close)
        return "mark", *told(tab, "put", f"presentations/{token}/marks/{uuid.uuid4()}/", a_mark())

    closed, (_, status, code) = both(people["rita"], act)
    assert closed == ("close", 200, "")
    assert (status, code, Mark.objects.count()) in [(200, "", 1), (409, "StudyNotOpen", 0)]
    study.refresh_from_db()
    unfinished = Presentation.objects.filter(submitted_at=None)
    assert set(unfinished.values_list("withdrawn_at", flat=True)) == {study.closed_at}
    assert not Presentation.objects.filter(submitted_at__isnull=False, withdrawn_at__isnull=False)


def test_a_mark_in_vain_is_said_and_stored_when_it_is_sent_again(
    rita: Browser, study: Study
) -> None:
    token, mark = at_lesions(rita), uuid.uuid4()
    address = f"presentations/{token}/marks/{mark}/"
    rita.client.raise_request_exception = False
    with impatient_database():
        with locked_database(Presentation._meta.db_table):
            refused = rita.ask("put", address, a_mark(1))
        assert (refused.status_code, refused.json()["code"]) == (503, "NotAvailable")
        assert "safe" in refused.json()["message"]
        assert not Mark.objects.exists()
        assert rita.put(address, a_mark(1))["id"] == str(mark)
    assert Mark.objects.count() == 1


@pytest.mark.once
def test_a_full_database_is_said_and_loses_nothing(rita: Browser, study: Study) -> None:
    token = rita.open_next()["presentation"]
    address, comment = f"presentations/{token}/comment/", {"comment": "\u2265" * 4000}
    rita.put(address, {"comment": "saved before"})
    rita.client.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # no page is left over
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        refused = rita.ask("put", address, comment)
        assert (refused.status_code, refused.json()["code"]) == (503, "NotAvailable")
        assert rita.get(f"presentations/{token}/")["comment"] == "saved before"
        cursor.execute(f"PRAGMA max_page_count = {2**30}")
    rita.put(address, comment)
    assert rita.get(f"presentations/{token}/")["comment"] == comment["comment"]
