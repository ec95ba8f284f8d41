"""Two clinics that know nothing of each other, each with people, cases, masks, jobs and studies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User

from accounts.models import Invitation
from accounts.operations.invitations import accept, invite
from accounts.operations.tokens import make_token
from rating.models import Delineation, ReferenceStudy, Study, StudyMembership
from rating.operations.delineating import open_delineation, submit_delineation
from rating.operations.reference_study import (
    close_reference,
    create_reference,
    edit_reference,
    open_reference,
)
from rating.operations.study import close_study, create_study, edit_study, open_study
from segmentation.models import Case, Cohort, Evaluation, Segmentation, Training
from segmentation.operations.cases import create_cohort
from segmentation.operations.drawings import Seen, begin_drawing
from segmentation.operations.jobs import request_segmentation
from tests.rating.stage import NOON, a_case, a_mask, invited


@dataclass(frozen=True)
class Thing:
    """One object: how its address is filled, and the role that each person has with it."""

    address: Mapping[str, str]
    roles: Mapping[str, str]
    state: str = ""


Things = dict[str, list[Thing]]  # by the name of the look-up in webapp.access


def a_clinic(name: str, *, seed: int) -> Things:
    """This will make a clinic and return everything in it that an address can name.

    Its people: cora coordinates, dana delineates, rita and ravi rate.
    """
    people = {role: User.objects.create_user(f"{role}-{name}", password=role) for role in ROLES}
    cora, dana = people["cora"], people["dana"]
    staff = {cora.username: "coordinator", dana.username: "delineator"}
    cohort = create_cohort(title=f"Clinic {name}", coordinators=[cora])
    cohort.memberships.create(user=dana, role="delineator")
    case = a_case(cohort, seed)
    mask = a_mask(case, lesions=3)
    job = request_segmentation(case=case, method="slim-unet", by=cora, now=NOON)
    things: Things = {
        "in_cohort": [Thing({"slug": cohort.slug}, staff)],
        "in_whole_cohort": [Thing({"slug": cohort.slug}, staff)],
        "in_case": [Thing({"code": case.code}, staff)],
        "in_invitation": [Thing({"pk": str(one.pk)}, staff) for one in invitations(cohort, cora)],
        "in_token": [a_token(cora)],
        "in_segmentation": [Thing({"pk": str(mask.pk)}, staff)],
        "in_drawing": [a_drawing(mask, by=person) for person in (cora, dana)],
        "in_job": [Thing({"pk": str(job.pk)}, staff)],
        "in_training": [Thing({"pk": str(a_training(cohort, by=cora).pk)}, staff)],
        "in_evaluation": [Thing({"pk": str(an_evaluation(cohort, by=cora).pk)}, staff)],
        "in_study": [],
        "in_reading": [],
        "in_presentation": [],
        **some_references(case, people),
    }
    for state in Study.State.values:
        study = a_study(f"{state} {name}", state, mask, people)
        things["in_study"].append(
            Thing({"slug": study.slug}, {cora.username: "coordinator"}, state)
        )
        for reading in study.memberships.filter(role=StudyMembership.Role.RATER):
            own = {} if state == "draft" else {reading.user.get_username(): "rater"}
            things["in_reading"].append(Thing({"reading": reading.token}, own, state))
            things["in_presentation"] += [
                Thing({"token": presentation.token}, own, state)
                for presentation in reading.presentations.all()
            ]
    return things


def some_references(case: Case, people: Mapping[str, User]) -> Things:
    """Reference studies of one case, a draft, open and closed; dana delineates in them, with dots.

    Her part of the open one is finished, so that nothing of the case is hidden from her.
    """
    cora, dana = people["cora"], people["dana"]
    things: Things = {"in_reference": [], "in_assignment": [], "in_delineation": []}
    for state in ReferenceStudy.State.values:
        study = a_reference(f"{state} reference of {case.code}", state, case, dana)
        shown = {cora.username: "coordinator"}
        things["in_reference"].append(Thing({"slug": study.slug}, shown, state))
        for share in study.assignments.all():
            own = {dana.username: "delineator"}
            things["in_assignment"].append(Thing({"assignment": share.token}, own, state))
            things["in_delineation"] += [
                Thing({"token": one.token}, own, state) for one in share.delineations.all()
            ]
    return things


def a_reference(title: str, state: str, case: Case, delineator: User) -> ReferenceStudy:
    """A reference study of one case with one delineator, who has finished both steps, empty."""
    study = create_reference(title=title, cohort=case.cohort, now=NOON)
    settings = {
        "interval_days": 0,
        "cases": [case.code],
        "delineators": [delineator.username],
        "shams_per_case": 0,
    }
    edit_reference(study=study, settings=settings)
    if state == "draft":
        return study
    open_reference(study=study, by=None, now=NOON)
    for one in Delineation.objects.filter(of__study=study).order_by("step"):
        open_delineation(token=one.token, now=NOON)
        seen = Seen(edits=0, voxels=0, digest=0)
        submit_delineation(token=one.token, seen=seen, active_ms=0, now=NOON)
    if state == "closed":
        close_reference(study=study, reason="Enough.", by=None, now=NOON)
    return ReferenceStudy.objects.get(pk=study.pk)


def a_drawing(mask: Segmentation, *, by: User) -> Thing:
    """A correction of a mask that somebody has begun; nobody else knows of it."""
    drawing = begin_drawing(case=mask.case, parent_id=mask.pk, by=by, now=NOON)
    return Thing({"pk": str(drawing.pk)}, {by.get_username(): "owner"})


def a_training(cohort: Cohort, *, by: User, **more: Any) -> Training:
    """A training of the small preset that waits for a worker."""
    fields: dict[str, Any] = {
        "title": "Our own",
        "preset": "small",
        "method": "slim-unet",
        "start": "slim-unet",
        "epochs": 30,
        "split": {side: {"masks": [], "subjects": 0} for side in ("training", "validation")},
        "queued_at": NOON,
        "requested_by": by,
    }
    training = Training.objects.create(**fields | more)
    training.cohorts.add(cohort)
    return training


def an_evaluation(cohort: Cohort, *, by: User) -> Evaluation:
    """An evaluation that waits for a worker."""
    return Evaluation.objects.create(
        title="Test set",
        cohort=cohort,
        references=["delineation"],
        min_volume_mm3=10.7,
        profile="one-voxel",
        queued_at=NOON,
        requested_by=by,
    )


def invitations(cohort: Cohort, by: User) -> list[Invitation]:
    """Two invitations, one of them accepted."""
    sent = [
        invite(cohort=cohort, address=f"{n}@clinic.example", role="rater", by=by, now=NOON)
        for n in "ab"
    ]
    accept(key=sent[1][1], user=by, now=NOON)
    return [invitation for invitation, _ in sent]


def a_token(owner: User) -> Thing:
    """A token for scripts."""
    make_token(user=owner, name="script", lifetime=timedelta(days=1), now=NOON)
    return Thing({"pk": str(owner.access_tokens.get().pk)}, {owner.username: "owner"})


ROLES = ("cora", "dana", "rita", "ravi")


def a_study(title: str, state: str, mask: Segmentation, people: Mapping[str, User]) -> Study:
    """A study of one mask for rita and ravi: a draft, open, or closed."""
    cora = people["cora"]
    invited(mask.case.cohort, people["rita"], people["ravi"])
    study = create_study(title=title, cohort=mask.case.cohort, by=cora, now=NOON)
    edit_study(
        study=study,
        by=cora,
        items=[mask.pk],
        raters=[people["rita"].username, people["ravi"].username],
        settings={"gap": 0, "min_volume_mm3": 0},
    )
    if state != "draft":
        open_study(study=study, by=cora, now=NOON)
    if state == "closed":
        close_study(study=study, reason="Enough.", by=cora, now=NOON)
    return study


# What an address needs beside the object that its roles are looked up in.
FURTHER = {
    "member": "0",
    "sequence": "FLAIR",
    "mark_id": str(uuid4()),
    "edit_id": str(uuid4()),
    "decision_id": str(uuid4()),
    "dot": "no-such-dot",
    "code": "C0000",
    "uidb36": "1",
    "key": "no-such-key",
}
