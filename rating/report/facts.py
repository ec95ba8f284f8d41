"""What a report says of a study beside its design and its answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """Title and record of a closed study.

    Times are texts (UTC, to the day). `versions` are those of Plaque that stored answers;
    `described_cases` counts cases of which demographics or acquisition are known. `deviations` are
    the amendments after the opening, a sentence or two each; `raters` what they said of
    themselves; `signed` counts raters who signed the instructions, `sittings` those with conditions
    told, `corrected` the later versions of answers.
    """

    title: str
    opened: str
    closed: str
    closing_reason: str
    commitment: str
    versions: tuple[str, ...] = ()
    described_cases: int = 0
    deviations: tuple[str, ...] = ()
    raters: tuple[str, ...] = ()
    signed: int = 0
    sittings: int = 0
    corrected: int = 0
