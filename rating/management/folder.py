"""The folder that a bundle is written to; nothing that is there already is touched."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from django.core.management.base import CommandError


def refuse_filled(out: Path) -> None:
    """This will raise CommandError unless `out` is an empty folder or not there."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CommandError(f"{out} is not empty. Nothing was written; choose a new folder.")


def write(files: Iterable[tuple[str, bytes]], out: Path) -> int:
    """This will write files by their path in `out`; returns how many. Raises CommandError."""
    written = 0
    try:
        for path, content in files:
            target = out / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            written += 1
    except OSError as error:
        raise CommandError(f"{out} cannot be written ({error}). Choose another folder.") from error
    return written
