"""The pages of cases. What changes anything goes through the API."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from segmentation.methods import METHOD_CARDS
from segmentation.models import CohortMembership
from segmentation.people import signed_in
from segmentation.queries import case_in_full, cases_in_cohort, cohorts_of


def cases(request: HttpRequest) -> HttpResponse:
    """The cases of one cohort (`?cohort=`, else the first), and the way in for new ones."""
    cohorts = list(cohorts_of(signed_in(request)))
    wanted = request.GET.get("cohort")
    chosen = next((one for one in cohorts if one.slug == wanted), cohorts[0] if cohorts else None)
    upload = None
    if chosen and chosen.role == CohortMembership.Role.COORDINATOR:
        upload = reverse("api:cohort-cases", args=[chosen.slug])
    context = {
        "cohorts": cohorts,
        "chosen": chosen,
        "cases": cases_in_cohort(signed_in(request), chosen.slug) if chosen else [],
        "may_import": upload is not None,
        "page_data": {"upload": upload},
    }
    return render(request, "segmentation/cases.html", context)


def case(request: HttpRequest, code: str) -> HttpResponse:
    """One case in the viewer, with its masks and jobs."""
    shown = case_in_full(code)
    context = {
        "case": shown,
        "page_data": {
            "code": code,
            "urls": {"case": reverse("api:case", args=[code])},
            "can_segment": True,
            "methods": [
                {"name": card.name, "title": card.title, "needs": card.needs}
                for card in METHOD_CARDS
            ],
        },
    }
    return render(request, "segmentation/case.html", context)
