"""A worker whose database is locked or gone for a while: its job is neither lost nor failed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.utils import timezone

from segmentation.methods import DEFAULT_METHOD
from segmentation.models import Case, InferenceJob
from segmentation.operations import leases, running
from segmentation.operations.jobs import cancel_job, request_segmentation
from tests.fuzz_nifti import left_behind
from tests.locked_database import impatient_database, locked_database
from tests.segmentation.scans import NOON
from tests.served import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
JOBS = InferenceJob._meta.db_table


@pytest.fixture(autouse=True)
def _impatient(case: Case) -> Iterator[None]:
    with impatient_database():
        yield


@pytest.fixture
def job(case: Case, cora: User) -> InferenceJob:
    return request_segmentation(case=case, method=DEFAULT_METHOD, by=cora, now=NOON)


def run_with(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[Any], None]) -> None:
    """Run the next job; its method lets something happen before it segments."""
    method = running.load_method(DEFAULT_METHOD)

    class Interrupted:
        def segment(self, *given: Any, progress: Any, **more: Any) -> Any:
            meanwhile(progress)
            return method.segment(*given, progress=progress, **more)

    with monkeypatch.context() as patch:
        patch.setattr(running, "load_method", lambda *_, **__: Interrupted())
        assert running.run_next_job(clock=timezone.now) is True


def test_a_worker_that_cannot_say_that_it_lives_goes_on_saying_it(
    job: InferenceJob,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.JOB_LEASE_SECONDS = 1.0

    def locked_for_a_while(_: Any) -> None:
        with locked_database(JOBS):
            wait_until(lambda: "does not take the sign of life" in caplog.text, "a beat failed")
            begun = timezone.now()
        wait_until(lambda: job.refresh_from_db() or job.heartbeat_at > begun, "beats again")

    run_with(monkeypatch, locked_for_a_while)
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("succeeded", 1)


def test_the_limits_hold_although_the_database_does_not_answer(
    job: InferenceJob, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.JOB_LEASE_SECONDS = 0.2
    ended: list[int] = []
    monkeypatch.setattr(leases.os, "_exit", ended.append)

    def hang(_: Any) -> None:
        with locked_database(JOBS):
            time.sleep(0.3)
            settings.JOB_SECONDS_MOST = settings.JOB_GRACE_SECONDS = 0.1
            wait_until(lambda: bool(ended), "the process ends itself")

    run_with(monkeypatch, hang)
    assert ended == [70]


def test_a_cancelled_job_that_hangs_does_not_keep_its_worker(
    job: InferenceJob, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reports no more, so it is not stopped at its next report, but by the limit of time."""
    settings.JOB_LEASE_SECONDS = 0.2
    ended: list[int] = []
    monkeypatch.setattr(leases.os, "_exit", ended.append)

    def hang(_: Any) -> None:
        cancel_job(job_id=job.pk, now=timezone.now())
        time.sleep(0.3)
        settings.JOB_SECONDS_MOST = settings.JOB_GRACE_SECONDS = 0.1
        wait_until(lambda: bool(ended), "the process ends itself")

    run_with(monkeypatch, hang)
    assert ended == [70]
    job.refresh_from_db()
    assert (job.state, job.reason) == ("cancelled", "")


def test_a_job_whose_database_goes_away_is_taken_over_and_not_failed(
    job: InferenceJob, case: Case, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def report_in_vain(progress: Any) -> None:
        with locked_database(JOBS):
            progress(0.5, "Segmenting")

    run_with(monkeypatch, report_in_vain)
    job.refresh_from_db()
    assert (job.state, job.reason) == ("running", "")
    assert left_behind() == (0, 0)
    assert running.run_next_job(clock=timezone.now) is False
    later = timedelta(seconds=settings.JOB_LEASE_SECONDS + 1)
    assert running.run_next_job(clock=lambda: timezone.now() + later) is True
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("succeeded", 2)
    assert case.segmentations.filter(origin="prediction").count() == 1
