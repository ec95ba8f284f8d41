"""A derived brain mask is stored and replaced; one that came with the case stays."""

import gzip

import nibabel as nib
import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from segmentation.methods import DEFAULT_METHOD
from segmentation.models import BrainMask, Case, Cohort
from segmentation.operations import running
from segmentation.operations.cases import NamedFile, import_case
from segmentation.operations.jobs import request_segmentation
from tests.fuzz_nifti import left_behind
from tests.segmentation.scans import NOON, flair_voxels, nifti, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_case_without_a_brain_mask_says_so(case: Case, cora: User) -> None:
    browser = signed_in(cora)
    assert browser.get(f"/api/v1/cases/{case.code}/").json()["brain_mask"] is None
    assert browser.get(f"/api/v1/cases/{case.code}/brain/").status_code == 404


def run(case: Case, by: User) -> None:
    job = request_segmentation(case=case, method=DEFAULT_METHOD, by=by, now=NOON)
    assert running.run_next_job(clock=timezone.now) is True
    job.refresh_from_db()
    assert job.state == "succeeded", job.reason


def voxels_of(brain: BrainMask) -> np.ndarray:
    with brain.mask.open("rb") as stored:
        return np.asarray(nib.Nifti1Image.from_bytes(gzip.decompress(stored.read())).dataobj)


def test_a_derived_brain_mask_is_stored_and_replaced_by_the_next(case: Case, cora: User) -> None:
    run(case, cora)
    first = BrainMask.objects.get(case=case)
    assert first.origin == DEFAULT_METHOD
    assert voxels_of(first).shape == (64, 80, 12)
    browser = signed_in(cora)
    told = browser.get(f"/api/v1/cases/{case.code}/").json()["brain_mask"]
    assert (told["origin"], told["sha256"]) == (DEFAULT_METHOD, first.sha256)
    seen = nib.Nifti1Image.from_bytes(gzip.decompress(browser.get(told["labels"]).content))
    assert nib.aff2axcodes(seen.affine) == ("R", "A", "S")
    assert np.array_equal(np.asarray(seen.dataobj) > 0, voxels_of(first)[::-1, ::-1] > 0)
    run(case, cora)
    assert BrainMask.objects.get(case=case).pk != first.pk
    assert left_behind() == (0, 0)


def test_a_case_that_brought_its_own_keeps_it_and_is_segmented_within(
    cohort: Cohort, cora: User
) -> None:
    own = np.zeros((64, 80, 12), np.uint8)
    own[20:44, 20:60, 2:10] = 1
    files = [
        NamedFile("FLAIR.nii.gz", nifti(flair_voxels(seed=9))),
        NamedFile("brainmask.nii.gz", nifti(own)),
    ]
    case = import_case(cohort=cohort, files=files, now=NOON).case
    run(case, cora)
    kept = BrainMask.objects.get(case=case)
    assert kept.origin == BrainMask.IMPORTED
    assert np.array_equal(voxels_of(kept), own)
    with case.segmentations.get().mask.open("rb") as stored:
        mask = np.asarray(nib.Nifti1Image.from_bytes(gzip.decompress(stored.read())).dataobj)
    assert not mask[own == 0].any()
    assert left_behind() == (0, 0)
