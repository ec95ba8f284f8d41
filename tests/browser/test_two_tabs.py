"""One reading is open in one tab of a browser, whatever its rater does."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from rating.models import Mark
from rating.operations.marking import NewMark, put_mark
from segmentation.queries import DatabaseClock
from tests.browser.conftest import Visitor
from tests.browser.readings import PASSWORD, a_study, mark, reading_of, start_reading

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OPEN_ELSEWHERE = ".lobby[data-state='elsewhere']"
AT_REST = ".lobby[data-state='ready']"


def test_a_second_tab_asks_and_takes_over(visitor: Callable[[], Visitor]) -> None:
    people, reader = a_study(), visitor()
    start_reading(reader, people["rita"])
    mark(reader, 0, 1)
    expect(reader.page.get_by_text("All saved")).to_be_visible()
    first, second = reader.page, reader.context.new_page()

    second.goto(reader.address + reading_of(people["rita"]))
    expect(second.get_by_role("heading", name="Open in another tab")).to_be_visible()
    assert first.evaluate("window.plaque.ready") is True

    second.get_by_role("button", name="Go on here").click()
    reader.page = second
    reader.wait_for_viewer()
    expect(first.get_by_role("heading", name="Goes on in another tab")).to_be_visible()
    assert first.evaluate("window.plaque.ready") is False
    assert first.evaluate("document.querySelector('.room').inert") is True
    assert len(second.evaluate("window.plaque.state().marks")) == 2
    mark(reader, 2)
    expect(second.get_by_text("All saved")).to_be_visible()
    assert Mark.objects.count() == 3

    second.close()
    reader.page = first
    for _ in range(2):  # nobody has it any more, then this tab itself: nothing is asked
        first.reload()
        reader.wait_for_viewer()
    assert len(first.evaluate("window.plaque.state().marks")) == 3

    def send_from_another_page(route: Route) -> None:
        answer = route.fetch()
        token = Mark.objects.values_list("presentation__token", flat=True)[0]
        late = NewMark(id=uuid.uuid4(), kind=Mark.Kind.MISSED, lesion=None, mm=(1.0, 2.0, 3.0))
        put_mark(token=token, mark=late, clock=DatabaseClock())
        route.fulfill(response=answer)

    first.route("**/api/v1/presentations/*/", send_from_another_page, times=1)
    first.reload()
    reader.wait_for_viewer()
    assert len(first.evaluate("window.plaque.state().marks")) == 4, "none is missing from the page"


def test_of_two_tabs_opened_at_once_one_reads(visitor: Callable[[], Visitor]) -> None:
    people, reader = a_study(), visitor()
    reader.log_in(people["rita"], PASSWORD)
    address = reader.address + reading_of(people["rita"])
    tabs = [reader.context.new_page() for _ in range(2)]
    for tab in tabs:
        tab.goto(f"{reader.address}/health/")
    for tab in tabs:
        tab.evaluate("address => void setTimeout(() => location.assign(address), 50)", address)
    for tab in tabs:
        expect(tab.locator(f"{OPEN_ELSEWHERE}, {AT_REST}")).to_be_visible()
    states = sorted(tab.locator(".lobby").get_attribute("data-state") or "" for tab in tabs)
    assert states == ["elsewhere", "ready"]
