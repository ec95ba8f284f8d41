"""The pages of cases. What changes anything goes through the API."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from segmentation.methods import METHOD_CARDS
from segmentation.queries import case_in_full, cases_in_cohort, cohorts_of


def cases(request: HttpRequest) -> HttpResponse:
    """The cases of one cohort (`?cohort=`, else the first), and the way in for new ones."""
    cohorts = list(cohorts_of(request.user))
    wanted = request.GET.get("cohort")
    chosen = next((one for one in cohorts if one.slug == wanted), cohorts[0] if cohorts else None)
    may_import = chosen is not None and chosen.role == "coordinator"
    context = {
        "cohorts": cohorts,
        "chosen": chosen,
        "cases": cases_in_cohort(request.user, chosen.slug) if chosen else [],
        "may_import": may_import,
        "page_data": {"upload": reverse("api:cohort-cases", args=[chosen.slug])}
        if may_import
        else {"upload": None},
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
