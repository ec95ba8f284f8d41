"""A really running Plaque, for tests: `manage.py serve` with its supervisor, web and worker."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psutil
import psycopg

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def own_database(server: str, data: Path) -> Iterator[str]:
    """The URL of a new database: on this PostgreSQL server, or else SQLite in the data folder."""
    if not server.startswith("postgres"):
        yield f"sqlite:///{data / 'plaque.sqlite3'}"
        return
    name = f"plaque_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True, connect_timeout=10) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(holds: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """This will return as soon as it holds; raises TimeoutError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return
        time.sleep(0.1)
    raise TimeoutError(f"{what}: not within {seconds} s")


@dataclass
class Served:
    """A Plaque that runs on a data folder and a port of its own."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @classmethod
    def start(cls, *words: str, data: Path, environment: Mapping[str, str]) -> Served:
        """This will start `manage.py serve` and return when it answers."""
        log, port = data / "log", free_port()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", str(port), *words],
                cwd=ROOT,
                env=os.environ | environment | {"PLAQUE_DATA": str(data)},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        served = cls(process, port, log)
        try:
            wait_until(served.answers_or_ended, "serving", seconds=180)
            assert process.poll() is None, "it ended instead of serving"
        except (TimeoutError, AssertionError):
            served.stop()
            print(log.read_text()[-4000:])
            raise
        return served

    def answers(self) -> bool:
        """Whether the web process answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/", timeout=2) as r:
                return bool(r.status == 200)
        except (OSError, http.client.HTTPException):
            return False

    def answers_or_ended(self) -> bool:
        """Whether waiting for an answer is over."""
        return self.process.poll() is not None or self.answers()

    def processes(self) -> list[psutil.Process]:
        """Its processes below the supervisor, parents first."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def pids(self, words: str = "") -> list[int]:
        """Those of its processes whose command holds these words, parents first."""
        found = []
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                if words in " ".join(process.cmdline()):
                    found.append(process.pid)
        return found

    def stop(self) -> None:
        """This will end it like Ctrl-C does; what has not ended then is killed."""
        left = self.processes()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
        for process in [*left, self.process]:  # each is in a group of its own
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(10)
