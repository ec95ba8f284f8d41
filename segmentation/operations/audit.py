"""The audit log: every sensitive act is written down once, in the transaction that does it."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User

from segmentation.models import AuditEntry

Act = AuditEntry.Act


def record(
    act: Act, *, by: User | None, now: datetime, what: str, why: str = "", cohort: str = ""
) -> None:
    """This will add one entry. `by` is None for a command; `cohort` is the slug, if one matters.

    `what` names things by their codes and titles, never a person's data beyond the user name.
    """
    AuditEntry.objects.create(
        at=now,
        actor=by.get_username() if by else "",
        actor_id=by.pk if by else None,
        act=act,
        what=what[:300],
        why=why,
        cohort=cohort,
    )
