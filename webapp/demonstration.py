"""The demonstration that a first start creates: everything in it was made by the product itself.

Six phantoms are imported like any case and segmented by real inference jobs. One study is open to
be rated, with three more phantoms to practise on first: their masks have errors that were put in.
Another is closed: two scripted raters read it through the same API as a person's browser. Two
scripted delineators did the same with two reference studies: one is closed, in the other the second
step of one of them is left to do.
Nothing is downloaded, and no number of it says anything about a patient.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.utils.crypto import get_random_string
from numpy.typing import NDArray
from scipy import ndimage

from accounts.operations.invitations import add_person
from rating.models import Delineation, Presentation, ReferenceStudy, Study, StudyMembership
from rating.operations import reference_study as references
from rating.operations import study as studies
from rating.operations.reference_masks import make_references_of
from segmentation.methods import DEFAULT_METHOD
from segmentation.models import Case, Cohort, Segmentation
from segmentation.operations.cases import NamedFile, create_cohort, import_case
from segmentation.operations.jobs import request_segmentation
from segmentation.operations.masks import NewMask, store_mask
from segmentation.operations.running import run_next_job
from segmentation.operations.voxels import errors_of, mask_of, scans_of
from segmentation.training.phantoms import make_phantom
from webapp.scripted_delineating import ScriptedDelineator
from webapp.scripted_reading import ScriptedAnswer, ScriptedReader

COHORT = "Demonstration phantoms"
OPEN_STUDY = "Demonstration: a study to rate"
CLOSED_STUDY = "Demonstration: a finished study"
CLOSED_REFERENCE = "Demonstration reference"
OPEN_REFERENCE = "Demonstration: a reference to finish"
SEEDS = (9001, 9002, 9003, 9004, 9005, 9006)
LESIONS = (4, 9, 14, 18, 24, 33)
PRACTICE_SEEDS = (9122, 9123, 9124)
PRACTICE_ERRORS = ((1, 0), (0, 1), (1, 1))  # false and missed lesions of each practice mask
PEOPLE = {"cora": "coordinator", "rita": "rater", "ravi": "rater"} | dict.fromkeys(
    ("dana", "dirk"), "delineator"
)
PRACTICE = "Practice mask"
ACCOUNTS = "demonstration-accounts.json"
OVERLOOKED_MM3 = 60

Say = Callable[[str], None]
Clock = Callable[[], datetime]


def may_demonstrate() -> bool:
    """Whether accounts with passwords that a file tells may exist here: not in production."""
    return not settings.PRODUCTION or "demonstration" in settings.ALLOWED_IN_PRODUCTION


def demonstration_accounts() -> dict[str, str]:
    """The passwords of the demonstration's accounts by user name; empty when there is none."""
    kept = Path(settings.DATA) / ACCOUNTS
    return json.loads(kept.read_text()) if kept.exists() else {}


def make_demonstration(*, clock: Clock, say: Say) -> None:
    """This will create whatever of the demonstration is not there yet; again it does nothing."""
    people = make_accounts()
    cohort = Cohort.objects.filter(title=COHORT).first() or make_cohort(people, clock=clock)
    make_cases(cohort, clock=clock, say=say)
    cases = list(cohort.cases.order_by("pk")[: len(SEEDS + PRACTICE_SEEDS)])
    judged, practised = cases[: len(SEEDS)], cases[len(SEEDS) :]
    for number, case in enumerate(judged, 1):
        if not case.segmentations.filter(method=DEFAULT_METHOD).exists():
            say(f"Segmenting phantom {number} of {len(SEEDS)}")
            request_segmentation(case=case, method=DEFAULT_METHOD, by=None, now=clock())
            while run_next_job(clock=clock):
                pass
    everything = Segmentation.objects.filter(case__in=judged)
    predicted = everything.filter(method=DEFAULT_METHOD)
    make_study(CLOSED_STUDY, cohort, people, everything, clock=clock)
    read_and_close(CLOSED_STUDY, people, clock=clock, say=say)
    make_reference(CLOSED_REFERENCE, cohort, people, judged[1:3], clock=clock, say=say)
    left = {"left_to_do": "dana"}
    make_reference(OPEN_REFERENCE, cohort, people, judged[:1], **left, clock=clock, say=say)
    practice = [
        practice_pair(case, false, missed, clock=clock)
        for case, (false, missed) in zip(practised, PRACTICE_ERRORS, strict=True)
    ]
    make_study(OPEN_STUDY, cohort, people, predicted, practice, clock=clock)


def make_accounts() -> dict[str, User]:
    """This will create the people, each with a password of its own kept with the data."""
    known = demonstration_accounts()
    passwords = {
        name: f"{name}-{get_random_string(8, 'abcdefghjkmnpqrstuvwxyz23456789')}" for name in PEOPLE
    } | known
    kept = Path(settings.DATA) / ACCOUNTS
    if passwords != known:
        kept.touch(mode=0o600)
        kept.write_text(json.dumps(passwords, indent=1))
    people = {}
    for name, password in passwords.items():
        person, new = User.objects.get_or_create(
            username=name, defaults={"first_name": name.capitalize()}
        )
        if new:
            person.set_password(password)
            person.save()
        people[name] = person
    return people


def make_cohort(people: dict[str, User], *, clock: Clock) -> Cohort:
    """This will create the cohort with its coordinator and raters."""
    cohort = create_cohort(title=COHORT, coordinators=[people["cora"]])
    for name, role in PEOPLE.items():
        if role == "rater":
            add_person(cohort=cohort, user=people[name], by=people["cora"], now=clock())
    return cohort


def make_cases(cohort: Cohort, *, clock: Clock, say: Say) -> None:
    """This will generate and import the phantoms that the cohort lacks."""
    there = cohort.cases.count()
    large: dict[str, Any] = {"shape": (288, 320, 36), "spacing_mm": (0.75, 0.75, 4.0)}
    easy: dict[str, Any] = {"lesions": 7, "confluent": False, "flair_only": True}
    easy |= {"shape": (192, 224, 32), "spacing_mm": (1.0, 1.0, 4.5)}
    wanted: list[dict[str, Any]] = [
        {"seed": seed, "lesions": lesions} | large
        for seed, lesions in zip(SEEDS, LESIONS, strict=True)
    ]
    wanted += [{"seed": seed} | easy for seed in PRACTICE_SEEDS]
    for number, how in enumerate(wanted, 1):
        if number <= there:
            continue
        say(f"Generating phantom {number} of {len(wanted)}")
        phantom = make_phantom(**how)
        import_case(
            cohort=cohort,
            files=[
                NamedFile("FLAIR.nii.gz", nifti_bytes(phantom.flair, phantom.affine)),
                NamedFile(
                    "mask.nii.gz", nifti_bytes(phantom.mask.astype(np.uint8), phantom.affine)
                ),
            ],
            now=clock(),
        )


def nifti_bytes(voxels: NDArray[Any], affine: NDArray[np.float64]) -> bytes:
    """This will write voxels as a .nii.gz with both of its geometries set."""
    image = nib.Nifti1Image(voxels, affine)
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    return gzip.compress(image.to_bytes(), 6, mtime=0)


def practice_pair(
    case: Case, false: int, missed: int, *, clock: Clock
) -> tuple[Segmentation, Segmentation]:
    """This will draw a mask with so many errors, unless it is there; the known one comes second."""
    known = case.segmentations.get(origin=Segmentation.Origin.IMPORTED)
    drawn = case.segmentations.filter(title=PRACTICE).first() or store_mask(
        NewMask(
            case=case,
            origin=Segmentation.Origin.PRACTICE,
            title=PRACTICE,
            mask=with_errors(mask_of(known), false=false, missed=missed),
        ),
        like=scans_of(case)["FLAIR"],
        now=clock(),
    )
    return drawn, known


def with_errors(known: NDArray[np.bool_], *, false: int, missed: int) -> NDArray[np.bool_]:
    """This will leave out the largest lesions and draw others where, mirrored, there is none.

    `known` is x, y, z; left and right are mirrored along x. With fewer lesions than errors there
    are fewer errors.
    """
    labels, count = ndimage.label(known, np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    largest = (np.argsort(-sizes, kind="stable") + 1).tolist()
    drawn = known & ~np.isin(labels, largest[:missed])
    around = ndimage.binary_dilation(known, np.ones((3, 3, 3), bool), iterations=2)
    mirrored = [(labels == lesion)[::-1] for lesion in largest]
    free = [lesion for lesion in mirrored if not (lesion & around).any()]
    for lesion in free[:false]:
        drawn = drawn | lesion
    return drawn


def make_study(
    title: str,
    cohort: Cohort,
    people: dict[str, User],
    masks: Iterable[Segmentation],
    practice: Iterable[tuple[Segmentation, Segmentation]] = (),
    *,
    clock: Clock,
) -> None:
    """This will create and open a study of these masks, unless it is there."""
    if Study.objects.filter(title=title, state__in=["open", "closed"]).exists():
        return
    draft = Study.objects.filter(title=title).first() or studies.create_study(
        title=title, cohort=cohort, by=people["cora"], now=clock()
    )
    studies.edit_study(
        study=draft,
        by=people["cora"],
        items=[mask.pk for mask in masks],
        practice=[(drawn.pk, known.pk) for drawn, known in practice],
        raters=[name for name, role in PEOPLE.items() if role == "rater"],
        settings={
            "gap": 2,
            "washout_days": 0,
            "min_volume_mm3": 0,  # the phantoms' known lesions come in any size
            "instructions": "Mark every drawn lesion that is none (false positive) and every "
            "lesion that is not drawn in any slice (missed). Then say whether you would accept the "
            "mask.",
            "dawm_instruction": "Diffusely abnormal white matter does not count as a lesion.",
        },
    )
    studies.open_study(study=draft, by=people["cora"], now=clock())


def make_reference(
    title: str,
    cohort: Cohort,
    people: dict[str, User],
    cases: Iterable[Case],
    *,
    left_to_do: str = "",
    clock: Clock,
    say: Say,
) -> None:
    """This will have a reference made of these cases in two steps, by scripts, unless it is there.

    The second step of `left_to_do` is left to whoever logs in by that name; without one the study
    is closed and its references are made.
    """
    study = ReferenceStudy.objects.filter(
        cohort=cohort, title=title
    ).first() or references.create_reference(title=title, cohort=cohort, now=clock())
    if study.state == ReferenceStudy.State.DRAFT:
        names = [name for name, role in PEOPLE.items() if role == "delineator"]
        for name in names:
            if not cohort.memberships.filter(user=people[name]).exists():
                by = people["cora"]
                add_person(cohort=cohort, user=people[name], role="delineator", by=by, now=clock())
        design = {
            "cases": [case.code for case in cases],
            "delineators": names,
            "methods": [DEFAULT_METHOD],
            "interval_days": 0,  # months in a study of patients
            "instructions": "Delineate every lesion. Diffusely abnormal white matter is none.",
        }
        references.edit_reference(study=study, settings=design)
        study = references.open_reference(study=study, by=people["cora"], now=clock())
    if study.state == ReferenceStudy.State.OPEN:
        delineate(study, left_to_do=left_to_do, say=say)
    if left_to_do:
        return
    if study.state == ReferenceStudy.State.OPEN:
        study = references.close_reference(
            study=study, reason="Everybody has finished.", by=people["cora"], now=clock()
        )
    make_references_of(study=study, by=people["cora"], now=clock())


def delineate(study: ReferenceStudy, *, left_to_do: str, say: Say) -> None:
    """This will do by scripts whatever is left of an open reference study, through the API."""
    for step in Delineation.Step.values:
        left = study.assignments.filter(
            left_at=None, delineations__step=step, delineations__submitted_at=None
        )
        for share in left.select_related("user").distinct():
            if step == Delineation.Step.OWN or share.delineator != left_to_do:
                say(f"Scripted delineating, step {step}, by {share.delineator}")
                is_generous = share.delineator != "dana"
                ScriptedDelineator(share.user, share, is_generous=is_generous).finish(step)


# --- The scripted raters of the closed study ------------------------------------------------------


def read_and_close(title: str, people: dict[str, User], *, clock: Clock, say: Say) -> None:
    """This will read the study as two scripted raters, through the API, and close it."""
    study = Study.objects.get(title=title)
    if study.state == Study.State.CLOSED:
        return
    for reading in study.memberships.filter(role=StudyMembership.Role.RATER).order_by("user"):
        say(f"Scripted reading of the finished study by {reading.user.get_username()}")
        ScriptedRater(people[reading.user.get_username()], reading.token).read_all()
    studies.close_study(
        study=study, reason="All presentations are rated.", by=people["cora"], now=clock()
    )


class ScriptedRater(ScriptedReader):
    """Reads like a person who knows the phantoms' lesions, and is a little careless about it."""

    def answer(self, token: str, shown: dict[str, Any]) -> ScriptedAnswer:
        """This will mark most of what is wrong or missed, as a person would."""
        wrong, missed = disagreement(Presentation.objects.get(token=token))
        false = [
            lesion["id"]
            for lesion in shown["lesions"]
            if self.chance.random() < (0.85 if lesion["id"] in wrong else 0.03)
        ]
        found = [place for place in missed if self.chance.random() < 0.75]
        drawn, fp = shown["lesion_count"], len(false)
        good = 10 * fp < max(drawn, 1) and 9 * len(found) < max(drawn - fp, 1)
        if self.chance.random() < 0.08:
            good = not good
        verdict = "acceptable" if good else "unacceptable"
        return ScriptedAnswer(false, found, verdict, self.chance.randint(40_000, 240_000))


def disagreement(presentation: Presentation) -> tuple[list[int], list[tuple[float, float, float]]]:
    """The drawn lesions that touch no known lesion (ids), and places (mm) of known ones missed.

    Like a person, it overlooks what is very small.
    """
    drawn = presentation.item.segmentation
    known = drawn.case.segmentations.get(origin=Segmentation.Origin.IMPORTED)
    wrong, missed = errors_of(drawn, known)
    return wrong, [lesion.voxel_mm for lesion in missed if lesion.volume_mm3 > OVERLOOKED_MM3]
