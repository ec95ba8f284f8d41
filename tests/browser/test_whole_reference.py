"""A two-step study by its pages alone, from the draft to the references; computed again here."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from numpy.typing import NDArray
from playwright.sync_api import Page, Response, expect
from scipy import ndimage

from rating.models import Candidate
from rating.operations.candidates import drawn_mask
from segmentation.imaging.geometry import Grid
from segmentation.models import Case
from segmentation.operations.cases import NamedFile, create_cohort, import_case
from segmentation.operations.drawings import flair_grid
from segmentation.training.phantoms import make_phantom
from tests.browser.conftest import Visitor
from tests.browser.test_delineating import Delineator
from tests.rating.delineators import Mask, a_method_mask
from tests.rating.test_reference_real_scan import EVERY, fused, large
from tests.segmentation.scans import nifti

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

METHODS = {"slim-unet": "Slim U-Net", "bianca": "BIANCA", "lst-lpa": "LST-LPA"}


def a_phantom(_: Callable[[], Path]) -> tuple[bytes, Mask]:
    phantom = make_phantom(
        seed=71, shape=(128, 144, 16), spacing_mm=(1.4, 1.4, 5.0), lesions=9, flair_only=True
    )
    return nifti(phantom.flair, phantom.affine), phantom.mask


def a_patient(real_scans: Callable[[], Path]) -> tuple[bytes, Mask]:
    folder = real_scans() / "ljubljana"
    expert = nib.Nifti1Image.from_filename(folder / "masks_mni" / "patient07.nii.gz")
    flair = (folder / "mni_patient07" / "FLAIR.nii.gz").read_bytes()
    return flair, np.asarray(expert.dataobj) > 0


class Stage:
    """A case with five lesions apart from each other, in the order of the scan's own axes."""

    def __init__(self, flair: bytes, expert: Mask) -> None:
        cohort = create_cohort(title="Clinic", coordinators=[User.objects.create_user("cora")])
        for name in ("dana", "rita"):
            cohort.memberships.create(user=User.objects.create_user(name), role="delineator")
        files = [NamedFile("FLAIR.nii.gz", flair)]
        self.case: Case = import_case(cohort=cohort, files=files, now=timezone.now()).case
        self.grid: Grid = flair_grid(self.case)
        labels, count = ndimage.label(expert, EVERY)
        sizes = ndimage.sum_labels(expert, labels, range(1, count + 1))
        self.lesions = [labels == 1 + number for number in np.argsort(-sizes)[:5]]
        assert len(self.lesions) == 5
        first, second, third, fourth, _ = self.lesions
        self.found = {
            "slim-unet": first | second,
            "bianca": second | third,
            "lst-lpa": fourth,
        }
        for method, mask in self.found.items():
            a_method_mask(self.case, method, self.grid.to_ras(mask))

    def inside(self, number: int) -> tuple[int, int, int]:
        """The voxel of a lesion that lies deepest in it."""
        deep = ndimage.distance_transform_edt(self.lesions[number])
        x, y, z = (int(at) for at in np.unravel_index(np.argmax(deep), deep.shape))
        return x, y, z

    def at(self, mm: list[float], mask: NDArray[Any]) -> bool:
        """Whether a mask in RAS order has the voxel at a place."""
        x, y, z = np.rint(self.grid.ras.to_voxel(np.array(mm))).astype(int)
        return bool(mask[x, y, z])


class Reader(Delineator):
    """A delineator whose browser notes every answer of the API."""

    def __init__(self, person: Visitor, case: Case, name: str) -> None:
        super().__init__(person, case, name)
        self.told: list[str] = []
        self.page.on("response", self.note)

    def note(self, response: Response) -> None:
        if "/api/" in response.url and "json" in response.headers.get("content-type", ""):
            self.told.append(response.text())

    def draws(self, *voxels: tuple[int, int, int]) -> None:
        for x, y, z in voxels:
            self.stroke((x, y, z), (x + 1, y, z))

    def decides(self, stage: Stage, *, rejected: Mask) -> None:
        """Dot by dot: none where a mask in RAS order is, else a lesion, which is drawn."""
        for _ in self.dots:
            mm = self.dots[self.state["dot"] - 1]["mm"]
            if stage.at(mm, rejected):
                self.key("2")
            else:
                self.key("1", "b")
                self.person.click_at(mm)
            self.key("n")
        assert None not in self.choices


def set_up(page: Page) -> None:
    """Cora drafts the study and opens it."""
    page.get_by_label("Title").fill("Test set")
    page.get_by_role("button", name="Create the draft").click()
    page.get_by_label("Interval (days)").fill("0")
    for name in ("dana", "rita", *METHODS.values()):
        page.get_by_label(name).check()
    page.get_by_role("button", name="Choose all cases").click()
    expect(page.get_by_text("All changes are saved.")).to_be_visible()
    page.get_by_role("button", name="Open the study").click()
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.get_by_text("4 delineations left.")).to_be_visible()


@pytest.mark.parametrize("scan", [a_phantom, pytest.param(a_patient, marks=pytest.mark.real_scans)])
def test_a_whole_two_step_study_by_its_pages(
    visitor: Callable[[], Visitor],
    request: pytest.FixtureRequest,
    scan: Callable[[Callable[[], Path]], tuple[bytes, Mask]],
) -> None:
    stage = Stage(*scan(lambda: request.getfixturevalue("real_scans")))
    case, grid = stage.case, stage.grid
    cora = visitor()
    cora.let_in(User.objects.get(username="cora"))
    cora.go("/reference-studies/")
    set_up(cora.page)

    dana, rita = Reader(visitor(), case, "dana"), Reader(visitor(), case, "rita")
    dana.open(1)
    dana.draws(stage.inside(0), stage.inside(4))
    rita.open(1)
    rita.draws(stage.inside(0), stage.inside(2))
    first = {"dana": dana.submit(), "rita": rita.submit()}

    # What is found, fused and decided, by scipy and NumPy alone.
    voxel_mm3 = float(abs(np.linalg.det(grid.affine[:3, :3])))
    kept = {name: large(drawn_mask(one, grid=grid), voxel_mm3) for name, one in first.items()}
    kept |= {name: large(grid.to_ras(mask), voxel_mm3) for name, mask in stage.found.items()}
    lesions = [mask for _, mask in fused(kept)]
    assert len(lesions) == 5
    (rejected,) = (mask for mask in lesions if (mask & (kept["lst-lpa"] > 0)).any())

    (dana_alone,) = (
        mask
        for mask in lesions
        if not any((mask & (kept[name] > 0)).any() for name in kept if name != "dana")
    )
    second = []
    for person, colleague, refused in (
        (dana, "rita", rejected),
        (rita, "dana", rejected | dana_alone),
    ):
        person.told.clear()
        person.open(2)
        assert len(person.dots) == len(lesions)
        for dot in person.dots:
            assert sum(stage.at(dot["mm"], mask) for mask in lesions) == 1
        person.decides(stage, rejected=refused)
        second.append(drawn_mask(person.submit(), grid=grid))
        hides_origins(person.told, colleague)

    page = cora.page
    page.get_by_role("button", name="Refresh").click()
    page.get_by_role("button", name="Close the study").click()
    page.get_by_label("Reason").fill("All done.")
    page.get_by_role("button", name="Close the study").last.click()
    expect(page.get_by_text("All done.")).to_be_visible()
    shares(page, kept, lesions, rejected)
    sizes = sorted(one.voxels for one in Candidate.objects.all())
    assert sizes == sorted(int(mask.sum()) for mask in lesions)

    page.get_by_role("button", name="Make the references").click()
    expect(page.get_by_role("link", name="Evaluate methods")).to_be_visible()
    by_dana, by_rita = (large(mask, voxel_mm3) > 0 for mask in second)
    assert (by_dana != by_rita).any()
    together = "Test set: dana, Test set: rita"
    for title, wanted in {
        "Test set, step 1: dana": kept["dana"] > 0,
        "Test set, step 1: rita": kept["rita"] > 0,
        "Test set: dana": by_dana,
        "Test set: rita": by_rita,
        f"Union of {together}": by_dana | by_rita,
        f"Intersection of {together}": by_dana & by_rita,
    }.items():
        with case.segmentations.get(title=title).mask.open("rb") as stored:
            image = nib.Nifti1Image.from_bytes(gzip.decompress(stored.read()))
        assert image.shape == grid.shape
        np.testing.assert_array_equal(image.affine, grid.affine)
        np.testing.assert_array_equal(grid.to_ras(np.asarray(image.dataobj) > 0), wanted)


def hides_origins(told: list[str], colleague: str) -> None:
    """Nothing that the second step's page was told names a method, or the other delineator."""
    assert any('"dots"' in answer for answer in told)
    everything = " ".join(told)
    for name in (*METHODS, *METHODS.values(), colleague):
        assert name not in everything


def shares(page: Page, kept: Mapping[str, Any], lesions: list[Mask], rejected: Mask) -> None:
    """The table of both says of how many dots each method had, and how many became lesions."""
    everybody = page.get_by_role("table").nth(2)
    for method, title in METHODS.items():
        had = [mask for mask in lesions if (mask & (kept[method] > 0)).any()]
        called = [mask for mask in had if mask is not rejected]
        row = everybody.get_by_role("row", name=title, exact=False)
        expect(row.first).to_contain_text(f"{2 * len(called)} of {2 * len(had)}")
