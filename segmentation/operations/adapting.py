"""Adapting a method to a site's cases as a job: its weights by training, or its threshold alone.

Only a worker imports this module: it leads to PyTorch.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction

from segmentation.models import Segmentation, Training, Version
from segmentation.operations.calibration import calibrated
from segmentation.operations.leases import Lease, ended_with_a_reason
from segmentation.operations.planning import THRESHOLD_ONLY, Plan, member_of
from segmentation.operations.training import train_on
from segmentation.operations.training_jobs import folder_of
from segmentation.operations.versions import add_version, start_named
from segmentation.refusals import Refusal
from segmentation.training.course import Course
from segmentation.training.loop import Watch
from segmentation.training.settings import TrainingSettings
from segmentation.training.splits import Split

log = logging.getLogger(__name__)
REPORT_EVERY_S = 1.0
START, BEST = "start.safetensors", "best.safetensors"


class CasesGone(Refusal):
    """A case of the training was deleted since it was asked for."""


def adapt(lease: Lease, *, meanwhile: Callable[[], None]) -> None:
    """This will run a training that is held, going on where an earlier attempt was killed.

    At its end there is a new version of the method, and no other version has changed. `meanwhile`
    is called about every second between two steps. Raises LeaseLost, OperationalError,
    InterfaceError: then the row is left as it is.
    """
    training = Training.objects.prefetch_related("cohorts").get(pk=lease.job_id)
    with ended_with_a_reason(lease):
        masks, split = _split_of(training)
        if training.preset == THRESHOLD_ONLY:
            content = calibrated(training, masks, lease=lease, meanwhile=meanwhile)
        else:
            content = _trained(training, masks, split, lease=lease, meanwhile=meanwhile)
        lease.report(1.0, "Storing the version")
        with transaction.atomic():
            _add(training, content, lease.clock())
            lease.succeed()


def keep_what_was_learned(*, now: datetime) -> None:
    """This will make versions of what trainings had learned that failed or were cancelled.

    Their folders go. Trainings that are under way are left alone.
    """
    home = Path(settings.TRAININGS)
    for folder in home.iterdir() if home.is_dir() else ():
        try:
            with transaction.atomic():
                training = Training.objects.select_for_update().filter(pk=UUID(folder.name)).first()
                if training is not None and not training.is_finished:
                    continue
                _keep_best(training, folder, now)
        except (Refusal, ValueError):
            log.exception("What a training had learned cannot be kept; its folder stays.")
            continue
        shutil.rmtree(folder, ignore_errors=True)


def _keep_best(training: Training | None, folder: Path, now: datetime) -> None:
    """This will make a version of a finished training's best checkpoint, if there is none yet."""
    if training is None or Version.objects.filter(training=training).exists():
        return
    if (folder / BEST).exists():
        _add(training, (folder / BEST).read_bytes(), now)


def _add(training: Training, content: bytes, now: datetime) -> Version:
    return add_version(
        method=training.method,
        title=training.title,
        content=content,
        cohorts=training.cohorts.all(),
        now=now,
        training=training,
    )


def _split_of(training: Training) -> tuple[dict[str, Segmentation], Split]:
    """The reference masks by the codes of their cases, and who trains; raises CasesGone."""
    ids = {side: drawn["masks"] for side, drawn in training.split.items()}
    wanted = [one for side in ids.values() for one in side]
    found = Segmentation.objects.filter(pk__in=wanted).select_related("case__cohort")
    by_id = {str(mask.pk): mask for mask in found}
    if len(by_id) < len(wanted):
        raise CasesGone(
            f"{len(wanted) - len(by_id)} of its {len(wanted)} cases were deleted since the "
            "training was asked for. Start another one with the cases that there are."
        )
    sides = {
        side: tuple(member_of(by_id[one].case) for one in ids.get(side, []))
        for side in ("training", "validation")
    }
    masks = {mask.case.code: mask for mask in by_id.values()}
    return masks, Split(**sides, test=())


class _Reports(Watch):
    """Tells the training's row how it goes, and leaves room for what is to be done meanwhile."""

    def __init__(self, lease: Lease, meanwhile: Callable[[], None]) -> None:
        self.lease = lease
        self.meanwhile = meanwhile
        self.stage = ""
        self.last = 0.0

    def say(self, done: float, stage: str) -> None:
        self.stage = stage
        self.lease.report(done, stage)

    def step(self, done: float) -> None:
        if time.monotonic() - self.last < REPORT_EVERY_S:
            return
        self.lease.report(done, self.stage)
        self.meanwhile()
        self.last = time.monotonic()

    def epoch(self, course: Course, settings: TrainingSettings) -> None:
        """Attempts count anew: what kills a worker three times within an epoch will do so again."""
        self.lease.change(
            log=course.rows,
            best_epoch=course.best_epoch,
            best_score=course.best_score,
            epochs=settings.epochs,
            settings_used=asdict(settings),
            attempts=1,
            heartbeat_at=self.lease.clock(),
        )


def _trained(
    training: Training,
    masks: Mapping[str, Segmentation],
    split: Split,
    *,
    lease: Lease,
    meanwhile: Callable[[], None],
) -> bytes:
    """The file of the best checkpoint of a training."""
    folder = folder_of(training.pk)
    folder.mkdir(parents=True, exist_ok=True)
    start = folder / START
    if training.start and not start.exists():
        fresh = start.with_suffix(".new")
        fresh.write_bytes(start_named(training.start, user=None).read())
        fresh.replace(start)
    plan = Plan(
        preset=training.preset,
        start=start if training.start else None,
        scratch=not training.start,
        seed=training.seed,
        epochs=training.epochs,
    )
    reports = _Reports(lease, meanwhile)
    train_on(masks, split, plan=plan, folder=folder, progress=reports.say, watch=reports)
    return (folder / BEST).read_bytes()
