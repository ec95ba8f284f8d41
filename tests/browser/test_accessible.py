"""axe-core finds nothing on any page, in any state of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.urls import resolve
from playwright.sync_api import Page, expect

from tests.browser.clinic import PASSWORD, Clinic, a_full_clinic
from tests.browser.conftest import Visitor
from tests.browser.test_delineating import SUBMIT, a_case_with_t1, a_reference_study
from tests.rating.delineators import Delineator, ball
from webapp.access import TABLE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
FIND = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ['violations'] })
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) =>
      `${id}: ${help}: ${target.join(' ')} ${failureSummary.split('\\n').slice(1).join(' ')}`))
}"""

# Every page that the table of access names, and an address of it. What has no page: files to save,
# answers to machines, and an address that leads elsewhere.
NO_PAGES = {"health", "ready", "manifest-template", "audit-csv", "training-log", "mfa_index"}
DOORS = {
    "account_login": "/accounts/login/",
    "account_inactive": "/accounts/inactive/",
    "account_reset_password": "/accounts/password/",
    "account_reset_password_done": "/accounts/password/sent/",
    "account_reset_password_from_key": "/accounts/password/1-no/",
    "account_reset_password_from_key_done": "/accounts/password/changed/",
    "invitation": "/invitation/{invitation}/",
}
OFFICE = {
    "home": "/",
    "search": "/search/?q=c",
    "cases": "/cases/",
    "corrections": "/cohorts/{cohort}/corrections/",
    "case": "/cases/{case}/",
    "drawing": "/drawings/{drawing}/",
    "jobs": "/jobs/",
    "trainings": "/trainings/",
    "training": "/trainings/{training}/",
    "evaluations": "/evaluations/",
    "evaluation": "/evaluations/{evaluation}/",
    "studies": "/studies/",
    "study": "/studies/{draft_study}/",
    "audit": "/cohorts/{cohort}/audit/",
    "members": "/cohorts/{cohort}/members/",
    "member-remove": "/cohorts/{cohort}/members/{member}/",
    "account": "/account/",
    "account_email": "/account/email/",
    "account_email_confirm": "/account/email/{confirmation}/",
    "account_change_password": "/account/password/",
    "account_reauthenticate": "/account/again/",
    "tokens": "/account/tokens/",
    "mfa_activate_totp": "/account/two-factor/on/",
    "account_logout": "/accounts/logout/",
}
SECOND_FACTOR = {
    "mfa_authenticate": "/accounts/login/code/",
    "mfa_deactivate_totp": "/account/two-factor/off/",
    "mfa_view_recovery_codes": "/account/codes/",
    "mfa_generate_recovery_codes": "/account/codes/new/",
    "mfa_reauthenticate": "/account/again/code/",
}
READING = {"reading": "/reading/{ready_reading}/"}
REFERENCE = {"reference-studies", "reference-study", "assignment", "delineation"}


class Inspector:
    """Goes through pages in a person's browser and writes down what axe finds there."""

    def __init__(self, person: Visitor, clinic: Clinic) -> None:
        self.person, self.clinic = person, clinic
        self.faults: list[str] = []
        person.context.add_init_script(path=AXE)

    @property
    def page(self) -> Page:
        return self.person.page

    def go(self, address: str) -> None:
        """To an address, until nothing more is asked for; past the question who one is."""
        wanted = self.clinic.fill(address)
        self.person.go(wanted)
        if "/account/again/?" in self.page.url:
            self.page.get_by_label("Password").fill(PASSWORD)
            self.page.keyboard.press("Enter")
            self.page.wait_for_url(f"**{wanted.split('next=')[-1]}")
        if self.page.locator("#page-data").count():
            self.person.wait_for_quiet()

    def look(self, state: str, page: Page | None = None) -> None:
        """Write down what is wrong with the page as it is now."""
        found = (page or self.page).evaluate(FIND)
        self.faults += [f"{state}: {fault}" for fault in found]
        root = "document.documentElement"
        if (page or self.page).evaluate(f"{root}.scrollWidth > {root}.clientWidth"):
            self.faults.append(f"{state}: wider than its window")

    def walk(self, visits: Mapping[str, str]) -> None:
        """See every page of these at its address."""
        for name, address in visits.items():
            self.go(address)
            shown = resolve(urlsplit(self.page.url).path).view_name
            assert shown == name, f"{address} shows {shown}"
            self.look(name)

    def see(self, *addresses: str) -> None:
        """See further states of pages."""
        for address in addresses:
            self.go(address)
            self.look(address)


@pytest.fixture
def clinic(transactional_db: None) -> Clinic:
    return a_full_clinic()


@pytest.fixture
def inspector(visitor: Callable[[], Visitor], clinic: Clinic) -> Callable[[str], Inspector]:
    """Makes inspectors: signed in under a name, or strangers ("")."""

    def make(name: str) -> Inspector:
        person = visitor()
        if name:
            person.log_in(clinic.people[name], PASSWORD)
        return Inspector(person, clinic)

    return make


def test_every_page_is_looked_at() -> None:
    pages = {n for n, rule in TABLE.items() if "GET" in rule.methods and not n.startswith("api:")}
    assert {*DOORS, *OFFICE, *SECOND_FACTOR, *READING, *REFERENCE, *NO_PAGES} == pages


def test_the_doors(inspector: Callable[[str], Inspector]) -> None:
    stranger = inspector("")
    stranger.walk(DOORS)
    stranger.see("/invitation/no-such-key/")
    stranger.go("/accounts/login/")
    stranger.page.get_by_label("User name").fill("cora")
    stranger.page.get_by_label("Password").fill("wrong")
    stranger.page.get_by_role("button", name="Log in").click()
    expect(stranger.page.get_by_role("alert")).to_be_visible()
    stranger.look("log-in refused")
    assert stranger.faults == []


def test_the_second_factor(inspector: Callable[[str], Inspector], clinic: Clinic) -> None:
    dana = inspector("")
    dana.go("/accounts/login/")
    dana.page.get_by_label("User name").fill("dana")
    dana.page.get_by_label("Password").fill(PASSWORD)
    dana.page.get_by_role("button", name="Log in").click()
    dana.page.wait_for_url("**/accounts/login/code/")
    dana.look("mfa_authenticate")
    codes = Authenticator.objects.get(user=clinic.people["dana"], type="recovery_codes").wrap()
    dana.page.get_by_label("Code").fill(codes.get_unused_codes()[0])
    dana.page.get_by_role("button", name="Log in").click()
    dana.page.wait_for_url(f"{dana.person.address}/")
    dana.walk({n: a for n, a in SECOND_FACTOR.items() if n != "mfa_authenticate"})
    dana.see("/", "/account/", "/cases/", "/cases/{case}/")
    assert dana.faults == []


def test_the_office(inspector: Callable[[str], Inspector]) -> None:
    cora = inspector("cora")
    cora.walk({name: at for name, at in OFFICE.items() if name != "account_logout"})
    cora.see(
        *("/search/", "/search/?q=nothing-like-this", "/cases/?cohort=empty", "/cases/?q=zzz"),
        *("/cohorts/empty/members/", "/cohorts/empty/audit/?act=case-deleted"),
        *("/studies/{ready_study}/", "/studies/{closed_study}/", "/jobs/?q=zzz"),
    )
    cora.page.set_viewport_size({"width": 500, "height": 800})  # boxes begin to scroll
    cora.see("/cases/{case}/", "/studies/{closed_study}/", "/studies/{draft_study}/", "/jobs/")
    cora.walk({"account_logout": OFFICE["account_logout"]})
    assert cora.faults == []


def test_dialogs_and_forms(inspector: Callable[[str], Inspector]) -> None:
    cora = inspector("cora")
    button = cora.page.get_by_role
    cora.go("/cases/{case}/")
    cora.person.wait_for_viewer()
    button("button", name="Keys ?").click()
    cora.page.get_by_text("Lesions", exact=True).click()
    button("button", name="Change", exact=True).click()
    cora.look("case with everything open")
    button("button", name="Delete this case").click()
    cora.look("case, deleting")
    for study, asked in (
        ("draft", ("Delete this draft", "Open the study")),
        ("ready", ("Close the study",)),
    ):
        cora.go(f"/studies/{{{study}_study}}/")
        for name in asked:
            button("button", name=name).click()
            expect(cora.page.get_by_role("dialog")).to_be_visible()
            cora.look(name)
            button("button", name="Go back").click()
    cora.go("/cases/?cohort=empty")
    files = [{"name": "scan.nii.gz", "mimeType": "", "buffer": b"no scan"}]
    cora.page.locator('[data-action="choose-files"]').set_input_files(files)
    expect(cora.page.locator(".uploads .is-refused")).to_be_visible()
    cora.look("upload refused")
    cora.person.troubles.clear()  # the refusal
    cora.go("/account/again/?next=/account/tokens/")
    cora.page.get_by_label("Name").fill("export")
    button("button", name="Make it").click()
    expect(cora.page.get_by_role("textbox", name="Token", exact=True)).to_be_visible()
    cora.look("token made")
    assert cora.faults == []


def test_people_with_nothing(inspector: Callable[[str], Inspector]) -> None:
    otto = inspector("otto")
    otto.see("/", "/cases/", "/jobs/", "/studies/", "/account/tokens/", "/invitation/{invitation}/")
    assert otto.faults == []


def test_the_reading_room(inspector: Callable[[str], Inspector]) -> None:
    rita = inspector("rita")
    rita.see(
        "/", *(f"/reading/{{{state}_reading}}/" for state in ("waiting", "finished", "closed"))
    )
    rita.walk(READING)
    second = rita.person.context.new_page()
    second.goto(rita.page.url)
    expect(second.get_by_role("heading", name="Open in another tab")).to_be_visible()
    rita.look("reading, second tab", second)
    second.close()
    page = rita.page
    page.get_by_role("button", name="Open presentation 1").click()
    rita.person.wait_for_viewer()
    page.keyboard.press("m")
    expect(page.get_by_text("All saved")).to_be_visible()
    rita.look("room")
    page.get_by_role("button", name="Keys ?").click()
    page.get_by_text("It cannot be rated").click()
    page.get_by_role("button", name="Scan unreadable").click()
    rita.look("room with everything open")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Acceptable", exact=True).click()
    page.locator('[data-action="submit"]').click()
    rita.look("room, submitting")
    page.locator('[data-action="confirm"]').click()
    expect(page.get_by_text("Your answer is stored.")).to_be_visible()
    rita.look("lobby between presentations")
    assert rita.faults == []


def test_a_reference_study(inspector: Callable[[str], Inspector], clinic: Clinic) -> None:
    study = a_reference_study(a_case_with_t1())
    rita, dana, cora = Delineator(clinic.people["rita"]), inspector(""), inspector("cora")
    dana.person.let_in(clinic.people["dana"])
    share = f"/assignments/{study.assignments.get(user=clinic.people['dana']).token}/"
    nothing = ball((64, 80, 12))
    page, button = dana.page, dana.page.get_by_role
    for step in (1, 2):
        dana.walk({"assignment": share})
        page.get_by_role("link", name=f"step {step}, case 1").click()
        dana.person.wait_for_viewer()
        assert resolve(urlsplit(page.url).path).view_name == "delineation"
        dana.look(f"step {step}")
        button("button", name="Keys ?").click()
        page.get_by_text("Instructions", exact=True).click()
        dana.look(f"step {step} with everything open")
        if step == 2:
            button("button", name=SUBMIT).click()
            expect(page.get_by_text("not decided")).to_be_visible()
            dana.look("dots undecided")
            button("button", name="Not a lesion").click()
            expect(page.get_by_text("1 of 1 decided", exact=True)).to_be_visible()
            expect(page.get_by_text("All saved")).to_be_visible()
        button("button", name=SUBMIT).click()
        expect(button("dialog")).to_be_visible()
        dana.look(f"step {step}, submitting")
        page.locator('[data-action="confirm"]').click()
        expect(page.get_by_text("Your case is stored and locked.")).to_be_visible()
        dana.look(f"after step {step}")
        cora.walk({"reference-studies": "/reference-studies/"})
        cora.walk({"reference-study": f"/reference-studies/{study.slug}/"})
        for token in rita.tasks(1):
            rita.open(token)
            rita.submit(token, nothing)
    last = study.assignments.get(user=clinic.people["dana"]).delineations.get(step=2).token
    dana.go(f"/delineations/{last}/")
    expect(page.get_by_text("You have submitted this case.")).to_be_visible()
    dana.look("a submitted case")
    assert dana.faults + cora.faults == []


def test_pages_that_tell_of_errors(inspector: Callable[[str], Inspector]) -> None:
    stranger = inspector("")
    templates = sorted((ROOT / "webapp/templates").glob("[0-9]*.html"))
    assert len(templates) >= 5
    for template in templates:
        content = render_to_string(template.name, {"request_id": "0123456789abcdef"})
        stranger.page.route(
            f"**/{template.stem}",
            lambda route, _, content=content: route.fulfill(
                body=content, content_type="text/html; charset=utf-8"
            ),
        )
        stranger.see(f"/{template.stem}")
    assert stranger.faults == []


def test_the_administration_is_in_the_same_hands(inspector: Callable[[str], Inspector]) -> None:
    boss = inspector("")
    person = User.objects.create_superuser("boss", password=PASSWORD)
    boss.person.log_in(person, PASSWORD)
    boss.see("/", "/search/?q=o")
    boss.go("/admin/")
    expect(boss.page.locator("#header")).to_have_css("background-color", "rgb(255, 255, 255)")
    assert boss.faults == []
