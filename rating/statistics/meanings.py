"""The words that say what a column means, shared by all tables."""

from __future__ import annotations

Meaning = tuple[str, str]
SHARE, COUNT, TEXT, YES_NO = "share 0 to 1", "count", "text", "true or false"
PROBABILITY, LESIONS, POSITION = "probability", "lesions", "position"

RATER: dict[str, Meaning] = {"rater": ("User name of the rater; empty for all together", TEXT)}
RULE: dict[str, Meaning] = {
    "verdict": (
        "derived, rater, combined (the abstract's), corrected (lesions as the rater counts them)",
        TEXT,
    ),
    "boundary_policy": ("What exactly on a threshold means: strict rejects, lenient accepts", TEXT),
    "is_primary": ("Is this the primary analysis of the design?", YES_NO),
}


def bounds(name: str, what: str) -> dict[str, Meaning]:
    """The two columns of a 95 % interval."""
    return {
        f"{name}low": (f"Lower bound: {what}", SHARE),
        f"{name}high": (f"Upper bound: {what}", SHARE),
    }


def coefficient(name: str, what: str, interval: str) -> dict[str, Meaning]:
    """A coefficient of agreement and its 95 % interval."""
    unit = "coefficient -1 to 1"
    return {
        name: (what, unit),
        f"{name}_low": (f"Lower bound: {interval}", unit),
        f"{name}_high": (f"Upper bound: {interval}", unit),
    }
