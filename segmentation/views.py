"""The pages of cases and of the audit log. What changes anything goes through the API."""

from datetime import MAXYEAR, MINYEAR, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date

from segmentation.description import COLUMNS, FIELDS
from segmentation.evaluation.comparison import LEAST_MM3
from segmentation.evaluation.lesion_matching import PROFILES
from segmentation.imaging.consensus import RULES
from segmentation.models import Case, Cohort, CohortMembership, InferenceJob
from segmentation.operations.audit import Act, record
from segmentation.operations.cases import SEQUENCES
from segmentation.operations.evaluation_jobs import MOST_SLICES
from segmentation.operations.planning import MEASURES, PRESETS, THRESHOLD_ONLY
from segmentation.operations.training_jobs import choices_for, log_of
from segmentation.operations.versions import starts_for
from segmentation.people import owner_key, signed_in
from segmentation.queries import (
    COMMAND,
    audit_of,
    begun_in,
    case_in_full,
    cases_in_cohort,
    cohorts_of,
    coordinated_and_open,
    database_now,
    drawing_in_full,
    evaluation_in_full,
    failed_for_good,
    is_gpu_there,
    masks_in_cohort,
    methods_shown_to,
    methods_with_masks,
    people_in_audit,
    roles_in_case,
    roles_in_training,
    training_in_full,
)
from segmentation.spreadsheets import csv_file

AUDIT_PAGE = 100
AUDIT_FILTERS = ("act", "person", "since", "until")


CASES_PAGE = 50


def cases(request: HttpRequest) -> HttpResponse:
    """The cases of one cohort (`?cohort=`, else the first), and the way in for new ones.

    `?q=`, `?sequence=`, `?mask=` and `?order=` choose as `cases_in_cohort` does; `?page=` turns.
    """
    user = signed_in(request)
    chosen_by = {name: request.GET.get(name, "") for name in ("sequence", "mask", "order")}
    search = request.GET.get("q", "").strip()
    cohorts = list(cohorts_of(user))
    wanted = request.GET.get("cohort")
    chosen = next((one for one in cohorts if one.slug == wanted), cohorts[0] if cohorts else None)
    upload_to = None
    if chosen and chosen.role == CohortMembership.Role.COORDINATOR:
        upload_to = chosen.slug
    found = Case.objects.none()
    if chosen:
        found = cases_in_cohort(user, chosen.slug, search=search, **chosen_by)
    context: dict[str, Any] = {
        "cohorts": cohorts,
        "chosen": chosen,
        "page": Paginator(found, CASES_PAGE).get_page(request.GET.get("page")),
        "search": search,
        "filters": chosen_by,
        "is_filtered": bool(search or chosen_by["sequence"] or chosen_by["mask"]),
        "sequences": SEQUENCES,
        "masks": masks_in_cohort(user, chosen.slug) if chosen else [],
        "may_import": upload_to is not None,
        "page_data": {
            "upload_to": upload_to,
            "upload_max_bytes": settings.UPLOAD_MAX_BYTES,
            "manifest_template": reverse("manifest-template"),
        },
    }
    return render(request, "segmentation/cases.html", context)


def case(request: HttpRequest, code: str) -> HttpResponse:
    """One case in the viewer, with its masks and jobs."""
    shown = case_in_full(code)
    context = {
        "case": shown,
        "page_data": {
            "code": code,
            "cases": f"{reverse('cases')}?cohort={shown.cohort.slug}",
            "drawing_page": page_with_id("drawing"),
            "begun": begun_in(shown, by=signed_in(request)),
            "may_manage": CohortMembership.Role.COORDINATOR
            in roles_in_case(user=signed_in(request), code=code),
            "fields": [
                {
                    "name": field.name,
                    "title": field.title,
                    "unit": field.unit,
                    "kind": field.kind,
                    "choices": field.choices,
                    "takes": field.takes,
                }
                for field in FIELDS
            ],
            "methods": [
                {"name": card.name, "title": card.title, "needs": card.needs}
                for card in methods_shown_to(signed_in(request))
            ],
        },
    }
    return render(request, "segmentation/case.html", context)


def drawing(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The editor with one of my drawings; it reads it from the API."""
    shown = drawing_in_full(pk)
    context = {
        "drawing": shown,
        "page_data": {
            "id": str(pk),
            "owner": owner_key(signed_in(request)),
            "login": f"{reverse('account_login')}?next={request.path}",
            "case_page": reverse("case", args=[shown.case.code]),
            "drawing_page": page_with_id("drawing"),
        },
    }
    return render(request, "segmentation/drawing.html", context)


def jobs(request: HttpRequest) -> HttpResponse:
    """The inference jobs of every case that I may see; the page reads them from the API."""
    failed = failed_for_good(signed_in(request)).values_list("case__cohort", flat=True)
    with_failed = set(failed.order_by().distinct())
    context = {
        "page_data": {
            "case_page": reverse("case", args=["CODE"]),
            "cases": reverse("cases"),
            "home": reverse("home"),
            "states": InferenceJob.State.values,
            "methods": [
                {"name": card.name, "title": card.title}
                for card in methods_shown_to(signed_in(request))
            ],
            "cohorts": [
                {"slug": cohort.slug, "title": cohort.title, "failed": cohort.pk in with_failed}
                for cohort in cohorts_of(signed_in(request))
            ],
        }
    }
    return render(request, "segmentation/jobs.html", context)


def trainings(request: HttpRequest) -> HttpResponse:
    """The trainings in my cohorts, and the form for a new one in those that I coordinate.

    But where cases are hidden from me: which were corrected, say, would be told.
    """
    user = signed_in(request)
    mine = coordinated_and_open(user)
    context = {
        "page_data": {
            "training_page": page_with_id("training"),
            "cases": reverse("cases"),
            "cohorts": choices_for(mine),
            "presets": [
                {
                    "name": preset.name,
                    "title": preset.title,
                    "method": preset.method,
                    "epochs": preset.epochs,
                    "words": preset.words,
                }
                for preset in (PRESETS.values() if mine else ())
            ],
            "measures": [{"name": name, "title": title} for name, title in MEASURES.items()],
            "threshold_only": THRESHOLD_ONLY,
            "starts": [
                {
                    "name": start.name,
                    "title": start.title,
                    "method": start.method,
                    "fits": sorted(start.fits),
                }
                for start in (starts_for(user) if mine else ())
                if start.fits
            ],
            "has_gpu": is_gpu_there(now=database_now()),
        }
    }
    return render(request, "segmentation/trainings.html", context)


def training(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One training; the page reads it from the API."""
    shown = training_in_full(pk)
    context = {
        "training": shown,
        "page_data": {
            "id": str(pk),
            "log": reverse("training-log", args=[pk]),
            "preset": PRESETS[shown.preset].title,
            "measure": MEASURES.get(shown.measure, ""),
            "may_manage": CohortMembership.Role.COORDINATOR
            in roles_in_training(user=signed_in(request), training_id=pk),
            "cohorts": list(shown.cohorts.values("slug", "title")),
            "study_page": reverse("study", args=["SLUG"]),
        },
    }
    return render(request, "segmentation/training.html", context)


def training_log(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The log of a training as CSV: a row for each epoch, or each threshold that was tried."""
    names, rows = log_of(training_in_full(pk))
    return csv_download("log.csv", csv_file(names, rows))


def evaluations(request: HttpRequest) -> HttpResponse:
    """The evaluations in the cohorts that I coordinate, and the form for a new one."""
    user = signed_in(request)
    mine = coordinated_and_open(user)
    context = {
        "page_data": {
            "evaluation_page": page_with_id("evaluation"),
            "cases": reverse("cases"),
            "cohorts": [
                {**choices, "methods": methods_with_masks(choices["slug"])}
                for choices in choices_for(mine)
            ],
            "profiles": [{"name": one.name, "title": one.title} for one in PROFILES.values()],
            "rules": [{"name": name, "title": title} for name, title in RULES.items()],
            "min_volume_mm3": LEAST_MM3,
        }
    }
    return render(request, "segmentation/evaluations.html", context)


def evaluation(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One evaluation; the page reads it from the API."""
    context = {
        "evaluation": evaluation_in_full(pk),
        "page_data": {
            "id": str(pk),
            "most_slices": MOST_SLICES,
            "evaluations": reverse("evaluations"),
        },
    }
    return render(request, "segmentation/evaluation.html", context)


def page_with_id(name: str) -> str:
    """The address of a page with ID where the id goes."""
    return reverse(name, args=[UUID(int=0)]).replace(str(UUID(int=0)), "ID")


def manifest_template(request: HttpRequest) -> HttpResponse:
    """An empty manifest.csv: the line that names the columns."""
    return csv_download("manifest.csv", csv_file(COLUMNS, []))


def audit(request: HttpRequest, slug: str) -> HttpResponse:
    """What was done in a cohort, newest first (`asked_of_audit` picks, `?page=` goes back)."""
    pages = Paginator(audit_of(slug, **asked_of_audit(request)), AUDIT_PAGE)
    context = {
        "cohort": Cohort.objects.get(slug=slug),
        "acts": Act.choices,
        "people": people_in_audit(slug),
        "command": COMMAND,
        "asked": {name: request.GET.get(name, "") for name in AUDIT_FILTERS},
        "page": pages.get_page(request.GET.get("page")),
    }
    return render(request, "segmentation/audit.html", context)


def asked_of_audit(request: HttpRequest) -> dict[str, Any]:
    """What `?act=`, `?person=`, `?since=` and `?until=` (days, both meant) ask of the audit log.

    The days are those of the reader's time zone; what is no day asks for nothing.
    """
    asked = {name: request.GET.get(name, "") for name in AUDIT_FILTERS}
    since, until = day(asked["since"]), day(asked["until"])
    return {
        "act": asked["act"],
        "person": asked["person"],
        "since": since,
        "before": until + timedelta(days=1) if until else None,
    }


def day(words: str) -> datetime | None:
    """The first moment of a day such as 2026-03-02; None for anything else.

    The first and the last year have days of which no other time zone knows; nothing was done then.
    """
    try:
        found = parse_date(words)
    except ValueError:
        return None
    if found is None or found.year in {MINYEAR, MAXYEAR}:
        return None
    return timezone.make_aware(datetime.combine(found, time.min))


def audit_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The audit log of a cohort, or the part that was asked for; taking it out is an entry too."""
    now = timezone.now()
    record(Act.AUDIT_EXPORTED, by=signed_in(request), now=now, what="audit log", cohort=slug)
    rows = (
        [entry.at.isoformat(), entry.actor, entry.act, entry.what, entry.why]
        for entry in audit_of(slug, **asked_of_audit(request))
    )
    content = csv_file(["at_utc", "user", "act", "what", "why"], rows)
    return csv_download(f"{slug}-audit.csv", content)


def csv_download(name: str, content: bytes) -> HttpResponse:
    """This will send a CSV file under a name."""
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
