"""Cora deletes a case: everything of it goes, with a reason, and what a study uses stays."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.utils import timezone

from rating.operations.study import create_study, edit_study
from segmentation.models import AuditEntry, Case, Cohort, InferenceJob, Segmentation
from segmentation.operations.cases import NamedFile, import_case
from segmentation.operations.deletion import delete_case
from segmentation.operations.jobs import request_segmentation
from segmentation.operations.running import run_next_job
from tests.fuzz_nifti import left_behind
from tests.segmentation.scans import NOON, flair_voxels, nifti, signed_in
from tests.segmentation.test_cases import stored_files

pytestmark = pytest.mark.django_db(transaction=True)


def delete(user: User, case: Case, reason: str = "Sent by mistake.") -> HttpResponse:
    body = {"reason": reason}
    address = f"/api/v1/cases/{case.code}/delete/"
    return signed_in(user).post(address, body, content_type="application/json")


def test_nothing_of_a_deleted_case_is_left_but_the_entry(cora: User, case: Case) -> None:
    request_segmentation(case=case, method="slim-unet", by=cora, now=NOON)
    assert len(stored_files()) == 4
    assert delete(cora, case).status_code == 204
    assert not Case.objects.exists()
    assert not Segmentation.objects.exists()
    assert not InferenceJob.objects.exists()
    assert stored_files() == []
    entry = AuditEntry.objects.get(act="case-deleted")
    assert (entry.actor, entry.what, entry.why) == ("cora", "case C0001", "Sent by mistake.")
    assert signed_in(cora).get(f"/api/v1/cases/{case.code}/").status_code == 404


def test_a_code_is_never_given_again(cora: User, cohort: Cohort, case: Case) -> None:
    delete(cora, case)
    files = [NamedFile("FLAIR.nii.gz", nifti(flair_voxels()))]
    assert import_case(cohort=cohort, files=files, now=NOON).case.code == "C0002"


def test_a_case_in_a_study_stays(cora: User, case: Case) -> None:
    study = create_study(title="Reading", cohort=case.cohort, by=cora, now=NOON)
    edit_study(study=study, by=cora, items=[case.segmentations.get().pk])
    refused = delete(cora, case)
    assert (refused.status_code, refused.json()["code"]) == (409, "CaseInStudy")
    assert "Nothing was deleted" in refused.json()["message"]
    assert case.segmentations.count() == 1
    assert left_behind() == (0, 0)
    assert not AuditEntry.objects.filter(act="case-deleted").exists()


def test_a_reason_is_needed_and_only_coordinators_delete(
    cora: User, dana: User, otto: User, case: Case
) -> None:
    refused = delete(cora, case, reason="  ")
    assert (refused.status_code, refused.json()["code"]) == (400, "ReasonMissing")
    assert delete(dana, case).status_code == 403
    assert delete(otto, case).status_code == 404
    assert Case.objects.filter(pk=case.pk).exists()


@pytest.mark.parametrize("when", ["Reading the scan", "Storing the mask"])
def test_a_worker_on_a_deleted_case_leaves_nothing(cora: User, case: Case, when: str) -> None:
    job = request_segmentation(case=case, method="slim-unet", by=cora, now=NOON)
    seen = []

    def clock() -> datetime:
        stage = InferenceJob.objects.filter(pk=job.pk).values_list("stage", flat=True).first()
        if stage == when and not seen:
            seen.append(stage)
            delete_case(case=case, reason="Wrong scan.", by=cora, now=NOON)
        return timezone.now()

    assert run_next_job(clock=clock)
    assert seen == [when]
    assert not Case.objects.exists()
    assert stored_files() == []
