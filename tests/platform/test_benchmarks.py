"""The benchmarks of the server still run: each ends with its claims, whether these hold or not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.served import ROOT


@pytest.mark.once
@pytest.mark.parametrize(
    "command",
    [
        ("pages.py", "--cases", "200", "--runs", "1"),
        ("ratings.py", "--ratings", "500", "--marked", "100"),
        ("exports.py", "--ratings", "800", "--marked", "400"),
        ("sequences.py", "--masks", "400", "--runs", "1"),
        ("load.py", "--raters", "2", "--marks", "2"),
    ],
    ids=lambda command: command[0],
)
def test_a_small_benchmark_reaches_its_claim(command: tuple[str, ...]) -> None:
    name, *arguments = command
    ran = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / name, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    last = ran.stdout.rstrip().rpartition("\n")[2]
    assert last.startswith("claim: "), ran.stdout + ran.stderr
