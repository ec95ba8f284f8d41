"""Reminding a rater: when it may be done, and that it was."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from rating.models import Study, StudyMembership
from rating.operations.study import StudyNotOpen, UnknownRater, note
from rating.queries.reading import reading_state
from segmentation.operations.audit import Act
from segmentation.refusals import Refusal

PAUSE = timedelta(days=1)


class NothingToRemindOf(Refusal):
    """The rater cannot go on now, or has no address."""


class RemindedAlready(Refusal):
    """The rater was reminded not long ago."""


@transaction.atomic
def remind(*, study: Study, username: str, by: User, now: datetime) -> str:
    """This will note that a rater is reminded, and return the address to write to.

    At most once a day, and only who can go on: nobody is told to read during a washout. Raises
    StudyNotOpen, UnknownRater, NothingToRemindOf, RemindedAlready.
    """
    readings = StudyMembership.objects.select_for_update(of=("self",)).select_related("user")
    reading = readings.filter(
        study=study, role=StudyMembership.Role.RATER, rater=username, left_at=None
    ).first()
    if study.state != Study.State.OPEN:
        raise StudyNotOpen(f"{study.title} is {study.state}. Nobody was reminded.")
    if reading is None:
        raise UnknownRater(
            f"{username} does not rate in this study. Nobody was reminded.",
            fields={"rater": [f"{username} does not rate in this study."]},
        )
    if reading_state(token=reading.token, now=now).state != "ready":
        raise NothingToRemindOf(
            f"{username} has nothing to read now: all is submitted, or the washout still runs. "
            "Nobody was reminded."
        )
    if not reading.user.email:
        raise NothingToRemindOf(
            f"No e-mail address of {username} is known. Nobody was reminded; they can enter one on "
            "their account page."
        )
    if reading.reminded_at is not None and now - reading.reminded_at < PAUSE:
        raise RemindedAlready(
            f"{username} was reminded within the last day. Nobody was reminded; try again tomorrow."
        )
    reading.reminded_at = now
    reading.save(update_fields=["reminded_at"])
    note(Act.RATER_REMINDED, study, by=by, now=now, detail=f"rater {username}")
    return reading.user.email
