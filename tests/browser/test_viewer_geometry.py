"""A click on a known voxel comes back as that voxel's millimetres, also on an oblique scan."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from scipy.spatial.transform import Rotation

from segmentation.models import Case
from segmentation.operations.cases import NamedFile, create_cohort, import_case
from tests.browser.conftest import Visitor
from tests.segmentation.scans import flair_voxels, nifti

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TURNED = Rotation.from_euler("zyx", (4, -12, 26), degrees=True).as_matrix()
OBLIQUE = np.eye(4)
OBLIQUE[:3, :3] = TURNED @ np.diag([-2.4, -2.2, 7.0])
OBLIQUE[:3, 3] = (70, 80, -40)


def show(visitor: Callable[[], Visitor], flair: bytes) -> tuple[Visitor, Case]:
    cora = User.objects.create_user("cora", password="cora-8chars")
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    files = [NamedFile("FLAIR.nii.gz", flair)]
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
        person.click_at(mm.tolist())
        person.page.wait_for_timeout(150)
        landed = np.array(person.page.evaluate("window.plaque.viewer.crosshairMm()"))
        np.testing.assert_array_equal(np.rint(grid.to_voxel(landed)), voxel)
        assert np.abs(landed - mm).max() <= max(grid.spacing_mm)


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
