"""What the bundles of both kinds of study say alike: the study, its audit log, its columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rating.models import ReferenceStudy, Study
from segmentation.models import AuditEntry


@dataclass(frozen=True)
class Table:
    """One CSV file: its columns with their meaning, and its rows in that order, to be read once."""

    columns: Mapping[str, str]
    rows: Iterable[Sequence[Any]]


def about(study: Study | ReferenceStudy) -> dict[str, Any]:
    """What there is to know about a study beside its design."""
    return {
        "study": study.slug,
        "title": study.title,
        "cohort": study.cohort.slug,
        "design_sha256": study.design_sha256,
        "commitment": study.commitment,
        "secret": study.secret,
        "opened_at": utc(study.opened_at),
        "closed_at": utc(study.closed_at),
        "closing_reason": study.closing_reason,
    }


def audit_rows(
    study: Study | ReferenceStudy, *, called: str, but: Collection[AuditEntry.Act]
) -> list[list[Any]]:
    """What the audit log has of a study that it calls so: when, who, act, what and why."""
    found = AuditEntry.objects.filter(
        cohort=study.cohort.slug, what__contains=f"({called})"
    ).exclude(act__in=but)
    rows = found.order_by("at", "pk").values_list("at", "actor", "act", "what", "why")
    return [[utc(at), *rest] for at, *rest in rows]


def meanings(described: Mapping[str, Table]) -> list[list[str]]:
    """What each column of each file means: file, column, meaning."""
    return [
        [name, column, meaning]
        for name, table in described.items()
        for column, meaning in table.columns.items()
    ]


def utc(at: datetime | None) -> str:
    """A time as ISO 8601 in UTC; empty for None."""
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else ""
