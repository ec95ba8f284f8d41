"""What the demonstration lacks and pictures need: people without anything, every state of pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.utils import timezone

from accounts.operations.invitations import add_person, invite
from rating.models import Assignment, ReferenceStudy, Study
from rating.operations.amendments import join_rater
from rating.operations.reference_study import (
    close_reference,
    create_reference,
    edit_reference,
    open_reference,
)
from rating.operations.study import create_study, edit_study, open_study
from segmentation.imaging.nifti import read_volume
from segmentation.models import Case, Cohort, Segmentation, Training
from segmentation.operations.cases import NamedFile, create_cohort, import_case
from segmentation.operations.drawings import begin_drawing
from segmentation.operations.masks import NewMask, store_mask
from segmentation.training.phantoms import make_phantom
from tests.browser.clinic import a_job, a_training_that, an_evaluation
from tests.rating.delineators import Delineator, Mask, a_method_mask
from webapp.demonstration import nifti_bytes

Origin = Segmentation.Origin
PREDICTED = {"slim-unet": "Slim U-Net", "adapted-unet": "Adapted U-Net"}


def make_states(password: str) -> None:
    """This will create them once: people who have nothing yet, and a cohort with everything."""
    if User.objects.filter(username="otto").exists():
        return
    User.objects.create_user("otto", password=password, first_name="Otto")
    nina = User.objects.create_superuser("nina", password=password, first_name="Nina")
    create_cohort(title="New clinic", coordinators=[nina])
    cora, rita, ravi = (User.objects.get(username=name) for name in ("cora", "rita", "ravi"))
    cohort = create_cohort(title="Clinic with everything", coordinators=[cora])
    for rater in (rita, ravi):
        add_person(cohort=cohort, user=rater, by=cora, now=timezone.now())
    for role in ("rater", "delineator"):
        address = f"{role}@clinic.example"
        invite(cohort=cohort, address=address, role=role, by=cora, now=timezone.now())
    cases = [a_case(cohort, seed) for seed in range(3)]
    for state in ("failed", "cancelled", "running", "queued"):
        a_job(cases[0], state, cora)
    for state in Training.State.values:
        a_training_that(state, cohort, cora)
    an_evaluation(cohort, cora, slices=[{"case": cases[0].code, "slice": 12}])
    parent = cases[0].segmentations.filter(origin=Origin.PREDICTION).first()
    begin_drawing(case=cases[0], parent_id=parent and parent.pk, by=cora, now=timezone.now())
    a_study("Everything is asked, a draft", cohort, cora)
    study = a_study("Everything is asked", cohort, cora)
    open_study(study=study, by=cora, now=timezone.now())
    why = "Somebody was ill."
    join_rater(study=study, username="ravi", reason=why, by=cora, now=timezone.now())


def a_case(cohort: Cohort, seed: int) -> Case:
    """A phantom with T1, two experts and two methods of which none is quite right."""
    phantom = make_phantom(seed=seed, lesions=12, shape=(192, 224, 24), spacing_mm=(1, 1, 5))
    scans = {"FLAIR": phantom.flair, "T1": phantom.t1}
    files = [
        NamedFile(f"{name}.nii.gz", nifti_bytes(voxels, phantom.affine))
        for name, voxels in scans.items()
    ]
    case = import_case(cohort=cohort, files=files, now=timezone.now()).case
    with case.scans.get(sequence="FLAIR").original.open("rb") as stored:
        like = read_volume(stored.read(), name="FLAIR")
    names = {"Expert 1": "", "Expert 2": ""} | {title: name for name, title in PREDICTED.items()}
    for moved, (title, method) in enumerate(names.items()):
        mask = np.roll(phantom.mask.astype(bool), moved, axis=moved % 2)
        mask[:, : 20 * moved] = False
        origin = Origin.PREDICTION if method else Origin.DELINEATION
        new = NewMask(case=case, origin=origin, title=title, mask=mask, method=method)
        store_mask(new, like=like, now=timezone.now())
    return case


def a_study(title: str, cohort: Cohort, by: User) -> Study:
    """A draft that asks Rita for everything that a design can ask for."""
    study = create_study(title=title, cohort=cohort, by=by, now=timezone.now())
    masks = Segmentation.objects.filter(case__cohort=cohort).order_by("case__code")
    judged = masks.filter(origin=Origin.PREDICTION)
    first = judged.earliest("created_at")
    known = masks.filter(case=first.case, origin=Origin.DELINEATION).earliest("created_at")
    settings = {
        "gap": 1,
        "min_volume_mm3": 0,
        "shown_sequences": ["FLAIR", "T1"],
        "instructions": "Mark every drawn lesion that is none, and every lesion not drawn.",
        "dawm_instruction": "Diffusely abnormal white matter does not count as a lesion.",
        "equivalence_margin": 0.1,
        **dict.fromkeys(("sign_instructions", "ask_qualification", "ask_conditions"), True),
    }
    edit_study(
        study=study,
        by=by,
        settings=settings,
        items=[mask.pk for mask in judged.exclude(case=first.case)],
        raters=["rita"],
        practice=[(first.pk, known.pk)],
    )
    return study


def make_reference_states() -> None:
    """This will create once a reference study of every state, for Dana and Dora to delineate."""
    if User.objects.filter(username="dora").exists():
        return
    cora = User.objects.get(username="cora")
    cohort = create_cohort(title="Clinic that delineates", coordinators=[cora])
    people = [User.objects.get(username="dana"), User.objects.create_user("dora")]
    for person in people:
        cohort.memberships.create(user=person, role="delineator")
    first, others = (cases_to_delineate(cohort, seeds) for seeds in ((7, 8), (9, 10)))
    # Nobody delineates a case in two open studies, so the second step has cases of its own.
    of = {"Finished": first, "A draft": first, "Not begun": first, "Second step": others}
    for title, own in of.items():
        study = create_reference(title=title, cohort=cohort, now=timezone.now())
        settings = {
            "interval_days": 0 if title in ("Second step", "Finished") else 30,
            "cases": list(own),
            "delineators": [person.username for person in people],
            "methods": ["slim-unet", "bianca", "lst-lpa"],
            "proposals": True,
            "instructions": "Draw all lesions.\n\nLeave the ventricles alone.",
        }
        edit_reference(study=study, settings=settings)
        if title != "A draft":
            study = open_reference(study=study, by=cora, now=timezone.now())
        if title in ("Second step", "Finished"):
            draw(study, people, own, all_=title == "Finished")
        if title == "Finished":
            why = "Everybody has finished."
            close_reference(study=study, reason=why, by=cora, now=timezone.now())


def cases_to_delineate(cohort: Cohort, seeds: tuple[int, int]) -> dict[str, Mask]:
    """New cases with masks of three methods; what somebody draws, by case code."""
    own: dict[str, Mask] = {}
    for seed in seeds:
        case = a_case(cohort, seed)
        own[case.code] = a_drawn_mask(seed)
        for moved, method in enumerate(("slim-unet", "bianca", "lst-lpa"), 1):
            a_method_mask(case, method, np.roll(own[case.code], moved, axis=0))
    return own


def a_drawn_mask(seed: int) -> Mask:
    """What somebody draws who finds every lesion of a phantom (RAS order)."""
    mask = make_phantom(seed=seed, lesions=12, shape=(192, 224, 24), spacing_mm=(1, 1, 5)).mask
    return np.asarray(mask, bool)


class Sharing(Delineator):
    """Somebody who delineates for several studies, in one of them."""

    def __init__(self, user: User, study: ReferenceStudy) -> None:
        super().__init__(user)
        self.client.defaults["SERVER_NAME"] = "localhost"
        self.token = Assignment.objects.get(study=study, user=user).token

    def share(self) -> dict[str, Any]:
        shared: dict[str, Any] = self.get(f"assignments/{self.token}/")
        return shared


def draw(study: ReferenceStudy, people: list[User], own: Mapping[str, Mask], *, all_: bool) -> None:
    """The first step of everybody, who differ a little; with `all_` the second, too."""
    for moved, person in enumerate(people):
        masks = {code: np.roll(mask, moved, axis=1) for code, mask in own.items()}
        Sharing(person, study).finish_step_1(masks)
    if all_:
        for person in people:
            Sharing(person, study).finish_step_2()
