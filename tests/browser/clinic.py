"""A clinic in which every page has something to show, and one in which no page has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import User
from django.utils import timezone

from accounts.operations.invitations import invite
from accounts.operations.profile import confirmation_key
from accounts.operations.tokens import make_token
from rating.models import Study, StudyMembership
from rating.operations.study import close_study, create_study, edit_study, open_study
from segmentation.methods.slim_unet import CHECKPOINT
from segmentation.models import (
    Case,
    Cohort,
    Drawing,
    Evaluation,
    InferenceJob,
    Segmentation,
    Training,
)
from segmentation.networks.checkpoint import with_record
from segmentation.operations.cases import create_cohort
from segmentation.operations.drawings import begin_drawing
from segmentation.operations.evaluation_jobs import (
    Request,
    choose_slices,
    request_evaluation,
    run_evaluation,
)
from segmentation.operations.jobs import request_segmentation
from segmentation.operations.leases import take
from segmentation.operations.versions import add_version
from tests.rating.stage import Browser, a_case, a_mask, invited
from tests.webapp.clinics import a_training

PASSWORD = "phantoms-of-2019"
SECRET = "JBSWY3DPEHPK3PXP"


@dataclass(frozen=True)
class Clinic:
    """Its people by name, its case, its studies by state, the readings of Rita by state."""

    people: dict[str, User]
    cohort: Cohort
    case: Case
    studies: dict[str, Study]
    readings: dict[str, str]
    trainings: dict[str, Training]
    drawing: Drawing
    evaluation: Evaluation

    def fill(self, address: str) -> str:
        """An address with what it names filled in."""
        cora = self.people["cora"]
        return address.format(
            cohort=self.cohort.slug,
            case=self.case.code,
            training=self.trainings["succeeded"].pk,
            drawing=self.drawing.pk,
            evaluation=self.evaluation.pk,
            member=self.people["dana"].pk,
            confirmation=confirmation_key(user=cora, address="cora@elsewhere.example"),
            invitation=invitation_key(self.cohort, cora),
            **{f"{state}_study": study.slug for state, study in self.studies.items()},
            **{f"{state}_training": one.pk for state, one in self.trainings.items()},
            **{f"{state}_reading": token for state, token in self.readings.items()},
        )


def invitation_key(cohort: Cohort, by: User) -> str:
    """The key of a new invitation."""
    number = cohort.invitations.count()
    address = f"person{number}@clinic.example"
    return invite(cohort=cohort, address=address, role="rater", by=by, now=timezone.now())[1]


def a_full_clinic() -> Clinic:
    """Cora coordinates, Dana delineates with a second factor, Rita reads, Otto has no access.

    Jobs, trainings and a study in every state; a reading that is ready, waiting, finished, closed.
    """
    names = ("cora", "dana", "rita", "otto")
    people = {
        name: User.objects.create_user(
            name, password=PASSWORD, email=f"{name}@clinic.example", first_name=name.capitalize()
        )
        for name in names
    }
    cora, now = people["cora"], timezone.now()
    cohort = create_cohort(title="Clinic 2019", coordinators=[cora])
    create_cohort(title="Empty", coordinators=[cora])
    invited(cohort, people["rita"])
    cohort.memberships.create(user=people["dana"], role="delineator")
    case = a_case(cohort, 1)
    other = a_case(cohort, 2)
    masks = [a_mask(case, lesions=5), a_mask(other, lesions=0)]
    for state in ("succeeded", "cancelled", "running"):
        a_job(case, state, cora)
    a_job(other, "queued", cora)
    a_job(a_case(cohort, 3), "failed", cora)
    make_token(user=cora, name="nightly export", lifetime=timedelta(days=90), now=now)
    switch_on_second_factor(people["dana"])
    studies = {
        "draft": a_study(cora, cohort, "Draft", masks),
        "ready": opened(a_study(cora, cohort, "Ready to be read", masks), cora),
        "waiting": opened(a_study(cora, cohort, "In the pause", masks[:1], washout_days=14), cora),
        "finished": opened(a_study(cora, cohort, "Finished", masks[:1]), cora),
        "closed": opened(a_study(cora, cohort, "Closed", masks[:1]), cora),
    }
    readings = {
        state: StudyMembership.objects.get(study=study, role="rater").token
        for state, study in studies.items()
    }
    reader = Browser(people["rita"])
    for state, count in {"waiting": 1, "finished": 2, "closed": 2}.items():
        for number in range(count):
            rate_next(reader, readings[state], fp=number)
    close_study(study=studies["closed"], reason="Enough.", by=cora, now=timezone.now())
    trainings = {state: a_training_that(state, cohort, cora) for state in Training.State.values}
    trainings["threshold"] = a_threshold(cohort, cora)
    drawing = begin_drawing(case=case, parent_id=masks[0].pk, by=cora, now=now)
    evaluation = a_finished_evaluation(cohort, cora)
    return Clinic(people, cohort, case, studies, readings, trainings, drawing, evaluation)


def a_finished_evaluation(cohort: Cohort, by: User) -> Evaluation:
    """A method against two experts on one case, with a slice that was chosen."""
    case = a_case(cohort, 21)
    a_mask(case, lesions=3, method="slim-unet")
    for lesions, expert in ((2, "Expert 1"), (3, "Expert 2")):
        mask = a_mask(case, lesions=lesions, method="")
        mask.origin, mask.title = "delineation", expert
        mask.save()
    return an_evaluation(cohort, by, slices=[{"case": case.code, "slice": 2}])


def an_evaluation(cohort: Cohort, by: User, *, slices: list[dict[str, Any]]) -> Evaluation:
    """Every method against both experts, finished, with slices that were chosen."""
    asked = Request(title="Test set", cohort=cohort, references=["Expert 1", "Expert 2"])
    evaluation = request_evaluation(asked, by=by, now=timezone.now())
    lease = take(evaluation, clock=timezone.now)
    assert lease is not None
    run_evaluation(lease)
    evaluation.refresh_from_db()
    choose_slices(evaluation=evaluation, slices=slices, by=by, now=timezone.now())
    return evaluation


def a_training_that(state: str, cohort: Cohort, by: User) -> Training:
    """A training in this state; what has begun has a log, and a version where it ended well."""
    rows = [
        {
            "epoch": epoch,
            "loss": round(1.4 / epoch**0.5, 4),
            "validation_dice": round(0.7 - 0.4 / epoch, 4),
            "rate": 0.0005,
            "seconds": 61.5,
        }
        for epoch in range(1, 0 if state == "queued" else 13)
    ]
    training = a_training(
        cohort,
        by=by,
        title=f"Our own, {state}",
        state=state,
        progress=0.4,
        stage="Epoch 12 of 30: loss 0.404, validation Dice 0.667, 18 minutes left",
        reason="Its loss is not a number. Lower the learning rate." if state == "failed" else "",
        log=rows,
        best_epoch=12,
        best_score=0.667,
        settings_used={"batch": 8, "rate": 0.0005, "loss": "lesion and brain"},
        split={
            "training": {"masks": [f"{n}" for n in range(8)], "subjects": 4},
            "validation": {"masks": ["8"], "subjects": 1},
        },
    )
    if state == "succeeded":
        a_version(training, cohort, {"training_sha256": [f"{n}" * 64 for n in range(8)]})
    return training


def a_threshold(cohort: Cohort, by: User) -> Training:
    """A threshold that was chosen anew, with its curve."""
    rows = [
        {
            "threshold": n / 20,
            "dsc": 0.7 - (n / 20 - 0.4) ** 2,
            "lesion_f1": 0.6 - (n / 20 - 0.6) ** 2,
        }
        for n in range(1, 20)
    ]
    training = a_training(
        cohort,
        by=by,
        title="Our threshold",
        preset="threshold",
        measure="DSC",
        state="succeeded",
        epochs=19,
        log=rows,
        best_score=0.7,
        settings_used={"measure": "DSC", "threshold": 0.4, "left_out_score": 0.68},
    )
    a_version(training, cohort, {"threshold": 0.4})
    return training


def a_version(training: Training, cohort: Cohort, record: dict[str, Any]) -> None:
    """The version that a training made: the shipped weights under another record."""
    add_version(
        method="slim-unet",
        title=training.title,
        content=with_record(CHECKPOINT.read_bytes(), record, name="shipped"),
        cohorts=[cohort],
        now=timezone.now(),
        training=training,
    )


def a_job(case: Case, state: str, by: User) -> None:
    """An inference job of a case in this state."""
    job = request_segmentation(case=case, method="slim-unet", by=by, now=timezone.now())
    reason = "The worker's memory was not enough." if state == "failed" else ""
    InferenceJob.objects.filter(pk=job.pk).update(
        state=state, progress=0.4, stage="segmenting", reason=reason
    )


def a_study(
    by: User, cohort: Cohort, title: str, masks: list[Segmentation], washout_days: int = 0
) -> Study:
    """A draft that asks Rita about these masks."""
    study = create_study(title=title, cohort=cohort, by=by, now=timezone.now())
    settings = {
        "gap": 0,
        "min_volume_mm3": 0,
        "washout_days": washout_days,
        "instructions": "Mark what is wrong.",
    }
    items = [mask.pk for mask in masks]
    edit_study(study=study, by=by, items=items, raters=["rita"], settings=settings)
    return study


def opened(study: Study, by: User) -> Study:
    """The study after it was opened."""
    open_study(study=study, by=by, now=timezone.now())
    return study


def rate_next(reader: Browser, reading: str, *, fp: int) -> None:
    """Rate what is next in a reading."""
    token = reader.get(f"readings/{reading}/")["presentation"]
    reader.post(f"presentations/{token}/open/")
    for lesion in range(1, fp + 1):
        reader.mark(token, lesion=lesion)
    reader.submit(token, fp=fp)


def switch_on_second_factor(user: User) -> None:
    """Give a person an authenticator with a known secret, and recovery codes."""
    TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)
