"""A draft that cannot be opened: what is wrong is said while it is edited, and is in sight."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from rating.models import Study
from rating.operations.study import create_study
from segmentation.operations.cases import create_cohort
from tests.browser.conftest import Visitor
from tests.rating.stage import a_case, a_mask, invited

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_what_keeps_a_draft_from_being_opened_is_brought_into_sight(
    visitor: Callable[[], Visitor], transactional_db: None
) -> None:
    coordinator, rater = (User.objects.create_user(name) for name in ("cora", "rita"))
    cohort = create_cohort(title="Clinic", coordinators=[coordinator])
    invited(cohort, rater)
    case = a_case(cohort, 1)
    for method in ("slim-unet", "lst-lpa"):
        a_mask(case, lesions=3, method=method)
    create_study(title="Draft", cohort=cohort, by=coordinator, now=timezone.now())
    cora = visitor()
    cora.let_in(coordinator)
    cora.go("/studies/draft/")
    page = cora.page
    opening = page.get_by_role("button", name="Open the study")
    opening.click()
    expect(page.get_by_text("choose masks and raters first")).to_be_in_viewport()

    masks = page.locator("[data-list=masks]")
    for box in masks.get_by_role("checkbox").all():
        box.check()
    gap = page.get_by_label("Gap", exact=True)
    gap.fill("2")
    told = page.get_by_text("The gap is at most 1, one less than there are masks, not 2")
    expect(told).to_have_count(2)  # before raters are chosen: at the field and beside
    expect(page.locator("[data-fault=gap]")).to_be_visible()
    gap.fill("1")
    expect(told).to_have_count(0)
    page.get_by_label("rita").check()
    expect(page.get_by_text("All changes are saved.")).to_be_visible()
    opening.click()
    fault = page.locator("[data-fault=items]")
    expect(fault).to_contain_text("2 of 2 masks are of case")
    expect(fault).to_be_in_viewport()
    expect(page.get_by_role("dialog")).to_have_count(0)

    masks.get_by_role("checkbox").first.uncheck()
    gap.fill("0")
    expect(fault).to_have_count(0)
    least = page.get_by_label("Smallest lesion (mm³)")
    least.fill("")
    page.get_by_label("Title (raters see it)").fill("")
    expect(page.locator("[data-fault=title]")).to_have_text("A study needs a title.")
    page.get_by_label("Title (raters see it)").fill("Draft")
    expect(least).to_have_value("10.7")  # what counts when nothing is said
    least.fill("9000")
    expect(page.get_by_text("All changes are saved.")).to_be_visible()
    opening.click()
    page.get_by_role("button", name="Open", exact=True).click()
    page.get_by_role("button", name="Go back").click()
    expect(fault).to_contain_text("below 9000.0 mm³")
    expect(fault).to_be_in_viewport()
    assert Study.objects.get().state == "draft"
    cora.troubles.clear()  # the refusal
