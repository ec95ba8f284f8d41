"""The home page, and the answer to whoever asks whether Plaque is alive."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from rating.queries import readings_of, studies_of
from segmentation.people import signed_in
from segmentation.queries import cohorts_of


def home(request: HttpRequest) -> HttpResponse:
    """What needs this person's attention."""
    context = {
        "readings": readings_of(user=signed_in(request), now=timezone.now()),
        "cohorts": cohorts_of(signed_in(request)),
        "studies": studies_of(signed_in(request)),
    }
    return render(request, "webapp/home.html", context)


def health(request: HttpRequest) -> HttpResponse:
    """Says ok as soon as requests are answered."""
    return HttpResponse("ok\n", content_type="text/plain")
