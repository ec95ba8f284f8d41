"""What the large tables of a study's bundle cost: 1,000,000 ratings, 100,000 with five marks each.

    [DATABASE_URL=postgres://...] python benchmarks/exports.py [--ratings 1000000] [--marked 100000]

Seconds that one process takes to write every table with a row for each showing, answer or mark as
CSV, then to pack them into the bundle's zip file, and the most memory that it holds. The database
is one of its own (DATABASE_URL chooses the server); 100 raters answer twice to each mask. Twice as
many ratings should take twice as long.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time

from database import own_database
from machine import machine, peak_bytes, verdict

MOST_SECONDS, MOST_MB = 60, 1000
RATERS = 100


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--ratings", type=int, default=1_000_000)
    asked.add_argument("--marked", type=int, default=100_000)
    given = asked.parse_args()
    with own_database() as kind:
        print(machine(kind))
        print(
            "\n| ratings | marks | CSV, s | packing, s | most memory, MB |\n|---|---|---|---|---|"
        )
        asked_for = ((given.marked, 5), (given.ratings // 2, 0), (given.ratings, 0))
        found = [measure(ratings, marks) for ratings, marks in asked_for]
    print()
    is_quick = max(seconds for seconds, _ in found) < MOST_SECONDS
    is_small = max(held for _, held in found) < MOST_MB
    claim = f"the large tables as CSV take less than {MOST_SECONDS} s and {MOST_MB:,} MB"
    return not verdict(claim, holds=is_quick and is_small)


def measure(ratings: int, marks_each: int) -> tuple[float, float]:
    """Make a study, print what its large tables cost and return seconds and MB."""
    from django.db import connection

    from segmentation.operations.cases import create_cohort
    from tests.webapp import many

    masks = ratings // RATERS // 2
    name = f"{ratings} with {marks_each}"
    cohort = create_cohort(title=name)
    many.add_cases(cohort, masks * 10 // 9 + 1)  # every tenth has no mask
    study = many.add_study_in_full(cohort, RATERS, masks, marks_each)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as PostgreSQL does by itself within a minute
    connection.close()  # another process must not use it
    with multiprocessing.get_context("fork").Pool(1) as alone:
        written, packed, held = alone.apply(exported, (study,))
    marks = f"{ratings * marks_each:,}"
    print(f"| {ratings:,} | {marks} | {written:.1f} | {packed:.1f} | {held:,.0f} |", flush=True)
    return written, held


def exported(study) -> tuple[float, float, float]:
    """Seconds for the large tables of a study, seconds for packing them, and the most MB."""
    from rating.export import large_tables
    from segmentation.publication.archive import with_manifest, zipped
    from segmentation.spreadsheets import csv_file

    written = 0.0

    def files():
        nonlocal written
        for name, table in large_tables(study).items():
            start = time.perf_counter()
            content = csv_file(table.columns, table.rows)
            written += time.perf_counter() - start
            yield name, content

    start = time.perf_counter()
    zipped(with_manifest(files()), folder=study.slug).close()
    return written, time.perf_counter() - start - written, peak_bytes() / 1e6


if __name__ == "__main__":
    sys.exit(main())
