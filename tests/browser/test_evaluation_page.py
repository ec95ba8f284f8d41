"""The page of an evaluation: the paper's Figure 2 at a slice that is chosen, and its end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from segmentation.models import Evaluation
from segmentation.operations.cases import create_cohort
from tests.browser.clinic import a_finished_evaluation
from tests.browser.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_its_contents_lead_to_every_part_and_later_figures_are_folded(
    visitor: Callable[[], Visitor],
) -> None:
    user = User.objects.create_user("cora")
    cohort = create_cohort(title="Clinic", coordinators=[user])
    evaluation = a_finished_evaluation(cohort, user)
    cora = visitor()
    cora.let_in(user)
    page = cora.page
    cora.go(f"/evaluations/{evaluation.pk}/")
    contents = page.get_by_role("navigation", name="On this page")
    links = contents.get_by_role("link")
    expect(links.first).to_be_visible()
    for link in links.all():
        link.press("Enter")
        target = page.locator(link.get_attribute("href") or "")
        expect(target).to_be_in_viewport()
    contents.get_by_role("link", name="Figures").press("Enter")
    figures = page.locator("[data-figure]")
    assert [one.is_visible() for one in figures.all()][:3] == [True, True, False]
    page.locator("summary").filter(has_text="How far Expert 1 lies apart").press("Enter")
    expect(page.locator("[data-figure]:visible")).to_have_count(3)
    expect(page.locator("[data-figure]:visible svg").last).to_be_in_viewport()


def test_one_method_against_one_expert_is_drawn_and_the_evaluation_deleted(
    visitor: Callable[[], Visitor],
) -> None:
    user = User.objects.create_user("cora")
    cohort = create_cohort(title="Clinic", coordinators=[user])
    evaluation = a_finished_evaluation(cohort, user)
    (code,) = (one["case"] for one in evaluation.found["records"])
    cora = visitor()
    cora.let_in(user)
    page = cora.page
    cora.go(f"/evaluations/{evaluation.pk}/")
    choice = page.get_by_role("group", name="A slice to draw")
    expect(choice.get_by_label("Against")).to_be_hidden()
    choice.get_by_label("Slice").fill("5")
    choice.get_by_label("Masks").select_option("Slim U-Net")
    choice.get_by_label("Against").select_option("Expert 2")
    choice.get_by_role("button", name="Add the slice").click()
    figure_2 = page.get_by_role("region", name=f"{code}, slice 5: Slim U-Net against Expert 2")
    expect(figure_2.get_by_role("img")).to_have_count(1)
    figure_2.scroll_into_view_if_needed()
    cora.wait_for("[...document.querySelectorAll('.slice img')].every(one => one.naturalWidth > 0)")
    expect(page.get_by_role("region", name=f"{code}, slice 2").get_by_role("img")).to_have_count(2)
    with page.expect_download() as download:
        figure_2.get_by_role("link", name="PNG").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")

    page.get_by_role("button", name="Delete this evaluation…").click()
    page.get_by_label("Reason").fill("Wrong cohort.")
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("heading", name="Evaluations", exact=True)).to_be_visible()
    assert not Evaluation.objects.exists()
