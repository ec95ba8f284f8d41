"""The life of an inference job, as far as a web process or a command takes part in it.

Running it needs PyTorch and lives in `segmentation.operations.running`; a web process never imports
that. The message to the worker says only that something is due: the row is the truth.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from kombu.exceptions import ChannelError
from kombu.exceptions import OperationalError as BrokerError

from segmentation.methods import parts_of, require_sequences
from segmentation.models import Case, Cohort, Evaluation, InferenceJob, Training, Worker
from segmentation.queries import card_named, due_jobs, failed_for_good
from segmentation.refusals import Refusal

log = logging.getLogger(__name__)


class AlreadyFinished(Refusal):
    """The job has ended, so it can no longer be cancelled."""


class NotFailed(Refusal):
    """The job is under way or has made its mask, so there is nothing to do again."""


def ring() -> None:
    """This will tell one worker that something may be due. A lost or doubled ring does no harm.

    A broker that does not answer is no reason to fail: the job's row is stored, and the sweep of
    the workers rings again when the broker is back.
    """
    try:
        current_app.send_task("segmentation.work", retry=False)
    except (BrokerError, ChannelError, OSError, ValueError):  # the last: its folder is damaged
        log.warning("The broker does not answer. Jobs wait until it does; none is lost.")


def request_segmentation(
    *, case: Case, method: str, by: User | None, now: datetime
) -> InferenceJob:
    """This will queue a job, or return the unfinished one that already asks for the same.

    Raises UnknownMethod, MissingSequence when the case lacks a scan that the method needs, or
    NotMadeYet when the method has no weights or coefficients here.
    """
    card = card_named(method, user=by)
    require_sequences(
        card, case.scans.values_list("sequence", flat=True), where=f"case {case.code}"
    )
    parts_of(card, folder=settings.METHODS)
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


def retry_job(*, job_id: UUID, by: User | None, now: datetime) -> InferenceJob:
    """This will ask again for what a failed or cancelled job was to make; the old job stays.

    The same method and checkpoint make the same mask. Raises NotFailed, and what
    `request_segmentation` raises.
    """
    job = InferenceJob.objects.select_related("case").get(pk=job_id)
    if job.state not in {InferenceJob.State.FAILED, InferenceJob.State.CANCELLED}:
        raise NotFailed(
            f"This job is {job.state}; only failed and cancelled ones are done again. Nothing was "
            "changed."
        )
    return request_segmentation(case=job.case, method=job.method, by=by, now=now)


def retry_failed(*, cohort: Cohort, by: User, now: datetime) -> int:
    """This will ask again for every failed job of a cohort that nobody has asked for since.

    Cases hidden from `by` are left alone. Returns how many were queued; 0 when none failed.
    """
    failed = list(failed_for_good(by).filter(case__cohort=cohort).select_related("case"))
    for job in failed:
        request_segmentation(case=job.case, method=job.method, by=by, now=now)
    return len(failed)


def say_present(*, worker: str, now: datetime, has_gpu: bool = False) -> None:
    """This will note that a worker is there, and forget those not seen for a day."""
    Worker.objects.update_or_create(
        name=worker[:200], defaults={"seen_at": now, "has_gpu": has_gpu}
    )
    Worker.objects.filter(seen_at__lt=now - timedelta(days=1)).delete()


def ring_if_due(*, now: datetime) -> bool:
    """This will ring when a job waits or a worker went silent, and tell whether it did."""
    kinds = (InferenceJob, Evaluation, Training)
    due = any(due_jobs(now=now, of=kind).exists() for kind in kinds)
    if due:
        ring()
    return due
