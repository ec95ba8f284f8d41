"""A job's row is the truth: it ends once, whoever dies, is cancelled or is rung for twice."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from segmentation.methods import DEFAULT_METHOD
from segmentation.models import Case, InferenceJob, Segmentation
from segmentation.operations import running
from segmentation.operations.jobs import request_segmentation, ring_if_due
from tests.segmentation.scans import NOON, signed_in

# Threads of the worker need to see what the test stored.
pytestmark = pytest.mark.django_db(transaction=True)


def at(moment: datetime) -> Callable[[], datetime]:
    """A clock that has stopped."""
    return lambda: moment


@pytest.fixture
def job(case: Case, cora: User) -> InferenceJob:
    return request_segmentation(case=case, method=DEFAULT_METHOD, by=cora, now=NOON)


def test_a_requested_job_runs_and_its_mask_says_what_made_it(
    job: InferenceJob, case: Case, cora: User
) -> None:
    assert running.run_next_job(clock=timezone.now) is True
    assert running.run_next_job(clock=timezone.now) is False
    seen = signed_in(cora).get(f"/api/v1/jobs/{job.pk}/").json()
    assert seen["state"] == "succeeded", seen["reason"]
    assert seen["progress"] == 1
    mask = Segmentation.objects.get(pk=seen["segmentation"])
    assert mask.origin == "prediction"
    assert mask.provenance["inputs_sha256"] == {"FLAIR": case.scans.get().sha256}
    assert {"checkpoint_sha256", "code_version", "settings", "settings_sha256"} <= set(
        mask.provenance
    )


def test_asking_twice_queues_once(job: InferenceJob, case: Case, cora: User) -> None:
    address = f"/api/v1/cases/{case.code}/jobs/"
    again = signed_in(cora).post(
        address, {"method": DEFAULT_METHOD}, content_type="application/json"
    )
    assert again.status_code == 201
    assert again.json()["id"] == str(job.pk)


def test_an_unknown_method_is_refused(case: Case, cora: User) -> None:
    answer = signed_in(cora).post(
        f"/api/v1/cases/{case.code}/jobs/", {"method": "magic"}, content_type="application/json"
    )
    assert answer.status_code == 400
    assert answer.json()["code"] == "UnknownMethod"


def test_a_cancelled_job_never_yields_a_mask(job: InferenceJob, case: Case, cora: User) -> None:
    before = case.segmentations.count()
    lease = running.claim(clock=timezone.now)
    assert lease is not None
    assert signed_in(cora).post(f"/api/v1/jobs/{job.pk}/cancel/").json()["state"] == "cancelled"
    with pytest.raises(running.LeaseLost):
        lease.report(0.5, "Segmenting")
    assert running.run_next_job(clock=timezone.now) is False
    assert case.segmentations.count() == before
    again = signed_in(cora).post(f"/api/v1/jobs/{job.pk}/cancel/")
    assert again.status_code == 409
    assert again.json()["code"] == "AlreadyFinished"


def test_a_silent_worker_loses_its_job_and_can_no_longer_end_it(
    job: InferenceJob, case: Case
) -> None:
    dead = running.claim(clock=at(NOON))
    assert dead is not None
    soon = NOON + timedelta(seconds=settings.JOB_LEASE_SECONDS / 2)
    assert running.claim(clock=at(soon)) is None
    assert ring_if_due(now=soon) is False
    later = NOON + timedelta(seconds=settings.JOB_LEASE_SECONDS + 1)
    assert ring_if_due(now=later) is True
    alive = running.claim(clock=at(later))
    assert alive is not None
    assert alive.job_id == dead.job_id
    with pytest.raises(running.LeaseLost):
        dead.succeed(case.segmentations.get())
    alive.report(0.4, "Segmenting")
    job.refresh_from_db()
    assert (job.attempts, job.progress) == (2, 0.4)


def test_a_case_that_kills_its_worker_fails_alone(job: InferenceJob) -> None:
    moment = NOON
    for _ in range(settings.JOB_ATTEMPTS):
        assert running.claim(clock=at(moment)) is not None
        moment += timedelta(seconds=settings.JOB_LEASE_SECONDS + 1)
    assert running.claim(clock=at(moment)) is None
    job.refresh_from_db()
    assert job.state == "failed"
    assert "memory" in job.reason


def test_a_scan_whose_file_is_gone_fails_with_a_reason(job: InferenceJob, case: Case) -> None:
    case.scans.get().original.delete(save=False)
    running.run_next_job(clock=timezone.now)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "unharmed" in job.reason
