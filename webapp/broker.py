"""How processes reach the broker: a server, or a folder in which messages are files."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

log = logging.getLogger(__name__)

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
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
    for name in ("queue", "control"):
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
        "polling_interval": 0.2,
    }


class Channel(filesystem.Channel):
    """kombu's, but a message is there whole or not at all, and one reader gets it.

    kombu makes a message's file empty under its name and then fills it, and moves it to a folder
    that workers share: a worker can find it empty or half, and ends.
    """

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]  # as there
        """This will put a message into a queue; raises ChannelError."""
        folder = Path(self.data_folder_out)
        name = f"{round(time.monotonic() * 1000)}_{uuid4()}.{queue}.msg"
        draft = folder / f".{name}"
        try:
            draft.write_text(dumps(payload))
            draft.rename(folder / name)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise ChannelError(f"The broker's folder cannot be written: {error}") from error

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """The next message of a queue; one that cannot be read is dropped. Raises Empty."""
        for file in sorted(Path(self.data_folder_in).iterdir()):
            if file.name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = file.with_name(f".{uuid4()}")
            try:
                file.rename(taken)
            except FileNotFoundError:  # another worker has it
                continue
            content = taken.read_bytes()
            taken.unlink()
            try:
                return loads(content)
            except ValueError:
                log.warning("A message in the broker's folder could not be read and was dropped.")
        raise Empty


class Transport(filesystem.Transport):
    """kombu's, with our channel."""

    Channel = Channel


def _is_whole(exchange: Path) -> bool:
    """Whether the file is there and lists queues; kombu writes it under the lock that is asked."""
    try:
        with exchange.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return isinstance(json.load(file), list)
    except (FileNotFoundError, ValueError):
        return False
