"""A clinic in which every page has something to show, and one in which no page has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import User
from django.utils import timezone

from accounts.operations.invitations import invite
from accounts.operations.profile import confirmation_key
from accounts.operations.tokens import make_token
from rating.models import Study, StudyMembership
from rating.operations.study import close_study, create_study, edit_study, open_study
from segmentation.models import Case, Cohort, InferenceJob, Segmentation
from segmentation.operations.cases import create_cohort
from segmentation.operations.jobs import request_segmentation
from tests.rating.stage import Browser, a_case, a_mask

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

    def fill(self, address: str) -> str:
        """An address with what it names filled in."""
        cora = self.people["cora"]
        return address.format(
            cohort=self.cohort.slug,
            case=self.case.code,
            member=self.people["dana"].pk,
            confirmation=confirmation_key(user=cora, address="cora@elsewhere.example"),
            invitation=invitation_key(self.cohort, cora),
            **{f"{state}_study": study.slug for state, study in self.studies.items()},
            **{f"{state}_reading": token for state, token in self.readings.items()},
        )


def invitation_key(cohort: Cohort, by: User) -> str:
    """The key of a new invitation."""
    number = cohort.invitations.count()
    address = f"person{number}@clinic.example"
    return invite(cohort=cohort, address=address, role="rater", by=by, now=timezone.now())[1]


def a_full_clinic() -> Clinic:
    """Cora coordinates, Dana delineates with a second factor, Rita reads, Otto has no access.

    Jobs in every state; a study in every state; a reading that is ready, waiting, finished, closed.
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
    return Clinic(people, cohort, case, studies, readings)


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
