"""How processes reach the broker: a server, or a folder in which messages are files."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

QUEUE = "plaque"
EXCHANGES = (QUEUE, "celery.pidbox")  # what a worker binds its queues to when it starts

# Whoever rings does not wait long for a server that is gone. A worker waits for ever (settings).
SERVER_OPTIONS = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}


def folder_broker(folder: Path) -> dict[str, Any]:
    """This will make a folder ready to be a broker and return the options of its transport.

    kombu keeps the queues of an exchange in a file that it makes empty and then fills. A process
    that is killed in between leaves it empty, and no worker could start any more. So these files
    are there, whole, before kombu looks for them, and what is damaged is replaced.
    """
    for name in ("queue", "done", "control"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for exchange in EXCHANGES:
        kept = folder / "control" / f"{exchange}.exchange"
        if not _is_whole(kept):
            draft = kept.with_name(f"{kept.name}.{os.getpid()}")
            draft.write_text("[]")
            draft.replace(kept)
    return {
        "data_folder_in": str(folder / "queue"),
        "data_folder_out": str(folder / "queue"),
        "control_folder": str(folder / "control"),
        "processed_folder": str(folder / "done"),
        "store_processed": False,
        "polling_interval": 0.2,
    }


def _is_whole(exchange: Path) -> bool:
    """Whether the file is there and lists queues; kombu writes it under the lock that is asked."""
    try:
        with exchange.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return isinstance(json.load(file), list)
    except (FileNotFoundError, ValueError):
        return False
