"""A job's row is the truth: it ends once, whoever dies, is cancelled or is rung for twice."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from celery import Celery, current_app
from django.conf import LazySettings, settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from segmentation.evaluation.uncertainty import uncertainty
from segmentation.inference import precision
from segmentation.inference.precision import LEAST_DICE, REFERENCE
from segmentation.methods import DEFAULT_METHOD
from segmentation.models import Case, Cohort, InferenceJob, Segmentation
from segmentation.operations import ranking, running
from segmentation.operations.cases import NamedFile, import_case
from segmentation.operations.jobs import request_segmentation, ring_if_due
from segmentation.operations.masks import delete_files
from segmentation.operations.voxels import probability_of
from segmentation.queries import database_now
from segmentation.refusals import Refusal
from segmentation.tasks import work
from tests.fuzz_nifti import left_behind
from tests.segmentation.scans import NOON, flair_voxels, nifti, signed_in
from webapp.broker import SERVER_OPTIONS

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
    assert mask.provenance["precision"] == REFERENCE.as_record()


def test_a_new_mask_is_measured_beside_those_of_other_methods(
    job: InferenceJob, case: Case, cora: User
) -> None:
    running.run_next_job(clock=timezone.now)
    first = Segmentation.objects.get(origin="prediction")
    assert first.disagreement is None  # with none
    assert first.uncertainty == uncertainty(probability_of(first))
    Segmentation.objects.filter(pk=first.pk).update(method="another")
    request_segmentation(case=case, method=DEFAULT_METHOD, by=cora, now=timezone.now())
    running.run_next_job(clock=timezone.now)
    second = Segmentation.objects.get(method=DEFAULT_METHOD)
    assert (second.disagreement, second.uncertainty) == (0, first.uncertainty)


def test_a_mask_that_cannot_be_measured_yet_is_made_all_the_same(
    job: InferenceJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_: Segmentation) -> None:
        raise ConnectionError("The store does not answer.")

    monkeypatch.setattr(ranking, "probability_of", unreachable)
    assert running.run_next_job(clock=timezone.now) is True
    job.refresh_from_db()
    assert job.state == "succeeded"
    assert Segmentation.objects.get(origin="prediction").uncertainty is None


def test_a_mask_says_whether_it_was_computed_in_half_precision(
    job: InferenceJob, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FAST = True
    monkeypatch.setattr(precision, "_asked", [False])
    monkeypatch.setattr(precision, "has_native_bfloat16", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert running.run_next_job(clock=timezone.now)
    told = Segmentation.objects.get(origin="prediction").provenance["precision"]
    assert (told["name"], told["self_check_dice"] >= LEAST_DICE) == ("bfloat16", True)


def test_the_command_names_the_cohorts_when_it_is_asked_for_another(case: Case) -> None:
    with pytest.raises(CommandError, match=r"There is no cohort 'nowhere'\. There is: Clinic"):
        call_command("segment", "--all", "--cohort", "nowhere")
    call_command("segment", "--all", "--cohort", case.cohort.slug)
    assert case.jobs.count() == 1


def test_what_refuses_every_case_is_said_once(
    cohort: Cohort, case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    other = [NamedFile("FLAIR.nii.gz", nifti(flair_voxels()[::-1].copy()))]
    import_case(cohort=cohort, files=other, now=NOON)
    with pytest.raises(CommandError, match="2 cases were refused"):
        call_command("segment", "--all", "--method", "magic")
    assert capsys.readouterr().err.count("magic") == 1


def test_waiting_for_two_jobs_prints_what_changes(
    cohort: Cohort,
    case: Case,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = [NamedFile("FLAIR.nii.gz", nifti(flair_voxels()[::-1].copy()))]
    import_case(cohort=cohort, files=other, now=NOON)
    looks = []

    def look(seconds: float) -> None:
        looks.append(seconds)
        state = "running" if len(looks) < 4 else "succeeded"
        InferenceJob.objects.update(state=state, stage="Segmenting")

    monkeypatch.setattr("segmentation.management.commands.segment.time.sleep", look)
    call_command("segment", "--all", "--wait")
    assert capsys.readouterr().out.count("Segmenting") == 2


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
        dead.succeed(segmentation=case.segmentations.get())
    alive.report(0.4, "Segmenting")
    job.refresh_from_db()
    assert (job.attempts, job.progress) == (2, 0.4)


def test_a_job_that_was_begun_before_the_clock_was_set_back_is_taken_over(
    job: InferenceJob,
) -> None:
    ahead = NOON + timedelta(hours=1)
    dead = running.claim(clock=at(ahead))
    assert dead is not None
    a_little = ahead - timedelta(seconds=settings.JOB_LEASE_SECONDS / 2)
    assert running.claim(clock=at(a_little)) is None
    assert ring_if_due(now=NOON) is True
    alive = running.claim(clock=at(NOON))
    assert alive is not None
    assert alive.job_id == dead.job_id
    with pytest.raises(running.LeaseLost):
        dead.beat()


def test_a_case_that_kills_its_worker_fails_alone(job: InferenceJob, case: Case) -> None:
    files = [NamedFile("FLAIR.nii.gz", nifti(flair_voxels(2)))]
    next_case = import_case(cohort=case.cohort, files=files, now=NOON).case
    later = NOON + timedelta(seconds=1)
    waiting = request_segmentation(case=next_case, method=DEFAULT_METHOD, by=None, now=later)
    moment = NOON
    for _ in range(settings.JOB_ATTEMPTS):
        held = running.claim(clock=at(moment))
        assert held is not None
        assert held.job_id == job.pk
        moment += timedelta(seconds=settings.JOB_LEASE_SECONDS + 1)
    assert running.run_next_job(clock=at(moment)) is True
    job.refresh_from_db()
    assert job.state == "failed"
    assert "memory" in job.reason
    waiting.refresh_from_db()
    assert (waiting.state, waiting.attempts) == ("succeeded", 1)


def take_too_much(at_once: Callable[[int], object]) -> Callable[..., Any]:
    """A method that asks for more memory than any machine has."""

    class Greedy:
        def segment(self, *_: Any, **__: Any) -> None:
            at_once(2**50)

    return lambda *_, **__: Greedy()


@pytest.mark.parametrize("at_once", [np.ones, torch.ones], ids=["numpy", "torch"])
def test_a_job_without_memory_says_so(
    job: InferenceJob, monkeypatch: pytest.MonkeyPatch, at_once: Callable[[int], object]
) -> None:
    monkeypatch.setattr(running, "load_method", take_too_much(at_once))
    assert running.run_next_job(clock=timezone.now) is True
    job.refresh_from_db()
    assert job.state == "failed"
    assert job.reason.startswith("Memory ran out. The case is unharmed")


def test_a_worker_takes_the_threads_that_are_its_share(
    job: InferenceJob, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WORKER_THREADS = torch.get_num_threads() + 1
    seen = []

    class Counting:
        def segment(self, *_: Any, **__: Any) -> None:
            seen.append(torch.get_num_threads())
            raise Refusal("Counted.")

    monkeypatch.setattr(running, "load_method", lambda *_, **__: Counting())
    before = torch.get_num_threads()
    try:
        running.run_next_job(clock=timezone.now)
    finally:
        torch.set_num_threads(before)
    assert seen == [before + 1]


def test_a_scan_whose_file_is_gone_fails_with_a_reason(job: InferenceJob, case: Case) -> None:
    case.scans.get().original.delete(save=False)
    running.run_next_job(clock=timezone.now)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "unharmed" in job.reason


def test_a_failed_job_is_started_again_and_makes_the_same_mask(
    job: InferenceJob, case: Case, cora: User
) -> None:
    browser = signed_in(cora)
    address = f"/api/v1/jobs/{job.pk}/retry/"
    assert browser.post(address).json()["code"] == "NotFailed"
    running.run_next_job(clock=timezone.now)
    assert browser.post(address).status_code == 409
    first = case.segmentations.get(origin="prediction")
    InferenceJob.objects.filter(pk=job.pk).update(state="failed")
    again = browser.post(address)
    assert again.status_code == 201
    assert again.json()["id"] != str(job.pk)
    assert browser.post(address).json()["id"] == again.json()["id"]
    running.run_next_job(clock=timezone.now)
    second = case.segmentations.filter(origin="prediction").latest("created_at")
    assert second.pk != first.pk
    assert second.sha256 == first.sha256


def test_all_failed_jobs_of_a_cohort_are_started_again_once(
    job: InferenceJob, case: Case, cora: User
) -> None:
    InferenceJob.objects.update(state="failed")
    address = f"/api/v1/cohorts/{case.cohort.slug}/jobs/retry/"
    assert signed_in(cora).post(address).json() == {"queued": 1}
    assert signed_in(cora).post(address).json() == {"queued": 0}
    listed = signed_in(cora).get("/api/v1/jobs/?state=queued&q=c0").json()
    assert [one["case"] for one in listed["results"]] == [case.code]
    assert signed_in(cora).get("/api/v1/jobs/?method=magic").json()["count"] == 0


def test_workers_that_claim_at_once_never_hold_one_job(case: Case, cora: User) -> None:
    cases = [
        Case.objects.create(code=f"X{n}", subject="S", cohort=case.cohort, imported_at=NOON)
        for n in range(12)
    ]
    InferenceJob.objects.bulk_create(
        InferenceJob(case=one, method=DEFAULT_METHOD, queued_at=NOON) for one in cases
    )

    def claim_all(_: int) -> list[str]:
        held = []
        try:
            while (lease := running.claim(clock=timezone.now)) is not None:
                held.append(str(lease.job_id))
        finally:
            connection.close()
        return held

    with ThreadPoolExecutor(4) as workers:
        held = [job for jobs in workers.map(claim_all, range(4)) for job in jobs]
    assert len(held) == len(set(held)) == 12
    assert set(InferenceJob.objects.values_list("attempts", flat=True)) == {1}


def test_rings_may_come_twice_or_never(job: InferenceJob, case: Case) -> None:
    for _ in range(3):
        work()
    assert case.segmentations.filter(origin="prediction").count() == 1
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("succeeded", 1)


def test_without_a_broker_jobs_are_still_queued(
    case: Case, cora: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)  # an app would prefer that
    nobody = Celery("nobody", broker="redis://127.0.0.1:1/0")
    nobody.conf.broker_transport_options = SERVER_OPTIONS
    with nobody_answers(nobody):
        answer = signed_in(cora).post(
            f"/api/v1/cases/{case.code}/jobs/",
            {"method": DEFAULT_METHOD},
            content_type="application/json",
        )
        assert answer.status_code == 201
        assert ring_if_due(now=timezone.now()) is True
    assert caplog.text.count("The broker does not answer") == 2
    assert InferenceJob.objects.get().state == "queued"
    assert running.run_next_job(clock=timezone.now) is True


@contextmanager
def nobody_answers(app: Celery) -> Iterator[None]:
    """Another Celery app is the current one for a while."""
    before = current_app._get_current_object()
    app.set_current()
    try:
        yield
    finally:
        before.set_current()


def test_the_result_for_a_case_that_was_deleted_meanwhile_is_dropped(
    job: InferenceJob, case: Case
) -> None:
    method = running.load_method(DEFAULT_METHOD)

    class Slow:
        def segment(self, volumes: Any, *, progress: Any, brain: Any) -> Any:
            made = method.segment(volumes, progress=progress, brain=brain)
            for row in (*case.segmentations.all(), *case.scans.all()):
                delete_files(row)
            case.delete()
            return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "load_method", lambda name, **_: Slow())
        assert running.run_next_job(clock=timezone.now) is True
    assert not InferenceJob.objects.exists()
    assert left_behind() == (0, 0)


def test_workers_agree_on_the_time_of_the_database() -> None:
    here = timezone.now()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: here + timedelta(hours=1))
        shared = database_now()
    skew = timedelta(hours=1 if connection.vendor == "sqlite" else 0)
    assert abs(shared - here - skew) < timedelta(minutes=1)


@pytest.mark.once
@pytest.mark.parametrize("limit", ["time", "memory"])
def test_a_job_over_a_limit_fails_and_a_worker_that_hangs_ends_itself(
    tmp_path: Path, limit: str
) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.segmentation.hanging_worker", limit],
        env=os.environ | {"PLAQUE_DATA": str(tmp_path), "PLAQUE_LOG_LEVEL": "CRITICAL"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert told.returncode == os.EX_SOFTWARE, told.stderr
    state, reason, attempts = told.stdout.strip().split("|")
    assert (state, attempts) == ("failed", "1")
    assert ("minutes" if limit == "time" else "GB of memory") in reason
    assert "unharmed" in reason
