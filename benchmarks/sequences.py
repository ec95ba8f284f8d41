"""How long it takes to draw one rater's order, and whether twice the masks take twice as long.

    python benchmarks/sequences.py [--masks 100000] [--runs 5]

Medians of seconds of one processor. With two masks per case a draw with both in a row is thrown
away, so that the time varies with the secret.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

from machine import machine, verdict

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rating.protocol.sequence import draw_sequence

METHODS = (1, 2)
MOST_GROWTH = 2.5


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--masks", type=int, default=100_000)
    asked.add_argument("--runs", type=int, default=5)
    given = asked.parse_args()
    print(machine())
    print("\n| masks | masks per case | s | us per showing |\n|---|---|---|---|")
    found = {
        (masks, methods): measure(masks, methods, given.runs)
        for methods in METHODS
        for masks in (given.masks // 4, given.masks // 2, given.masks)
    }
    print()
    growth = found[given.masks, 1] / found[given.masks // 2, 1]
    claim = f"twice the masks take at most {MOST_GROWTH} times as long"
    return not verdict(claim, holds=growth <= MOST_GROWTH)


def measure(masks: int, methods: int, runs: int) -> float:
    """The median over as many secrets as runs; printed."""
    items = [f"item-{n}" for n in range(masks)]
    cases = {item: f"case-{n // methods}" for n, item in enumerate(items)}
    seconds = statistics.median(timed(items, cases, secret) for secret in range(runs))
    each = seconds / masks / 2 * 1e6
    print(f"| {masks:,} | {methods} | {seconds:.2f} | {each:.1f} |", flush=True)
    return seconds


def timed(items: list[str], cases: dict[str, str], secret: int) -> float:
    """Seconds for one order; the gap is half of the masks."""
    start = time.process_time()
    draw_sequence(
        secret=secret.to_bytes(32, "big"),
        study="bench",
        rater="rita",
        items=items,
        gap=len(items) // 2,
        cases=cases,
    )
    return time.process_time() - start


if __name__ == "__main__":
    sys.exit(main())
