"""Values that the masks leave undefined."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Undefined:
    """No number, and the reason for a reader. Never shown as 0 or 1."""

    reason: str
