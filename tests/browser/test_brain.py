"""The brain mask that came with a case is on its page and lies over the scan when picked."""

from collections.abc import Callable

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from segmentation.operations.cases import NamedFile, create_cohort, import_case
from tests.browser.conftest import Visitor
from tests.segmentation.scans import flair_voxels, nifti, two_lesions

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_brain_is_picked_like_a_segmentation(visitor: Callable[[], Visitor]) -> None:
    cora = User.objects.create_user("cora", password="cora-8chars")
    brain = np.zeros((64, 80, 12), np.uint8)
    brain[12:52, 16:64, 2:10] = 1
    parts = {"FLAIR": flair_voxels(), "mask": two_lesions(), "brainmask": brain}
    case = import_case(
        cohort=create_cohort(title="Clinic", coordinators=[cora]),
        files=[NamedFile(f"{name}.nii.gz", nifti(voxels)) for name, voxels in parts.items()],
        now=timezone.now(),
    ).case
    person = visitor()
    person.log_in(cora, "cora-8chars")
    person.go(f"/cases/{case.code}/")
    person.wait_for_viewer()
    row = person.page.locator('[data-brain="imported"]')
    expect(row).to_contain_text("came with the case")
    with person.page.expect_response(f"**/api/v1/cases/{case.code}/brain/") as answer:
        row.get_by_role("radio").check()
    assert answer.value.ok
    person.wait_for_viewer()
    expect(row.get_by_role("radio")).to_be_checked()
    assert person.page.evaluate("window.plaque.state().segmentation") is None
    person.wait_for("window.plaque.viewer.drawCounts().lesion === 1")
