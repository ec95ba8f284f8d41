"""How far raters are and how they read, as far as it tells nothing of what they answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from rating.models import Rating, Study, StudyMembership
from rating.queries.design import design_of
from rating.queries.reading import (
    IS_ASKED_OF_READING,
    IS_DONE_OF_READING,
    opened_readings,
    state_of,
    with_next,
)
from rating.queries.roles import RATER
from rating.queries.studies import slice_counts

IDLE_DAYS = 7
QUICK_MS = 10_000
LOW_COVERAGE = 0.8


def progress(study: Study) -> QuerySet[StudyMembership]:
    """The raters of a study with their pace (`done`, `total` and the times), never answers."""
    shown = "presentations"
    return (
        study.memberships.filter(role=RATER)
        .select_related("user")
        .annotate(
            total=Count(shown, filter=IS_ASKED_OF_READING),
            done=Count(shown, filter=IS_DONE_OF_READING),
            last_opened=Max("presentations__opened_at"),
            last_submitted=Max("presentations__submitted_at"),
        )
        .order_by("user__username")
    )


@dataclass(frozen=True)
class Conduct:
    """How a rater reads, as far as it tells nothing of what they answer.

    `quick` and `low_coverage` count submitted presentations that were read for less than 10 s, or
    of which less than 80 % of the slices were seen, `unrated` those that could not be rated;
    `idle_days` have passed since they could go on and did not, None where they cannot.
    """

    quick: int = 0
    low_coverage: int = 0
    unrated: int = 0
    median_seconds: float | None = None
    open_since: datetime | None = None
    idle_days: int | None = None
    after_washout: bool = False


def conduct(study: Study, *, now: datetime) -> dict[int, Conduct]:
    """How every rater of a study reads, by the membership's primary key."""
    if study.state == Study.State.DRAFT:
        return {}
    slices = slice_counts(study)
    read: dict[int, list[tuple[int, bool, bool]]] = {}
    answered = Rating.objects.filter(
        presentation__reading__study=study, presentation__occasion__gt=0, version=1
    ).values_list(
        *("presentation__reading", "active_ms", "slices_seen", "outcome"),
        "presentation__item__segmentation__case",
    )
    for reading, active_ms, seen, outcome, case in answered.order_by().iterator(chunk_size=2000):
        low = seen < LOW_COVERAGE * slices[case]
        read.setdefault(reading, []).append((active_ms, low, outcome != Rating.Outcome.RATED))
    rows: QuerySet[Any] = opened_readings().filter(study=study)
    return {row.pk: _conduct(row, read.get(row.pk, []), now) for row in rows}


def _conduct(reading: Any, read: list[tuple[int, bool, bool]], now: datetime) -> Conduct:
    state = state_of(reading, now).state
    timed = [active_ms / 1000 for active_ms, *_ in read if active_ms]
    return Conduct(
        quick=sum(active_ms < QUICK_MS for active_ms, *_ in read),
        low_coverage=sum(low for _, low, _ in read),
        unrated=sum(unrated for *_, unrated in read),
        median_seconds=median(timed) if timed else None,
        open_since=reading.next_opened_at if state == "ready" else None,
        idle_days=_rest(reading, now).days if state == "ready" else None,
        after_washout=_is_after_washout(reading),
    )


@dataclass(frozen=True)
class IdleReading:
    """A rater of an open study who could go on and has not for a while."""

    study: Study
    rater: str
    days: int
    after_washout: bool


def idle_readings(*, studies: QuerySet[Study], now: datetime) -> list[IdleReading]:
    """Readings in the open ones of these that have rested for IDLE_DAYS or more, longest first.

    Says nothing of what was answered. A washout that still runs is no rest.
    """
    since = now - timedelta(days=IDLE_DAYS)
    running = studies.filter(state=Study.State.OPEN, opened_at__lte=since)
    asked = StudyMembership.objects.filter(role=RATER, left_at=None, study__in=running.values("pk"))
    rows: QuerySet[Any] = with_next(asked.exclude(joined_at__gt=since)).select_related("study")
    rows = rows.filter(Q(last_opened=None) | Q(last_opened__lte=since)).only(
        *("rater", "joined_at", "study__slug", "study__title"),
        *("study__opened_at", "study__design_json"),
    )
    rests = [(_rest(row, now).days, row) for row in rows if row.next_token is not None]
    idle = [
        IdleReading(row.study, row.rater, days, _is_after_washout(row))
        for days, row in rests
        if days >= IDLE_DAYS
    ]
    return sorted(idle, key=lambda one: -one.days)


def _is_after_washout(reading: Any) -> bool:
    return reading.next_occasion == 2 and reading.next_opened_at is None


def _rest(reading: Any, now: datetime) -> timedelta:
    """How long a rater could have gone on and did not. A washout that still runs is no rest."""
    since = [reading.last_opened, reading.last_submitted, reading.study.opened_at]
    since.append(reading.joined_at)
    if _is_after_washout(reading):
        washout = timedelta(days=design_of(reading.study).washout_days)
        since.append(reading.first_block_end + washout)
    latest: datetime = max(at for at in since if at)
    return now - latest
