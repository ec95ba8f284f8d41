"""Pictures of the pages to be looked at: full and empty, on wide, usual and narrow windows.

    python tests/browser/screenshots.py FOLDER [--data FOLDER] [--width 1366 ...] [--only WORDS]

Serves the demonstration on a data folder of its own (kept and used again with --data), visits the
pages as its coordinator, as one of its raters and as somebody new, and saves one picture per page
and width; of a page that is very long several, one below the other. With --dark the machine prefers
dark pages. Ends with 1 and their names if pages are wider than their window.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.find_chromium import SWITCHES, find_chromium  # noqa: E402
from tests.served import Served  # noqa: E402

WIDTHS = (1024, 1366, 1440, 2560, 700, 390)
HEIGHTS = {1024: 768, 1366: 768, 1440: 900, 2560: 1440, 700: 900, 390: 800}
TALLEST = 8192  # pixels: Chromium repeats what it has drawn on a page that is taller
STEP = 3000
NEWCOMER = "newcomer-8chars"
MAKE_STATES = (
    "from tests.browser.states import make_reference_states, make_states; "
    f"make_states('{NEWCOMER}'); make_reference_states()"
)


@dataclass
class Camera:
    """Goes to pages as one person and keeps pictures of them."""

    page: Page
    address: str
    folder: Path
    width: int
    only: str
    too_wide: list[str] = field(default_factory=list)

    def log_in(self, name: str, password: str) -> None:
        """Through the door."""
        self.page.goto(f"{self.address}/accounts/login/")
        self.page.get_by_label("User name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(f"{self.address}/")

    def go(self, path: str) -> None:
        """To a page, until nothing more is asked for."""
        self.page.goto(self.address + path)
        self.page.wait_for_load_state("networkidle")

    def wait_for_viewer(self) -> None:
        """Until a scan is shown."""
        while not self.page.evaluate("window.plaque?.ready"):
            self.page.wait_for_timeout(200)

    def take(self, name: str, *, whole: bool = True) -> None:
        """Keep a picture of the page as it is, and note when it is wider than its window."""
        file = f"{name}-{self.width}"
        root = "document.documentElement"
        height = self.page.evaluate(f"{root}.scrollHeight")
        if whole and height > TALLEST:
            self.take_in_steps(file, height)
        else:
            self.page.screenshot(path=self.folder / f"{file}.png", full_page=whole)
        if self.page.evaluate(f"{root}.scrollWidth > {root}.clientWidth"):
            self.too_wide.append(file)

    def take_in_steps(self, file: str, height: int) -> None:
        """Keep pictures of a long page, from the top to the bottom."""
        self.page.set_viewport_size({"width": self.width, "height": STEP})
        for number, top in enumerate(range(0, height, STEP), 1):
            self.page.evaluate(f"scrollTo(0, {top})")
            self.page.wait_for_load_state("networkidle")
            self.page.screenshot(path=self.folder / f"{file}-{number}.png")
        self.page.set_viewport_size({"width": self.width, "height": HEIGHTS[self.width]})

    def see(self, pages: dict[str, str]) -> None:
        """Pictures of these pages, by name."""
        for name, path in pages.items():
            if self.only in name:
                self.go(path)
                self.take(name)


def doors(camera: Camera, _: dict[str, str]) -> None:
    """What strangers see."""
    camera.see({"door-login": "/accounts/login/", "door-password": "/accounts/password/"})


def office(camera: Camera, passwords: dict[str, str]) -> None:
    """What a coordinator sees."""
    camera.log_in("cora", passwords["cora"])
    cohort, full = "/cohorts/demonstration-phantoms", "clinic-with-everything"
    camera.see(
        {
            "office-home": "/",
            "office-cases": "/cases/",
            "office-jobs": "/jobs/",
            "office-trainings": "/trainings/",
            "office-evaluations": "/evaluations/",
            "office-corrections": f"{cohort}/corrections/",
            "office-invited": f"/cohorts/{full}/members/",
            "office-everything-draft": "/studies/everything-is-asked-a-draft/",
            "office-everything-open": "/studies/everything-is-asked/",
            "office-studies": "/studies/",
            "office-study-open": "/studies/demonstration-a-study-to-rate/",
            "office-study-closed": "/studies/demonstration-a-finished-study/",
            "office-audit": f"{cohort}/audit/",
            "office-members": f"{cohort}/members/",
            "office-search": "/search/?q=demo",
            "office-account": "/account/",
            "office-tokens": "/account/tokens/",
            "office-nothing": "/cases/C9999/",
        }
    )
    for name, start, link in (
        ("office-evaluation", "/evaluations/", "Test set"),
        ("office-training", "/trainings/", "Our own, succeeded"),
    ):
        if camera.only in name:
            camera.go(start)
            camera.page.get_by_role("link", name=link).first.click()
            camera.page.wait_for_load_state("networkidle")
            camera.take(name)
    if camera.only in "office-drawing":
        drawing(camera)
    if camera.only in "office-upload":
        camera.go("/cases/?cohort=demonstration-phantoms")
        file = {"name": "scan.nii.gz", "mimeType": "", "buffer": b"no scan"}
        camera.page.locator('[data-action="choose-files"]').set_input_files([file])
        expect(camera.page.locator(".uploads .is-refused")).to_be_visible()
        camera.take("office-upload")
    if camera.only in "office-draft":
        draft(camera)
    if camera.only in "office-case":
        camera.go("/cases/C0002/")
        camera.wait_for_viewer()
        camera.take("office-case")
        camera.page.get_by_role("button", name="Keys ?").click()
        camera.page.get_by_role("button", name="Change", exact=True).click()
        camera.take("office-case-open")


def drawing(camera: Camera) -> None:
    """The editor, with a mask to correct."""
    camera.go("/cases/?cohort=clinic-with-everything")
    camera.page.locator("table a[href^='/cases/C']").first.click()
    camera.wait_for_viewer()
    camera.take("office-case-full")
    correct = re.compile("^(Correct|Go on correcting)")
    camera.page.get_by_role("button", name=correct).first.click()
    camera.page.wait_for_url("**/drawings/*/")
    camera.wait_for_viewer()
    camera.page.wait_for_timeout(500)
    camera.take("office-drawing", whole=False)
    camera.page.keyboard.press("?")
    camera.take("office-drawing-keys", whole=False)


def draft(camera: Camera) -> None:
    """A study that is being designed."""
    camera.go("/studies/")
    known = camera.page.get_by_role("link", name="A draft", exact=True)
    if known.count():
        known.first.click()
    else:
        camera.page.get_by_label("Title").fill("A draft")
        camera.page.get_by_role("button", name="Create the draft").click()
    expect(camera.page.get_by_role("heading", name="Masks to be judged")).to_be_visible()
    camera.take("office-draft")
    camera.page.get_by_role("button", name="Delete this draft").click()
    camera.take("office-draft-dialog", whole=False)


def room(camera: Camera, passwords: dict[str, str]) -> None:
    """What a rater sees."""
    camera.log_in("rita", passwords["rita"])
    if camera.only in "room-home":
        camera.take("room-home")
    if camera.only not in "room-reading":
        return
    camera.go("/")
    rows = camera.page.locator("li, tr, article").filter(has_text="a study to rate")
    rows.get_by_role("link", name="reading").first.click()
    start = camera.page.get_by_role("button", name="Open pr")
    expect(start.or_(camera.page.locator(".room:not([inert])"))).to_be_visible(timeout=60_000)
    if start.is_visible():
        camera.take("room-lobby", whole=False)
        start.click()
    camera.wait_for_viewer()
    for key in ("n", "m", "n", "m", "Home", "PageUp", *["Shift+ArrowRight"] * 9, "m", "n", "v"):
        camera.page.keyboard.press(key)
    camera.page.wait_for_timeout(500)
    camera.take("room-reading", whole=False)
    camera.page.keyboard.press("?")
    camera.page.get_by_text("It cannot be rated").click()
    camera.take("room-reading-open", whole=False)


def references(camera: Camera, passwords: dict[str, str]) -> None:
    """A reference study, as its coordinator and as one of its delineators sees it."""
    page = camera.page
    camera.log_in("cora", passwords["cora"])
    camera.see({"reference-list": "/reference-studies/"})
    for title in ("A draft", "Not begun", "Second step", "Finished"):
        name = f"reference-{title.lower().replace(' ', '-')}"
        if camera.only in name:
            camera.go("/reference-studies/")
            page.get_by_role("link", name=title).first.click()
            page.wait_for_load_state("networkidle")
            camera.take(name)
    page.context.clear_cookies()
    camera.log_in("dana", passwords["dana"])
    camera.see({"delineator-home": "/"})
    for title, step in (("Not begun", 1), ("Second step", 2)):
        if camera.only not in f"delineator-list-{step} delineator-drawing-{step}":
            continue
        camera.go("/")
        row = page.locator("li, tr, article").filter(has_text=title)
        row.get_by_role("link").first.click()
        case = page.get_by_role("link", name=f"step {step}, case 1")
        expect(case).to_be_visible()
        camera.take(f"delineator-list-{step}")
        case.click()
        camera.wait_for_viewer()
        page.wait_for_timeout(500)
        camera.take(f"delineator-drawing-{step}", whole=False)


def nothing(camera: Camera, _: dict[str, str]) -> None:
    """What somebody sees for whom nothing is there yet: without a cohort, and in an empty one."""
    lists = {"home": "/", "cases": "/cases/", "jobs": "/jobs/", "studies": "/studies/"}
    camera.log_in("otto", NEWCOMER)
    camera.see({f"none-{name}": path for name, path in lists.items()})
    camera.page.context.clear_cookies()
    camera.log_in("nina", NEWCOMER)
    camera.see({f"empty-{name}": path for name, path in lists.items()})
    camera.see(
        {
            "empty-members": "/cohorts/new-clinic/members/",
            "empty-audit": "/cohorts/new-clinic/audit/?act=case-deleted",
            "empty-search": "/search/?q=nothing",
            "empty-tokens": "/account/tokens/",
            "admin-index": "/admin/",
            "admin-list": "/admin/auth/user/",
            "admin-form": "/admin/segmentation/cohort/add/",
        }
    )


def journey(camera: Camera, passwords: dict[str, str], widths: list[int]) -> None:
    """A reading that asks for everything: declarations, practice, T1 beside, a correction."""
    page = camera.page

    def take(name: str) -> None:
        for width in widths:
            page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            page.wait_for_timeout(400)
            camera.width = width
            camera.take(f"journey-{name}", whole=False)

    def rate() -> None:
        page.get_by_role("button", name="Acceptable", exact=True).click()
        page.locator('[data-action="submit"]').click()
        page.locator('[data-action="confirm"]').click()

    camera.log_in("rita", passwords["rita"])
    page.locator("li").filter(has_text="Everything is asked").get_by_role("link").click()
    open_it = page.get_by_role("button", name="Open pr")
    declaring, room = page.locator("form.declaration"), page.locator(".room:not([inert])")
    expect(open_it.or_(declaring).or_(room)).to_be_visible(timeout=60_000)
    if declaring.is_visible():
        take("declarations")
        for label, said in (("Years", "12"), ("Specialty", "neuroradiology"), ("Training", "EBNR")):
            page.get_by_label(label).fill(said)
        page.get_by_label("The room is").select_option("dimmed")
        page.get_by_label("The screen is").select_option("diagnostic")
        page.get_by_label("I have read").check()
        page.get_by_role("button", name="Go on", exact=True).click()
        take("practice-before")
        open_it.click()
        camera.wait_for_viewer()
        for key in ("n", "m", "n", "m", "m"):
            page.keyboard.press(key)
        take("practice")
        rate()
        expect(page.get_by_role("complementary", name="How it went")).to_be_visible()
        take("review")
        page.get_by_role("button", name="Go on", exact=True).click()
        take("feedback")
    if open_it.is_visible():
        open_it.click()
    camera.wait_for_viewer()
    for key in ("n", "m", "n", "m", *["Shift+ArrowRight"] * 9, "m", *["Shift+ArrowDown"] * 9, "m"):
        page.keyboard.press(key)
    take("t1-beside")
    rate()
    expect(page.get_by_text("Your answer is stored.")).to_be_visible()
    page.get_by_role("button", name="Correct my last verdict").click()
    take("correction")
    page.get_by_label("The mask is").select_option("unacceptable")
    page.get_by_label("Reason").fill("The wrong key.")
    page.get_by_role("button", name="Store the correction").click()
    take("corrected")
    open_it.click()
    camera.wait_for_viewer()
    page.get_by_role("button", name="Keys ?").click()
    take("keys")


def paper(context: BrowserContext, address: str, folder: Path, password: str) -> None:
    """What the printer gets of the pages that are printed."""
    camera = Camera(context.new_page(), address, folder, 0, "")
    camera.log_in("cora", password)
    cohort = "/cohorts/demonstration-phantoms"
    for name, path in {
        "results": "/studies/demonstration-a-finished-study/",
        "audit": f"{cohort}/audit/",
        "members": f"{cohort}/members/",
        "case": "/cases/C0002/",
    }.items():
        camera.go(path)
        if name == "case":
            camera.wait_for_viewer()
        camera.page.pdf(path=folder / f"paper-{name}.pdf", format="A4")


def take_all(
    browser: Browser,
    address: str,
    folder: Path,
    widths: list[int],
    only: str,
    data: Path,
    scheme: Literal["dark", "light"],
) -> list[str]:
    """Every picture; returns those of pages that are wider than their window."""
    passwords = json.loads((data / "demonstration-accounts.json").read_text())
    visits: tuple[Callable[[Camera, dict[str, str]], None], ...] = (
        doors,
        office,
        references,
        room,
        nothing,
    )
    too_wide: list[str] = []
    if only in "journey":
        context = browser.new_context(color_scheme=scheme)
        context.set_default_timeout(120_000)
        camera = Camera(context.new_page(), address, folder, 0, only)
        journey(camera, passwords, widths)
        too_wide += camera.too_wide
        context.close()
    for width in widths:
        for visit in visits:
            size: ViewportSize = {"width": width, "height": HEIGHTS[width]}
            context = browser.new_context(viewport=size, color_scheme=scheme)
            context.set_default_timeout(120_000)
            camera = Camera(context.new_page(), address, folder, width, only)
            visit(camera, passwords)
            too_wide += camera.too_wide
            context.close()
    if only in "paper":
        context = browser.new_context()
        context.set_default_timeout(120_000)
        paper(context, address, folder, passwords["cora"])
        context.close()
    return too_wide


def main() -> int:
    parser = argparse.ArgumentParser(description="Pictures of all pages.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--width", type=int, nargs="+", default=WIDTHS, choices=WIDTHS)
    parser.add_argument("--only", default="", help="pages with this in their name")
    parser.add_argument("--dark", action="store_true", help="on a machine that prefers dark")
    wanted = parser.parse_args()
    data = wanted.data or Path(tempfile.mkdtemp(prefix="plaque-pictures-"))
    data.mkdir(parents=True, exist_ok=True)
    wanted.folder.mkdir(parents=True, exist_ok=True)
    for words in (["migrate", "-v0"], ["make_demonstration"], ["shell", "-c", MAKE_STATES]):
        subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=os.environ | {"PLAQUE_DATA": str(data)},
            check=True,
        )
    served = Served.start(data=data, environment={})
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=SWITCHES)
            too_wide = take_all(
                browser,
                f"http://127.0.0.1:{served.port}",
                wanted.folder,
                list(wanted.width),
                wanted.only,
                data,
                "dark" if wanted.dark else "light",
            )
            browser.close()
    finally:
        served.stop()
    for name in too_wide:
        print(f"wider than its window: {name}")
    return 1 if too_wide else 0


if __name__ == "__main__":
    sys.exit(main())
