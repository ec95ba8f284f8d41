"""Before cases are sent: which of them are here already, and what is said about the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User

from segmentation.description import Description
from segmentation.description.sources import read_sources
from segmentation.models import Cohort
from segmentation.queries import flairs_by_sent_file, visible_cases


@dataclass(frozen=True)
class ForeseenCase:
    """What would become of a case; `code` when it is here already and may be seen."""

    folder: str
    known: bool
    code: str | None
    subject: str
    description: Description


def foresee(
    *,
    cohort: Cohort,
    flairs: Mapping[str, str],
    by: User,
    manifest: str = "",
    participants: str = "",
) -> tuple[Sequence[ForeseenCase], list[str]]:
    """This will tell what would become of cases, and notes about what does not fit together.

    `flairs` has the SHA-256 of every case's FLAIR file by the case's folder; empty where the
    browser cannot say. Nothing is stored. Raises InvalidManifest.
    """
    sources = read_sources(manifest=manifest, participants=participants)
    known = flairs_by_sent_file(cohort, [sha256 for sha256 in flairs.values() if sha256])
    seen = set(visible_cases(by).filter(pk__in=known.values()).values_list("pk", flat=True))
    codes = {case.pk: case.code for case in cohort.cases.filter(pk__in=seen)}
    foreseen = [
        ForeseenCase(
            folder=folder,
            known=sha256 in known,
            code=codes.get(known.get(sha256, 0)),
            subject=sources.subject_of(folder),
            description=sources.description_of(folder),
        )
        for folder, sha256 in flairs.items()
    ]
    return foreseen, sources.notes(flairs)
