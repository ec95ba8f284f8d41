"""What can be asked about delineating in a reference study, by whoever delineates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.contrib.auth.models import User
from django.db.models import OuterRef, Prefetch, QuerySet

from rating.dots.design import ReferenceDesign
from rating.models import (
    Assignment,
    Delineation,
    Dot,
    DotDecision,
    ReferenceCase,
)
from rating.queries.reference import CLOSED, DOTS, NO_ROLE, OWN, design_of, step_1_ends
from segmentation.queries import how_many

DELINEATOR = "delineator"


def roles_in_assignment(*, user: User, token: str) -> frozenset[str]:
    """Delineator, when this is the user's own share of a study of a cohort they belong to."""
    return frozenset({DELINEATOR}) if _shares(user).filter(token=token).exists() else NO_ROLE


def roles_in_delineation(*, user: User, token: str) -> frozenset[str]:
    """Delineator, when this delineation is of the user's own share, as above."""
    found = Delineation.objects.filter(token=token, assignment__in=_shares(user))
    return frozenset({DELINEATOR}) if found.exists() else NO_ROLE


def _shares(user: User) -> QuerySet[Assignment]:
    """The user's shares of studies of the cohorts that they belong to now."""
    return Assignment.objects.filter(user=user.pk, study__cohort__memberships__user=user.pk)


TaskState = Literal["ready", "open", "submitted", "others", "interval", "left", "closed"]
ShareState = Literal["open", "finished", "left", "closed"]


@dataclass(frozen=True)
class Task:
    """One step of one case in somebody's share; says nothing of which case it is.

    `others`: a colleague has not finished the first step of the case; `interval`: it can be opened
    from `available_at` on; `left`: the person left the study before it was submitted.
    """

    delineation: str
    number: int
    state: TaskState
    available_at: datetime | None


@dataclass(frozen=True)
class Share:
    """Where somebody is in their share of a reference study."""

    assignment: str
    title: str
    instructions: str
    state: ShareState
    interval_days: int
    done: int
    total: int
    step_1: tuple[Task, ...]
    step_2: tuple[Task, ...]


def shares_of(*, user: User, now: datetime) -> list[Share]:
    """The user's shares of studies that were opened, newest study first."""
    found = _assignments().filter(pk__in=_shares(user).values("pk"))
    mine = list(found.order_by("-study__opened_at", "pk"))
    ends = step_1_ends(*(one.study for one in mine))
    return [_share(one, ends, now) for one in mine]


def share(*, token: str, now: datetime) -> Share:
    """One share; raises `Assignment.DoesNotExist`."""
    mine = _assignments().get(token=token)
    return _share(mine, step_1_ends(mine.study), now)


def _assignments() -> QuerySet[Assignment]:
    ordered = Delineation.objects.order_by("step", "position")
    return Assignment.objects.select_related("study").prefetch_related(
        Prefetch("delineations", ordered)
    )


def _share(assignment: Assignment, ends: Mapping[int, datetime], now: datetime) -> Share:
    study = assignment.study
    design = design_of(study)
    rows = list(assignment.delineations.all())
    tasks: dict[int, list[Task]] = {OWN: [], DOTS: []}
    for row in rows:
        state, at = _task_state(row, assignment, ends.get(row.of_id), design, now)
        tasks[row.step].append(Task(row.token, row.position, state, at))
    done = sum(row.submitted_at is not None for row in rows)
    return Share(
        assignment=assignment.token,
        title=study.title,
        instructions=design.instructions,
        state=_share_state(assignment, is_finished=done == len(rows)),
        interval_days=design.interval_days,
        done=done,
        total=len(rows),
        step_1=tuple(tasks[OWN]),
        step_2=tuple(tasks[DOTS]),
    )


def _share_state(assignment: Assignment, *, is_finished: bool) -> ShareState:
    if assignment.study.state == CLOSED:
        return "closed"
    if assignment.left_at is not None:
        return "left"
    return "finished" if is_finished else "open"


def _task_state(
    row: Delineation,
    assignment: Assignment,
    ended: datetime | None,
    design: ReferenceDesign,
    now: datetime,
) -> tuple[TaskState, datetime | None]:
    if row.submitted_at is not None:
        return "submitted", None
    if assignment.left_at is not None:
        return "left", None
    if assignment.study.state == CLOSED:
        return "closed", None
    if row.opened_at is not None:
        return "open", None
    if row.step == OWN:
        return "ready", None
    if ended is None:
        return "others", None
    at = ended + timedelta(days=design.interval_days)
    return ("ready", None) if now >= at else ("interval", at)


def delineation_in_full(token: str) -> Any:
    """One delineation with its drawing's edits and its dots, each with its newest `decision`.

    Raises `Delineation.DoesNotExist`.
    """
    newest = DotDecision.objects.order_by("version")
    dots = Dot.objects.select_related("candidate").prefetch_related(Prefetch("decisions", newest))
    return (
        Delineation.objects.select_related("assignment__study", "of__case", "drawing")
        .prefetch_related(
            "drawing__edits", "of__case__scans", Prefetch("dots", dots.order_by("position"))
        )
        .annotate(cases=how_many(ReferenceCase.objects.filter(study=OuterRef("of__study"))))
        .get(token=token)
    )
