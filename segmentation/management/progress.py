"""Commands that take long say how far they are."""

from django.core.management.base import OutputWrapper

from segmentation.methods import Progress


def progress_lines(out: OutputWrapper) -> Progress:
    """Something that prints each new state as a line at once, into a pipe or a file too."""
    last = ""

    def tell(done: float, stage: str) -> None:
        nonlocal last
        line = f"{done:4.0%} {stage}"
        if line != last:
            out.write(line)
            out.flush()
            last = line

    return tell
