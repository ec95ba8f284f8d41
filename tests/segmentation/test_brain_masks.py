"""A derived brain mask is stored and replaced; one that came with the case stays."""

import gzip
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.utils import timezone

from segmentation.imaging.nifti import mask_file, read_volume
from segmentation.methods import DEFAULT_METHOD
from segmentation.methods.slim_unet import load
from segmentation.models import AuditEntry, BrainMask, Case, Cohort
from segmentation.operations import running
from segmentation.operations.cases import NamedFile, import_case
from segmentation.operations.files import store
from segmentation.operations.jobs import request_segmentation
from segmentation.operations.voxels import brain_of
from tests.fuzz_nifti import left_behind
from tests.segmentation.scans import AFFINE, NOON, flair_voxels, nifti, signed_in

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


def test_an_empty_brain_mask_is_left_as_if_none_had_come(cohort: Cohort) -> None:
    files = [
        NamedFile("FLAIR.nii.gz", nifti(flair_voxels())),
        NamedFile("brainmask.nii.gz", nifti(np.zeros_like(flair_voxels(), np.uint8))),
    ]
    done = import_case(cohort=cohort, files=files, now=NOON)
    assert "brainmask.nii.gz is empty: it marks no voxel and is left" in done.warnings[0]
    assert not BrainMask.objects.exists()
    assert left_behind() == (0, 0)


def test_a_stored_brain_mask_that_is_empty_does_not_count(case: Case) -> None:
    with case.scans.get(sequence="FLAIR").original.open("rb") as stored:
        flair = read_volume(stored.read(), name="FLAIR")
    nothing = np.zeros(flair.data.shape, bool)
    brain = BrainMask(case=case, origin=BrainMask.IMPORTED)
    brain.sha256 = store(brain.mask, mask_file(nothing, like=flair))
    brain.save()
    assert brain_of(case, given_only=True) is None
    whole = load().segment({"FLAIR": flair}, progress=lambda *_: None)
    within = load().segment({"FLAIR": flair}, progress=lambda *_: None, brain=nothing)
    assert whole.brain is not None
    assert whole.brain.any()
    assert np.array_equal(within.mask, whole.mask)


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


def send(user: User, case: Case, voxels: np.ndarray, affine: np.ndarray = AFFINE) -> HttpResponse:
    file = SimpleUploadedFile("mine.nii.gz", nifti(voxels, affine))
    return signed_in(user).post(f"/api/v1/cases/{case.code}/brain/", {"file": file})


def drawn() -> np.ndarray:
    brain = np.zeros((64, 80, 12), np.uint8)
    brain[24:40, 30:50, 3:9] = 1
    return brain


def told(user: User, case: Case) -> dict[str, Any]:
    answer: dict[str, Any] = signed_in(user).get(f"/api/v1/cases/{case.code}/").json()
    return answer["brain_mask"]


def downloaded(user: User, case: Case) -> np.ndarray:
    answer = signed_in(user).get(f"/api/v1/cases/{case.code}/brain/mask/")
    content = b"".join(answer)  # type: ignore[arg-type]  # streamed as bytes
    return np.asarray(nib.Nifti1Image.from_bytes(gzip.decompress(content)).dataobj)


def test_a_correction_counts_from_the_next_job_on_until_it_is_taken_back(
    case: Case, cora: User, dana: User
) -> None:
    run(case, cora)
    derived = downloaded(cora, case)
    assert send(dana, case, drawn()).status_code == 200
    assert told(cora, case)["is_corrected"] is True
    assert told(cora, case)["origin"] == DEFAULT_METHOD
    assert np.array_equal(downloaded(cora, case), drawn())
    run(case, cora)
    mask = case.segmentations.filter(method=DEFAULT_METHOD).latest("created_at")
    with mask.mask.open("rb") as stored:
        found = np.asarray(nib.Nifti1Image.from_bytes(gzip.decompress(stored.read())).dataobj)
    assert not found[drawn() == 0].any()
    assert np.array_equal(downloaded(cora, case), drawn())
    again = drawn()
    again[30, 40, 4] = 0
    assert send(cora, case, again).status_code == 200
    assert np.array_equal(downloaded(cora, case), again)
    address = f"/api/v1/cases/{case.code}/brain/"
    assert signed_in(cora).delete(address).status_code == 204
    assert told(cora, case)["is_corrected"] is False
    assert np.array_equal(downloaded(cora, case), derived)
    assert signed_in(cora).delete(address).json()["code"] == "NotCorrected"
    assert left_behind() == (0, 0)
    acts = AuditEntry.objects.filter(act__startswith="brain-").order_by("pk")
    assert [(one.actor, one.act) for one in acts] == [
        ("dana", "brain-corrected"),
        ("cora", "brain-corrected"),
        ("cora", "brain-reverted"),
    ]


def test_a_case_without_a_brain_takes_one_and_gives_it_back(case: Case, cora: User) -> None:
    assert send(cora, case, drawn()).status_code == 200
    assert told(cora, case)["origin"] == ""
    assert signed_in(cora).delete(f"/api/v1/cases/{case.code}/brain/").status_code == 204
    assert told(cora, case) is None
    assert left_behind() == (0, 0)


def test_a_brain_that_cannot_be_used_is_refused_and_nothing_changes(case: Case, cora: User) -> None:
    moved = AFFINE.copy()
    moved[0, 3] += 2
    for voxels, affine, words in [
        (drawn()[:, :, :-1], AFFINE, "mine.nii.gz: the mask lies on another grid than the FLAIR"),
        (drawn(), moved, "Resample the mask to the FLAIR and send it again"),
        (3 * drawn(), AFFINE, "a mask holds 0 and 1 only"),
        (0 * drawn(), AFFINE, "marks no voxel"),
    ]:
        answer = send(cora, case, voxels, affine)
        assert answer.status_code == 400
        assert words in answer.json()["message"]
    file = SimpleUploadedFile("mine.nii.gz", b"no image")
    answer = signed_in(cora).post(f"/api/v1/cases/{case.code}/brain/", {"file": file})
    assert answer.status_code == 400
    assert told(cora, case) is None
    assert left_behind() == (0, 0)
