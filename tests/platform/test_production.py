"""Production as compose.yaml starts it, by hand: set up, serve, work, say how it goes, and end.

The database and the broker are those that the tests run on; the embedded ones are taken on
knowingly (PLAQUE_ALLOW).
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import pytest
import yaml

from tests.segmentation.scans import flair_voxels, nifti
from tests.served import ROOT, free_port, own_database, wait_until
from tests.webapp.test_production import SAFE

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
PROGRAMS = Path(sys.executable).parent
PASSWORD = "a-long-password-of-cora"


def commands_of(service: str) -> list[list[str]]:
    """What a service of compose.yaml runs, with this environment's programs."""
    words = COMPOSE["services"][service]["command"]
    script = re.fullmatch(r'sh -c "(.*)"\s*', words, re.DOTALL)
    parts = script[1].split("&&") if script else [words]
    return [shlex.split(part.replace("/environment/bin", str(PROGRAMS))) for part in parts]


@dataclass
class Production:
    """The processes of a production, and how they are asked."""

    environment: dict[str, str]
    port: int
    logs: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def manage(self, *words: str, **more: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, service: str) -> None:
        (command,) = commands_of(service)
        address = f"127.0.0.1:{self.port}"
        with (self.logs / service).open("wb") as log:
            self.processes[service] = subprocess.Popen(
                [address if word == "0.0.0.0:8000" else word for word in command],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self, service: str) -> list[str]:
        return (self.logs / service).read_text().splitlines()

    def end(self) -> None:
        for process in self.processes.values():
            with suppress(ProcessLookupError):  # also when only its children are left
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    """Set up as compose.yaml does it, with web and worker running."""
    data = tmp_path_factory.mktemp("production")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLAQUE_")}
    with ExitStack() as stack:
        database = stack.enter_context(own_database(os.environ.get("DATABASE_URL", ""), data))
        own = {
            "PLAQUE_DATA": str(data),
            "PLAQUE_ALLOW": "sqlite, folder-broker",
            "DATABASE_URL": database,
            "CELERY_BROKER_URL": os.environ.get("CELERY_BROKER_URL", "filesystem://localhost"),
        }
        running = Production(kept | SAFE | own, free_port(), data)
        stack.callback(running.end)
        for words in commands_of("setup"):
            if "manage.py" in words:
                running.manage(*words[2:])
        running.manage(
            "createsuperuser",
            "--noinput",
            "--username=cora",
            "--email=cora@example.org",
            DJANGO_SUPERUSER_PASSWORD=PASSWORD,
        )
        (data / "FLAIR.nii.gz").write_bytes(nifti(flair_voxels()))
        running.manage("import_cases", str(data / "FLAIR.nii.gz"), "--coordinator", "cora")
        running.start("web")
        running.start("worker")
        yield running


class Visitor:
    """A browser behind the proxy that speaks HTTPS."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self.set_cookies: list[str] = []

    def ask(
        self, method: str, path: str, body: str = "", *, scheme: str = "https", **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers and body of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {
            "Host": "plaque.example.org",
            "X-Forwarded-Proto": scheme,
            "X-Forwarded-For": "203.0.113.7",
            "Referer": "https://plaque.example.org/",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "X-CSRFToken": self.cookies.get("csrftoken", ""),
        }
        connection.request(method, path, body, sent | headers)
        answer = connection.getresponse()
        for one in answer.headers.get_all("Set-Cookie") or []:
            self.set_cookies.append(one)
            name, value = one.split(";")[0].split("=", 1)
            self.cookies[name] = value
        text = answer.read().decode("latin-1")
        connection.close()
        return answer.status, dict(answer.headers), text

    def json(self, method: str, path: str, body: object = None) -> Any:
        sent = "" if body is None else json.dumps(body)
        status, _, text = self.ask(method, path, sent, **{"Content-Type": "application/json"})
        assert status < 300, text
        return json.loads(text)


def is_ready(port: int) -> bool:
    try:
        return Visitor(port).ask("GET", "/ready/")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def test_production_signs_in_works_says_how_it_goes_and_ends(production: Production) -> None:
    wait_until(lambda: is_ready(production.port), "ready", seconds=180)
    cora = Visitor(production.port)

    status, headers, _ = cora.ask("GET", "/", scheme="http")
    assert (status, headers["Location"]) == (301, "https://plaque.example.org/")

    status, headers, page = cora.ask("GET", "/accounts/login/")
    assert status == 200
    assert int(headers["Strict-Transport-Security"].split(";")[0].split("=")[1]) >= 31_536_000
    scripts = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert scripts
    assert [cora.ask("GET", one)[0] for one in scripts] == [200] * len(scripts)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    form = {"csrfmiddlewaretoken": token[1], "login": "cora", "password": PASSWORD}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    status, headers, _ = cora.ask("POST", "/accounts/login/", urlencode(form), **kind)
    assert (status, headers["Location"]) == (302, "/")
    assert all("; Secure" in cookie for cookie in cora.set_cookies)
    assert "sessionid" in cora.cookies

    job = cora.json("POST", "/api/v1/cases/C0001/jobs/", {"method": "slim-unet"})
    address = f"/api/v1/jobs/{job['id']}/"
    wait_until(
        lambda: cora.json("GET", address)["state"] == "succeeded", "the job is done", seconds=180
    )

    started = production.processes.values()
    below = [child for one in started for child in psutil.Process(one.pid).children(recursive=True)]
    for service, process in production.processes.items():
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, service
    assert not psutil.wait_procs(below, timeout=60)[1]

    lines = [json.loads(line) for line in production.said("web") if line.startswith("{")]
    requests = [line for line in lines if line["event"] == "request"]
    assert {("account_login", 302), ("api:job", 200), ("ready", 200)} <= {
        (line["route"], line["status"]) for line in requests
    }
    told = "\n".join(production.said("web") + production.said("worker"))
    for word in (
        "cora",
        "C0001",
        "203.0.113.7",
        "127.0.0.1:5",
        job["id"],
        cora.cookies["csrftoken"],
    ):
        assert word not in told


@pytest.mark.once
def test_without_a_database_a_command_says_so_in_words(tmp_path: Path) -> None:
    gone = {"PLAQUE_DATA": str(tmp_path), "DATABASE_URL": "postgres://a:secret@127.0.0.1:1/b"}
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--noinput"],
        env=os.environ | gone,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("The database (DATABASE_URL) does not answer")
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
