"""Twenty presentations by keyboard alone, whatever happens to network, tab and login on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from rating.models import Mark, Presentation
from tests.browser.conftest import Visitor
from tests.browser.readings import PASSWORD, a_study, reading_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REASONS = {"FP": ["DAWM", "choroid plexus", "cortex"], "FN": ["periventricular", "juxtacortical"]}


@dataclass
class Reader:
    """Rita at her keyboard: what she pressed, presentation by presentation."""

    visitor: Visitor
    person: User
    marked: list[list[tuple[str, str]]] = field(default_factory=list)  # kind, reason
    verdicts: list[str] = field(default_factory=list)
    second_thoughts: bool | None = None  # after an answer that gets lost; None: none does

    @property
    def page(self) -> Page:
        return self.visitor.page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def open_next(self) -> None:
        """The button that opens the next presentation has the focus."""
        number = len(self.verdicts) + 1
        expect(self.page.get_by_role("button", name=f"Open presentation {number}")).to_be_focused()
        self.press("Enter")
        self.visitor.wait_for_viewer()
        self.marked.append([])

    def mark_false(self) -> None:
        """The next lesion is none; its reason by one key."""
        number = len(self.verdicts) % 3 + 1
        self.press("n", "m", str(number))
        self.marked[-1].append(("FP", REASONS["FP"][number - 1]))

    def mark_missed(self) -> None:
        """Something is missing two slices above a lesion, one voxel further every time."""
        number = len(self.verdicts) % 2 + 1
        self.press("n", "ArrowUp", "ArrowUp", "m", str(number))
        self.marked[-1].append(("FN", REASONS["FN"][number - 1]))

    def submit(self) -> None:
        """Verdict, submission and its confirmation."""
        is_good = len(self.verdicts) % 4 != 0
        self.press("a" if is_good else "u")
        expect(self.page.get_by_role("button", name="Submit", exact=True)).to_be_enabled()
        self.press("Control+Enter")
        expect(self.page.get_by_role("dialog")).to_be_visible()
        self.press("Control+Enter")
        stored = "Your answer is stored."
        if self.second_thoughts is not None:
            expect(self.page.get_by_role("dialog")).to_contain_text("does not answer")
            if self.second_thoughts:
                self.press("Escape", "u" if is_good else "a", "Control+Enter")
                stored = "stored as you had sent it before"
            self.press("Enter")
            self.second_thoughts = None
        expect(self.page.locator(".lobby .said")).to_contain_text(stored)
        self.verdicts.append("acceptable" if is_good else "unacceptable")

    def come_back(self) -> None:
        """In a new tab, at the address of the reading, which goes on by itself."""
        self.visitor.page = self.visitor.open_tab()
        self.page.goto(self.visitor.address + reading_of(self.person))


def without_network(rita: Reader) -> None:
    """Marks are made and kept; they are sent when the network is back."""
    rita.visitor.context.set_offline(True)
    rita.mark_false()
    rita.mark_missed()
    expect(rita.page.locator(".badge")).to_contain_text("kept in this browser")
    rita.visitor.context.set_offline(False)
    expect(rita.page.get_by_text("All saved")).to_be_visible()


def lost_answer(rita: Reader) -> None:
    """What is submitted is stored, but the server's answer is lost; Enter submits once more.

    The second time another verdict is given meanwhile: what was stored first stays, and is told.
    """
    rita.mark_missed()
    rita.page.route("**/submit/", lambda route: (route.fetch(), route.abort()), times=1)
    rita.second_thoughts = len(rita.verdicts) > 10


def killed_tab(rita: Reader) -> None:
    """The tab is gone before anything could be sent."""
    rita.visitor.context.set_offline(True)
    rita.mark_missed()
    rita.mark_false()
    expect(rita.page.locator(".badge")).to_contain_text("kept in this browser")
    rita.page.close(run_before_unload=False)
    rita.visitor.context.set_offline(False)
    rita.come_back()
    rita.visitor.wait_for_viewer()
    expect(rita.page.get_by_text("All saved")).to_be_visible()


def ended_login(rita: Reader) -> None:
    """The login is over in the middle; the marks wait for the next one."""
    Session.objects.all().delete()
    rita.mark_false()
    rita.mark_missed()
    expect(rita.page.locator(".badge")).to_contain_text("Your login has ended")
    old = rita.page
    old.get_by_role("link", name="Log in").focus()
    with rita.visitor.context.expect_page() as opened:
        rita.press("Enter")
    rita.visitor.page = opened.value
    expect(rita.page.get_by_label("User name")).to_be_focused()
    rita.page.keyboard.type(rita.person.get_username())
    rita.press("Tab")
    rita.page.keyboard.type(PASSWORD)
    rita.press("Enter")
    take_over(rita)
    old.close()


def second_tab(rita: Reader) -> None:
    """A second tab asks, and takes the reading over with everything marked so far."""
    rita.mark_false()
    expect(rita.page.get_by_text("All saved")).to_be_visible()
    rita.come_back()
    take_over(rita)
    rita.mark_missed()


def take_over(rita: Reader) -> None:
    """This tab says that the reading is open elsewhere; Enter takes it over."""
    expect(rita.page.get_by_role("button", name="Go on here")).to_be_focused()
    rita.press("Enter")
    rita.visitor.wait_for_viewer()
    expect(rita.page.get_by_text("All saved")).to_be_visible()
    assert len(rita.page.evaluate("window.plaque.state().marks")) == len(rita.marked[-1])


def nothing_special(rita: Reader) -> None:
    """One mark of a kind, by turns."""
    if len(rita.verdicts) % 2:
        rita.mark_false()
    else:
        rita.mark_missed()


def test_twenty_presentations_by_keyboard_alone(visitor: Callable[[], Visitor]) -> None:
    people = a_study(masks=10, gap=3)
    rita = Reader(visitor(), people["rita"])
    rita.visitor.log_in(rita.person, PASSWORD)
    rita.page.goto(rita.visitor.address + reading_of(rita.person))
    happens = {3: without_network, 5: lost_answer, 7: killed_tab, 11: ended_login}
    happens |= {15: second_tab, 18: lost_answer}
    for number in range(1, 21):
        rita.open_next()
        happens.get(number, nothing_special)(rita)
        rita.submit()
    expect(rita.page.get_by_text("nothing is left to do")).to_be_visible()

    read = list(Presentation.objects.filter(reading__user=rita.person).order_by("position"))
    assert [one.submitted_at for one in read] == sorted(one.submitted_at for one in read)
    ratings = [one.ratings.get() for one in read]
    assert [rating.verdict_rater for rating in ratings] == rita.verdicts
    for one, rating, marked in zip(read, ratings, rita.marked, strict=True):
        stored = list(Mark.objects.filter(presentation=one, removed_at=None))
        assert sorted((mark.kind, mark.reason) for mark in stored) == sorted(marked)
        assert (rating.fp, rating.fn) == tuple(
            sum(kind == wanted for kind, _ in marked) for wanted in ("FP", "FN")
        )
    expected = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "401", "409")
    assert all(any(w in said for w in expected) for said in rita.visitor.troubles)
    rita.visitor.troubles.clear()
