"""Running inference jobs. Only a worker imports this module: it leads to PyTorch."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID, uuid4

import psutil
import torch
from django.conf import settings
from django.db import (
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)
from django.db.models import F

from segmentation.imaging.nifti import Volume, mask_file
from segmentation.inference.engine import precision, use_precision
from segmentation.inference.precision import REFERENCE, Precision, choose_precision
from segmentation.methods import MethodCard, Prediction, load_method, method_card
from segmentation.methods.slim_unet import CHECKPOINT
from segmentation.models import BrainMask, Case, InferenceJob, Segmentation
from segmentation.networks.checkpoint import load_checkpoint
from segmentation.operations.files import delete_files, drop, keep, store
from segmentation.operations.jobs import ring_if_due
from segmentation.operations.masks import NewMask, store_mask
from segmentation.operations.voxels import brain_of, scans_of
from segmentation.queries import due_jobs
from segmentation.refusals import Refusal

log = logging.getLogger(__name__)
DATABASE_GONE = (OperationalError, InterfaceError)  # locked, full, or it does not answer
Clock = Callable[[], datetime]


class LeaseLost(Exception):
    """The job was cancelled, or another worker has taken it over: stop and touch nothing."""


@dataclass(frozen=True)
class Lease:
    """A worker's hold on a running job. Every change of the row goes through it."""

    job_id: UUID
    token: UUID
    clock: Clock

    def report(self, progress: float, stage: str) -> None:
        """This will store progress (0 to 1) as a sign of life; raises LeaseLost."""
        self._change(progress=min(max(progress, 0.0), 1.0), stage=stage, heartbeat_at=self.clock())

    def beat(self) -> None:
        """This will store a sign of life; raises LeaseLost."""
        self._change(heartbeat_at=self.clock())

    def succeed(self, segmentation: Segmentation) -> None:
        """This will end the job with its result; raises LeaseLost."""
        self._change(
            state=InferenceJob.State.SUCCEEDED,
            progress=1.0,
            stage="Done",
            segmentation=segmentation,
            finished_at=self.clock(),
            lease=None,
        )

    def fail(self, reason: str) -> None:
        """This will end the job with a reason for a reader; raises LeaseLost."""
        self._change(
            state=InferenceJob.State.FAILED,
            stage="Failed",
            reason=reason,
            finished_at=self.clock(),
            lease=None,
        )

    def _change(self, **values: object) -> None:
        held = InferenceJob.objects.filter(
            pk=self.job_id, lease=self.token, state=InferenceJob.State.RUNNING
        )
        if not held.update(**values):
            raise LeaseLost


def run_next_job(*, clock: Clock) -> bool:
    """This will claim the job that has been due longest and run it to its end.

    Returns whether there was one. When more are due it rings for them, so one ring is enough to
    work off a queue. When the database is gone meanwhile, the job is neither done nor failed: its
    lease lapses and it is taken over.
    """
    lease = claim(clock=clock)
    if lease is None:
        return False
    stop = threading.Event()
    pulse = threading.Thread(target=_keep_alive, args=(lease, stop), daemon=True)
    pulse.start()
    torch.set_num_threads(settings.WORKER_THREADS)
    try:
        use_precision(_precision(fast=settings.FAST))
        _run(lease)
    except LeaseLost:
        log.info("Job %s was cancelled or taken over; its result is dropped.", lease.job_id)
    except DATABASE_GONE:
        log.exception("The database is gone; job %s is left to be taken over.", lease.job_id)
        return True
    finally:
        stop.set()
        pulse.join()
    ring_if_due(now=clock())
    return True


@cache
def _precision(*, fast: bool) -> Precision:
    """How this process computes: decided, and tried, once."""
    if not fast:
        return REFERENCE
    return choose_precision(load_checkpoint(CHECKPOINT).network, fast=fast)


def claim(*, clock: Clock) -> Lease | None:
    """This will take hold of the job that has been due longest; None when nothing is due.

    Two workers never hold one job: the claim is one conditional update. A job whose worker died
    too often ends as failed, so that one poisonous case cannot stop the queue.
    """
    while (job := due_jobs(now=clock()).first()) is not None:
        lease = Lease(job_id=job.pk, token=uuid4(), clock=clock)
        now = clock()
        claimed = InferenceJob.objects.filter(
            pk=job.pk, state=job.state, lease=job.lease, heartbeat_at=job.heartbeat_at
        ).update(
            state=InferenceJob.State.RUNNING,
            lease=lease.token,
            attempts=F("attempts") + 1,
            started_at=now,
            heartbeat_at=now,
            progress=0,
            stage="Starting",
        )
        if not claimed:
            continue
        if job.attempts < settings.JOB_ATTEMPTS:
            return lease
        lease.fail(
            f"The worker stopped {job.attempts} times while it worked on this case, most likely "
            "because memory ran out. The case is unharmed; start the job again on a worker with "
            "more memory."
        )
    return None


def _keep_alive(lease: Lease, stop: threading.Event) -> None:
    """This will give a sign of life between reports of progress, until stopped.

    It also watches the limits, whether the database answers and the lease is held or not. A job
    over one ends as failed here; its work stops at its next report, or with this process, which the
    supervisor starts again, when it does not report.
    """
    started, process = time.monotonic(), psutil.Process()
    try:
        while not stop.wait(min(1.0, settings.JOB_LEASE_SECONDS / 4)):
            over = _limit_passed(time.monotonic() - started, process.memory_info().rss)
            _say(lease, over)
            if over is None:
                continue
            if not stop.wait(settings.JOB_GRACE_SECONDS):
                log.error("Job %s does not stop; this worker ends itself.", lease.job_id)
                os._exit(os.EX_SOFTWARE)
            return
    finally:
        connection.close()


def _say(lease: Lease, over: str | None) -> None:
    """This will store a sign of life, or that the job is over a limit, if the database can."""
    try:
        close_old_connections()
        if over is None:
            lease.beat()
        else:
            lease.fail(over)
    except LeaseLost:  # the work stops at its next report
        pass
    except DATABASE_GONE:
        log.warning("The database does not take the sign of life of job %s.", lease.job_id)


def _limit_passed(seconds: float, resident: int) -> str | None:
    """What to say of a job that takes too long or too much memory; None while it does not."""
    if seconds > settings.JOB_SECONDS_MOST:
        return (
            f"The job took longer than {settings.JOB_SECONDS_MOST / 60:g} minutes and was ended. "
            "The case is unharmed. Try again when the machine is less busy, or have your "
            "administrator raise PLAQUE_JOB_MINUTES."
        )
    if resident > settings.JOB_BYTES_MOST:
        return (
            f"The job took more than {settings.JOB_BYTES_MOST / 1024**3:.1f} GB of memory and was "
            "ended. The case is unharmed. Try a worker with more memory, or have your "
            "administrator raise PLAQUE_JOB_MEMORY_GB."
        )
    return None


def _run(lease: Lease) -> None:
    """This will segment the case and end the job; a refusal or a bug becomes a readable reason.

    Raises LeaseLost, OperationalError, InterfaceError: then the job's row is left as it is.
    """
    job = InferenceJob.objects.select_related("case").get(pk=lease.job_id)
    try:
        card = method_card(job.method)
        lease.report(0.0, "Reading the scan")
        volumes = scans_of(job.case)
        prediction = load_method(card.name, folder=settings.METHODS).segment(
            volumes,
            progress=lambda done, stage: lease.report(0.95 * done, stage),
            brain=brain_of(job.case, own_only=True),
        )
        lease.report(0.95, "Storing the mask")
        _store(lease, job.case, card, volumes["FLAIR"], prediction)
    except (LeaseLost, *DATABASE_GONE):
        raise
    except Refusal as refusal:
        lease.fail(refusal.message)
    except Exception as error:
        if _means_no_memory(error):
            lease.fail("Memory ran out. The case is unharmed; try a worker with more memory.")
            return
        log.exception("Job %s failed", lease.job_id)
        lease.fail(
            f"Something unforeseen happened ({type(error).__name__}: {error}). The case is "
            "unharmed. Start the job again; if it fails again, report this message."
        )


def _means_no_memory(error: Exception) -> bool:
    """Whether memory ran out; PyTorch says so on the CPU by a RuntimeError like any other."""
    no_memory = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return no_memory or "can't allocate memory" in str(error)


def _store(
    lease: Lease, case: Case, card: MethodCard, flair: Volume, prediction: Prediction
) -> None:
    """This will store the mask and end the job in one transaction; files go when it fails."""
    inputs = {scan.sequence: scan.sha256 for scan in case.scans.all()}
    new = NewMask(
        case=case,
        origin=Segmentation.Origin.PREDICTION,
        title=card.title,
        method=card.name,
        mask=prediction.mask,
        probability=prediction.probability,
        provenance={
            "inputs_sha256": inputs,
            "precision": precision().as_record(),
            **prediction.provenance,
        },
    )
    rows: list[Segmentation | BrainMask] = []
    brain = None
    try:
        rows.append(stored := store_mask(new, like=flair, now=lease.clock(), commit=False))
        if prediction.brain is not None:
            brain = BrainMask(case=case, origin=card.name)
            brain.sha256 = store(brain.mask, mask_file(prediction.brain, like=flair))
            rows.append(brain)
        with transaction.atomic():
            stored.save(force_insert=True)
            keep(*rows)
            lease.succeed(stored)
            if brain is not None:
                _replace_brain(brain)
    except BaseException:
        delete_files(*rows)
        raise


def _replace_brain(new: BrainMask) -> None:
    """This will put a derived brain mask in the place of an earlier derived one.

    One that came with the case stays; the new one's files are then dropped.
    """
    Case.objects.select_for_update().get(pk=new.case.pk)  # two jobs of one case may end at once
    before = BrainMask.objects.filter(case=new.case).first()
    if before is not None and before.origin == BrainMask.IMPORTED:
        drop(new)
        return
    if before is not None:
        drop(before)
        before.delete()
    new.save(force_insert=True)
