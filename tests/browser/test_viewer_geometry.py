"""A click on a known voxel comes back as that voxel's millimetres, also on an oblique scan."""

import base64
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect
from scipy.spatial.transform import Rotation

from segmentation.models import Case
from segmentation.operations.cases import NamedFile, create_cohort, import_case
from tests.browser.conftest import Visitor
from tests.segmentation.scans import flair_voxels, nifti, two_lesions

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TURNED = Rotation.from_euler("zyx", (4, -12, 26), degrees=True).as_matrix()
OBLIQUE = np.eye(4)
OBLIQUE[:3, :3] = TURNED @ np.diag([-2.4, -2.2, 7.0])
OBLIQUE[:3, 3] = (70, 80, -40)


def show(
    visitor: Callable[[], Visitor], flair: bytes | NamedFile, *more: NamedFile
) -> tuple[Visitor, Case]:
    """A case on the screen: its FLAIR, and what comes with it."""
    cora = User.objects.create_user("cora", password="cora-8chars")
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    first = NamedFile("FLAIR.nii.gz", flair) if isinstance(flair, bytes) else flair
    files = [first, *more]
    case = import_case(cohort=cohort, files=files, now=timezone.now()).case
    person = visitor()
    person.log_in(cora, "cora-8chars")
    person.go(f"/cases/{case.code}/")
    person.wait_for_viewer()
    return person, case


def click_on_voxels(person: Visitor, case: Case, voxels: np.ndarray) -> None:
    """Voxels as stored; the crosshair must land in the same voxel and its millimetres agree."""
    grid = case.scans.get().grid
    for voxel in voxels:
        mm = grid.to_mm(voxel)
        person.page.evaluate("mm => window.plaque.viewer.goTo(mm)", mm.tolist())
        seen = person.page.evaluate("mm => window.plaque.viewer.canvasPointOf(mm)", mm.tolist())
        click_from_elsewhere(person, case, voxel, (seen["x"], seen["y"]))


def click_from_elsewhere(
    person: Visitor, case: Case, voxel: np.ndarray, point: tuple[float, float]
) -> None:
    """The crosshair waits in another corner of the slice; a click must bring it to the voxel."""
    grid = case.scans.get().grid
    away = grid.to_mm(np.array([3, 3, voxel[2]]))
    person.page.evaluate("mm => window.plaque.viewer.goTo(mm)", away.tolist())
    person.page.mouse.click(*point)
    person.wait_for_frames()
    landed = np.array(person.page.evaluate("window.plaque.viewer.crosshairMm()"))
    np.testing.assert_array_equal(np.rint(grid.to_voxel(landed)), voxel)
    assert np.abs(landed - grid.to_mm(voxel)).max() <= max(grid.spacing_mm)


CENTRE_OF_WHITE = """async png => {
  const picture = new Image()
  picture.src = `data:image/png;base64,${png}`
  await picture.decode()
  const canvas = document.createElement('canvas')
  canvas.width = picture.width
  canvas.height = picture.height
  const context = canvas.getContext('2d')
  context.drawImage(picture, 0, 0)
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data
  let [count, x, y] = [0, 0, 0]
  for (let i = 0; i < pixels.length; i += 4) {
    if (Math.min(pixels[i], pixels[i + 1], pixels[i + 2]) < 235) continue
    count += 1
    x += (i / 4) % canvas.width
    y += Math.floor(i / 4 / canvas.width)
  }
  return [x / count, y / count]
}"""


def test_what_is_seen_is_what_is_clicked(visitor: Callable[[], Visitor]) -> None:
    """A bright spot is found on the screen by its pixels, with no help of the viewer's geometry."""
    spots = np.array([[20, 31, 4], [40, 50, 8], [31, 15, 1], [44, 20, 10]])
    voxels = np.where(flair_voxels() > 0, 300, 0).astype(np.int16)
    for i, j, k in spots:
        voxels[i - 1 : i + 2, j - 1 : j + 2, k] = 900
    person, case = show(visitor, nifti(voxels, OBLIQUE))
    grid = case.scans.get().grid
    stage = person.page.locator("canvas").bounding_box()
    assert stage
    inset = 20  # without the round corners, behind which the page is white
    left, top = stage["x"] + inset, stage["y"] + inset
    size = {name: stage[name] - 2 * inset for name in ("width", "height")}
    for spot in spots:
        away = grid.to_mm(np.array([3, 3, spot[2]]))
        person.page.evaluate("mm => window.plaque.viewer.goTo(mm)", away.tolist())
        person.wait_for_frames()
        picture = base64.b64encode(
            person.page.screenshot(clip={"x": left, "y": top, **size})
        ).decode()
        x, y = person.page.evaluate(CENTRE_OF_WHITE, picture)
        click_from_elsewhere(person, case, spot, (left + x, top + y))


TOWARDS = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
FRAMES = """() => [...document.querySelectorAll('.viewer-frame')].map(frame => {
  const { left, top, width, height } = frame.getBoundingClientRect()
  const at = name => parseFloat(frame.style.getPropertyValue(name))
  return { left, top, width, height, cross: [left + at('--x'), top + at('--y')],
           isWhole: ['left', 'top', 'width', 'height'].every(
             name => Number.isInteger(parseFloat(frame.style[name]))),
           isCrossed: frame.hasAttribute('data-x') && frame.hasAttribute('data-y'),
           letters: [...frame.children].map(letter => letter.textContent) }
})"""


def test_directions_and_crosshair_stand_where_they_say(visitor: Callable[[], Visitor]) -> None:
    """From the middle of each plane, a click nearer to a letter goes into that direction."""
    person, _case = show(visitor, nifti(flair_voxels(), OBLIQUE))
    person.page.get_by_role("button", name="3 planes").click()
    person.wait_for("document.querySelectorAll('.viewer-frame').length === 3")

    def click(x: float, y: float) -> np.ndarray:
        person.page.mouse.click(x, y)
        person.wait_for_frames()
        return np.array(person.page.evaluate("window.plaque.viewer.crosshairMm()"))

    for number, frame in enumerate(person.page.evaluate(FRAMES)):
        assert frame["isWhole"]  # as WebGL draws it: what is seen is not a pixel beside
        width, height = frame["width"], frame["height"]
        x, y = frame["left"] + width / 2, frame["top"] + height / 2
        steps = [(-width / 4, 0), (width / 4, 0), (0, -height / 4), (0, height / 4)]
        for letter, (right, down) in zip(frame["letters"], steps, strict=True):
            axis, sign = TOWARDS[letter]
            moved = click(x + right, y + down) - click(x, y)
            assert sign * moved[axis] > 5
            click(x + right, y + down)
            now = person.page.evaluate(FRAMES)[number]
            assert now["isCrossed"]
            voxel_on_screen = max(width / 50, height / 10)
            assert np.abs(np.subtract(now["cross"], (x + right, y + down))).max() < voxel_on_screen


def test_a_line_stays_when_the_other_is_out_of_view(visitor: Callable[[], Visitor]) -> None:
    person, _case = show(visitor, nifti(flair_voxels(), OBLIQUE))
    (frame,) = person.page.evaluate(FRAMES)
    assert frame["isCrossed"]
    line_x = frame["cross"][0]
    pointer_x = round(line_x)  # browsers tell whole pixels
    person.page.mouse.move(pointer_x, frame["top"] + 30)
    person.page.keyboard.down("Control")
    for _ in range(8):
        person.page.mouse.wheel(0, -100)
    person.page.keyboard.up("Control")
    person.wait_for("window.plaque.state().zoom > 2")
    line = ".viewer-frame[data-x]:not([data-y])"
    person.wait_for(f"document.querySelector('{line}') !== null")
    (zoomed,) = person.page.evaluate(FRAMES)
    away = (line_x - pointer_x) * person.page.evaluate("window.plaque.state().zoom")
    assert abs(zoomed["cross"][0] - (pointer_x + away)) < 4


def test_a_scan_on_another_grid_is_shown_without_the_mask(visitor: Callable[[], Visitor]) -> None:
    finer = np.diag([0.9, 0.9, 3.0, 1.0])
    files = [
        NamedFile("FLAIR.nii.gz", nifti(flair_voxels(1))),
        NamedFile("T1.nii.gz", nifti(flair_voxels(2)[:50, :50], finer)),
        NamedFile("mask.nii.gz", nifti(two_lesions())),
    ]
    person, _case = show(visitor, *files)
    page, sequence = person.page, person.page.get_by_label("Sequence")
    shown = "() => !document.querySelector('.viewer').classList.contains('viewer-blank')"
    drawn = "() => window.plaque.viewer.drawCounts().lesion"
    assert page.evaluate(shown)
    assert page.evaluate(drawn) == 2
    for choice in ("T1", "alone", "mask"):
        if choice == "T1":
            sequence.select_option("T1")
        else:
            name = "Scan alone" if choice == "alone" else "Imported mask"
            page.get_by_role("radio", name=name).check()
        person.wait_for_viewer()
        alone = page.get_by_text("T1 is on another one, so it is shown alone")
        expect(alone).to_be_visible(visible=choice != "alone")
        assert page.evaluate(shown)
        assert page.evaluate(drawn) == 0
    sequence.select_option("FLAIR")
    expect(page.get_by_text("is shown alone")).to_be_hidden()
    person.wait_for_viewer()
    assert page.evaluate(drawn) == 2


def test_a_click_on_an_oblique_scan(visitor: Callable[[], Visitor]) -> None:
    person, case = show(visitor, nifti(flair_voxels(), OBLIQUE))
    click_on_voxels(person, case, np.array([[20, 31, 4], [40, 50, 8], [31, 15, 1], [12, 60, 10]]))


@pytest.mark.real_scans
def test_a_click_on_the_most_oblique_real_scan(
    visitor: Callable[[], Visitor], real_scans: Path
) -> None:
    path = real_scans / "ljubljana" / "long_patient04_study1" / "FLAIR.nii.gz"
    person, case = show(visitor, path.read_bytes())
    shape = np.array(case.scans.get().shape)
    at = np.array([[0.4, 0.5, 0.5], [0.55, 0.35, 0.3], [0.3, 0.6, 0.7]])
    click_on_voxels(person, case, np.rint(at * shape))
