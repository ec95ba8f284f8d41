"""What storing a mark costs the server, beside an empty view for somebody signed in.

    [DATABASE_URL=postgres://...] python benchmarks/marks.py [--marks 500]

On SQLite and, where DATABASE_URL names one, on PostgreSQL: each in a process of its own, on a
database of its own, through all middleware. Mark and empty view take turns. Every mark is durable
against a killed process when it is acknowledged.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable

from database import add_empty_view, own_database
from machine import machine, verdict

MOST = 3
WARM_UP = 20


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--marks", type=int, default=500)
    asked.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    chosen = asked.parse_args()
    if chosen.child:
        with own_database() as kind:
            print(json.dumps({"kind": kind, **measure(chosen.marks)}))
        return 0
    url = os.environ.pop("DATABASE_URL", "")
    found = [on(other, chosen.marks) for other in ([{}, {"DATABASE_URL": url}] if url else [{}])]
    print(machine(*(one["kind"] for one in found)))
    print(f"\nServer time in ms, medians of {chosen.marks}\n")
    print("| database | empty view | store a mark | ratio |\n|---|---|---|---|")
    holds = []
    for one in found:
        ratio = one["mark"] / one["empty"]
        print(f"| {one['kind']} | {one['empty']:.2f} | {one['mark']:.2f} | {ratio:.2f} |")
        holds.append(ratio <= MOST)
    if not url:
        print("\nPostgreSQL was not measured: DATABASE_URL is not set.")
    print()
    return not verdict(f"storing a mark takes at most {MOST} empty views", holds=all(holds))


def on(environment: dict[str, str], marks: int) -> dict:
    """What a process with this environment measures."""
    command = [sys.executable, __file__, "--child", "--marks", str(marks)]
    told = subprocess.run(command, env=os.environ | environment, check=True, stdout=subprocess.PIPE)
    return json.loads(told.stdout)


def measure(count: int) -> dict[str, float]:
    """Take turns; the medians in ms."""
    from django.contrib.auth.models import User

    from tests.segmentation.scans import signed_in
    from tests.webapp.clinics import a_clinic

    add_empty_view()
    (presentation, *_) = (
        thing for thing in a_clinic("a", seed=1)["in_presentation"] if thing.state == "open"
    )
    (name,) = presentation.roles
    client = signed_in(User.objects.get(username=name))
    token = presentation.address["token"]
    assert client.post(f"/api/v1/presentations/{token}/open/").status_code == 200

    def mark(number: int) -> int:
        body = {"kind": "FN", "lesion": None, "mm": [number % 20, 1.5, 3.0]}
        address = f"/api/v1/presentations/{token}/marks/{uuid.uuid4()}/"
        return client.put(address, body, content_type="application/json").status_code

    def empty(_: int) -> int:
        return client.get("/api/empty/").status_code

    tried: dict[str, Callable[[int], int]] = {"empty": empty, "mark": mark}
    taken: dict[str, list[float]] = {name: [] for name in tried}
    for number in range(count + WARM_UP):
        for name, ask in tried.items():
            start = time.perf_counter()
            assert ask(number) == 200
            taken[name].append(time.perf_counter() - start)
    return {name: 1000 * statistics.median(times[WARM_UP:]) for name, times in taken.items()}


if __name__ == "__main__":
    sys.exit(main())
