"""What is drawn on a scan lies in its file where it was seen, however the scan's axes lie."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable

import nibabel as nib
import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from nibabel.orientations import axcodes2ornt, ornt_transform

from segmentation.models import Segmentation
from segmentation.operations.cases import NamedFile, create_cohort, import_case
from segmentation.operations.drawings import begin_drawing
from tests.browser.conftest import Visitor
from tests.browser.test_editor import Artist
from tests.browser.test_viewer_geometry import CENTRE_OF_WHITE, TURNED

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHEARED = np.array([[1, 0.12, 0.1], [-0.1, 1, -0.08], [0.05, 0.1, 1]])
SCANS = {  # the axes as stored, how they are turned, mm along R, A and S, sform and qform code
    "all axes backwards": ("LPI", np.eye(3), (1.6, 2.4, 7), (2, 1)),
    "sagittal": ("PSR", np.eye(3), (6, 2, 2), (1, 2)),
    "coronal": ("LSA", np.eye(3), (2, 6, 2.5), (4, 1)),
    "oblique": ("LAS", TURNED, (2, 2.2, 6), (1, 1)),
    "oblique and mixed": ("SLP", TURNED, (1.9, 2.1, 5), (2, 2)),
    "sheared": ("ARI", SHEARED, (2, 2, 6), (4, 0)),
}
SHAPE, SLICE, SPOTS = (40, 44, 10), 6, ((29, 16), (11, 27))  # R is on the left of the screen
BRUSH_MM = 2


def a_scan(axes: str, turned: np.ndarray, mm: tuple[float, ...], codes: tuple[int, int]) -> bytes:
    """A grey block with two bright spots of 3 x 3 voxels, stored along these axes."""
    voxels = np.zeros(SHAPE, np.int16)
    voxels[3:-3, 3:-3] = 300
    for i, j in SPOTS:
        voxels[i - 1 : i + 2, j - 1 : j + 2, SLICE] = 900
    image = nib.Nifti1Image(voxels, affine_of(turned, mm))
    stored = image.as_reoriented(ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(axes)))
    stored.set_sform(stored.affine, codes[0])
    stored.set_qform(stored.affine, codes[1])
    return gzip.compress(stored.to_bytes())


def affine_of(turned: np.ndarray, mm: tuple[float, ...]) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = turned @ np.diag(mm)
    affine[:3, 3] = (-35, -45, -20)
    return affine


def seen_spots(artist: Artist, corner_mm: np.ndarray) -> list[tuple[float, float]]:
    """Where the bright spots are on the screen by its pixels: the left one, then the right one."""
    page = artist.page
    page.evaluate("mm => window.plaque.viewer.goTo(mm)", corner_mm.tolist())
    artist.person.wait_for_frames()
    stage = page.locator(".stage canvas").first.bounding_box()
    assert stage
    inset = 20  # without the round corners
    half, height = stage["width"] / 2 - inset, stage["height"] - 2 * inset
    spots = []
    for left in (stage["x"] + inset, stage["x"] + inset + half):
        clip = {"x": left, "y": stage["y"] + inset, "width": half, "height": height}
        # a dict is a FloatRect
        picture = base64.b64encode(page.screenshot(clip=clip)).decode()  # type: ignore[arg-type]
        x, y = page.evaluate(CENTRE_OF_WHITE, picture)
        spots.append((left + x, stage["y"] + inset + y))
    return spots


def test_a_stroke_is_saved_where_it_was_seen_however_the_axes_lie(
    visitor: Callable[[], Visitor],
) -> None:
    cora = User.objects.create_user("cora")
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    person = visitor()
    for name, (axes, turned, mm, codes) in SCANS.items():
        flair = a_scan(axes, turned, mm, codes)
        file = NamedFile("FLAIR.nii.gz", flair)
        case = import_case(cohort=cohort, files=[file], now=timezone.now()).case
        drawing = begin_drawing(case=case, parent_id=None, by=cora, now=timezone.now())
        artist = Artist(person, case, "cora")
        person.go(f"/drawings/{drawing.pk}/")
        person.wait_for_viewer()
        affine = affine_of(turned, mm)
        corner_mm = nib.affines.apply_affine(affine, (1, 1, SLICE))
        begin, end = seen_spots(artist, corner_mm)
        artist.page.mouse.move(*begin)
        artist.page.mouse.down()
        artist.page.mouse.move(*end)
        artist.page.mouse.up()
        saved = artist.save()
        check(name, saved, flair, nib.affines.apply_affine(affine, [(*at, SLICE) for at in SPOTS]))


def check(name: str, saved: Segmentation, flair: bytes, spots_mm: np.ndarray) -> None:
    """By nibabel alone: the grid is the scan's, and what is drawn is the way between the spots."""
    scan = nib.Nifti1Image.from_bytes(gzip.decompress(flair))
    with saved.mask.open("rb") as stored:
        mask = nib.Nifti1Image.from_bytes(gzip.decompress(stored.read()))
    assert mask.shape == scan.shape, name
    np.testing.assert_array_equal(mask.affine, scan.affine, err_msg=name)
    for code in ("sform_code", "qform_code"):
        assert mask.header[code] == scan.header[code], name
    there = nib.affines.apply_affine(mask.affine, np.argwhere(np.asarray(mask.dataobj)))
    for spot in spots_mm:
        assert np.linalg.norm(there - spot, axis=1).min() < 1e-3, name
    begin, end = spots_mm
    way = end - begin
    along = np.clip((there - begin) @ way / (way @ way), 0, 1)
    beside = np.linalg.norm(there - (begin + along[:, None] * way), axis=1)
    voxel_mm = max(nib.affines.voxel_sizes(mask.affine))
    assert beside.max() <= BRUSH_MM + voxel_mm, name
    assert len(there) > 15, name
