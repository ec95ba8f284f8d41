"""Several networks as one method: how far the whole is when one of them is so far."""

from __future__ import annotations

from segmentation.methods import Progress

BEGIN, END = 0.15, 0.9  # what the networks take of a job; the rest is before and after them


def part_of(progress: Progress, number: int, count: int, *, called: str = "network") -> Progress:
    """This will make the progress report of network `number` (from 0) of `count`, or of planes."""

    def report(done: float, stage: str) -> None:
        name = f"{stage} ({called} {number + 1} of {count})" if count > 1 else stage
        progress(BEGIN + (END - BEGIN) * (number + done) / count, name)

    return report
