"""Correcting a case's brain mask: another one lies over it until it is taken back."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from segmentation.imaging.nifti import mask_file, read_volume, take_in_mask
from segmentation.models import BrainMask, Case
from segmentation.operations.audit import Act, record
from segmentation.operations.files import delete_files, drop_stored, keep, store
from segmentation.refusals import Refusal


class EmptyBrain(Refusal):
    """The brain mask marks no voxel."""


class NotCorrected(Refusal):
    """There is no correction that could be taken back."""


def correct_brain(
    *, case: Case, content: bytes, name: str, by: User | None, now: datetime
) -> BrainMask:
    """This will put a brain mask over the one that the case has; what follows is segmented within.

    It lies on the FLAIR's grid and holds 0 and 1. An earlier correction is replaced; the mask that
    came with the case or that a method derived stays below. Raises UnusableImage, EmptyBrain,
    StorageFailed.
    """
    with case.scans.get(sequence="FLAIR").original.open("rb") as stored:
        flair = read_volume(stored.read(), name=f"FLAIR of case {case.code}")
    mask = take_in_mask(content, name=name, scan=flair)
    if not mask.any():
        fault = (
            f"{name} marks no voxel, so there would be no brain. Nothing was stored; send a mask "
            "with the brain."
        )
        raise EmptyBrain(fault, fields={"file": [fault]})
    draft = BrainMask(case=case)
    draft.correction_sha256 = store(draft.correction, mask_file(mask, like=flair))
    try:
        with transaction.atomic():
            Case.objects.select_for_update().get(pk=case.pk)
            brain = BrainMask.objects.filter(case=case).first() or BrainMask(case=case)
            before = brain.correction.name
            brain.correction = draft.correction.name
            brain.correction_sha256 = draft.correction_sha256
            brain.corrected_at, brain.corrected_by = now, by
            brain.save()
            keep(draft)
            drop_stored(before or "")
            what = f"brain of case {case.code}"
            record(Act.BRAIN_CORRECTED, by=by, now=now, what=what, cohort=case.cohort.slug)
    except BaseException:
        delete_files(draft)
        raise
    return brain


def revert_brain(*, case: Case, by: User | None, now: datetime) -> BrainMask | None:
    """This will take a correction back; returns the mask that was below it, None without one.

    Raises NotCorrected.
    """
    with transaction.atomic():
        Case.objects.select_for_update().get(pk=case.pk)
        brain = BrainMask.objects.filter(case=case).first()
        if brain is None or not brain.correction:
            raise NotCorrected(
                "This brain mask is not corrected, so there is nothing to take back."
            )
        drop_stored(brain.correction.name or "")
        record(
            Act.BRAIN_REVERTED,
            by=by,
            now=now,
            what=f"brain of case {case.code}",
            cohort=case.cohort.slug,
        )
        if not brain.mask:
            brain.delete()
            return None
        brain.correction, brain.correction_sha256 = "", ""
        brain.corrected_at = brain.corrected_by = None
        brain.save()
    return brain
