"""What storing a mark costs the server, beside an empty view for somebody signed in.

    python benchmarks/marks.py [--marks 500]

In one process, through all middleware, taking turns, on a database of its own (DATABASE_URL chooses
the server). Every mark is durable against a killed process when it is acknowledged.
"""

from __future__ import annotations

import argparse
import statistics
import time
import uuid
from collections.abc import Callable

from database import add_empty_view, own_database


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--marks", type=int, default=500)
    count = asked.parse_args().marks
    with own_database() as kind:
        measure(count, kind)


def measure(count: int, kind: str) -> None:
    """Take turns and print the medians."""
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

    tried: dict[str, Callable[[int], int]] = {"empty view": empty, "store a mark": mark}
    taken: dict[str, list[float]] = {name: [] for name in tried}
    for number in range(count + 20):
        for name, ask in tried.items():
            start = time.perf_counter()
            assert ask(number) == 200
            taken[name].append(time.perf_counter() - start)
    medians = {name: 1000 * statistics.median(times[20:]) for name, times in taken.items()}
    print(f"{count} marks on {kind}, medians of server time\n\n|  | ms |\n|---|---|")
    for name, ms in medians.items():
        print(f"| {name} | {ms:.2f} |")
    print(f"| ratio | {medians['store a mark'] / medians['empty view']:.2f} |")


if __name__ == "__main__":
    main()
