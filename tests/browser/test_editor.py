"""Dana draws lesions in the browser, takes back, goes on, and corrects a mask beside Ravi."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from segmentation.imaging.nifti import read_volume
from segmentation.models import Case, Segmentation
from segmentation.operations.cases import NamedFile, create_cohort, import_case
from tests.browser.conftest import Visitor
from tests.browser.test_viewer_geometry import OBLIQUE
from tests.segmentation.scans import flair_voxels, nifti, two_lesions

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "phantoms-of-2019"


def a_case(affine: np.ndarray = OBLIQUE, *, mask: bool = False) -> Case:
    """An oblique case of a cohort for which Dana and Ravi delineate."""
    cohort = create_cohort(title="Clinic", coordinators=[User.objects.create_user("cora")])
    for name in ("dana", "ravi"):
        user = User.objects.create_user(name, password=PASSWORD)
        cohort.memberships.create(user=user, role="delineator")
    files = [NamedFile("FLAIR.nii.gz", nifti(flair_voxels(), affine))]
    if mask:
        files.append(NamedFile("mask.nii.gz", nifti(two_lesions(), affine)))
    return import_case(cohort=cohort, files=files, now=timezone.now()).case


class Artist:
    """Somebody at the editor; places are voxels of the scan as it is stored."""

    def __init__(self, person: Visitor, case: Case, name: str = "dana") -> None:
        self.person, self.page = person, person.page
        self.grid = case.scans.get().grid
        person.log_in(User.objects.get(username=name), PASSWORD)
        person.go(f"/cases/{case.code}/")
        person.wait_for_viewer()

    def begin(self, button: str) -> None:
        self.page.get_by_role("button", name=button).click()
        self.page.wait_for_url("**/drawings/*/")
        self.person.wait_for_viewer()

    def point(self, voxel: tuple[float, ...]) -> tuple[float, float]:
        """Where a voxel is on the screen, after going to its slice."""
        mm = self.grid.to_mm(np.array(voxel)).tolist()
        seen = self.page.evaluate(
            """mm => {
              const { viewer } = window.plaque
              if (viewer.canvasPointOf(mm) === null) viewer.goTo(mm)
              return viewer.canvasPointOf(mm)
            }""",
            mm,
        )
        assert seen, f"{voxel} is not on the screen"
        return seen["x"], seen["y"]

    def stroke(self, *voxels: tuple[float, ...], let_go: bool = True) -> None:
        """Press on the first, move over the others, let go."""
        points = [self.point(voxel) for voxel in voxels]
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*point, steps=3)
        if let_go:
            self.page.mouse.up()

    def click(self, voxel: tuple[float, ...]) -> None:
        self.page.mouse.click(*self.point(voxel))

    def key(self, *keys: str) -> None:
        self.page.get_by_role("application").focus()
        for key in keys:
            self.page.keyboard.press(key)

    @property
    def state(self) -> dict[str, Any]:
        return self.page.evaluate("window.plaque.state()")

    @property
    def sizes(self) -> list[int]:
        return sorted(lesion["voxels"] for lesion in self.state["lesions"])

    def wait_saved(self) -> None:
        self.person.wait_for("window.plaque.state().saving === 'saved'")

    def save(self) -> Segmentation:
        self.wait_saved()
        self.page.get_by_role("button", name="Save as a mask").click()
        self.page.locator('[data-action="confirm"]').click()
        self.page.wait_for_url("**/cases/*/?mask=*")
        self.person.wait_for_viewer()
        return Segmentation.objects.get(pk=self.page.url.split("mask=")[1])


def voxels_of(segmentation: Segmentation) -> np.ndarray:
    with segmentation.mask.open("rb") as stored:
        return np.asarray(read_volume(stored.read(), name="mask").data > 0)


def test_draw_three_lesions_and_thirty_steps_back_and_forth(
    visitor: Callable[[], Visitor],
) -> None:
    case = a_case()
    dana = Artist(visitor(), case)
    dana.begin("Draw from empty")
    for x, y, z in ((20, 30, 4), (40, 50, 8), (30, 60, 2)):
        for step in range(10):
            dana.stroke((x + step / 2, y, z), (x + step / 2, y + 1, z))
    assert len(dana.sizes) == 3, dana.state["lesions"]
    drawn = dana.state["digest"]
    dana.key(*["Control+z"] * 30)
    assert dana.sizes == []
    dana.wait_saved()
    dana.page.reload()
    dana.person.wait_for_viewer()
    assert dana.sizes == []
    dana.key(*["Control+y"] * 30)
    assert dana.state["digest"] == drawn
    dana.stroke((12, 40, 6), (13, 41, 6), let_go=False)
    dana.wait_saved()
    dana.page.reload()  # in the middle of a stroke
    dana.person.wait_for_viewer()
    assert len(dana.sizes) == 4
    sizes = dana.sizes
    saved = dana.save()
    assert [saved.origin, saved.parent] == ["delineation", None]
    assert sorted(lesion.voxels for lesion in saved.lesions) == sizes
    there = np.argwhere(voxels_of(saved))
    assert set(there[:, 2]) == {2, 4, 6, 8}
    for x, y, z in ((20, 30, 4), (24, 31, 4), (40, 50, 8), (30, 60, 2), (12, 40, 6)):
        assert voxels_of(saved)[x, y, z]


def test_correct_a_mask_that_somebody_else_corrects_meanwhile(
    visitor: Callable[[], Visitor],
) -> None:
    case = a_case(mask=True)
    imported = case.segmentations.get()
    dana = Artist(visitor(), case)
    dana.begin("Correct Imported mask")
    assert dana.sizes == [8, 27]
    dana.key("s")
    dana.click((40, 50, 8))
    dana.key("Delete", "k")
    dana.stroke((18, 31, 5), (24, 31, 5))
    assert dana.sizes == [9, 9]
    dana.key("s")
    dana.click((21, 30, 5))
    dana.key("a", "m")
    dana.click((21, 32, 5))
    assert dana.sizes == [19]
    assert [lesion["isAccepted"] for lesion in dana.state["lesions"]] == [True]

    ravi = Artist(visitor(), case, "ravi")
    ravi.begin("Correct Imported mask")
    ravi.key("b")
    ravi.click((30, 60, 2))
    ravi.wait_saved()
    theirs = dana.save()
    assert theirs.parent == imported

    ravi.page.get_by_role("button", name="Save as a mask").click()
    ravi.page.locator('[data-action="confirm"]').click()
    expect(ravi.page.get_by_text("was saved since you began").first).to_be_visible()
    ravi.person.troubles.clear()  # the refusal
    ravi.page.locator('[data-action="go-back"]').click()
    look = ravi.page.get_by_role("button", name="Look at Correction by dana")
    look.click()
    ravi.person.wait_for("window.plaque.viewer.drawCounts().lesion === 1")
    look.click()
    ravi.person.wait_for("window.plaque.viewer.drawCounts().lesion === 3")
    mine = ravi.save()
    assert case.segmentations.filter(parent=imported).count() == 2
    assert voxels_of(mine)[40, 50, 8]
    assert not voxels_of(theirs)[40, 50, 8]
    assert imported.sha256 == case.segmentations.get(origin="imported").sha256
