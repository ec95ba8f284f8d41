"""Says in plain words what happens to Plaque's processes. Started by supervisor as a listener."""

import sys
from typing import TextIO

from supervisor import childutils  # type: ignore[import-untyped]  # ships no types

WORDS = {
    "PROCESS_STATE_EXITED": "The {name} process stopped; it is started again. Nothing is lost.",
    "PROCESS_STATE_BACKOFF": "The {name} process stopped while starting; it is started again.",
    "SUPERVISOR_STATE_CHANGE_STOPPING": "Stopping. A job in hand goes on after the next start.",
    "PROCESS_STATE_FATAL": "The {name} process cannot be started; see the messages above.",
}


def sentence(event: str, name: str, *, expected: bool) -> str | None:
    """What to say about an event; None when it needs no words."""
    if event == "PROCESS_STATE_EXITED" and expected:
        return None
    words = WORDS.get(event)
    return words.format(name=name) if words else None


def listen(stdin: TextIO, stdout: TextIO, said: TextIO) -> None:
    """This will answer supervisor's events for ever, and say what matters on `said`."""
    while True:
        headers, payload = childutils.listener.wait(stdin, stdout)
        about = childutils.get_headers(payload)
        name, expected = about.get("processname", ""), about.get("expected") == "1"
        words = sentence(headers["eventname"], name, expected=expected)
        if words:
            print(f"Plaque: {words}", file=said, flush=True)
        childutils.listener.ok(stdout)


if __name__ == "__main__":
    listen(sys.stdin, sys.stdout, sys.stderr)
