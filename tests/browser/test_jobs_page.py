"""The page of all jobs: what goes on is seen, stopped and started again there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from segmentation.models import InferenceJob
from tests.browser.clinic import PASSWORD, Clinic, a_full_clinic
from tests.browser.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clinic(transactional_db: None) -> Clinic:
    return a_full_clinic()  # one job in every state


@pytest.fixture
def page(visitor: Callable[[], Visitor], clinic: Clinic) -> Page:
    person = visitor()
    person.log_in(clinic.people["cora"], PASSWORD)
    person.go("/jobs/")
    return person.page


def rows(page: Page, state: str = "") -> Locator:
    return page.locator(f'tbody tr[data-state="{state}"]' if state else "tbody tr")


def test_the_jobs_are_seen_stopped_and_started_again(page: Page) -> None:
    expect(rows(page)).to_have_count(5)
    running = rows(page, "running")
    expect(running.locator("progress")).to_have_attribute("value", "0.4")
    running.get_by_role("link").focus()
    InferenceJob.objects.filter(state="running").update(progress=0.8, stage="cleaning")
    expect(running).to_contain_text("80 %, cleaning")
    expect(running.get_by_role("link")).to_be_focused()

    page.get_by_label("State").select_option("failed")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("memory was not enough")
    page.get_by_label("State").select_option("")
    page.get_by_label("Case", exact=True).fill("no such case")
    expect(page.get_by_role("heading", name="No job fits")).to_be_visible()
    page.get_by_label("Case", exact=True).fill("")
    expect(rows(page)).to_have_count(5)

    rows(page, "queued").get_by_role("button", name="Cancel").press("Enter")
    expect(rows(page, "cancelled")).to_have_count(2)
    expect(rows(page, "cancelled").first.get_by_role("button", name="Start again")).to_be_focused()
    rows(page, "cancelled").first.get_by_role("button", name="Start again").click()
    expect(rows(page, "queued")).to_have_count(1)
    assert InferenceJob.objects.filter(state="queued").count() == 1

    expect(page.get_by_role("button", name="Start all failed again")).to_have_count(1)
    page.get_by_role("button", name="Start all failed again in Clinic 2019").click()
    expect(page.get_by_text("1 job queued again.")).to_be_visible()
    expect(rows(page, "queued")).to_have_count(2)
    page.get_by_role("button", name="Start all failed again in Clinic 2019").click()
    expect(page.get_by_text("Nothing to start again here.")).to_be_visible()


def test_without_a_job_the_page_says_how_to_start_one(page: Page, clinic: Clinic) -> None:
    InferenceJob.objects.all().delete()
    page.reload()
    expect(page.get_by_role("heading", name="No job yet")).to_be_visible()
    page.locator(".empty").get_by_role("link", name="case").click()
    page.get_by_role("link", name=clinic.case.code).click()
    expect(page.get_by_text("No method has run on this case yet.")).to_be_visible()
