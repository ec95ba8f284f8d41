"""No page breaks the content policy; a page that is tricked into it is held back by the browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from rating.operations.study import create_study, edit_study, open_study
from segmentation.models import Case
from segmentation.operations.cases import create_cohort
from tests.browser.conftest import Visitor
from tests.rating.stage import NOON, a_case, a_mask, invited

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def boss(db: None) -> User:
    return User.objects.create_superuser("boss", password="boss-8chars")


@pytest.fixture
def case(boss: User) -> Case:
    """A case whose mask boss is to rate in a study of another coordinator."""
    cora = User.objects.create_user("cora")
    case = a_case(create_cohort(title="Clinic", coordinators=[cora]), 1)
    invited(case.cohort, boss)
    study = create_study(title="Reading", cohort=case.cohort, by=cora, now=NOON)
    mask = a_mask(case, lesions=3)
    settings = {"gap": 0, "min_volume_mm3": 0}
    edit_study(study=study, by=cora, items=[mask.pk], raters=["boss"], settings=settings)
    open_study(study=study, by=cora, now=NOON)
    own = create_cohort(title="Own", coordinators=[boss])
    create_study(title="Draft", cohort=own, by=boss, now=NOON)
    return a_case(own, 2)


def test_no_page_breaks_the_policy(visitor: Callable[[], Visitor], boss: User, case: Case) -> None:
    person = visitor()
    for address in ("/accounts/login/", "/accounts/password/", "/accounts/password/1-no/"):
        person.go(address)
    person.log_in(boss, "boss-8chars")
    for address in (
        *("/cases/", "/jobs/", "/studies/", "/studies/draft/", "/search/?q=c", "/account/tokens/"),
        *("/cohorts/own/audit/", "/cohorts/own/members/"),
    ):
        person.go(address)
        person.wait_for_quiet()
    person.go(f"/cases/{case.code}/")
    person.wait_for_viewer()
    person.go("/")
    person.page.get_by_role("link", name="Start reading").click()
    person.page.get_by_role("button", name="Open presentation 1").click()
    person.wait_for_viewer()
    expect(person.page.locator("canvas").first).to_be_visible()
    person.page.get_by_role("link", name="Leave").click()


def test_the_account_pages_keep_the_policy(visitor: Callable[[], Visitor], boss: User) -> None:
    person = visitor()
    person.log_in(boss, "boss-8chars")
    for address in ("/account/", "/account/password/", "/account/email/"):
        person.go(address)
    person.page.get_by_label("Password").fill("boss-8chars")
    person.page.keyboard.press("Enter")
    expect(person.page.get_by_label("New address")).to_be_visible()
    person.go("/account/two-factor/on/")
    assert person.page.locator("img.qr").evaluate("image => image.naturalWidth") > 0


def test_the_administration_keeps_the_policy(visitor: Callable[[], Visitor], boss: User) -> None:
    person = visitor()
    person.log_in(boss, "boss-8chars")
    for address in (
        "/admin/",
        "/admin/segmentation/cohort/add/",
        "/admin/segmentation/auditentry/",
        "/admin/auth/user/",
        f"/admin/auth/user/{boss.pk}/change/",
        "/admin/auth/user/add/",
    ):
        person.go(address)
        person.wait_for_quiet()
    person.go("/admin/segmentation/cohort/add/")
    person.page.get_by_label("Title").press_sequentially("Clinic of 2019")
    expect(person.page.get_by_label("Slug")).to_have_value("clinic-of-2019")
    person.page.get_by_role("button", name="Add another Cohort membership").click()
    expect(person.page.locator(".dynamic-memberships")).to_have_count(2)


def test_what_is_inline_or_foreign_is_held_back(visitor: Callable[[], Visitor]) -> None:
    person = visitor()
    person.go("/accounts/login/")
    person.page.evaluate(
        """() => {
          const add = (tag, fill) => {
            const e = document.createElement(tag)
            fill(e)
            document.body.append(e)
          }
          add('script', (e) => { e.textContent = 'window.ran = true' })
          add('p', (e) => { e.id = 'styled'; e.setAttribute('style', 'color: rgb(1, 2, 3)') })
        }"""
    )
    assert person.page.evaluate("window.ran") is None
    colour = "getComputedStyle(document.getElementById('styled')).color"
    assert person.page.evaluate(colour) != "rgb(1, 2, 3)"
    reached = "fetch('https://example.org/').then(() => true, () => false)"
    assert person.page.evaluate(reached) is False
    assert len(person.troubles) >= 3
    assert all("Content Security Policy" in trouble for trouble in person.troubles)
    person.troubles.clear()
