"""Many raters store marks at once: how long a mark takes beside an empty view, and is any lost?

    [DATABASE_URL=postgres://...] python benchmarks/load.py [--raters 200] [--marks 20]

Gunicorn as in production, on SQLite (20 raters at most) and, where DATABASE_URL names one, on
PostgreSQL, each with a database of its own. Every rater is a thread with a connection, a login and
an open presentation of their own; mark and empty view take turns without a pause. One mark in ten
is sent twice, as a browser does that did not hear the answer. Afterwards the database is counted.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from database import ROOT, add_empty_view, start_django
from machine import machine, verdict

MOST = 3
SQLITE_RATERS = 20
CSRF = "a" * 32
GIVE_UP = 60


def make_application() -> Any:
    """What gunicorn serves: Plaque with an empty view beside it."""
    from webapp.wsgi import application

    add_empty_view()
    return application


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--raters", type=int, default=200)
    asked.add_argument("--marks", type=int, default=20)
    asked.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    chosen = asked.parse_args()
    if chosen.child:
        print(json.dumps(measure(chosen.raters, chosen.marks)))
        return 0
    url = os.environ.pop("DATABASE_URL", "")
    found = [on("", min(chosen.raters, SQLITE_RATERS), chosen.marks)]
    found += [on(url, chosen.raters, chosen.marks)] if url else []
    print(machine(*(one["kind"] for one in found)))
    print(
        "\n| database | raters | empty view p50, p95 | mark p50, p95 | ratio of p95 | marks/s "
        "| lost | doubled |\n|---|---|---|---|---|---|---|---|"
    )
    for one in found:
        ratio = one["mark"][1] / one["empty"][1]
        empty, mark = ("{:.0f}, {:.0f} ms".format(*one[name]) for name in ("empty", "mark"))
        told = (one["kind"], one["raters"], empty, mark, f"{ratio:.2f}", f"{one['pace']:.0f}")
        print("|", " | ".join(map(str, (*told, one["lost"], one["doubled"]))), "|")
        one["holds"] = ratio <= MOST and not one["lost"] and not one["doubled"]
    print()
    claim = f"a mark takes at most {MOST} empty views (p95), none is lost, none doubled"
    return not verdict(claim, holds=all(one["holds"] for one in found))


def on(server: str, raters: int, marks: int) -> dict[str, Any]:
    """What a process with a database of its own on this server measures."""
    from tests.served import own_database

    with tempfile.TemporaryDirectory() as folder, own_database(server, Path(folder)) as url:
        own = {"PLAQUE_DATA": folder, "DATABASE_URL": url, "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, __file__, "--child", f"--raters={raters}", f"--marks={marks}"]
        environment = os.environ | own
        told = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    return json.loads(told.stdout)


@dataclass
class Rater:
    """A login with an open presentation, and what became of what it sent."""

    token: str
    session: str
    port: int
    acknowledged: list[str] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"empty": [], "mark": []})

    def read(self, marks: int) -> None:
        """Store marks and look at the empty view in turns."""
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        for number in range(marks):
            name = str(uuid.uuid4())
            body = {"kind": "FN", "lesion": None, "mm": [number % 20, 1.5, 3.0], "reason": ""}
            address = f"/api/v1/presentations/{self.token}/marks/{name}/"
            for _ in range(2 if number % 10 == 0 else 1):
                self.seconds["mark"].append(self.ask("PUT", address, json.dumps(body)))
            self.acknowledged.append(name)
            self.seconds["empty"].append(self.ask("GET", "/api/empty/"))

    def ask(self, method: str, address: str, body: str | None = None) -> float:
        """How long one answer took; a connection that closes meanwhile is opened again."""
        headers = {
            "Cookie": f"sessionid={self.session}; csrftoken={CSRF}",
            "X-CSRFToken": CSRF,
            "Content-Type": "application/json",
        }
        end = time.monotonic() + GIVE_UP
        while True:
            began = time.perf_counter()
            try:
                self.connection.request(method, address, body, headers)
                answer = self.connection.getresponse()
                told = answer.read()
            except (OSError, http.client.HTTPException):
                self.connection.close()
                if time.monotonic() > end:
                    raise
                continue
            if answer.status != 200:
                raise RuntimeError(f"{method} {address}: {answer.status} {told!r}")
            return time.perf_counter() - began


def measure(raters: int, marks: int) -> dict[str, Any]:
    """Prepare, serve, load, count."""
    start_django(os.environ["PLAQUE_DATA"])
    from django.core.management import call_command
    from django.db import connection

    from rating.models import Mark
    from tests.served import free_port, wait_until

    call_command("migrate", verbosity=0)
    port = free_port()
    everybody = prepared(raters, port)
    connection.close()
    gunicorn = [sys.executable, "-m", "gunicorn", "load:make_application()"]
    gunicorn += ["--config", "python:webapp.gunicorn", "--bind", f"127.0.0.1:{port}"]
    gunicorn += ["--pythonpath", f"{ROOT / 'benchmarks'},{ROOT}"]
    log = Path(os.environ["PLAQUE_DATA"]) / "gunicorn.log"
    with log.open("wb") as output:
        server = subprocess.Popen(gunicorn, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: answers(port), f"gunicorn ({log.read_text()[-2000:]})", seconds=120)
        everybody[0].read(1)  # the processes have loaded everything
        for lists in everybody[0].seconds.values():
            lists.clear()
        began = time.perf_counter()
        threads = [threading.Thread(target=one.read, args=[marks]) for one in everybody]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - began
    finally:
        server.terminate()
        server.wait(30)
    sent = Counter(name for one in everybody for name in one.acknowledged)
    stored = Counter(str(pk) for pk in Mark.objects.values_list("pk", flat=True))
    expected = raters * marks + 1
    kind = f"{connection.display_name} {'.'.join(map(str, connection.get_database_version()))}"
    return {
        "kind": kind,
        "raters": raters,
        "lost": len(sent - stored) + (expected - sum(sent.values())),
        "doubled": sum((stored - sent).values()),
        "pace": sum(len(one.seconds["mark"]) for one in everybody) / took,
    } | {
        name: quantiles([second for one in everybody for second in one.seconds[name]])
        for name in ("empty", "mark")
    }


def prepared(raters: int, port: int) -> list[Rater]:
    """A study with one mask, and everybody logged in before their open presentation."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.test import Client

    from rating.operations.study import create_study, edit_study, open_study
    from segmentation.operations.cases import create_cohort
    from tests.rating.stage import NOON, a_case, a_mask, invited

    cora = User.objects.create_user("cora")
    people = [User.objects.create_user(f"rater{number}") for number in range(raters)]
    cohort = create_cohort(title="Load", coordinators=[cora])
    invited(cohort, *people)
    mask = a_mask(a_case(cohort, 1), lesions=3)
    study = create_study(title="Load", cohort=cohort, by=cora, now=NOON)
    names = [person.username for person in people]
    rules = {"gap": 0, "min_volume_mm3": 0}
    edit_study(study=study, by=cora, items=[mask.pk], raters=names, settings=rules)
    study = open_study(study=study, by=cora, now=NOON)
    tokens = {
        reading.user_id: reading.presentations.order_by("position")[0].token
        for reading in study.memberships.filter(role="rater")
    }
    everybody = []
    for person in people:
        client = Client(HTTP_HOST="localhost")
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        token = tokens[person.pk]
        opened = client.post(f"/api/v1/presentations/{token}/open/")
        assert opened.status_code == 200, opened.content
        everybody.append(Rater(token, client.cookies[settings.SESSION_COOKIE_NAME].value, port))
    return everybody


def answers(port: int) -> bool:
    """Whether the server is there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def quantiles(seconds: list[float]) -> tuple[float, float]:
    """Median and 95th percentile in ms."""
    return 1000 * statistics.median(seconds), 1000 * statistics.quantiles(seconds, n=20)[-1]


if __name__ == "__main__":
    sys.exit(main())
