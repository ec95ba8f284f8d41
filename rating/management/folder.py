"""The folder that a bundle is written to; nothing that is there already is touched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from django.core.management.base import CommandError


def refuse_filled(out: Path) -> None:
    """This will raise CommandError unless `out` is an empty folder or not there."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CommandError(f"{out} is not empty. Nothing was written; choose a new folder.")


def write(files: Mapping[str, bytes], out: Path) -> None:
    """This will write files by their path in `out`; raises CommandError."""
    try:
        for path, content in files.items():
            target = out / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    except OSError as error:
        raise CommandError(f"{out} cannot be written ({error}). Choose another folder.") from error
