"""The home page, search, and the answers to whoever asks whether Plaque is alive and ready."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.queries import expired_invitations
from rating.queries.delineating import shares_of
from rating.queries.pace import idle_readings
from rating.queries.reading import readings_of
from rating.queries.reference import reference_studies_of, references_waiting
from rating.queries.studies import (
    drafts_among,
    rated_to_the_end,
    studies_for_home,
    studies_of,
    with_counts,
)
from segmentation.models import CohortMembership
from segmentation.people import owner_key, signed_in
from segmentation.queries import (
    belongs_to_a_cohort,
    cohorts_of,
    database_now,
    found_cases,
    needing_attention,
    people_called,
)
from webapp.readiness import what_is_missing

HOME_STUDIES = 12
HOME_IDLE = 8
HOME_DRAFTS = 4
SEARCH_MOST = 20


def home(request: HttpRequest) -> HttpResponse:
    """What needs this person's attention."""
    user, now = signed_in(request), database_now()
    return render(request, "webapp/home.html", _waiting_for(user, now))


def _waiting_for(user: User, now: datetime) -> dict[str, Any]:
    cohorts = list(cohorts_of(user))
    coordinates = any(cohort.role == CohortMembership.Role.COORDINATOR for cohort in cohorts)
    return {
        "readings": readings_of(user=user, now=now),
        "shares": shares_of(user=user, now=now),
        "cohorts": cohorts,
        **(_to_coordinate(user, now) if coordinates else {}),
    }


def _to_coordinate(user: User, now: datetime) -> dict[str, Any]:
    """What there is only for who coordinates a cohort."""
    mine = studies_for_home(user)
    idle = idle_readings(studies=mine, now=now)
    studies = list(with_counts(mine)[: HOME_STUDIES + 1])
    references = list(reference_studies_of(user))
    return {
        "studies": studies[:HOME_STUDIES],
        "more_studies": len(studies) > HOME_STUDIES,
        "reference_studies": references[:HOME_STUDIES],
        "more_references": len(references) > HOME_STUDIES,
        "waiting_cohorts": needing_attention(user, now=now),
        "expired_invitations": expired_invitations(user, now=now),
        "rated_studies": list(rated_to_the_end(mine)[:HOME_IDLE]),
        "references_waiting": references_waiting(references, now=now)[:HOME_IDLE],
        "drafts": list(drafts_among(mine)[:HOME_DRAFTS]),
        "idle_readings": idle[:HOME_IDLE],
        "more_idle": max(0, len(idle) - HOME_IDLE),
    }


def navigation(request: HttpRequest) -> dict[str, Any]:
    """For every page: whose it is, and whether lists are their business, or readings alone."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"owner": "", "has_lists": False}
    return {"owner": owner_key(user), "has_lists": belongs_to_a_cohort(user)}


def search(request: HttpRequest) -> HttpResponse:
    """What this person may see with `?q=` in its code, subject or title; people for staff."""
    user, words = signed_in(request), request.GET.get("q", "").strip()[:60]
    found = {
        "cases": found_cases(user, words),
        "studies": studies_of(user, search=words),
        "references": reference_studies_of(user).filter(title__icontains=words),
        "people": people_called(words) if user.is_staff else (),
    }
    context: dict[str, Any] = {"words": words, "most": SEARCH_MOST}
    if words:
        context |= {name: list(rows[: SEARCH_MOST + 1]) for name, rows in found.items()}
    return render(request, "webapp/search.html", context)


def health(request: HttpRequest) -> HttpResponse:
    """Says ok as soon as requests are answered."""
    return HttpResponse("ok\n", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """Says ready when everything that Plaque needs does its work; else 503 and what is missing."""
    missing = what_is_missing(now=timezone.now())
    words = "\n".join(missing or ["ready"])
    return HttpResponse(
        f"{words}\n", content_type="text/plain; charset=utf-8", status=503 if missing else 200
    )
