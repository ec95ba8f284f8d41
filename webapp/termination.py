"""Ending a command by SIGTERM as Ctrl + C ends it: what it wrote in part is taken away."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cleaning_up_when_terminated() -> Iterator[None]:
    """In this block SIGTERM raises SystemExit (143). For the main thread of a command."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
