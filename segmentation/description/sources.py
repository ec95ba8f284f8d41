"""What the files beside the cases of a folder say about each of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from segmentation.description.bids import read_participants
from segmentation.description.fields import Description
from segmentation.description.manifest import ManifestRow, read_manifest

PARTICIPANT_IN_PATH = re.compile(r"(?:^|/)(sub-[A-Za-z0-9]+)(?=[/_.]|$)")


@dataclass(frozen=True)
class Sources:
    """A manifest and a list of participants; both empty when there are none."""

    manifest: Mapping[str, ManifestRow] = field(default_factory=dict)
    participants: Mapping[str, Description] = field(default_factory=dict)

    def subject_of(self, case: str) -> str:
        """The subject code that the manifest gives a case; empty when it gives none."""
        return self.manifest[case].subject if case in self.manifest else ""

    def description_of(self, case: str) -> Description:
        """What is said about a case, the manifest before the participants."""
        who = PARTICIPANT_IN_PATH.search(case)
        known = self.participants.get(who[1], {}) if who else {}
        return known | (self.manifest[case].description if case in self.manifest else {})

    def notes(self, cases: Iterable[str]) -> list[str]:
        """What does not fit together: lines without a case and cases without a line."""
        there = set(cases)
        notes = [
            f"manifest.csv, line {row.line}: there is no case {case} among these."
            for case, row in self.manifest.items()
            if case not in there
        ]
        if self.manifest:
            unnamed = sorted(there - set(self.manifest))
            notes += [f"{case} is not in manifest.csv." for case in unnamed]
        return notes


def read_sources(*, manifest: str = "", participants: str = "") -> Sources:
    """This will read the texts of manifest.csv and participants.tsv; raises InvalidManifest."""
    return Sources(
        manifest=read_manifest(manifest) if manifest.strip() else {},
        participants=read_participants(participants),
    )
