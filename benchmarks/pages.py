"""How long the server takes for lists and pages, with few rows and with very many.

    python benchmarks/pages.py [--cases 10000] [--runs 15]

Medians of server time in one process, through all middleware, on a database of its own
(DATABASE_URL chooses the server). Each cohort has two scans, a mask and a job per case; for every
hundred cases there is an open study.
"""

from __future__ import annotations

import argparse
import statistics
import time

from database import own_database

PAGES = {
    "home of a coordinator": ("cora", "/"),
    "home of a rater": ("rita", "/"),
    "cases": ("cora", "/cases/?cohort=clinic"),
    "cases, filtered and searched": ("cora", "/cases/?cohort=clinic&q=C0&mask=slim-unet"),
    "cases, last page": ("cora", "/cases/?cohort=clinic&page=999999"),
    "studies": ("cora", "/studies/"),
    "search": ("cora", "/search/?q=99"),
    "audit log": ("cora", "/cohorts/clinic/audit/"),
    "API: 100 cases": ("cora", "/api/v1/cohorts/clinic/cases/"),
}


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--cases", type=int, default=10_000)
    asked.add_argument("--runs", type=int, default=15)
    chosen = asked.parse_args()
    with own_database() as kind:
        few, many = measure(100, chosen.cases, chosen.runs)
    print(f"Server time on {kind}, ms, medians of {chosen.runs}\n")
    print(f"| page | 100 cases | {chosen.cases:,} cases |\n|---|---|---|")
    for name in few:
        print(f"| {name} | {few[name]:.1f} | {many[name]:.1f} |")


def measure(few: int, many: int, runs: int) -> list[dict[str, float]]:
    """The medians in ms by page: with few cases, then with many."""
    from django.contrib.auth.models import User

    from segmentation.operations.cases import create_cohort
    from tests.rating.stage import a_case, a_mask
    from tests.segmentation.scans import signed_in
    from tests.webapp.clinics import a_study
    from tests.webapp.many import add_cases, add_studies

    people = {name: User.objects.create_user(name) for name in ("cora", "rita", "ravi")}
    browsers = {name: signed_in(person) for name, person in people.items()}
    cohort = create_cohort(title="Clinic", coordinators=[people["cora"]])
    a_study("Reading", "open", a_mask(a_case(cohort, 1), lesions=3), people)
    found = []
    for count in (few, many - few):
        add_cases(cohort, count)
        add_studies(cohort, people["cora"], people["rita"], count // 100)
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
    main()
