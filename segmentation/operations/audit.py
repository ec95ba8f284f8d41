"""The audit log: every sensitive act is written down once, in the transaction that does it."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User

from segmentation.models import AuditEntry, Case

Act = AuditEntry.Act


def record(
    act: Act,
    *,
    by: User | None,
    now: datetime,
    what: str,
    why: str = "",
    cohort: str = "",
    about: User | None = None,
) -> None:
    """This will add one entry. `by` is None for a command; `cohort` is the slug, if one matters.

    `about` is the person whose account or membership somebody else changed.

    `what` names things by their codes and titles, never a person's data beyond the user name.
    """
    AuditEntry.objects.create(
        at=now,
        actor=by.get_username() if by else "",
        actor_id=by.pk if by else None,
        act=act,
        what=what[:300],
        why=why.strip(),
        about_id=about.pk if about else None,
        cohort=cohort,
    )


def record_download(act: Act, *, case: Case, what: str, by: User, now: datetime) -> None:
    """This will write down that somebody took a file of a case out."""
    record(act, by=by, now=now, what=f"{what} of case {case.code}", cohort=case.cohort.slug)
