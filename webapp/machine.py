"""What the machine, or the container on it, has to give."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil


def memory_bytes(*, root: Path = Path("/")) -> int:
    """This will return how much memory there is: the machine's, or less in a limited container.

    Control groups of both versions count, and those above them. `root` is where /proc and /sys are.
    """
    return min([psutil.virtual_memory().total, *_limits(root)])


def _limits(root: Path) -> Iterator[int]:
    """The memory limits of the control groups that this process is in, in bytes."""
    groups = root / "sys/fs/cgroup"
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # no Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            top, name = groups, "memory.max"
        elif "memory" in controllers.split(","):
            top, name = groups / "memory", "memory.limit_in_bytes"
        else:
            continue
        own = top / path.strip("/")
        for group in (own, *own.parents):
            if group.is_relative_to(top):
                yield from _limit(group / name)


def _limit(file: Path) -> Iterator[int]:
    """The number of bytes in a file, if it is there and holds one ("max" is none)."""
    try:
        text = file.read_text().strip()
    except OSError:
        return
    if text.isdigit():
        yield int(text)
