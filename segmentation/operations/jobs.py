"""The life of an inference job, as far as a web process or a command takes part in it.

Running it needs PyTorch and lives in `segmentation.operations.running`; a web process never imports
that. The message to the worker says only that something is due: the row is the truth.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from segmentation.methods import method_card, require_sequences
from segmentation.models import Case, InferenceJob
from segmentation.queries import due_jobs
from segmentation.refusals import Refusal


class AlreadyFinished(Refusal):
    """The job has ended, so it can no longer be cancelled."""


def ring() -> None:
    """This will tell one worker that something may be due. A lost or doubled ring does no harm."""
    current_app.send_task("segmentation.work")


def request_segmentation(
    *, case: Case, method: str, by: User | None, now: datetime
) -> InferenceJob:
    """This will queue a job, or return the unfinished one that already asks for the same.

    Raises UnknownMethod, or MissingSequence when the case lacks a scan that the method needs.
    """
    card = method_card(method)
    require_sequences(
        card, case.scans.values_list("sequence", flat=True), where=f"Case {case.code}"
    )
    same = InferenceJob.objects.filter(
        case=case, method=card.name, state__in=InferenceJob.UNFINISHED
    )
    job = same.first()
    if job is None:
        try:
            with transaction.atomic():
                job = InferenceJob.objects.create(
                    case=case,
                    method=card.name,
                    queued_at=now,
                    requested_by=by,
                    stage="Waiting for a worker",
                )
        except IntegrityError:  # somebody else queued it between our look and our insert
            job = same.get()
    transaction.on_commit(ring)
    return job


def cancel_job(*, job_id: UUID, now: datetime) -> InferenceJob:
    """This will cancel a queued or running job; its worker stops at the next report of progress.

    Raises AlreadyFinished.
    """
    cancelled = InferenceJob.objects.filter(pk=job_id, state__in=InferenceJob.UNFINISHED).update(
        state=InferenceJob.State.CANCELLED, finished_at=now, lease=None, stage="Cancelled"
    )
    job = InferenceJob.objects.select_related("case").get(pk=job_id)
    if not cancelled:
        raise AlreadyFinished(f"This job has already ended ({job.state}). Nothing was changed.")
    return job


def stale_before(now: datetime) -> datetime:
    """The time before which a running job's last sign of life means that its worker died."""
    return now - timedelta(seconds=settings.JOB_LEASE_SECONDS)


def ring_if_due(*, now: datetime) -> bool:
    """This will ring when a job waits or a worker went silent, and tell whether it did."""
    due = due_jobs(stale_before=stale_before(now)).exists()
    if due:
        ring()
    return due
