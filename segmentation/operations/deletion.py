"""Deleting a case: scans, masks and jobs go for good; the audit log keeps who did it and why."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from segmentation.models import BrainMask, Case, Scan, Segmentation
from segmentation.operations.audit import Act, record
from segmentation.operations.files import drop
from segmentation.refusals import ReasonMissing, Refusal


class CaseInStudy(Refusal):
    """A mask of the case is part of a study."""


def delete_case(*, case: Case, reason: str, by: User | None, now: datetime) -> None:
    """This will delete a case with everything that belongs to it, files last.

    Its code is never given again. A worker that works on it stops and leaves nothing. Raises
    ReasonMissing, CaseInStudy.
    """
    if not reason.strip():
        raise ReasonMissing(
            "Deleting a case needs a reason, which the audit log keeps. Nothing was deleted.",
            fields={"reason": ["Say why the case is deleted."]},
        )
    try:
        with transaction.atomic():
            _delete(case, reason=reason.strip(), by=by, now=now)
    except (ProtectedError, IntegrityError) as error:  # the latter: added to a study just now
        raise CaseInStudy(
            f"A mask of case {case.code} is part of a study. Nothing was deleted. Take the mask "
            "out of every study that is a draft; what was opened for reading is kept for good."
        ) from error


def _delete(case: Case, *, reason: str, by: User | None, now: datetime) -> None:
    """This will delete the rows, and the files once that is certain."""
    locked = Case.objects.select_for_update().filter(pk=case.pk).first()
    if locked is None:  # somebody else has just deleted it
        return
    with_files: list[Segmentation | Scan | BrainMask] = [
        *locked.scans.all(),
        *locked.segmentations.all(),
        *BrainMask.objects.filter(case=locked),
    ]
    what, cohort = f"case {locked.code}", locked.cohort.slug
    locked.delete()
    record(Act.CASE_DELETED, by=by, now=now, what=what, why=reason, cohort=cohort)
    drop(*with_files)
