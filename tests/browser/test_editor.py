"""Dana draws lesions in the browser, takes back, goes on, and corrects a mask beside Ravi."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import expect

from segmentation.imaging.drawing import digest
from segmentation.imaging.nifti import Volume, read_volume
from segmentation.models import Case, Drawing, Edit, Segmentation
from segmentation.operations.cases import NamedFile, create_cohort, import_case
from segmentation.operations.drawings import (
    NewEdit,
    Seen,
    begin_drawing,
    drawn,
    flair_grid,
    put_edit,
    save_drawing,
)
from segmentation.operations.masks import NewMask, store_mask
from tests.browser.conftest import Visitor
from tests.browser.test_viewer_geometry import OBLIQUE
from tests.segmentation.scans import flair_voxels, nifti, two_lesions

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def a_case(*, bright: tuple[int, int, int] | None = None) -> Case:
    """An oblique case of a cohort for which Dana and Ravi delineate, with a lesion if asked."""
    cohort = create_cohort(title="Clinic", coordinators=[User.objects.create_user("cora")])
    for name in ("dana", "ravi"):
        cohort.memberships.create(user=User.objects.create_user(name), role="delineator")
    flair = flair_voxels()
    if bright:
        flair[a_patch(bright)] = 900
    files = [NamedFile("FLAIR.nii.gz", nifti(flair, OBLIQUE))]
    return import_case(cohort=cohort, files=files, now=timezone.now()).case


def a_method_mask(case: Case, *, probability: np.ndarray | None = None) -> Segmentation:
    """Two lesions of 27 and 8 voxels; a method is less sure of the last slice of the smaller."""
    mask = two_lesions() > 0
    if probability is None:
        probability = np.where(mask, 0.95, 0.05).astype(np.float32)
        probability[40:42, 50:52, 9] = 0.6
    new = NewMask(
        case=case,
        origin=Segmentation.Origin.PREDICTION,
        title="Some method",
        method="some-method",
        mask=mask,
        probability=probability,
    )
    like: Volume = read_volume(nifti(flair_voxels(), OBLIQUE), name="FLAIR")
    return store_mask(new, like=like, now=timezone.now())


KEPT_STROKES = """async () => {
  const done = asked => new Promise(resolve => { asked.onsuccess = () => resolve(asked.result) })
  const database = await done(indexedDB.open('plaque'))
  const strokes = await done(database.transaction('strokes').objectStore('strokes').getAll())
  database.close()
  return strokes.flatMap(({ added }) => added.flatMap((first, at) =>
    at % 2 ? [] : Array.from({ length: added[at + 1] }, (_, more) => first + more)))
}"""


class Artist:
    """Somebody at the editor; places are voxels of the scan as it is stored."""

    def __init__(self, person: Visitor, case: Case, name: str = "dana") -> None:
        self.person, self.page = person, person.page
        self.case, self.grid = case, case.scans.get(sequence="FLAIR").grid
        self.page.set_viewport_size(
            {"width": 960, "height": 640}
        )  # quicker to draw than a large one
        person.let_in(User.objects.get(username=name))

    def begin(self, button: str) -> None:
        self.person.go(f"/cases/{self.case.code}/")
        self.page.get_by_role("button", name=button).click()
        self.page.wait_for_url("**/drawings/*/")
        self.person.wait_for_viewer()

    def wait_kept(self, voxel: tuple[float, ...]) -> None:
        """Until the browser has kept the stroke that is being drawn as far as a voxel of it."""
        ras = self.grid.ras
        at = np.rint(ras.to_voxel(self.grid.to_mm(np.array(voxel)))).astype(int)
        number = np.ravel_multi_index(at, ras.shape, order="F")
        self.person.wait_for(f"({KEPT_STROKES})().then(voxels => voxels.includes({number}))")

    def lose_the_tab(self) -> None:
        """The page's process dies as it stands; the same browser opens the same address again."""
        address = self.page.url
        with suppress(BrowserError):
            self.page.goto("chrome://crash")
        self.page.close()
        self.page = self.person.page = self.person.open_tab()
        self.page.goto(address)
        self.person.wait_for_viewer()

    @property
    def drawing(self) -> Drawing:
        return Drawing.objects.get(pk=self.page.url.split("/")[-2])

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
            self.page.mouse.move(*point)
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

    def shows(self, voxel: tuple[float, ...]) -> bool:
        """Whether the slice of a voxel is on the screen."""
        mm = self.grid.to_mm(np.array(voxel)).tolist()
        return self.page.evaluate("mm => window.plaque.viewer.canvasPointOf(mm) !== null", mm)

    @property
    def sizes(self) -> list[int]:
        return sorted(lesion["voxels"] for lesion in self.state["lesions"])

    def wait_saved(self) -> None:
        self.person.wait_for("window.plaque.state().saving === 'saved'")

    def save(self) -> Segmentation:
        self.wait_saved()
        self.page.get_by_role("button", name="Save as a mask").click()
        self.page.locator('[data-action="confirm"]').click()
        self.page.wait_for_url("**/cases/*/?mask=*", wait_until="commit")
        return Segmentation.objects.get(pk=self.page.url.split("mask=")[1])


def left_as_it_is(mask: Segmentation, *, by: User) -> None:
    """A correction in which nothing is changed."""
    drawing = begin_drawing(case=mask.case, parent_id=mask.pk, by=by, now=timezone.now())
    shown = drawn(drawing, [], grid=flair_grid(mask.case))
    seen = Seen(0, int(shown.sum()), digest(shown))
    save_drawing(drawing_id=drawing.pk, seen=seen, active_ms=0, by=by, now=timezone.now())


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
            dana.stroke((x + step, y, z), (x + step, y + 1, z))
    assert len(dana.sizes) == 3, dana.state["lesions"]
    assert dana.state["edits"] == 30
    drawn = dana.state["digest"]
    dana.key(*["Control+z"] * 30)
    assert dana.sizes == []
    assert dana.shows((20, 30, 4))  # where the stroke that went last was
    dana.wait_saved()
    dana.page.reload()
    dana.person.wait_for_viewer()
    assert dana.sizes == []
    dana.key(*["Control+y"] * 30)
    assert dana.state["digest"] == drawn
    assert dana.shows((30, 60, 2))
    dana.wait_saved()

    in_mid_stroke = [(12, 40, 6), (14, 41, 6), (17, 43, 6)]
    dana.stroke(*in_mid_stroke, let_go=False)
    dana.wait_kept(in_mid_stroke[-1])
    dana.lose_the_tab()
    assert len(dana.sizes) == 4
    assert dana.state["edits"] == 91

    # It goes on elsewhere, with a voxel that this page does not know of.
    dana.wait_saved()
    here, theirs = dana.drawing, NewEdit(uuid4(), 92, Edit.Kind.CHANGE, "brush", added=(5, 1))
    put_edit(drawing_id=here.pk, edit=theirs, active_ms=0, now=timezone.now())
    dana.stroke((50, 40, 6), (50, 41, 6))
    dana.page.get_by_role("button", name="Keep mine as a drawing of its own").click()
    dana.page.wait_for_url(lambda address: str(here.pk) not in address)
    dana.person.troubles.clear()  # the refusal
    dana.person.wait_for_viewer()
    assert len(dana.sizes) == 5
    assert here.edits.count() == 92
    sizes = dana.sizes
    saved = dana.save()
    assert [saved.origin, saved.parent] == ["delineation", None]
    assert sorted(lesion.voxels for lesion in saved.lesions) == sizes
    there = np.argwhere(voxels_of(saved))
    assert set(there[:, 2]) == {2, 4, 6, 8}
    for at in ((20, 30, 4), (24, 31, 4), (40, 50, 8), (30, 60, 2), *in_mid_stroke, (50, 40, 6)):
        assert voxels_of(saved)[at]
    assert voxels_of(saved).sum() == sum(sizes)  # and nothing of what was drawn elsewhere


def test_correct_a_mask_that_somebody_else_corrects_meanwhile(
    visitor: Callable[[], Visitor],
) -> None:
    case = a_case()
    predicted = a_method_mask(case)
    dana = Artist(visitor(), case)
    dana.begin("Correct Some method")
    assert dana.sizes == [8, 27]
    dana.key("s")
    dana.click((40, 50, 8))
    slider = dana.page.get_by_label("Threshold")
    for percent, sizes in (("80", [4, 27]), ("50", [8, 27])):
        slider.fill(percent)
        assert dana.sizes == sizes
    slider.fill("1")
    expect(dana.page.get_by_text("it runs into everything around it")).to_be_visible()
    assert dana.sizes == [8, 27]
    dana.key("n", "n", "Delete", "n")  # the next one has the place of the one that went
    assert dana.state["chosen"] == dana.state["lesions"][0]["id"]
    dana.key("Control+z", "Control+z")
    dana.key("s")
    dana.click((40, 50, 8))
    dana.key("Delete", "Delete")
    expect(dana.page.get_by_text("No lesion is chosen.")).to_be_visible()
    dana.key("Control+z", "d")  # what came back is chosen, and drawn anew
    assert dana.sizes == [27]
    dana.stroke((40, 50, 9), (40, 51, 9))
    (redrawn,) = (size for size in dana.sizes if size != 27)
    dana.key("k")
    dana.stroke((18, 31, 5), (24, 31, 5))
    assert dana.sizes == sorted([9, 9, redrawn])
    dana.key("s")
    dana.click((21, 30, 5))
    dana.key("a", "m")
    dana.click((21, 32, 5))
    assert dana.sizes == sorted([19, redrawn])
    assert [lesion["isAccepted"] for lesion in dana.state["lesions"]] == [True, False]

    ravi = Artist(visitor(), case, "ravi")
    ravi.begin("Correct Some method")
    ravi.key("b")
    ravi.click((30, 60, 2))
    ravi.wait_saved()
    theirs = dana.save()
    assert theirs.parent == predicted

    ravi.page.get_by_role("button", name="Save as a mask").click()
    ravi.page.locator('[data-action="confirm"]').click()
    expect(ravi.page.get_by_text("was saved since you began").first).to_be_visible()
    ravi.person.troubles.clear()  # the refusal
    ravi.page.locator('[data-action="go-back"]').click()
    look = ravi.page.get_by_role("button", name="Look at Correction by dana")
    for width in (1366, 1024):
        ravi.page.set_viewport_size({"width": width, "height": 768})
        panel = ravi.page.locator(".panel")
        panel.evaluate("one => one.scrollTo(0, one.scrollHeight)")
        notice = ravi.page.locator(".conflict", has=look)
        expect(notice).to_be_in_viewport(ratio=1)
        above, below = notice.bounding_box(), panel.bounding_box()
        assert above["y"] + above["height"] <= below["y"], "nothing is covered"
    look.click()
    ravi.person.wait_for("window.plaque.viewer.drawCounts().lesion === 2")
    edits = ravi.state["edits"]
    expect(ravi.page.get_by_text("Correction by dana is not yours.")).to_be_visible()
    over_the_scan = "Correction by dana: not yours, nothing can be drawn"
    expect(ravi.page.locator(f'.stage[data-other="{over_the_scan}"]')).to_be_visible()
    expect(ravi.page.locator('.stage[data-tool=""]')).to_be_visible()
    slices = voxels_of(theirs).any(axis=(0, 1)).sum()
    expect(ravi.page.locator(".strip [data-lesion]")).to_have_count(int(slices))
    for name in ("Undo", "Redraw", "Save as a mask"):
        button = ravi.page.get_by_role("button", name=name)
        assert button.evaluate("one => one.closest('[inert]') !== null"), name
    ravi.key("Control+z")
    ravi.click((30, 60, 2))
    assert ravi.state["edits"] == edits
    look.click()
    ravi.person.wait_for("window.plaque.viewer.drawCounts().lesion === 3")
    expect(ravi.page.locator('.stage[data-other=""][data-tool="brush"]')).to_be_visible()

    left_as_it_is(predicted, by=User.objects.get(username="cora"))
    ravi.page.get_by_role("button", name="Save as a mask").click()
    ravi.page.locator('[data-action="confirm"]').click()
    expect(ravi.page.get_by_text("Correction by cora was saved since you began")).to_be_visible()
    ravi.person.troubles.clear()
    ravi.page.locator('[data-action="go-back"]').click()
    both = [
        ravi.page.get_by_role("button", name=f"Look at Correction by {name}")
        for name in ("dana", "cora")
    ]
    for one in both:
        one.click()
    expect(both[0]).to_have_attribute("aria-pressed", "false")
    both[1].click()
    mine = ravi.save()
    assert case.segmentations.filter(parent=predicted).count() == 3
    assert voxels_of(mine)[40, 50, 8]
    assert not voxels_of(theirs)[40, 50, 8]
    assert voxels_of(theirs)[40, 50, 9]
    assert theirs.provenance["tools"]["redraw"] == 1
    assert predicted.sha256 == case.segmentations.get(origin="prediction").sha256


def test_what_was_drawn_stays_with_its_case(visitor: Callable[[], Visitor]) -> None:
    case = a_case()
    files = [NamedFile("FLAIR.nii.gz", nifti(flair_voxels() + 7, OBLIQUE))]
    other = import_case(cohort=case.cohort, files=files, now=timezone.now()).case
    dana = Artist(visitor(), case)
    dana.begin("Draw from empty")
    dana.stroke((20, 30, 4), (22, 30, 4))
    begun = dana.sizes
    dana.wait_saved()
    elsewhere = Artist(dana.person, other)
    elsewhere.begin("Draw from empty")
    assert (elsewhere.sizes, elsewhere.state["edits"]) == ([], 0)
    elsewhere.stroke((40, 50, 8), (41, 50, 8))
    saved = elsewhere.save()
    assert saved.case == other
    assert not voxels_of(saved)[:, :, 4].any()
    dana.begin("Go on with your drawing")
    assert dana.sizes == begun
    assert not case.segmentations.exists()


def a_patch(at: tuple[int, int, int]) -> tuple[slice, slice, slice]:
    """4 x 3 x 2 voxels with a place in their middle."""
    x, y, z = at
    return slice(x - 2, x + 2), slice(y - 1, y + 2), slice(z, z + 2)


def test_a_click_segments_a_lesion_that_is_not_drawn_as_one_edit(
    visitor: Callable[[], Visitor],
) -> None:
    case = a_case(bright=(24, 44, 6))
    probability = np.zeros(flair_voxels().shape, np.float32)
    probability[a_patch((40, 30, 5))] = 0.3
    a_method_mask(case, probability=probability)
    dana = Artist(visitor(), case)
    dana.begin("Correct Some method")
    dana.key("g")
    dana.click((24, 44, 6))
    assert dana.sizes == [8, 24, 27]
    dana.key("Control+z")
    assert dana.sizes == [8, 27]
    dana.key("Control+y")

    dana.click((12, 40, 3))
    expect(dana.page.get_by_text("what is as bright goes on beyond 20 mm")).to_be_visible()
    by = dana.page.get_by_role("combobox", name="By")
    by.select_option("the method's map")
    dana.click((12, 40, 3))
    expect(dana.page.get_by_text("the method saw no lesion here")).to_be_visible()
    assert (dana.sizes, dana.state["edits"]) == ([8, 24, 27], 3)
    dana.click((40, 30, 5))
    assert (dana.sizes, dana.state["edits"]) == ([8, 24, 24, 27], 4)
    saved = voxels_of(dana.save())
    wanted = two_lesions() > 0
    for at in ((24, 44, 6), (40, 30, 5)):
        wanted[a_patch(at)] = True
    assert (saved == wanted).all()
