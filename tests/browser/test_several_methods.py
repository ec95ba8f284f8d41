"""A study of two methods, from the form to the figures: nobody sees a case twice in a row."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from rating.models import Presentation, Study
from segmentation.models import Segmentation
from segmentation.operations.cases import create_cohort
from tests.browser.conftest import Visitor
from tests.rating.stage import Browser, a_case, a_mask, invited

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
METHODS = {"slim-unet": "Slim U-Net", "lst-lpa": "LST-LPA"}
CASES = 4


@pytest.fixture
def people(transactional_db: None) -> dict[str, User]:
    """Cora's cohort has four cases with a mask by each of two methods."""
    people = {name: User.objects.create_user(name) for name in ("cora", "rita", "ravi")}
    cohort = create_cohort(title="Clinic", coordinators=[people["cora"]])
    invited(cohort, people["rita"], people["ravi"])
    for seed in range(CASES):
        case = a_case(cohort, seed)
        for method, title in METHODS.items():
            mask = a_mask(case, lesions=12, method=method)
            Segmentation.objects.filter(pk=mask.pk).update(title=title)
    return people


def test_two_methods_are_chosen_read_apart_and_compared(
    visitor: Callable[[], Visitor], people: dict[str, User]
) -> None:
    cora = visitor()
    cora.let_in(people["cora"])
    cora.go("/studies/")
    cora.page.get_by_label("Title").fill("Which of them?")
    cora.page.get_by_role("button", name="Create the draft").click()
    for title in METHODS.values():
        cora.page.get_by_role("button", name=f"Newest {title} of every case").click()
    for rater in ("ravi", "rita"):
        cora.page.get_by_label(rater).check()
    expect(cora.page.get_by_text("All changes are saved.")).to_be_visible()
    expect(cora.page.locator("dl.facts")).to_contain_text("8 masks of 4 cases")
    cora.page.get_by_role("button", name="Open the study").click()
    cora.page.get_by_role("button", name="Open", exact=True).click()
    expect(cora.page.get_by_text("32 presentations left")).to_be_visible()

    study = Study.objects.get()
    for name in ("ravi", "rita"):
        shown = Presentation.objects.filter(reading__rater=name).order_by("position")
        cases = [one.item.segmentation.case_id for one in shown]
        assert len(cases) == 16
        assert not any(one == other for one, other in pairwise(cases))
        reader = Browser(people[name])
        for _ in cases:
            now = Presentation.objects.get(token=reader.reading()["presentation"])
            reader.rate_next(fn=2 * (now.item.segmentation.method == "lst-lpa"))
    Browser(people["cora"]).post(f"studies/{study.slug}/close/", {"reason": "All is rated."})

    cora.go(f"/studies/{study.slug}/")
    rows = cora.page.locator("#acceptance table tbody tr")
    expect(rows.filter(has_text="All raters").filter(has_text="Slim U-Net")).to_contain_text("100")
    expect(rows.filter(has_text="All raters").filter(has_text="LST-LPA")).to_contain_text("0.0 %")
    compared = cora.page.locator("#comparisons > .scroll tbody tr").filter(has_text="All raters")
    expect(compared.filter(has_text="LST-LPA")).to_contain_text("0.125")
    assert "lst-lpa" not in cora.page.locator("main").inner_text()
