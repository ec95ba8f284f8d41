"""A really running Plaque, for tests: `manage.py serve` with its supervisor, web and worker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def own_database(server: str, data: Path) -> Iterator[str]:
    """The URL of a new database: on this PostgreSQL server, or else SQLite in the data folder."""
    if not server.startswith("postgres"):
        yield f"sqlite:///{data / 'plaque.sqlite3'}"
        return
    name = f"plaque_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
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


def commands() -> dict[int, tuple[int, str]]:
    """Every process: its parent and its command."""
    listed = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return {int(pid): (int(parent), args) for pid, parent, args in rows}


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
            wait_until(served.answers, "serving")
        except TimeoutError:
            served.stop()
            print(log.read_text()[-4000:])
            raise
        return served

    def answers(self) -> bool:
        """Whether the web process answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/", timeout=2) as r:
                return bool(r.status == 200)
        except OSError:
            return False

    def pids(self, words: str = "") -> list[int]:
        """Its processes whose command holds these words, parents first."""
        known = commands()
        found = [self.process.pid]
        for pid in found:
            found += [child for child, (parent, _) in known.items() if parent == pid]
        return [pid for pid in found[1:] if words in known[pid][1]]

    def stop(self) -> None:
        """This will end it like Ctrl-C does, and everything of it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
