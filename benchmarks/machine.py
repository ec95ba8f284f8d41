"""What the benchmarks have in common to say: the machine they ran on, peak memory, and verdicts."""

from __future__ import annotations

import os
import platform
import resource
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil


def processor() -> str:
    """The name of the processor, as the system calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine(*databases: str) -> str:
    """The date, the machine and what runs on it, with the databases, in one sentence.

    Reads PyTorch's version without loading it: a web process has none.
    """
    parts = [
        f"{processor()}, {cores()} cores",
        f"{psutil.virtual_memory().total / 1e9:.0f} GB",
        platform.system(),
        f"Python {platform.python_version()}",
        f"PyTorch {version('torch')}",
        *databases,
    ]
    return f"{datetime.now(tz=UTC):%Y-%m-%d}: {', '.join(parts)}."


def peak_bytes() -> int:
    """The most memory that this process has held since it was started.

    Linux tells it in /proc; `ru_maxrss` there can be the peak of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(found[0].split()[1]) * 1024
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def verdict(claim: str, *, holds: bool) -> bool:
    """This will print whether a claim holds, and return it."""
    print(f"claim: {claim}: {'holds' if holds else 'does not hold'}")
    return holds
