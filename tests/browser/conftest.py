"""A real Chromium on the real pages; a console error or a failed request fails the test."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from tests.find_chromium import SWITCHES, find_chromium
from tests.segmentation.scans import signed_in

PICTURES = Path("test-results")
expect.set_options(timeout=60_000)  # 5 s by default: too short on a busy machine


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all browser tests."""
    path = find_chromium()
    assert path, "no Chromium: run `python tests/find_chromium.py --install`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        yield browser
        browser.close()


class Visitor:
    """A person at a browser of their own."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.address = address
        self.context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 800})
        self.context.set_default_timeout(60_000)
        self.troubles: list[str] = []
        self.asking: set[Request] = set()
        self.page: Page = self.open_tab()

    def open_tab(self) -> Page:
        """Another tab of the same browser, whose troubles count as well."""
        page = self.context.new_page()
        page.on("console", lambda m: self.troubles.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on(
            "response",
            lambda r: self.troubles.append(f"{r.status} {r.url}") if r.status >= 400 else None,
        )
        page.on("request", self.asks)
        page.on("requestfinished", self.has_heard)
        page.on("requestfailed", self.has_heard)
        return page

    def asks(self, request: Request) -> None:
        """A request began."""
        self.asking.add(request)

    def has_heard(self, request: Request) -> None:
        """A request ended."""
        self.asking.discard(request)

    def let_in(self, user: User) -> None:
        """Signed in without the log-in page, through which other tests go."""
        session = signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": self.address}
        self.context.add_cookies([cookie])  # type: ignore[list-item]  # a dict is a SetCookieParam

    def log_in(self, user: User, password: str) -> None:
        """Through the log-in page, as a person would."""
        self.go("/accounts/login/")
        self.page.get_by_label("User name").fill(user.get_username())
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(f"{self.address}/")

    def go(self, path: str) -> None:
        """To a page of this site."""
        self.asking.clear()  # the page that is left hears nothing any more
        self.page.goto(self.address + path)

    def wait_for_viewer(self) -> None:
        """Until a scan is on the screen and takes input."""
        self.wait_for("window.plaque?.ready")

    def wait_for(self, expression: str, seconds: float = 60) -> None:
        """Until it holds in the page (Playwright's own wait would need eval, which is refused)."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, f"not within {seconds} s: {expression}"
            self.page.wait_for_timeout(50)

    def wait_for_quiet(self) -> None:
        """Until nothing is asked for; not for as long as Playwright's "networkidle" waits.

        Pages that watch jobs ask every second, and a busy machine makes that half a second longer.
        """
        end, quiet = time.monotonic() + 60, 0
        while quiet < 3:
            self.page.wait_for_timeout(50)
            quiet = 0 if self.asking else quiet + 1
            assert time.monotonic() < end, f"still asked for: {[one.url for one in self.asking]}"

    def wait_for_frames(self) -> None:
        """Until what was done is drawn: the viewer beside comes along a frame later."""
        self.page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def click_at(self, mm: list[float]) -> None:
        """On a place in the scan, after going to its slice."""
        self.page.evaluate("mm => window.plaque.viewer.goTo(mm)", mm)
        point = self.page.evaluate("mm => window.plaque.viewer.canvasPointOf(mm)", mm)
        assert point, f"{mm} is not on the screen"
        self.page.mouse.click(point["x"], point["y"])


@pytest.fixture
def visitor(
    request: pytest.FixtureRequest, chromium: Browser, live_server: object
) -> Iterator[type[Visitor]]:
    """Makes visitors; afterwards each must have met no trouble."""
    made: list[Visitor] = []

    def make() -> Visitor:
        made.append(Visitor(chromium, str(live_server)))
        return made[-1]

    yield make  # type: ignore[misc]
    name = re.sub(r"\W+", "-", request.node.name)
    for number, one in enumerate(made, 1):
        if one.troubles:
            PICTURES.mkdir(exist_ok=True)
            one.page.screenshot(path=PICTURES / f"{name}-{number}.png")
        one.context.close()
    assert [trouble for one in made for trouble in one.troubles] == []
