"""Cora makes a reference study on its page: a draft, its pace, and what came of it."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from rating.models import ReferenceStudy
from segmentation.models import Cohort, Segmentation
from segmentation.operations.cases import create_cohort
from tests.browser.conftest import Visitor
from tests.rating.delineators import Delineator
from tests.rating.reference_stage import Own, drafted, what_they_draw
from tests.rating.stage import Browser

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PICTURES = os.environ.get("PLAQUE_PICTURES", "")


@pytest.fixture
def people(transactional_db: None) -> dict[str, User]:
    return {name: User.objects.create_user(name) for name in ("cora", "dana", "rita")}


@pytest.fixture
def cohort(people: dict[str, User]) -> Cohort:
    cohort = create_cohort(title="Clinic", coordinators=[people["cora"]])
    for name in ("dana", "rita"):
        cohort.memberships.create(user=people[name], role="delineator")
    return cohort


@pytest.fixture
def own(cohort: Cohort) -> Own:
    return what_they_draw(cohort)


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def test_a_reference_study_from_its_draft_to_its_references(
    visitor: Callable[[], Visitor], people: dict[str, User], own: Own
) -> None:
    cora = visitor()
    cora.let_in(people["cora"])
    page = cora.page
    cora.go("/studies/")
    page.get_by_role("link", name="Reference studies").click()
    picture(page, "list")
    page.get_by_label("Title").fill("Test set")
    page.get_by_role("button", name="Create the draft").click()
    page.get_by_label("Interval (days)").fill("0")
    for name in ("dana", "rita"):
        page.get_by_label(name).check()
    for method in ("Slim U-Net", "BIANCA", "LST-LPA"):
        page.get_by_label(method).check()
    page.get_by_role("button", name="Choose all cases").click()
    expect(page.get_by_text("All changes are saved.")).to_be_visible()
    picture(page, "draft")
    page.reload()
    expect(page.get_by_label("dana")).to_be_checked()
    expect(page.get_by_label("Interval (days)")).to_have_value("0")
    page.get_by_role("button", name="Open the study").click()
    picture(page, "opening")
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.get_by_text("8 delineations left.")).to_be_visible()

    dana, rita = Delineator(people["dana"]), Delineator(people["rita"])
    dana.finish_step_1(own["dana"])
    rita.finish_step_1(own["rita"])
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_text("4 delineations left.")).to_be_visible()
    page.get_by_role("button", name="Make the dots that are due").click()
    expect(page.get_by_text("4 candidates")).to_be_visible()
    picture(page, "progress")
    dana.finish_step_2(reject=[(11, 5, 3)])
    rita.finish_step_2()
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_text("Everybody has finished both steps.")).to_be_visible()
    page.get_by_role("button", name="Close the study").click()
    page.get_by_label("Reason").fill("All done.")
    page.get_by_role("button", name="Close the study").last.click()
    expect(page.get_by_text("All done.")).to_be_visible()
    everybody = page.get_by_role("table").nth(2)
    expect(everybody.get_by_role("row", name="Slim U-Net")).to_contain_text("3 of 4")
    expect(everybody.get_by_role("row", name="LST-LPA")).to_contain_text("undefined: no such dot")
    before = Segmentation.objects.count()
    page.get_by_role("button", name="Make the references").click()
    expect(page.get_by_role("link", name="Evaluate methods")).to_be_visible()
    assert Segmentation.objects.count() == before + 14
    picture(page, "results")
    assert ReferenceStudy.objects.get().state == "closed"


def test_cora_lets_a_delineator_leave_who_sees_it_on_their_page(
    visitor: Callable[[], Visitor], people: dict[str, User], cohort: Cohort, own: Own
) -> None:
    api, dana = Browser(people["cora"]), Delineator(people["dana"])
    address = drafted(api, cohort, own, interval_days=0)
    api.post(f"{address}open/")
    dana.finish_step_1(own["dana"])
    assert {one["state"] for one in dana.share()["step_2"]} == {"others"}
    cora, rita = visitor(), visitor()
    cora.let_in(people["cora"])
    page = cora.page
    cora.go(f"/{address}")
    expect(page.get_by_text("6 delineations left.")).to_be_visible()
    page.get_by_role("button", name="A delineator leaves…").click()
    page.get_by_label("Delineator").select_option("rita")
    page.get_by_label("Reason").fill("Moved away.")
    picture(page, "leaving")
    page.get_by_role("button", name="Let them leave").click()
    expect(page.get_by_text("2 delineations left.")).to_be_visible()
    expect(page.get_by_role("row", name="rita")).to_contain_text("left")
    picture(page, "left")
    assert len(dana.tasks(2)) == 2
    rita.let_in(people["rita"])
    rita.go(
        f"/assignments/{ReferenceStudy.objects.get().assignments.get(delineator='rita').token}/"
    )
    expect(rita.page.get_by_text("You have left this study")).to_be_visible()
    expect(rita.page.get_by_text("not submitted before you left")).to_have_count(4)
    expect(rita.page.get_by_role("link", name="Case 1")).to_have_count(0)
    picture(rita.page, "left-share")
    dana.finish_step_2()
    cora.go("/")
    expect(page.get_by_text("Everybody has finished both steps of Test set.")).to_be_visible()
    picture(page, "home")
    api.post(f"{address}close/", {"reason": "Done."})
    cora.go(f"/{address}")
    expect(page.get_by_text("rita left")).to_be_visible()
    picture(page, "left-results")


def test_a_draft_says_beside_its_fields_why_it_cannot_be_opened(
    visitor: Callable[[], Visitor], people: dict[str, User], own: Own
) -> None:
    cora = visitor()
    cora.let_in(people["cora"])
    page = cora.page
    cora.go("/reference-studies/")
    page.get_by_label("Title").fill("Test set")
    page.get_by_role("button", name="Create the draft").click()
    page.get_by_role("button", name="Open the study").click()
    expect(page.locator("#reference-cases-fault")).to_have_text("There is no case yet.")
    expect(page.locator("#reference-delineators-fault")).to_contain_text("no delineator yet")
    expect(page.locator("dialog")).to_have_count(0)
    assert ReferenceStudy.objects.get().state == "draft"
