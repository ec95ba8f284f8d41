"""Dana and Rita make a reference in the browser: own work, then every dot, over lost tabs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from rating.models import Delineation, DotDecision, ReferenceStudy
from rating.operations.candidates import drawn_mask
from rating.operations.reference_study import create_reference, edit_reference, open_reference
from segmentation.imaging.drawing import digest
from segmentation.models import Case
from segmentation.operations.cases import NamedFile, create_cohort, import_case
from segmentation.operations.drawings import flair_grid
from tests.browser.conftest import Visitor
from tests.browser.test_editor import Artist
from tests.browser.test_viewer_geometry import OBLIQUE
from tests.rating.delineators import a_method_mask, ball
from tests.segmentation.scans import flair_voxels, nifti

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FOUND_BY_METHOD = ((44, 20, 3), (47, 23, 5))
SUBMIT = "Submit this case"


def person(name: str) -> User:
    return User.objects.get_or_create(username=name)[0]


def a_case_with_t1() -> Case:
    """An oblique case of a cohort for which Dana and Rita delineate; a method found one lesion."""
    cohort = create_cohort(title="Clinic", coordinators=[person("cora")])
    for name in ("dana", "rita"):
        cohort.memberships.create(user=person(name), role="delineator")
    files = [
        NamedFile(f"{sequence}.nii.gz", nifti(flair_voxels(seed), OBLIQUE))
        for seed, sequence in enumerate(("FLAIR", "T1"))
    ]
    case = import_case(cohort=cohort, files=files, now=timezone.now()).case
    a_method_mask(case, "slim-unet", ball((64, 80, 12), FOUND_BY_METHOD))
    return case


def a_reference_study(case: Case, *, interval_days: int = 0) -> ReferenceStudy:
    """Open, with this case, its method and proposals, for Dana and Rita."""
    cora = User.objects.get(username="cora")
    study = create_reference(title="Test set", cohort=case.cohort, now=timezone.now())
    settings = {
        "interval_days": interval_days,
        "cases": [case.code],
        "delineators": ["dana", "rita"],
        "methods": ["slim-unet"],
        "proposals": True,
        "instructions": "Draw all lesions.\n\nLeave the ventricles alone.",
    }
    edit_reference(study=study, settings=settings)
    return open_reference(study=study, by=cora, now=timezone.now())


class Delineator(Artist):
    """Somebody who delineates through the pages."""

    def open(self, step: int) -> None:
        """From the home page, over the list of cases, to the case of a step."""
        self.person.go("/")
        self.page.get_by_role("link", name="delineating").or_(
            self.page.get_by_role("link", name="Go on")
        ).click()
        self.page.get_by_role("link", name=f"step {step}, case 1").click()
        self.person.wait_for_viewer()

    @property
    def delineation(self) -> Delineation:
        return Delineation.objects.get(token=self.page.url.split("/")[-2])

    @property
    def dots(self) -> list[dict[str, Any]]:
        return self.state["dots"]

    @property
    def choices(self) -> list[str | None]:
        return [dot["choice"] for dot in self.dots]

    def submit(self) -> Delineation:
        """Submit what is drawn; the server then has exactly what the page showed."""
        self.wait_saved()
        drawn, delineation = self.state, self.delineation
        self.page.get_by_role("button", name=SUBMIT).click()
        self.page.locator('[data-action="confirm"]').click()
        expect(self.page.get_by_text("Your case is stored and locked.")).to_be_visible()
        delineation.refresh_from_db()
        mask = drawn_mask(delineation, grid=flair_grid(self.case))
        assert (delineation.voxels, delineation.digest) == (int(mask.sum()), drawn["digest"])
        assert digest(mask) == drawn["digest"]
        assert int(mask.sum()) == sum(lesion["voxels"] for lesion in drawn["lesions"])
        return delineation

    def has(self, delineation: Delineation, voxel: tuple[int, int, int]) -> bool:
        """Whether a voxel of the stored scan is lesion in what was submitted."""
        grid = flair_grid(self.case)
        return bool(grid.to_native(drawn_mask(delineation, grid=grid))[voxel])


def test_two_delineators_make_a_reference(visitor: Callable[[], Visitor]) -> None:
    case = a_case_with_t1()
    study = a_reference_study(case)
    dana, rita = Delineator(visitor(), case), Delineator(visitor(), case, "rita")

    # Step 1: from empty, over a reload and the death of the tab.
    dana.open(1)
    expect(dana.page.get_by_text("Step 1, case 1 of 1")).to_be_visible()
    dana.stroke((20, 30, 4), (23, 31, 4))
    dana.stroke((40, 50, 8), (43, 51, 8))
    assert len(dana.sizes) == 2
    dana.key("Control+z")
    dana.wait_saved()
    dana.page.reload()
    dana.person.wait_for_viewer()
    assert len(dana.sizes) == 1
    dana.key("Control+y")
    assert len(dana.sizes) == 2
    dana.stroke((30, 60, 2), (33, 61, 2), let_go=False)
    dana.wait_kept((33, 61, 2))
    dana.lose_the_tab()
    assert len(dana.sizes) == 3
    dana.key("Control+s")  # a habit, and submitting is for good
    expect(dana.page.get_by_text("What you draw is saved as you go.")).to_be_visible()
    expect(dana.page.get_by_role("dialog")).to_have_count(0)
    dana.key("Control+Enter")
    expect(dana.page.get_by_role("dialog")).to_contain_text("Submit this case?")
    dana.page.locator('[data-action="go-back"]').click()
    dana.page.get_by_label("Sequence beside the FLAIR").select_option("T1")
    expect(dana.page.locator(".beside canvas")).to_be_visible()
    first = dana.submit()
    for voxel in ((20, 30, 4), (43, 51, 8), (33, 61, 2)):
        assert dana.has(first, voxel)
    expect(dana.page.get_by_text("when your colleagues have finished")).to_be_visible()
    rita.open(1)
    rita.stroke((21, 30, 4), (25, 31, 4))
    rita.submit()

    # Step 2: Rita's and Dana's first are one dot; the method's lesion has one, too.
    dana.open(2)
    assert dana.choices == [None] * 4
    assert dana.sizes == []
    assert dana.state["dot"] == 1
    dana.key("f")
    assert dana.choices == ["lesion", None, None, None]
    assert dana.dots[0]["from_proposal"]
    dana.key("Control+z")
    expect(dana.page.get_by_text("A change of the drawing was taken back")).to_be_visible()
    assert not dana.dots[0]["from_proposal"]
    dana.key("Control+y")
    against = dana.page.get_by_text("A lesion is drawn at dot 1: delete it, or call it one.")
    dana.key("2")
    expect(against).to_be_visible()
    dana.key("1")
    expect(against).to_have_count(0)
    dana.wait_saved()

    dana.person.context.set_offline(True)
    dana.key("n", "2")
    expect(dana.page.get_by_text("Not saved yet: 1 change kept in this browser")).to_be_visible()
    expect(dana.page.get_by_text("2 of 4 decided", exact=True)).to_be_visible()
    dana.person.context.set_offline(False)
    dana.wait_saved()
    dana.page.route("**/decisions/**", lambda route: route.abort())
    dana.key("n", "1")
    expect(dana.page.get_by_text("Not saved yet: 1 change kept")).to_be_visible()
    dana.lose_the_tab()
    dana.person.troubles.clear()  # the network that was cut
    dana.wait_saved()
    assert dana.choices == ["lesion", "not_a_lesion", "lesion", None]
    assert dana.state["dot"] == 4

    dana.page.get_by_role("button", name=SUBMIT).click()
    missing = dana.page.get_by_role("alert").filter(has_text="Not submitted yet")
    expect(missing.get_by_text("not decided")).to_be_visible()
    missing.get_by_role("button", name="Dot 3").click()
    assert dana.state["dot"] == 3
    dana.key("b")
    dana.person.click_at(dana.dots[2]["mm"])
    dana.key("n", "3")
    dana.wait_saved()
    dana.page.get_by_role("button", name=SUBMIT).click()
    dialog = dana.page.get_by_role("dialog")
    expect(dialog.get_by_text("2 of 4 dots called a lesion, 1 of them begun")).to_be_visible()
    expect(dialog.get_by_text("1 called not a lesion")).to_be_visible()
    dana.page.locator('[data-action="go-back"]').click()
    address = dana.page.url
    second = dana.submit()
    newest = [dot.decisions.latest("version") for dot in second.dots.order_by("position")]
    assert [(one.choice, one.from_proposal) for one in newest] == [
        ("lesion", True),
        ("not_a_lesion", False),
        ("lesion", False),
        ("unsure", False),
    ]
    assert DotDecision.objects.filter(dot__delineation=second).count() == 8
    expect(dana.page.get_by_text("Thank you: all of your cases are submitted")).to_be_visible()
    dana.page.goto(address)
    expect(dana.page.get_by_text("You have submitted this case.")).to_be_visible()

    rita.open(2)
    rita.key("2", "n", "2", "n", "3", "n", "2")
    rita.person.wait_for("!window.plaque.state().dots.some(dot => dot.choice === null)")
    rita.submit()
    assert np.all([one.submitted_at for one in Delineation.objects.filter(of__study=study)])


def test_two_windows_and_the_end_of_the_study(visitor: Callable[[], Visitor]) -> None:
    case = a_case_with_t1()
    a_reference_study(case, interval_days=30)
    dana = Delineator(visitor(), case)
    dana.open(1)
    first, address = dana.page, dana.page.url
    dana.page = dana.person.page = dana.person.open_tab()
    dana.page.goto(address)
    dana.person.wait_for_viewer()
    dana.stroke((20, 30, 4), (23, 31, 4))
    dana.wait_saved()
    dana.page = dana.person.page = first
    first.bring_to_front()
    dana.stroke((40, 50, 8), (43, 51, 8))
    with first.expect_navigation():
        first.get_by_role("button", name="Show the stored one, drop mine").click()
    dana.person.troubles.clear()  # the refusal
    dana.person.wait_for_viewer()
    assert len(dana.sizes) == 1
    dana.wait_saved()
    dana.submit()

    rita = Delineator(visitor(), case, "rita")
    rita.open(1)
    rita.submit()
    dana.page.reload()
    expect(dana.page.get_by_text("The first case of the second step opens on")).to_be_visible()
