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

import pytest

from tests.served import ROOT, Served, commands, wait_until


def test_what_was_acknowledged_survives_five_kills() -> None:
    """`tests/stress_kill.py` says what is done and checked; by hand it kills 200 times."""
    words = ["--kills", "5", "--database", os.environ.get("DATABASE_URL", "")]
    words += ["--broker", os.environ.get("CELERY_BROKER_URL", "filesystem://localhost")]
    done = subprocess.run(
        [sys.executable, "tests/stress_kill.py", *words], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 things are wrong" in done.stdout
    figures = dict(re.findall(r"^(\S[^\n]*?) {2,}(\d+)", done.stdout, re.MULTILINE))
    assert int(figures["killed"]) == 5
    assert int(figures["marks acknowledged"]) > 5
    assert int(figures["jobs"]) > 0


@pytest.mark.embedded_only
def test_a_process_that_dies_is_started_again_and_an_interrupt_ends_all(tmp_path: Path) -> None:
    served = Served.start("--no-demonstration", data=tmp_path, environment={})
    try:
        os.kill(served.pids("gunicorn")[0], signal.SIGKILL)
        wait_until(lambda: "Plaque: The web process stopped" in served.log.read_text(), "words")
        wait_until(served.answers, "the web process is back")
        pids = [served.process.pid, *served.pids()]
        assert len(pids) >= 4
    finally:
        served.stop()
    wait_until(lambda: not set(pids) & commands().keys(), "all are gone")
    assert not served.answers()
