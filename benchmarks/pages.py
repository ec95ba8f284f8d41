"""How long the server takes for lists and pages, with few rows and with very many.

    [DATABASE_URL=postgres://...] python benchmarks/pages.py [--cases 10000] [--runs 15]

Medians of server time in one process, through all middleware, on a database of its own
(DATABASE_URL chooses the server). Each case has two scans, a mask and a job. For every 100 cases
there are an open study, 10 showings of masks in the study that is looked at, 10 jobs of the case
that is looked at, 10 members and 100 entries of the audit log.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

from database import own_database
from machine import machine, verdict

MOST_MS = 100
FEW = 100
PAGES = {
    "home of a coordinator": ("cora", "/"),
    "home of a rater": ("rita", "/"),
    "cases": ("cora", "/cases/?cohort=clinic"),
    "cases, filtered and searched": ("cora", "/cases/?cohort=clinic&q=C0&mask=slim-unet"),
    "cases, last page": ("cora", "/cases/?cohort=clinic&page=999999"),
    "case with many jobs": ("cora", "/cases/C0001/"),
    "jobs": ("cora", "/jobs/"),
    "studies": ("cora", "/studies/"),
    "study with many showings": ("cora", "/studies/reading/"),
    "people": ("cora", "/cohorts/clinic/members/"),
    "search": ("cora", "/search/?q=99"),
    "audit log": ("cora", "/cohorts/clinic/audit/"),
    "audit log, one kind": ("cora", "/cohorts/clinic/audit/?act=signed-in"),
    "API: 100 cases": ("cora", "/api/v1/cohorts/clinic/cases/"),
    "API: case with many jobs": ("cora", "/api/v1/cases/C0001/"),
    "API: 50 jobs": ("cora", "/api/v1/jobs/?page_size=50"),
    "API: 50 failed jobs": ("cora", "/api/v1/jobs/?page_size=50&state=failed"),
    "a draft": ("cora", "/studies/draft/"),
    "API: all masks for a draft": ("cora", "/api/v1/studies/draft/candidates/"),
    "trainings": ("cora", "/trainings/"),
    "API: study with many showings": ("cora", "/api/v1/studies/reading/"),
    "corrections by disagreement": ("cora", "/cohorts/clinic/corrections/?order=disagreement"),
    "corrections by uncertainty": ("cora", "/cohorts/clinic/corrections/?order=uncertainty"),
    "API: readings": ("rita", "/api/v1/readings/"),
}


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--cases", type=int, default=10_000)
    asked.add_argument("--runs", type=int, default=15)
    chosen = asked.parse_args()
    with own_database() as kind:
        few, many = measure(chosen.cases, chosen.runs)
    print(machine(kind))
    print(f"\nServer time in ms, medians of {chosen.runs}\n")
    print(f"| page | {FEW} cases | {chosen.cases:,} cases | ratio |\n|---|---|---|---|")
    for name in few:
        ratio = many[name] / few[name]
        print(f"| {name} | {few[name]:.1f} | {many[name]:.1f} | {ratio:.1f} |")
    slowest = max(many.values())
    print()
    claim = f"each page takes less than {MOST_MS} ms at {chosen.cases:,} cases"
    return not verdict(claim, holds=slowest < MOST_MS)


def measure(many: int, runs: int) -> list[dict[str, float]]:
    """The medians in ms by page: with few cases, then with many."""
    from django.contrib.auth.models import User
    from django.db import connection
    from django.utils import timezone

    from rating.operations.study import create_study
    from segmentation.operations.cases import create_cohort
    from tests.rating.stage import a_case, a_mask
    from tests.segmentation.scans import signed_in
    from tests.webapp import many as rows
    from tests.webapp.clinics import a_study
    from webapp.gunicorn import post_worker_init

    post_worker_init(None)  # as served
    people = {name: User.objects.create_user(name) for name in ("cora", "rita", "ravi")}
    browsers = {name: signed_in(person) for name, person in people.items()}
    cohort = create_cohort(title="Clinic", coordinators=[people["cora"]])
    case = a_case(cohort, 1)
    study = a_study("Reading", "open", a_mask(case, lesions=3), people)
    create_study(title="Draft", cohort=cohort, by=people["cora"], now=timezone.now())
    found = []
    for count in (FEW, many - FEW):
        rows.add_cases(cohort, count)
        rows.add_studies(cohort, people["cora"], people["rita"], count // 100)
        rows.add_items(study, count // 40)
        rows.add_jobs(case, count // 10)
        rows.add_people(cohort, people["cora"], count // 10)
        rows.add_acts(cohort, people["cora"], count)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as PostgreSQL does by itself within a minute
        found.append(
            {
                name: 1000 * statistics.median(timed(browsers[who], page) for _ in range(runs))
                for name, (who, page) in PAGES.items()
            }
        )
    return found


def timed(client, address: str) -> float:
    """Seconds of one request."""
    start = time.perf_counter()
    assert client.get(address).status_code == 200, address
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
