"""A disk that is full, for tests: writing fails as the system makes it fail."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from django.core.files.storage import FileSystemStorage


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A disk on which no file grows beyond this many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class SmallStorage(FileSystemStorage):
    """A file storage with a disk of its own, on which no file grows beyond `room` bytes."""

    def __init__(self, *, room: int, **options: Any) -> None:
        super().__init__(**options)
        self.room = room

    def _save(self, name: str, content: IO[Any]) -> str:
        with files_of_at_most(self.room):
            return str(super()._save(name, content))
