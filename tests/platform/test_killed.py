"""What was acknowledged survives a kill -9, and a job whose worker was killed ends once.

These tests start the real thing: `manage.py serve`, its supervisor, web and worker, on a data
folder and a port of their own.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.served import ROOT, Served, wait_until


def test_what_was_acknowledged_survives_five_kills(tmp_path: Path) -> None:
    """`tests/stress_kill.py` says what is done and checked; by hand it kills 200 times."""
    words = ["--kills", "5", "--limit", "600", "--database", os.environ.get("DATABASE_URL", "")]
    words += ["--broker", os.environ.get("CELERY_BROKER_URL", "filesystem://localhost")]
    log = tmp_path / "log"  # not a pipe: whatever outlives the script would keep it open
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "tests/stress_kill.py", *words],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=900,
        )
    said = log.read_text()
    assert done.returncode == 0, said
    assert "0 things are wrong" in said
    figures = dict(re.findall(r"^(\S[^\n]*?) {2,}(\d+)", said, re.MULTILINE))
    assert int(figures["killed"]) == 5
    assert int(figures["marks acknowledged"]) >= 6
    assert int(figures["edits acknowledged"]) >= 6
    assert int(figures["decisions about dots acknowledged"]) >= 6
    assert int(figures["jobs"]) > 0


@pytest.mark.once
def test_a_process_that_dies_is_started_again_and_an_interrupt_ends_all(tmp_path: Path) -> None:
    served = Served.start("--no-demonstration", data=tmp_path, environment={})
    try:
        os.kill(served.pids("gunicorn")[0], signal.SIGKILL)
        stopped = "Plaque: The web process stopped"
        wait_until(lambda: stopped in served.log.read_text(), "words", seconds=180)
        wait_until(served.answers, "the web process is back", seconds=180)
        processes = [psutil.Process(served.process.pid), *served.processes()]
        assert len(processes) >= 4
        served.process.send_signal(signal.SIGINT)
        served.process.wait(180)
        assert not psutil.wait_procs(processes, timeout=60)[1]
    finally:
        served.stop()
    assert not served.answers()
