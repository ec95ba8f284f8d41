"""How a worker holds a job: claimed once, kept alive, limited, and ended once whoever dies.

Only a worker imports this module: it leads to PyTorch.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import psutil
import torch
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.db.models import F

from segmentation.methods import Progress
from segmentation.models import Evaluation, InferenceJob, Job, Training
from segmentation.queries import due_jobs
from segmentation.refusals import Refusal

log = logging.getLogger(__name__)
DATABASE_GONE = (OperationalError, InterfaceError)  # locked, full, or it does not answer
KINDS: tuple[type[Job], ...] = (InferenceJob, Evaluation, Training)
Clock = Callable[[], datetime]


class LeaseLost(Exception):
    """The job was cancelled, or another worker has taken it over: stop and touch nothing."""


@dataclass(frozen=True)
class Lease:
    """A worker's hold on a running job. Every change of the row goes through it."""

    rows: type[Job]
    job_id: UUID
    token: UUID
    clock: Clock
    told: Progress | None = None  # who else is told of progress: a command that waits

    def report(self, progress: float, stage: str) -> None:
        """This will store progress (0 to 1) as a sign of life; raises LeaseLost."""
        if self.told is not None:
            self.told(progress, stage)
        self.change(
            progress=min(max(progress, 0.0), 1.0), stage=stage[:120], heartbeat_at=self.clock()
        )

    def beat(self) -> None:
        """This will store a sign of life; raises LeaseLost."""
        self.change(heartbeat_at=self.clock())

    def succeed(self, **result: object) -> None:
        """This will end the job with its result, fields of its row; raises LeaseLost."""
        self.change(
            state=Job.State.SUCCEEDED,
            progress=1.0,
            stage="Done",
            finished_at=self.clock(),
            lease=None,
            **result,
        )

    def fail(self, reason: str) -> None:
        """This will end the job with a reason for a reader; raises LeaseLost."""
        self.change(
            state=Job.State.FAILED,
            stage="Failed",
            reason=reason,
            finished_at=self.clock(),
            lease=None,
        )

    def change(self, **values: object) -> None:
        """This will change fields of the job's row; raises LeaseLost."""
        held = self.rows._default_manager.filter(
            pk=self.job_id, lease=self.token, state=Job.State.RUNNING
        )
        if not held.update(**values):
            raise LeaseLost


def claim(*, clock: Clock, kinds: Sequence[type[Job]] = KINDS) -> Lease | None:
    """This will take hold of the job of the first kind that has been due longest, if any is due.

    Two workers never hold one job: the claim is one conditional update. A job whose worker died
    too often ends as failed, so that one poisonous case cannot stop the queue.
    """
    for rows in kinds:
        while (job := due_jobs(now=clock(), of=rows).first()) is not None:
            lease = take(job, clock=clock)
            if lease is None:
                continue
            if job.attempts < settings.JOB_ATTEMPTS:
                return lease
            lease.fail(
                f"The worker stopped {job.attempts} times while it worked on {job.WORKS_ON}, most "
                f"likely because memory ran out. {job.SAFE} Start the job again on a worker with "
                "more memory."
            )
    return None


def take(job: Job, *, clock: Clock) -> Lease | None:
    """This will take hold of a job as it was read; None when somebody else was faster."""
    lease, now = Lease(rows=type(job), job_id=job.pk, token=uuid4(), clock=clock), clock()
    claimed = lease.rows._default_manager.filter(
        pk=job.pk, state=job.state, lease=job.lease, heartbeat_at=job.heartbeat_at
    ).update(
        state=Job.State.RUNNING,
        lease=lease.token,
        attempts=F("attempts") + 1,
        started_at=now,
        heartbeat_at=now,
        progress=0,
        stage="Starting",
    )
    return lease if claimed else None


@contextmanager
def kept_alive(lease: Lease) -> Iterator[None]:
    """This will give signs of life for a job while the block lasts, and watch its limits."""
    stop = threading.Event()
    pulse = threading.Thread(target=_keep_alive, args=(lease, stop), daemon=True)
    pulse.start()
    try:
        yield
    finally:
        stop.set()
        pulse.join()


def _keep_alive(lease: Lease, stop: threading.Event) -> None:
    """This will give a sign of life between reports of progress, until stopped.

    It also watches the limits, whether the database answers and the lease is held or not. A job
    over one ends as failed here; its work stops at its next report, or with this process, which the
    supervisor starts again, when it does not report.
    """
    started, process = time.monotonic(), psutil.Process()
    try:
        while not stop.wait(min(1.0, settings.JOB_LEASE_SECONDS / 4)):
            over = _limit_passed(lease.rows, time.monotonic() - started, process.memory_info().rss)
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


def _limit_passed(rows: type[Job], seconds: float, resident: int) -> str | None:
    """What to say of a job that takes too long or too much memory; None while it does not."""
    longest, shown, name = _longest(rows)
    if seconds > longest:
        return (
            f"The job took longer than {shown} and was ended. {rows.SAFE} Try again when the "
            f"machine is less busy, or have your administrator raise {name}."
        )
    if resident > settings.JOB_BYTES_MOST:
        return (
            f"The job took more than {settings.JOB_BYTES_MOST / 1024**3:.1f} GB of memory and was "
            f"ended. {rows.SAFE} Try a worker with more memory, or have your administrator raise "
            "PLAQUE_JOB_MEMORY_GB."
        )
    return None


def _longest(rows: type[Job]) -> tuple[float, str, str]:
    """How many seconds a job may take, the same in words, and the setting that says so."""
    if rows is Training:
        most = float(settings.TRAINING_SECONDS_MOST)
        return most, f"{most / 3600:g} hours", "PLAQUE_TRAINING_HOURS"
    most = float(settings.JOB_SECONDS_MOST)
    return most, f"{most / 60:g} minutes", "PLAQUE_JOB_MINUTES"


@contextmanager
def ended_with_a_reason(lease: Lease) -> Iterator[None]:
    """This will end the job as failed when the block fails: a refusal or a bug becomes a reason.

    Raises LeaseLost, OperationalError, InterfaceError: then the job's row is left as it is.
    """
    try:
        yield
    except (LeaseLost, *DATABASE_GONE):
        raise
    except Refusal as refusal:
        lease.fail(refusal.message)
    except Exception as error:
        safe = lease.rows.SAFE
        if _means_no_memory(error):
            lease.fail(f"Memory ran out. {safe} Try a worker with more memory.")
            return
        log.exception("Job %s failed", lease.job_id)
        lease.fail(
            f"Something unforeseen happened ({type(error).__name__}: {error}). {safe} Start the "
            "job again; if it fails again, report this message."
        )


def _means_no_memory(error: Exception) -> bool:
    """Whether memory ran out; PyTorch says so on the CPU by a RuntimeError like any other."""
    no_memory = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return no_memory or "can't allocate memory" in str(error)
