"""The results of a closed study, as a coordinator sees them: tables, figures, and the report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from rating.models import ExampleSlice, Presentation, Study
from segmentation.operations.cases import create_cohort
from tests.browser.conftest import Visitor
from tests.rating.stage import Browser, a_case, a_mask, invited

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "phantoms-of-2019"
WORDS_DRAWN = (
    "(plots) => plots.map((one) => [...one.querySelectorAll('text')].map((t) => t.textContent))"
)


@pytest.fixture
def study(transactional_db: None) -> Study:
    """Three masks that Rita and Ravi rated twice, with errors here and there; closed.

    The mask of ten lesions always has one false positive: 9 of 10 is the threshold itself, so its
    verdict flips with the policy, whatever the order.
    """
    people = {
        name: User.objects.create_user(name, password=PASSWORD) for name in ("cora", "rita", "ravi")
    }
    cora = Browser(people["cora"])
    cohort = create_cohort(title="Clinic", coordinators=[people["cora"]])
    invited(cohort, people["rita"], people["ravi"])
    masks = [
        a_mask(a_case(cohort, number), lesions=lesions, method="slim-unet")
        for number, lesions in enumerate((3, 10, 12))
    ]
    made = cora.post(f"cohorts/{cohort.slug}/studies/", {"title": "Finished"})
    items = [str(mask.pk) for mask in masks]
    design = {"gap": 1, "washout_days": 0, "min_volume_mm3": 0, "equivalence_margin": 0.1}
    change = {"items": items, "raters": ["rita", "ravi"], "design": design}
    cora.patch(f"studies/{made['id']}/", change)
    cora.post(f"studies/{made['id']}/open/")
    for name in ("rita", "ravi"):
        reader = Browser(people[name])
        for turn in range(6):
            left = Presentation.objects.filter(reading__user=people[name], submitted_at=None)
            has_ten = left.earliest("position").item.lesions == 10
            reader.rate_next(fp=1 if has_ten else turn % 2, fn=int(turn == 4 and not has_ten))
    cora.post(f"studies/{made['id']}/close/", {"reason": "Everything is rated."})
    return Study.objects.get(slug=made["id"])


def test_tables_and_figures_are_shown_under_the_strict_policy(
    visitor: Callable[[], Visitor], study: Study, tmp_path: Path
) -> None:
    cora = visitor()
    cora.log_in(User.objects.get(username="cora"), PASSWORD)
    cora.page.set_viewport_size({"width": 1024, "height": 768})
    cora.go(f"/studies/{study.slug}/")
    plots = cora.page.locator("[data-figure] svg")
    expect(plots).to_have_count(6)
    root = "document.documentElement"
    assert not cora.page.evaluate(f"{root}.scrollWidth > {root}.clientWidth")
    assert cora.page.locator(".scroll[tabindex]").count() == 0  # no table is wider than its box
    labels = cora.page.locator("[data-figure] [aria-label]")
    assert labels.count() >= 6
    expect(cora.page.locator("#acceptance")).to_contain_text("All raters")
    expect(cora.page.locator("#equivalence")).to_contain_text("10.0 %")
    expect(cora.page.locator("#flips table")).to_contain_text("Slim U-Net")
    assert "slim-unet" not in cora.page.locator("main").inner_text()

    examples = cora.page.get_by_role("img", name="Slices of masks")
    examples.scroll_into_view_if_needed()
    cora.wait_for("document.querySelector('[data-figure=example_slices] img').naturalWidth > 0")

    drawn = cora.page.locator("[data-figure] svg").evaluate_all(WORDS_DRAWN)
    with cora.page.expect_download() as download:
        cora.page.get_by_role("link", name="Download the report").click()
    report = tmp_path / "report.html"
    download.value.save_as(report)
    reader = visitor()
    reader.page.goto(report.as_uri())
    saved = reader.page.locator("figure svg").evaluate_all(WORDS_DRAWN)
    *figures, slices = [words(figure) for figure in saved]
    assert figures == [words(figure) for figure in drawn]
    assert all(figures)
    assert any("slice" in text for text in slices)


def test_the_coordinator_chooses_an_example_and_its_slice_or_leaves_it_to_chance(
    visitor: Callable[[], Visitor], study: Study
) -> None:
    cora = visitor()
    cora.let_in(User.objects.get(username="cora"))
    cora.go(f"/studies/{study.slug}/")
    figure = cora.page.locator("[data-figure=example_slices]")
    expect(figure).to_contain_text("drawn by chance")
    figure.get_by_text("Choose the examples").click()
    mask, slice_ = (
        figure.get_by_label("Mask that was rejected", exact=True),
        figure.get_by_label("Slice of"),
    )
    rejected = figure.locator("[data-kind=rejected] input")
    expect(rejected).to_be_disabled()
    expect(slice_).to_have_count(3)
    wanted = mask.locator("option").last.inner_text()
    assert "Slim U-Net" in wanted
    assert "showing" in wanted
    mask.select_option(label=wanted)
    expect(figure).to_contain_text("not kept yet")
    rejected.fill("99")
    rejected.press("Tab")
    expect(rejected).to_have_value("10")  # the scan has ten slices
    rejected.fill("3")
    rejected.press("Tab")
    cora.wait_for(
        "decodeURIComponent(document.querySelector('[data-figure=example_slices] img').src)"
        ".includes('\"slice\":3')"
    )
    assert not ExampleSlice.objects.exists()
    figure.get_by_role("button", name="Keep these").click()
    expect(figure).to_contain_text("chosen by cora")
    kept = ExampleSlice.objects.get()
    assert (kept.kind, kept.slice, kept.by) == ("rejected", 3, "cora")

    cora.page.reload()
    figure.get_by_text("Choose the examples").click()
    expect(rejected).to_have_value("3")
    expect(mask.locator("option:checked")).to_have_text(wanted)
    figure.get_by_role("button", name="Back to chance").click()
    expect(figure).to_contain_text("(those of them that there are), drawn by chance.")
    expect(rejected).to_be_disabled()
    assert not ExampleSlice.objects.exists()


def words(texts: list[str]) -> list[str]:
    """What is written in a figure, but for numbers: which of an axis fit hangs on the font."""
    return sorted(text for text in texts if any(letter.isalpha() for letter in text))
