"""A reading from its declarations to a correction; the next presentation comes into memory."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from rating.models import Rating
from rating.operations.study import create_study, edit_study, open_study
from segmentation.operations.cases import create_cohort
from tests.browser.conftest import Visitor
from tests.rating.stage import NOON, a_case, a_mask, invited

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_after_a_submission_nothing_is_fetched(visitor: Callable[[], Visitor]) -> None:
    cora = User.objects.create_user("cora")
    rita = User.objects.create_user("rita", password="phantoms")
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    invited(cohort, rita)
    masks = [a_mask(a_case(cohort, seed, has_t1=True), lesions=2 + seed) for seed in range(3)]
    study = create_study(title="Reading", cohort=cohort, by=cora, now=NOON)
    items = [mask.pk for mask in masks]
    settings = {
        "gap": 1,
        "washout_days": 0,
        "shown_sequences": ["FLAIR", "T1"],
        "instructions": "Mark what is wrong.",
        "sign_instructions": True,
        "ask_qualification": True,
    }
    practised = a_case(cohort, 9)
    practice = [(a_mask(practised, lesions=3).pk, a_mask(practised, lesions=5).pk)]
    edit_study(
        study=study, by=cora, items=items, raters=["rita"], settings=settings, practice=practice
    )
    open_study(study=study, by=cora, now=NOON)

    reader = visitor()
    reader.log_in(rita, "phantoms")
    reader.page.get_by_role("link", name="Start reading").click()
    declares(reader)
    practises(reader)
    asked: list[str] = []
    reader.page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    reader.page.get_by_role("button", name="Open presentation 1").click()
    reader.wait_for_viewer()
    first = reader.page.evaluate("window.plaque.state().presentation")
    reader.wait_for_quiet()
    volumes = [one for one in asked if one.endswith(("/image/", "/mask/", "/t1/"))]
    assert len(volumes) == len(set(volumes)) == 6
    assert sum(first in one for one in volumes) == 3
    stands_beside_and_comes_along(reader)
    buttons = "[...document.querySelectorAll('.verdict')].map(button => button.offsetWidth)"
    one, other = reader.page.evaluate(buttons)
    assert one == other, "the page's own styles go over those of the viewer"

    asked.clear()
    accepts(reader)
    reader.page.get_by_role("button", name="Open presentation 2").click()
    reader.wait_for_viewer()
    second = reader.page.evaluate("window.plaque.state().presentation")
    root = f"{reader.address}/api/v1/presentations"
    asked = [one for one in asked if not one.endswith("/view/")]  # tells, and fetches nothing
    until_shown = asked[: asked.index(f"POST {root}/{second}/open/") + 1]
    assert until_shown == [f"POST {root}/{first}/submit/", f"POST {root}/{second}/open/"]
    assert not [one for one in asked if second in one and one.startswith("GET")]
    drawn = reader.page.evaluate("window.plaque.viewer.drawCounts()")
    shown = reader.page.evaluate("window.plaque.state().counts.drawn")
    assert drawn == {"lesion": shown, "fp": 0}
    expect(reader.page.get_by_text("2 of 6")).to_be_visible()
    accepts(reader)
    corrects(reader)
    reader.page.get_by_role("button", name="Open presentation 3").click()
    reader.wait_for_viewer()
    left = stands_and_marks(reader)
    survives_a_lost_context(reader, left)
    goes_on_elsewhere(reader, visitor(), rita, left)


def declares(reader: Visitor) -> None:
    """Says who reads and signs the instructions, without which nothing is opened."""
    page = reader.page
    expect(page.get_by_role("button", name="practice")).to_have_count(0)
    page.get_by_label("Years of experience").fill("12")
    page.get_by_label("Specialty").fill("Neuroradiology")
    page.get_by_label("Training").fill("Fellowship")
    page.get_by_label("I have read the instructions").check()
    page.get_by_role("button", name="Go on", exact=True).click()


def practises(reader: Visitor) -> None:
    """Calls one right lesion false, misses two, and is shown so on the scan."""
    page = reader.page
    expect(page.get_by_text("Practice comes first.")).to_be_visible()
    page.get_by_role("button", name="Open practice (1 left)").click()
    reader.wait_for_viewer()
    looks_up_the_instructions(reader)
    page.keyboard.press("n")
    page.keyboard.press("m")
    accepts(reader)
    told = page.get_by_role("complementary", name="How it went")
    expect(told).to_contain_text("There is no false positive; 1 mark of yours")
    expect(told).to_contain_text("2 missed lesions, you marked 0.")
    expect(page.locator("button.viewer-dot[data-tone]").first).to_be_visible()  # nothing pressed
    here = page.evaluate("window.plaque.state().slice")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".strip span").nth(-2 - here)).to_have_attribute("data-here", "")
    told.get_by_role("button", name="Missed lesion, not marked").last.click()
    expect(page.locator('button.viewer-dot[data-tone="overlooked"]').first).to_be_visible()
    page.keyboard.press("m")
    expect(page.locator(".viewer-dot:not([data-tone])")).to_have_count(0)
    expect(told).to_contain_text("Ctrl + Enter goes on")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="How it went")).to_be_visible()
    expect(page.get_by_text("Practice is over")).to_be_visible()


def looks_up_the_instructions(reader: Visitor) -> None:
    """While a scan is open; no key marks anything meanwhile."""
    page = reader.page
    page.get_by_role("button", name="Instructions").click()
    shown = page.get_by_role("dialog", name="Instructions")
    expect(shown).to_contain_text("Mark what is wrong.")
    page.keyboard.press("m")
    shown.get_by_role("button", name="Close").click()
    expect(shown).to_be_hidden()
    assert reader.page.evaluate("window.plaque.state().marks") == []


def accepts(reader: Visitor) -> None:
    """Submits what is open as acceptable; the question says how much of it was seen."""
    reader.page.get_by_role("button", name="Acceptable", exact=True).click()
    reader.page.locator('[data-action="submit"]').click()
    expect(reader.page.locator("dialog.confirm[open]")).to_contain_text("of 10 slices")
    reader.page.locator('[data-action="confirm"]').click()


def corrects(reader: Visitor) -> None:
    """The last verdict; what was submitted first is kept beside it."""
    page = reader.page
    page.get_by_role("button", name="Correct my last verdict").click()
    page.get_by_label("The mask is").select_option("unacceptable")
    page.get_by_label("Reason").fill("The wrong key.")
    page.locator('dialog[open] [data-action="confirm"]').click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    stored = re.compile(r"^Your correction is stored \(\d\d:\d\d\)\.$")
    expect(page.get_by_text(stored)).to_be_visible()
    last = Rating.objects.filter(presentation__position=2).order_by("version")
    assert [one.verdict_rater for one in last] == ["acceptable", "unacceptable"]


def stands_beside_and_comes_along(reader: Visitor) -> None:
    """The T1 shows the same place at the same size, also when it is led from its own side."""
    page, t1 = reader.page, reader.page.get_by_role("img", name="T1")
    same = (
        "JSON.stringify(window.plaque.viewer.crosshairMm())"
        " === JSON.stringify(window.plaque.state().t1?.mm)"
        " && window.plaque.state().zoom === window.plaque.state().t1?.zoom"
    )
    expect(t1).to_be_visible()
    for key in ("ArrowUp", "Shift+ArrowLeft", "+", "v"):
        page.keyboard.press(key)
        reader.wait_for(same)
    box = t1.bounding_box()
    assert box
    before = page.evaluate("window.plaque.viewer.crosshairMm()")
    page.mouse.click(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.4)
    assert page.evaluate("window.plaque.viewer.crosshairMm()") != before
    reader.wait_for(same)
    assert page.evaluate("window.plaque.state().marks") == [], "a click there marks nothing"
    page.keyboard.press("t")
    expect(t1).to_be_hidden()


STANDING = """JSON.stringify({
    mm: window.plaque.viewer.crosshairMm(),
    window: window.plaque.state().window,
    slices: window.plaque.state().slicesSeen,
    marks: window.plaque.state().marks,
    drawn: window.plaque.viewer.drawCounts(),
    tour: document.querySelector(".tour-text").textContent,
    seen: [...document.querySelectorAll(".strip [data-seen]")].length,
})"""
LOSE = """[...document.querySelectorAll("canvas")].map(canvas =>
    canvas.getContext("webgl2")?.getExtension("WEBGL_lose_context")?.loseContext())"""


def stands_and_marks(reader: Visitor) -> str:
    """A lesion of the tour, marked, two slices above it another mark, and other grey levels."""
    page = reader.page
    strip = page.locator(".strip").bounding_box()
    assert strip
    page.mouse.move(strip["x"] + 5, strip["y"] + 5)
    page.mouse.down()
    assert page.evaluate("window.plaque.state().slice") == 9
    page.mouse.move(strip["x"] + 5, strip["y"] + strip["height"] - 5)
    page.mouse.up()
    assert page.evaluate("window.plaque.state().slice") == 0, "the strip is led by a drag"
    for key in ("n", "m", "1", "ArrowUp", "ArrowUp", "Shift+ArrowLeft", "m"):
        page.keyboard.press(key)
    box = page.locator(".stage .viewer-surface").bounding_box()
    assert box
    before = page.evaluate("window.plaque.state().window")
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down(button="right")
    page.mouse.move(box["x"] + 260, box["y"] + 230, steps=3)
    page.mouse.up(button="right")
    assert page.evaluate("window.plaque.state().window") != before, "a drag changes grey levels"
    expect(page.get_by_text("All saved")).to_be_visible()
    standing: str = page.evaluate(STANDING)
    assert '"fp":1' in standing
    return standing


def survives_a_lost_context(reader: Visitor, left: str) -> None:
    """What sleep or a driver does to the graphics: both scans are drawn again, marks and all."""
    page = reader.page
    old = page.locator("canvas").element_handles()
    page.evaluate(LOSE)
    reader.wait_for("[...document.querySelectorAll('canvas')].length === 2")
    for canvas in old:
        while canvas.evaluate("canvas => canvas.isConnected"):
            page.wait_for_timeout(50)
    reader.wait_for(f"{STANDING} === {json.dumps(left)}")
    assert not page.evaluate(
        "[...document.querySelectorAll('canvas')].some(c => c.getContext('webgl2').isContextLost())"
    )
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    reader.wait_for(f"{STANDING} === {json.dumps(left)}")


def goes_on_elsewhere(reader: Visitor, other: Visitor, rita: User, left: str) -> None:
    """The tab goes behind another one, and the reading goes on at another machine, right there."""
    page = reader.page
    with page.expect_response(lambda answer: answer.url.endswith("/view/") and answer.ok):
        page.evaluate(
            "Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
    other.log_in(rita, "phantoms")
    other.page.get_by_role("link", name="Continue reading").click()
    other.wait_for_viewer()
    other.wait_for(f"{STANDING} === {json.dumps(left)}")
