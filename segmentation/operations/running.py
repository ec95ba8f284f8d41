"""Running jobs: what is due is claimed and worked off. Only a worker imports this: it has PyTorch.

Segmenting a case is here; adapting a method is in `segmentation.operations.adapting`, evaluating in
`segmentation.operations.evaluation_jobs`.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace

import torch
from django.conf import settings
from django.db import transaction

from segmentation.imaging.nifti import Volume, mask_file
from segmentation.inference.precision import ask_for_speed, precision_of
from segmentation.methods import (
    Method,
    MethodCard,
    Prediction,
    Progress,
    load_method,
    method_with,
    slim_unet,
)
from segmentation.models import (
    BrainMask,
    Case,
    Evaluation,
    InferenceJob,
    Job,
    Segmentation,
    Training,
    Version,
)
from segmentation.networks.checkpoint import checkpoint_in
from segmentation.operations.adapting import adapt, keep_what_was_learned
from segmentation.operations.evaluation_jobs import run_evaluation
from segmentation.operations.files import delete_files, drop, keep, store
from segmentation.operations.jobs import ring_if_due
from segmentation.operations.leases import (
    DATABASE_GONE,
    Clock,
    Lease,
    LeaseLost,
    claim,
    ended_with_a_reason,
    kept_alive,
    take,
)
from segmentation.operations.masks import NewMask, store_mask
from segmentation.operations.ranking import measure
from segmentation.operations.voxels import brain_of, scans_of
from segmentation.queries import card_named

__all__ = ["LeaseLost", "claim", "run_job", "run_next_job"]
log = logging.getLogger(__name__)


def run_next_job(*, clock: Clock) -> bool:
    """This will claim the job that has been due longest and run it to its end.

    Cases to segment come before evaluations, and these before trainings. Returns whether there was
    one. When more are due it rings for them, so one ring is enough to work off a queue. When the
    database is gone meanwhile, the job is neither done nor failed: its lease lapses and it is taken
    over.
    """
    keep_what_was_learned(now=clock())
    lease = claim(clock=clock)
    if lease is None:
        return False
    try:
        _work_off(lease)
    except DATABASE_GONE:
        log.exception("The database is gone; job %s is left to be taken over.", lease.job_id)
        return True
    keep_what_was_learned(now=clock())
    ring_if_due(now=clock())
    return True


def run_job(job: Job, *, clock: Clock, progress: Progress) -> None:
    """This will run one queued job here and now, unless a worker was faster: then it waits for it.

    `progress` is told how far it is, either way. Raises OperationalError, InterfaceError.
    """
    lease = take(job, clock=clock)
    if lease is not None:
        _work_off(replace(lease, told=progress))
        keep_what_was_learned(now=clock())
        return
    while not (seen := type(job)._default_manager.get(pk=job.pk)).is_finished:
        progress(seen.progress, seen.stage)
        time.sleep(0.5)


def _work_off(lease: Lease) -> None:
    """This will run a job that is held; raises OperationalError, InterfaceError."""
    torch.set_num_threads(settings.WORKER_THREADS)
    with kept_alive(lease):
        try:
            ask_for_speed(fast=settings.FAST)
            if lease.rows is Evaluation:
                run_evaluation(lease)
            elif lease.rows is Training:
                adapt(lease, meanwhile=lambda: _work_meanwhile(lease.clock))
            else:
                _run(lease)
        except LeaseLost:
            log.info("Job %s was cancelled or taken over; its result is dropped.", lease.job_id)
    if lease.rows is InferenceJob:
        _measure_what_was_made(lease)


def _measure_what_was_made(lease: Lease) -> None:
    """This will measure the mask of a job that has ended, which no trouble with that changes."""
    try:
        for made in Segmentation.objects.filter(job=lease.job_id).select_related("case"):
            measure(made)
    except Exception:
        log.exception("The mask of job %s is not measured; a list will do that.", lease.job_id)


def _work_meanwhile(clock: Clock) -> None:
    """This will do what is due in the middle of a training, which draws no other number for it."""
    drawn = torch.get_rng_state()
    while (lease := claim(clock=clock, kinds=(InferenceJob, Evaluation))) is not None:
        _work_off(lease)
    torch.set_rng_state(drawn)


def _run(lease: Lease) -> None:
    """This will segment the case and end the job; a refusal or a bug becomes a readable reason.

    Raises LeaseLost, OperationalError, InterfaceError: then the job's row is left as it is.
    """
    job = InferenceJob.objects.select_related("case").get(pk=lease.job_id)
    with ended_with_a_reason(lease):
        card = card_named(job.method, user=None)
        lease.report(0.0, "Reading the scan")
        volumes = scans_of(job.case)
        prediction = _method(job.method).segment(
            volumes,
            progress=lambda done, stage: lease.report(0.95 * done, stage),
            brain=brain_of(job.case, given_only=True),
        )
        lease.report(0.95, "Storing the mask")
        _store(lease, job.case, card, volumes["FLAIR"], prediction)


def _method(name: str) -> Method:
    """A method, or a version of one; raises UnknownMethod, NotMadeYet, UnusableCheckpoint."""
    version = Version.objects.filter(name=name).first()
    if version is None:
        return load_method(name, folder=settings.METHODS)
    with version.checkpoint.open("rb") as stored:
        return method_with(version.method, checkpoint_in(stored.read(), name=version.name))


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
            # That of finding the brain; a method with networks of this kind says its own.
            "precision": precision_of([slim_unet.load().checkpoint.network]).as_record(),
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
            lease.succeed(segmentation=stored)
            if brain is not None:
                _replace_brain(brain)
    except BaseException:
        delete_files(*rows)
        raise


def _replace_brain(new: BrainMask) -> None:
    """This will put a derived brain mask in the place of an earlier derived one.

    One that came with the case, or that somebody corrected, stays; the new one's files are dropped.
    """
    Case.objects.select_for_update().get(pk=new.case.pk)  # two jobs of one case may end at once
    before = BrainMask.objects.filter(case=new.case).first()
    if before is not None and before.is_given:
        drop(new)
        return
    if before is not None:
        drop(before)
        before.delete()
    new.save(force_insert=True)
