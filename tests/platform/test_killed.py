"""What was acknowledged survives a kill -9, and a job whose worker was killed ends once.

These tests start the real thing: `manage.py serve`, its supervisor, web and worker, on a data
folder and a port of their own.
"""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.embedded_only]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children_of(pid: int) -> list[int]:
    """Every process below this one."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True).stdout
    pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
    found, todo = [], [pid]
    while todo:
        parent = todo.pop()
        below = [child for child, its_parent in pairs if its_parent == parent]
        found += below
        todo += below
    return found


def command_of(pid: int) -> str:
    return subprocess.run(
        ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True
    ).stdout


def wait_until(holds, what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return
        time.sleep(0.1)
    pytest.fail(f"{what}: not within {seconds} s")


@dataclass
class Served:
    """A running Plaque."""

    process: subprocess.Popen[bytes]
    port: int
    data: Path
    log: Path

    def manage(self, *words: str) -> str:
        environment = os.environ | {"PLAQUE_DATA": str(self.data)}
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/", timeout=2) as r:
                return bool(r.status == 200)
        except OSError:
            return False

    def pids(self, words: str) -> list[int]:
        """Its processes whose command holds these words."""
        return [pid for pid in children_of(self.process.pid) if words in command_of(pid)]

    def kill(self, words: str) -> None:
        for pid in self.pids(words):
            os.kill(pid, signal.SIGKILL)

    def rows(self, query: str) -> list[tuple]:
        with sqlite3.connect(self.data / "plaque.sqlite3", timeout=20) as database:
            return database.execute(query).fetchall()

    def log_in(self, name: str) -> Browser:
        accounts = json.loads((self.data / "demonstration-accounts.json").read_text())
        return Browser(self.port, name, accounts[name])


class Browser:
    """A signed-in person's requests."""

    def __init__(self, port: int, name: str, password: str) -> None:
        self.root = f"http://127.0.0.1:{port}"
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        page = self.opener.open(f"{self.root}/accounts/login/").read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token
        form = f"csrfmiddlewaretoken={token[1]}&login={name}&password={password}".encode()
        self.opener.open(f"{self.root}/accounts/login/", form)

    def ask(self, method: str, path: str, body: object = None) -> dict:
        token = next(cookie.value for cookie in self.cookies if cookie.name == "csrftoken")
        request = urllib.request.Request(
            self.root + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "X-CSRFToken": token or ""},
        )
        with self.opener.open(request, timeout=30) as response:
            return json.loads(response.read())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Plaque as `make run` starts it, with its demonstration."""
    data = tmp_path_factory.mktemp("served")
    log, port = data / "log", free_port()
    environment = os.environ | {"PLAQUE_DATA": str(data), "PLAQUE_JOB_LEASE_SECONDS": "4"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Served(process, port, data, log)
    try:
        wait_until(running.answers, f"serving; {log.read_text()[-2000:]}", seconds=400)
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def test_an_acknowledged_mark_survives_the_death_of_the_web_process(served: Served) -> None:
    rita = served.log_in("rita")
    reading = next(r for r in rita.ask("GET", "/api/v1/readings/") if r["state"] == "ready")
    state = rita.ask("GET", f"/api/v1/readings/{reading['reading']}/")
    shown = rita.ask("POST", f"/api/v1/presentations/{state['presentation']}/open/")
    acknowledged = []
    for _ in range(5):
        mark = str(uuid4())
        address = f"/api/v1/presentations/{state['presentation']}/marks/{mark}/"
        body = {"kind": "FN", "lesion": None, "mm": [1.5, 2.5, 3.5], "reason": ""}
        rita.ask("PUT", address, body)
        served.kill("gunicorn")
        acknowledged.append(mark)
        wait_until(served.answers, "the web process is back")
    again = rita.ask("POST", f"/api/v1/presentations/{state['presentation']}/open/")
    assert again["presentation"] == shown["presentation"]
    assert sorted(mark["id"] for mark in again["marks"]) == sorted(acknowledged)
    assert "Plaque: The web process stopped" in served.log.read_text()


def test_a_job_whose_worker_is_killed_ends_once(served: Served) -> None:
    served.manage("segment", "--case", "C0001")
    job = "SELECT state, attempts, progress FROM segmentation_inferencejob ORDER BY queued_at DESC"
    masks = "SELECT count(*) FROM segmentation_segmentation WHERE origin = 'prediction'"
    before = served.rows(masks)[0][0]
    wait_until(lambda: served.rows(job)[0][2] > 0.1, "the job is under way")
    served.kill("celery")
    assert served.rows(job)[0][:2] == ("running", 1)
    wait_until(lambda: served.rows(job)[0][0] == "succeeded", "the job is done", seconds=120)
    assert served.rows(job)[0][1] == 2
    assert served.rows(masks)[0][0] == before + 1


def test_an_interrupt_ends_every_process(served: Served) -> None:
    pids = [served.process.pid, *children_of(served.process.pid)]
    assert len(pids) >= 4
    served.process.send_signal(signal.SIGINT)
    served.process.wait(40)
    wait_until(lambda: not [pid for pid in pids if command_of(pid).strip()], "all are gone")
    assert not served.answers()
