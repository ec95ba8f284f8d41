"""The office is light and the reading room dark, controls stand out, and pages print whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.clinic import PASSWORD, Clinic, a_full_clinic
from tests.browser.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# The contrast of every visible control with what lies behind it, by border or fill (WCAG 1.4.11);
# what the browser draws itself (boxes, sliders) is its own affair.
CONTRASTS = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const isClear = (colour) => parts(colour)[3] === 0
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const ratio = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b)
    return (bright + 0.05) / (dark + 0.05)
  }
  const behind = (element) => {
    for (let one = element.parentElement; one; one = one.parentElement) {
      const { backgroundColor } = getComputedStyle(one)
      if (!isClear(backgroundColor)) return backgroundColor
    }
    return 'rgb(255, 255, 255)'
  }
  const controls = document.querySelectorAll(
    'button:enabled:not(.quiet, .viewer-dot), a.button, select, textarea, ' +
    'input:not([type=checkbox], [type=radio], [type=range], [type=file], [type=hidden])')
  return [...controls].filter((one) => one.checkVisibility()).map((one) => {
    const { borderTopColor, borderTopWidth, backgroundColor } = getComputedStyle(one)
    const edges = [
      ...(borderTopWidth === '0px' || isClear(borderTopColor) ? [] : [borderTopColor]),
      ...(isClear(backgroundColor) ? [] : [backgroundColor]),
    ]
    const best = Math.max(1, ...edges.map((edge) => ratio(edge, behind(one))))
    return [one.outerHTML.slice(0, 80), best]
  })
}"""


@pytest.fixture
def clinic(transactional_db: None) -> Clinic:
    return a_full_clinic()


@pytest.fixture
def person(visitor: Callable[[], Visitor], clinic: Clinic) -> Callable[[str], Visitor]:
    """Somebody of the clinic, signed in."""

    def make(name: str) -> Visitor:
        one = visitor()
        one.log_in(clinic.people[name], PASSWORD)
        return one

    return make


def style(page: Page, selector: str, name: str) -> str:
    """The value that a property of an element really has."""
    return str(page.locator(selector).evaluate("(one, name) => getComputedStyle(one)[name]", name))


def faint(page: Page) -> list[list[object]]:
    """The controls that do not stand out, with their contrast."""
    measured = page.evaluate(CONTRASTS)
    assert measured
    return [one for one in measured if one[1] < 3]


def test_controls_stand_out(person: Callable[[str], Visitor], clinic: Clinic) -> None:
    cora = person("cora")
    for address in ("/cases/", "/jobs/", "/account/", "/studies/{draft_study}/", "/cases/{case}/"):
        cora.go(clinic.fill(address))
        cora.wait_for_quiet()
        assert faint(cora.page) == [], address
    rita = person("rita")
    rita.go(clinic.fill("/reading/{ready_reading}/"))
    rita.page.get_by_role("button", name="Open presentation 1").click()
    rita.wait_for_viewer()
    rita.page.keyboard.press("m")
    rita.page.keyboard.press("ArrowUp")
    expect(rita.page.locator(".strip [data-seen]")).to_have_count(2)
    expect(rita.page.locator(".marks li")).to_have_count(1)
    assert faint(rita.page) == []
    seen, unseen, here = (
        style(rita.page, f".strip span{which} >> nth=0", "backgroundColor")
        for which in ("[data-seen]:not([data-here])", ":not([data-seen])", "[data-here]")
    )
    assert len({seen, unseen, here}) == 3


@pytest.mark.parametrize("preferred", ["light", "dark"])
def test_whatever_the_machine_prefers_the_office_is_light_and_the_room_dark(
    visitor: Callable[[], Visitor], clinic: Clinic, preferred: str
) -> None:
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    office, room = visitor(), visitor()
    for one in (office, room):
        one.page.emulate_media(color_scheme=preferred)
    office.log_in(boss, PASSWORD)
    assert style(office.page, "html", "colorScheme") == "light"
    assert style(office.page, "body", "backgroundColor") == "rgb(246, 247, 248)"
    assert style(office.page, "body", "color") == "rgb(23, 32, 42)"
    assert style(office.page, ".search input", "backgroundColor") == "rgb(255, 255, 255)"
    office.go("/admin/")
    assert style(office.page, "html", "colorScheme") == "light"
    assert style(office.page, "body", "backgroundColor") == "rgb(246, 247, 248)"
    assert style(office.page, "#header", "backgroundColor") == "rgb(255, 255, 255)"
    room.log_in(clinic.people["rita"], PASSWORD)
    room.go(clinic.fill("/reading/{waiting_reading}/"))
    expect(room.page.locator(".lobby h1")).to_be_visible()
    for selector in ("body", ".lobby"):
        assert style(room.page, selector, "backgroundColor") == "rgb(21, 24, 28)"
        assert style(room.page, selector, "colorScheme") == "dark"
    expect(room.page.locator("header.site-header")).to_have_count(0)


EDGES = """() => ['.brand', 'main h1', '.site-footer'].map((name) => {
  const range = document.createRange()
  range.selectNodeContents(document.querySelector(name))
  return Math.round(range.getBoundingClientRect().left)
})"""
WHOLE = ".rows :is(button, code, td.number)"
BROKEN = """(all) => all.filter((one) => {
  const range = document.createRange()
  range.selectNodeContents(one)
  return new Set([...range.getClientRects()].map(({ bottom }) => Math.round(bottom))).size > 1
}).map((one) => one.textContent)"""


@pytest.mark.parametrize("width", [390, 1366, 2560])
def test_header_page_and_footer_share_their_column(
    person: Callable[[str], Visitor], clinic: Clinic, width: int
) -> None:
    cora = person("cora")
    cora.page.set_viewport_size({"width": width, "height": 900})
    for address in ("/cases/", "/cases/{case}/", "/studies/{ready_study}/"):
        cora.go(clinic.fill(address))
        expect(cora.page.locator("main h1")).to_be_visible()
        assert len(set(cora.page.evaluate(EDGES))) == 1, address


def test_numbers_names_and_buttons_in_tables_stay_on_their_line(
    person: Callable[[str], Visitor], clinic: Clinic
) -> None:
    cora = person("cora")
    for width in (390, 1366):
        cora.page.set_viewport_size({"width": width, "height": 900})
        for address in ("/studies/{ready_study}/", "/trainings/", "/jobs/", "/cases/"):
            cora.go(clinic.fill(address))
            expect(cora.page.locator(".rows tbody tr").first).to_be_visible()
            assert cora.page.locator(WHOLE).evaluate_all(BROKEN) == [], address


def test_pages_print_whole(person: Callable[[str], Visitor], clinic: Clinic) -> None:
    cora = person("cora")
    page = cora.page
    addresses = {
        "/studies/{closed_study}/": "table.figures >> nth=0",
        "/cohorts/{cohort}/audit/": "table.rows",
        "/cohorts/{cohort}/members/": "table.rows >> nth=0",
        "/cases/": "table.rows",
        "/cases/{case}/": ".case-side",
    }
    for address, content in addresses.items():
        page.emulate_media(media="screen")
        cora.go(clinic.fill(address))
        cora.wait_for_quiet()
        assert page.locator("nav:visible, button:visible").count() > 0
        page.emulate_media(media="print")
        expect(page.locator(content)).to_be_visible()
        expect(page.get_by_role("link", name="Plaque")).to_be_visible()
        idle = "nav, .search, .who, .filter, .pager, .drop, .site-footer, .skip, button, dialog"
        assert page.locator(idle).locator("visible=true").count() == 0, address
        wide = "(e) => getComputedStyle(e).overflowX !== 'visible'"
        boxes = page.locator(".scroll, .pick, .lesion-list ol, .rows").all()
        assert not [box for box in boxes if box.evaluate(wide)], address
        heads = page.locator("thead").evaluate_all(
            "(all) => all.map((e) => getComputedStyle(e).display)"
        )
        assert set(heads) <= {"table-header-group"}


def test_what_is_folded_is_open_on_paper(person: Callable[[str], Visitor], clinic: Clinic) -> None:
    cora = person("cora")
    cora.go(clinic.fill("/studies/{closed_study}/"))
    folded = cora.page.locator("main details")
    expect(folded.first).to_have_js_property("open", False)
    opened = "(all) => all.map((one) => one.open)"
    assert len(folded.evaluate_all(opened)) > 1
    cora.page.evaluate("addEventListener('beforeprint', () => { window.printed = true })")
    cora.page.evaluate(
        "addEventListener('afterprint', () => { window.after = "
        "document.querySelector('main details').open })"
    )
    cora.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert set(folded.evaluate_all(opened)) == {True}
    cora.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert set(folded.evaluate_all(opened)) == {False}
    assert len(cora.page.pdf()) > 10_000
    assert cora.page.evaluate("[window.printed, window.after]") == [True, False]
