"""Saying more about a case: its subject, demographics and how it was acquired."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from segmentation.description import checked
from segmentation.models import Case
from segmentation.operations.audit import Act, record
from segmentation.operations.cases import check_subject


@transaction.atomic
def describe_case(
    *,
    case: Case,
    by: User | None,
    now: datetime,
    subject: str | None = None,
    description: Mapping[str, Any] | None = None,
) -> Case:
    """This will change what is known about a case; what is not named stays.

    A field given as None, empty or `n/a` is emptied. The audit log names the fields that changed,
    never their values. Raises InvalidDescription, InvalidSubject.
    """
    given = checked(description or {})
    if subject is not None:
        check_subject(subject)
    locked = Case.objects.select_for_update().select_related("cohort").get(pk=case.pk)
    before = locked.description
    merged = before | given
    locked.description = {name: value for name, value in merged.items() if value is not None}
    changed = sorted(name for name in given if before.get(name) != given[name])
    if subject is not None and subject != locked.subject:
        locked.subject = subject
        changed.append("subject")
    if changed:
        locked.save(update_fields=["description", "subject"])
        what = f"case {locked.code}: {', '.join(changed)}"
        record(Act.CASE_DESCRIBED, by=by, now=now, what=what, cohort=locked.cohort.slug)
    return locked
