"""Everything can be done by keyboard, and nothing that a page does takes the focus away."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from rating.models import Presentation
from segmentation.models import InferenceJob
from tests.browser.clinic import PASSWORD, Clinic, a_full_clinic, rate_next
from tests.browser.conftest import Visitor
from tests.rating.stage import Browser

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clinic(transactional_db: None) -> Clinic:
    return a_full_clinic()


@pytest.fixture
def rita(visitor: Callable[[], Visitor], clinic: Clinic) -> Visitor:
    person = visitor()
    person.log_in(clinic.people["rita"], PASSWORD)
    return person


@pytest.fixture
def cora(visitor: Callable[[], Visitor], clinic: Clinic) -> Visitor:
    person = visitor()
    person.log_in(clinic.people["cora"], PASSWORD)
    return person


def focused(page: Page) -> str:
    """The text or the name of what has the focus."""
    return str(
        page.evaluate(
            "(({ ariaLabel, id, tagName, innerText }) =>"
            " ariaLabel || id || innerText || tagName)(document.activeElement)"
        )
    )


def tab_to(page: Page, words: str, steps: int = 40) -> None:
    """Press Tab until the focus is on something with these words in its name."""
    for _ in range(steps):
        page.keyboard.press("Tab")
        if words in focused(page):
            return
    raise AssertionError(f"{words} is not reached by Tab")


def test_the_mark_that_keys_act_on_is_in_sight(rita: Visitor, clinic: Clinic) -> None:
    """However the list was scrolled; and nothing moves when the comment opens over it."""
    page, press = rita.page, rita.page.keyboard.press
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto(rita.address + clinic.fill("/reading/{ready_reading}/"))
    page.get_by_role("button", name="Open presentation 1").click()
    rita.wait_for_viewer()
    for count in range(1, 6):
        press("Shift+ArrowRight")
        press("Shift+ArrowRight")
        press("m")
        expect(page.locator(".marks li")).to_have_count(count)
    page.locator(".marks li .mark-name").last.click()
    assert page.locator(".marks").evaluate("list => list.scrollTop") > 0
    for _ in range(9):
        press("Shift+ArrowDown")
    press("m")
    expect(page.locator(".marks li")).to_have_count(6)
    expect(page.locator(".marks li[data-current]")).to_be_in_viewport(ratio=1)
    before = page.locator(".marks li").first.bounding_box()
    page.get_by_label("Comment").focus()
    assert page.locator(".marks li").first.bounding_box() == before


def test_a_whole_presentation_by_keyboard_alone(rita: Visitor, clinic: Clinic) -> None:
    page, press = rita.page, rita.page.keyboard.press
    tab_to(page, "reading")
    page.goto(rita.address + clinic.fill("/reading/{ready_reading}/"))
    expect(page.get_by_role("button", name="Open presentation 1")).to_be_focused()
    press("Enter")
    rita.wait_for_viewer()
    expect(page.locator(".stage")).to_be_focused()

    # The most needed keys stand beside the scan; the list stays folded once it is.
    brief = page.locator(".key-summary")
    expect(brief.locator("dl")).to_be_in_viewport(ratio=1)
    expect(brief.locator('[data-key="mark-at-the-crosshair"] dt')).to_have_text("M")
    expect(brief.locator('[data-key="follows-from-the-counts"]')).to_be_hidden()
    brief.locator("summary").focus()
    with page.expect_response("**/api/v1/keys/"):
        press("Space")
    page.reload()
    rita.wait_for_viewer()
    expect(brief.locator("dl")).to_be_hidden()
    token = page.evaluate("window.plaque.state().presentation")
    drawn = page.evaluate("window.plaque.state().counts.drawn")
    if drawn:
        press("n")
        press("m")  # the first lesion is none
    else:
        press("m")  # a lesion in the middle is missing
    press("ArrowUp")
    for _ in range(3):
        press("Shift+ArrowRight")
    press("m")
    press("Control+z")
    press("Control+Shift+z")
    expect(page.locator('[data-count="fn"]')).to_have_text("1" if drawn else "2")

    # What is marked may be several lesions, and several marks one.
    for key in ("Shift+ArrowUp", "m", "Shift+ArrowUp", "m", "k", "k", "Shift+k"):
        press(key)
    fn = page.evaluate("window.plaque.state().corrected.fn")
    assert fn == page.evaluate("window.plaque.state().counts.fn") + 1
    press("j")
    assert page.evaluate("window.plaque.state().corrected.fn") == fn - 2
    for _ in range(6):
        press("Control+z")
    assert page.evaluate("window.plaque.state().corrected.fn") == (1 if drawn else 2)

    # Other keys, by keyboard as well: a key that is taken is refused, and the legend follows.
    press("?")
    tab_to(page, "Change keys")
    press("Enter")
    tab_to(page, "mark at the crosshair")
    for key in ("Enter", "j"):
        press(key)
    expect(page.get_by_role("status").filter(has_text="That key is taken")).to_be_visible()
    press("q")
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    press("Escape")
    legend = page.get_by_role("region", name="Keys and mouse")
    expect(legend.get_by_role("rowheader", name="Q", exact=True)).to_be_visible()
    press("Escape")
    expect(legend).to_be_hidden()
    expect(brief.locator('[data-key="mark-at-the-crosshair"] dt')).to_have_text("Q")
    marks = len(page.evaluate("window.plaque.state().marks"))
    for key in ("Shift+ArrowUp", "m", "q"):
        press(key)
    assert len(page.evaluate("window.plaque.state().marks")) == marks + 1
    press("Control+z")

    # "/" is no door out of the room, and Tab goes round in it.
    press("/")
    expect(page.locator(".stage")).to_be_focused()
    reached = set()
    for _ in range(45):
        press("Tab")
        reached.add(focused(page))
        assert page.evaluate(
            "document.activeElement.closest('.room, body:focus') !== null"
            " || document.activeElement === document.body"
        )
    assert {"Leave", "Keys ?", "Undo", "Acceptable", "comment"} <= reached

    tab_to(page, "comment", 60)
    page.keyboard.type("a man u")  # letters, no marks and no verdict
    assert len(page.evaluate("window.plaque.state().marks")) == 2
    expect(page.get_by_role("button", name="Acceptable", exact=True)).to_have_attribute(
        "aria-pressed", "false"
    )
    press("Escape")
    press("u")
    expect(page.get_by_role("button", name="Submit", exact=True)).to_be_enabled()
    question = page.get_by_role("dialog")
    page.get_by_role("button", name="Submit", exact=True).focus()
    page.keyboard.down("Enter")
    page.keyboard.down("Enter")  # held: it asks, and answers nothing
    page.keyboard.up("Enter")
    expect(question).to_be_visible()
    expect(question.get_by_role("button", name="Submit")).to_be_enabled()
    assert not Presentation.objects.get(token=token).ratings.exists()
    press("Escape")
    expect(question).to_have_count(0)
    press("Control+Enter")
    expect(question).to_be_visible()
    press("Enter")
    expect(page.get_by_role("button", name="Open presentation 2")).to_be_focused()
    rating = Presentation.objects.get(token=token).ratings.get()
    assert (rating.verdict_rater, rating.comment) == ("unacceptable", "a man u")


def test_the_keyboard_never_falls_out_of_the_lobby(rita: Visitor, clinic: Clinic) -> None:
    for state in ("waiting", "finished", "closed"):
        rita.go(clinic.fill(f"/reading/{{{state}_reading}}/"))
        expect(rita.page.locator(".lobby h1")).to_be_focused()


def test_the_viewer_of_a_case_has_its_keys(cora: Visitor, clinic: Clinic) -> None:
    cora.go(clinic.fill("/cases/{case}/"))
    cora.wait_for_viewer()
    page, press = cora.page, cora.page.keyboard.press
    page.locator(".sequence select").focus()
    before = page.evaluate("window.plaque.state().slice")
    press("PageUp")  # the page's key while the focus is elsewhere
    assert page.evaluate("window.plaque.state().slice") == before
    page.locator("#content").focus()
    tab_to(page, "Scan with the mask")
    press("ArrowUp")
    assert page.evaluate("window.plaque.state().slice") == before + 1
    press("o")
    assert page.evaluate("window.plaque.state().look.style") == "outline"
    press("?")
    expect(page.get_by_role("region", name="Keys and mouse")).to_be_visible()
    page.get_by_role("button", name="Close the legend").focus()
    press("Enter")
    expect(page.get_by_role("button", name="Keys ?")).to_be_focused()


def test_a_job_that_goes_on_leaves_the_focus(cora: Visitor, clinic: Clinic) -> None:
    InferenceJob.objects.exclude(state="running").delete()
    cora.go(clinic.fill("/cases/{case}/"))
    cora.wait_for_viewer()
    page = cora.page
    cancel = page.locator(".job-list").get_by_role("button", name="Cancel")
    cancel.focus()
    row = page.locator(".job-list li")
    row.evaluate("element => { window.row = element }")
    InferenceJob.objects.update(progress=0.7)
    expect(row).to_contain_text("70 %")
    expect(cancel).to_be_focused()
    assert page.evaluate("window.row.isConnected")
    assert page.locator(".jobs [role=status]").inner_text() == ""  # percentages are not announced
    InferenceJob.objects.update(state="failed", reason="The disk was full.")
    again = page.locator(".job-list").get_by_role("button", name="Start again")
    expect(again).to_be_focused()
    expect(page.locator(".jobs [role=status]")).to_have_text(
        "Slim U-Net: Failed: The disk was full."
    )
    page.keyboard.press("Enter")
    expect(page.locator(".job-list").get_by_role("button", name="Cancel")).to_be_visible()
    assert page.evaluate("document.activeElement !== document.body")


def test_choosing_a_mask_leaves_the_focus(cora: Visitor, clinic: Clinic) -> None:
    cora.go(clinic.fill("/cases/{case}/"))
    cora.wait_for_viewer()
    page = cora.page
    page.get_by_text("Lesions", exact=True).click()
    mask = page.get_by_role("radio", name="Adapted by nobody")
    expect(mask).to_be_checked()
    mask.focus()
    page.keyboard.press("ArrowUp")
    alone = page.get_by_role("radio", name="Scan alone")
    expect(alone).to_be_focused()
    expect(page.locator(".lesion-list")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    expect(mask).to_be_focused()
    expect(mask).to_be_checked()


def test_refreshing_a_study_leaves_the_focus(cora: Visitor, clinic: Clinic) -> None:
    cora.go(clinic.fill("/studies/{ready_study}/"))
    refresh = cora.page.get_by_role("button", name="Refresh")
    refresh.focus()
    rate_next(Browser(clinic.people["rita"]), clinic.readings["ready"], fp=0)
    cora.page.keyboard.press("Enter")
    expect(cora.page.get_by_text("1 of 4")).to_be_visible()
    expect(refresh).to_be_focused()
    cora.page.get_by_role("button", name="A rater joins").press("Enter")
    cora.page.get_by_label("Rater", exact=True).select_option("dana")
    cora.page.get_by_label("Reason").fill("A second pair of eyes.")
    cora.page.locator('dialog [data-action="confirm"]').press("Enter")
    amended = cora.page.locator('[data-list="amendments"]')
    expect(amended).to_contain_text("dana joined. A second pair of eyes.")
    expect(amended).to_contain_text("Commitment to the order:")
    expect(cora.page.get_by_role("dialog")).to_have_count(0)
    cora.page.get_by_role("button", name="Close the study").press("Enter")
    cora.page.get_by_label("Reason (kept with the study)", exact=True).fill("Enough.")
    cora.page.locator('dialog [data-action="confirm"]').press("Enter")
    expect(cora.page.get_by_role("link", name="Download the bundle")).to_be_visible()
    expect(cora.page.locator("#content")).to_be_focused()
