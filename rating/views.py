"""The pages of studies and readings. What changes anything goes through the API."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from rating.queries.corrections import (
    corrected_in,
    corrected_masks,
    correction_queue,
    method_disagreement_queue,
    rater_disagreement_queue,
    uncertainty_queue,
)
from rating.queries.reading import keys_of
from rating.queries.reference import reference_studies_of
from rating.queries.reference import reference_study as one_reference_study
from rating.queries.studies import studies_of, study_in_full
from segmentation.evaluation.uncertainty import LEAST_PROBABILITY
from segmentation.models import Cohort
from segmentation.people import owner_key, signed_in
from segmentation.queries import cohorts_of, coordinated_and_open

STUDIES_PAGE = 50
QUEUES: dict[str, Callable[[User, str], Any]] = {
    "marks": correction_queue,
    "disagreement": method_disagreement_queue,
    "raters": rater_disagreement_queue,
    "uncertainty": uncertainty_queue,
    "corrected": corrected_masks,
}
MEASURES = {
    "disagreement": ("Methods", "Disagreement"),
    "raters": ("Raters", "Disagreement"),
    "uncertainty": ("Methods", "Uncertainty"),
}


def studies(request: HttpRequest) -> HttpResponse:
    """The studies that I coordinate (`?q=` in the title, `?page=`), and the way to a new one."""
    cohorts = [cohort for cohort in cohorts_of(signed_in(request)) if cohort.role == "coordinator"]
    search = request.GET.get("q", "").strip()
    found = studies_of(signed_in(request), search=search)
    context = {
        "page": Paginator(found, STUDIES_PAGE).get_page(request.GET.get("page")),
        "search": search,
        "cohorts": cohorts,
        "page_data": {
            "cohorts": [{"slug": cohort.slug, "title": cohort.title} for cohort in cohorts],
            "study_page": reverse("study", args=["SLUG"]),
        },
    }
    return render(request, "rating/studies.html", context)


def corrections(request: HttpRequest, slug: str) -> HttpResponse:
    """The masks of a cohort in an order that pays to correct them, and those that were corrected.

    `?order=marks`: by what raters of closed studies marked; `disagreement`: between methods;
    `raters`: between raters; `uncertainty`: of the method; `corrected`: what was corrected, to be
    chosen for a training.
    """
    user = signed_in(request)
    order = request.GET.get("order", "")
    order = order if order in QUEUES else "marks"
    cohort = Cohort.objects.get(slug=slug)
    corrected = corrected_in(user, slug)
    asked = {"cohort": slug, "reference": "correction", "start": corrected.method}
    context = {
        "cohort": cohort,
        "page": Paginator(QUEUES[order](user, slug), STUDIES_PAGE).get_page(
            request.GET.get("page")
        ),
        "order": order,
        "measure": MEASURES.get(order),
        "least_probability": LEAST_PROBABILITY,
        "corrected": corrected,
        "asked": asked,
        "training": f"{reverse('trainings')}?{urlencode(asked)}",
        "may_train": corrected.cases > 0 and cohort in coordinated_and_open(user),
    }
    return render(request, "rating/corrections.html", context)


def study(request: HttpRequest, slug: str) -> HttpResponse:
    """One study: its design while it is a draft, its pace while it is open, then its results."""
    context = {
        "study": study_in_full(slug),
        "page_data": {"study": slug, "studies": reverse("studies")},
    }
    return render(request, "rating/study.html", context)


def reading(request: HttpRequest, reading: str) -> HttpResponse:
    """A rater's reading room. The page holds nothing but its own token."""
    chosen = keys_of(signed_in(request))
    context = {
        "page_data": {
            "reading": reading,
            "urls": {"home": reverse("home")},
            "user": owner_key(signed_in(request)),
            "keys": chosen.keys,
            "keys_folded": chosen.summary_folded,
        }
    }
    return render(request, "rating/reading.html", context)


def reference_studies(request: HttpRequest) -> HttpResponse:
    """The reference studies that I coordinate (`?page=`), and the way to a new one."""
    user = signed_in(request)
    cohorts = list(coordinated_and_open(user))
    found = reference_studies_of(user)
    context = {
        "page": Paginator(found, STUDIES_PAGE).get_page(request.GET.get("page")),
        "cohorts": cohorts,
        "page_data": {
            "cohorts": [{"slug": cohort.slug, "title": cohort.title} for cohort in cohorts],
            "study_page": reverse("reference-study", args=["SLUG"]),
        },
    }
    return render(request, "rating/reference_studies.html", context)


def reference_study(request: HttpRequest, slug: str) -> HttpResponse:
    """One reference study: its design while it is a draft, its pace, then what came of it."""
    study = one_reference_study(slug)
    context = {
        "study": study,
        "page_data": {
            "study": slug,
            "studies": reverse("reference-studies"),
            "case_page": reverse("case", args=["CODE"]),
            "evaluations": reverse("evaluations"),
        },
    }
    return render(request, "rating/reference_study.html", context)


def assignment(request: HttpRequest, assignment: str) -> HttpResponse:
    """A delineator's share of a reference study. The page holds nothing but its own token."""
    context = {
        "page_data": {
            "assignment": assignment,
            "owner": owner_key(signed_in(request)),
            "home": reverse("home"),
            "delineation_page": reverse("delineation", args=["TOKEN"]),
        }
    }
    return render(request, "rating/assignment.html", context)


def delineation(request: HttpRequest, token: str) -> HttpResponse:
    """The editor with one step of one case. The page holds nothing but its own token."""
    context = {
        "page_data": {
            "delineation": token,
            "owner": owner_key(signed_in(request)),
            "login": f"{reverse('account_login')}?next={request.path}",
            "assignment_page": reverse("assignment", args=["TOKEN"]),
        }
    }
    return render(request, "rating/delineation.html", context)
