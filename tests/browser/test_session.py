"""A login that ends in the middle of a reading costs no mark, and shows none to anybody else."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from rating.models import Mark, Study
from rating.operations.study import close_study
from tests.browser.conftest import Visitor
from tests.browser.readings import a_study, log_in_at, mark, reading_of, start_reading
from tests.rating.stage import NOON

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def end_the_login(reader: Visitor) -> None:
    """What the server does when the time is over; what the browser says of it is no trouble."""
    Session.objects.all().delete()
    mark(reader, 1, 2)
    badge = reader.page.locator(".badge")
    expect(badge).to_contain_text("Your login has ended. 2 changes kept in this browser")
    assert all("401" in trouble for trouble in reader.troubles)
    assert Mark.objects.count() == 1


def stored() -> list[int]:
    """How often each marked place is stored."""
    places = list(Mark.objects.values_list("x_mm", "y_mm", "z_mm"))
    return [places.count(place) for place in set(places)]


def test_marks_made_after_the_login_ended_are_sent_after_the_next(
    visitor: Callable[[], Visitor],
) -> None:
    people, reader = a_study(), visitor()
    start_reading(reader, people["rita"])
    mark(reader, 0)
    expect(reader.page.get_by_text("All saved")).to_be_visible()
    end_the_login(reader)
    first = reader.page
    with reader.context.expect_page() as opened:
        first.get_by_role("link", name="Log in").click()
    reader.page = opened.value
    log_in_at(reader.page, people["rita"])
    expect(reader.page).to_have_url(re.compile(reading_of(people["rita"])))
    expect(reader.page.get_by_role("heading", name="Open in another tab")).to_be_visible()
    reader.page.get_by_role("button", name="Go on here").click()
    reader.wait_for_viewer()
    expect(reader.page.get_by_text("All saved")).to_be_visible()
    expect(first.get_by_role("heading", name="Goes on in another tab")).to_be_visible()
    assert len(reader.page.evaluate("window.plaque.state().marks")) == 3
    assert stored() == [1, 1, 1]
    reader.troubles.clear()

    Session.objects.all().delete()
    mark(reader, 3)
    expect(reader.page.locator(".badge")).to_contain_text("1 change kept in this browser")
    home = reader.context.new_page()
    home.route("**/marks/**", lambda route: route.abort())
    home.goto(f"{reader.address}/accounts/login/")
    reader.page.route("**/marks/**", lambda route: route.abort())
    log_in_at(home, people["rita"])
    waits = home.locator("#unsent .notice")
    expect(waits).to_contain_text("1 change in your work not yet sent; kept in this browser.")
    expect(waits).to_contain_text("The tab with your reading sends it.")
    reader.page.close()
    expect(waits).to_contain_text("The server does not answer; this page tries again.")
    assert stored() == [1, 1, 1]
    home.unroute("**/marks/**")
    expect(waits).to_contain_text("What this browser had kept of your work is now stored.")
    assert stored() == [1, 1, 1, 1]
    home.reload()
    expect(home.get_by_role("heading", name="Your readings")).to_be_visible()
    expect(waits).to_have_count(0)
    reader.troubles.clear()


def test_what_can_never_be_stored_is_said_and_given_up_by_hand(
    visitor: Callable[[], Visitor],
) -> None:
    people, reader = a_study(), visitor()
    start_reading(reader, people["rita"])
    mark(reader, 0)
    expect(reader.page.get_by_text("All saved")).to_be_visible()
    end_the_login(reader)
    reader.page.close()
    close_study(study=Study.objects.get(), reason="Enough", by=people["cora"], now=NOON)
    reader.page = reader.context.new_page()
    reader.page.goto(f"{reader.address}/accounts/login/")
    log_in_at(reader.page, people["rita"])
    waits = reader.page.locator("#unsent .notice")
    expect(waits).to_contain_text("2 changes in your work not yet sent:")
    expect(waits).to_contain_text("What was not sent stays in this browser.")
    reader.page.get_by_role("button", name="Go on without it").click()
    expect(waits).to_be_hidden()
    reader.page.reload()
    expect(waits).to_have_count(0)
    assert Mark.objects.count() == 1
    reader.troubles.clear()


def test_another_person_neither_sees_nor_sends_them(visitor: Callable[[], Visitor]) -> None:
    people, reader = a_study(), visitor()
    start_reading(reader, people["rita"])
    mark(reader, 0)
    expect(reader.page.get_by_text("All saved")).to_be_visible()
    end_the_login(reader)

    hers, his = reader.page, reader.context.new_page()
    his.goto(f"{reader.address}/accounts/login/")
    tried: list[str] = []
    answers: list[int] = []
    hers.on("request", lambda request: tried.append(request.url))
    hers.on("response", lambda response: answers.append(response.status))
    log_in_at(his, people["ravi"])
    expect(hers.get_by_role("heading", name="Somebody else is logged in")).to_be_visible()
    assert set(answers) <= {401}  # as long as nobody was logged in
    tried.clear()
    assert hers.evaluate("window.plaque.ready") is False
    assert hers.evaluate("window.plaque.viewer.drawCounts()") == {"lesion": 0, "fp": 0}
    assert hers.locator(".mark-list li").count() == 0
    hers.evaluate("window.dispatchEvent(new Event('focus'))")
    hers.get_by_role("button", name="Try again").click()
    expect(hers.get_by_role("heading", name="Somebody else is logged in")).to_be_visible()
    his.goto(reader.address + reading_of(people["ravi"]))
    his.get_by_role("button", name="Open presentation 1").click()
    reader.page = his
    reader.wait_for_viewer()
    assert his.evaluate("window.plaque.state().marks") == []
    assert tried == []
    assert Mark.objects.count() == 1

    his.get_by_role("link", name="Leave").click()
    his.get_by_role("button", name="Log out").click()
    his.goto(f"{reader.address}/accounts/login/")
    log_in_at(his, people["rita"])
    hers.get_by_role("button", name="Try again").click()
    reader.page = hers
    reader.wait_for_viewer()
    expect(hers.get_by_text("All saved")).to_be_visible()
    assert len(hers.evaluate("window.plaque.state().marks")) == 3
    assert stored() == [1, 1, 1]
    reader.troubles.clear()


def test_a_verdict_that_is_not_submitted_survives_a_reload(visitor: Callable[[], Visitor]) -> None:
    people, reader = a_study(), visitor()
    start_reading(reader, people["rita"])
    page, sent = reader.page, list[str]()
    page.on("request", lambda request: sent.append(request.post_data or ""))
    page.keyboard.press("u")
    page.reload()
    reader.wait_for_viewer()
    chosen = page.locator('.verdict[aria-pressed="true"]')
    expect(chosen).to_have_text("Unacceptable")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert not any("unacceptable" in body for body in sent)
    page.locator('[data-action="submit"]').click()
    page.locator('[data-action="confirm"]').click()
    page.get_by_role("button", name="Open presentation 2").click()
    reader.wait_for_viewer()
    expect(chosen).to_have_count(0)
    page.reload()
    reader.wait_for_viewer()
    expect(chosen).to_have_count(0)


def test_submitting_waits_for_the_last_mark_and_says_so(visitor: Callable[[], Visitor]) -> None:
    people, reader = a_study(), visitor()
    start_reading(reader, people["rita"])
    page = reader.page
    waiting, question = page.locator(".waiting"), page.get_by_role("dialog")
    page.route("**/marks/**", lambda route: route.abort())
    mark(reader, 0)
    page.keyboard.press("u")
    page.keyboard.press("Control+Enter")
    expect(waiting).to_contain_text("You are asked to submit as soon as it is.")
    page.keyboard.press("a")
    expect(waiting).to_be_empty()
    page.keyboard.press("Control+Enter")
    expect(waiting).not_to_be_empty()
    expect(question).to_have_count(0)
    assert Mark.objects.count() == 0
    page.unroute("**/marks/**")
    expect(question).to_contain_text("Your verdict: acceptable", timeout=30_000)
    expect(waiting).to_be_empty()
    assert stored() == [1]
    page.locator('[data-action="confirm"]').click()
    expect(page.get_by_role("button", name="Open presentation 2")).to_be_visible()
    reader.troubles.clear()
