"""What the statistics of many ratings cost: 1,000,000 without marks, 100,000 with five each.

    python benchmarks/ratings.py [--ratings 1000000] [--marked 100000] [--raters 2]

Seconds of one processor for `summarise`, and the most memory that was held, the rows included.
Twice as many ratings should take twice as long.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from pathlib import Path

from machine import machine, verdict

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rating.statistics import MarkRow, RatingRow, summarise
from tests.rating.statistics.answers import a_design, all_answers

MOST_SECONDS, MOST_MB = 60, 1000


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--ratings", type=int, default=1_000_000)
    asked.add_argument("--marked", type=int, default=100_000)
    asked.add_argument("--raters", type=int, default=2)
    given = asked.parse_args()
    print(machine())
    print("\n| ratings | marks | s | MB |\n|---|---|---|---|")
    asked_for = ((given.marked, 5), (given.ratings // 2, 0), (given.ratings, 0))
    found = [measure(ratings, given.raters, marks) for ratings, marks in asked_for]
    print()
    is_quick = max(seconds for seconds, _ in found) < MOST_SECONDS
    is_small = max(held for _, held in found) < MOST_MB
    claim = f"the statistics take less than {MOST_SECONDS} s and {MOST_MB:,} MB"
    return not verdict(claim, holds=is_quick and is_small)


def measure(ratings: int, raters: int, marks_each: int) -> tuple[float, float]:
    """Make a study, print what its statistics cost and return it."""
    rng = random.Random(ratings)  # noqa: S311
    names = tuple(f"rater{number:03d}" for number in range(raters))
    design = a_design(ratings // 2 // raters, raters=names)
    missed = {0: (0, 0, 0, 0, 2), 5: (3,)}[marks_each]
    drawn = {0: (0, 0, 0, 0, 1), 5: (2,)}[marks_each]
    rows = all_answers(design, lambda *_: {"fp": rng.choice(drawn), "fn": rng.choice(missed)})
    marks = [mark for row in rows for mark in marks_of(row, rng)] if marks_each else []
    start = time.process_time()
    summarise(rows, design, marks)
    seconds = time.process_time() - start
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| {len(rows):,} | {len(marks):,} | {seconds:.1f} | {held:,.0f} |", flush=True)
    return seconds, held


def marks_of(row: RatingRow, rng: random.Random) -> list[MarkRow]:
    """As many marks as the row counts, within 20 mm of each other."""
    drawn = rng.sample(range(1, row.n_lesions + 1), row.fp or 0)
    places = [tuple(rng.uniform(0, 20) for _ in range(3)) for _ in range(row.fn or 0)]
    return [
        MarkRow(row.rater, row.item, row.occasion, "FP", lesion, (0.0, 0.0, 0.0))
        for lesion in drawn
    ] + [MarkRow(row.rater, row.item, row.occasion, "FN", None, (x, y, z)) for x, y, z in places]


if __name__ == "__main__":
    sys.exit(main())
