"""Storing masks: the file on the scan's own grid, and its lesion ids for the browser."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.db import transaction
from numpy.typing import NDArray

from segmentation.imaging.lesions import find_lesions
from segmentation.imaging.nifti import (
    Volume,
    browser_copy,
    lesion_label_file,
    mask_file,
    probability_file,
    read_volume,
)
from segmentation.models import BrainMask, Case, Segmentation
from segmentation.operations.files import delete_files, keep, store

TITLE_MOST = 120  # characters of the column


def fitting_title(title: str) -> str:
    """A title as it can be stored: one that is too long is cut, which an ellipsis shows.

    Eight digits of a hash of the whole follow, so that two titles that begin alike stay two: masks
    are found by their titles.
    """
    if len(title) <= TITLE_MOST:
        return title
    whole = hashlib.sha256(title.encode()).hexdigest()[:8]
    return f"{title[: TITLE_MOST - 10].rstrip()}… {whole}"


@dataclass(frozen=True)
class NewMask:
    """A mask about to be stored; arrays are in the scan's voxel order."""

    case: Case
    origin: Segmentation.Origin
    title: str
    mask: NDArray[np.bool_]
    method: str = ""
    probability: NDArray[np.float32] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    parent: Segmentation | None = None
    author: User | None = None


def store_mask(new: NewMask, *, like: Volume, now: datetime, commit: bool = True) -> Segmentation:
    """This will write the files of a mask and return its row, saved if `commit`.

    The mask file has the shape, affine and codes of `like`. An empty mask is stored like any other.
    Whoever saves the row instead does it within `may_save`, or keeps the files of several rows.
    """
    _, lesions = find_lesions(new.mask, grid=like.grid)
    segmentation = Segmentation(
        case=new.case,
        origin=new.origin,
        title=new.title,
        method=new.method,
        lesion_list=[
            {
                "id": lesion.id,
                "voxels": lesion.voxels,
                "volume_mm3": lesion.volume_mm3,
                "centre_mm": list(lesion.centre_mm),
                "voxel_mm": list(lesion.voxel_mm),
            }
            for lesion in lesions
        ],
        provenance=dict(new.provenance),
        parent=new.parent,
        author=new.author,
        created_at=now,
    )
    try:
        segmentation.sha256 = store(segmentation.mask, mask_file(new.mask, like=like))
        segmentation.labels_sha256 = store(
            segmentation.labels, lesion_label_file(new.mask, grid=like.grid)
        )
        if new.probability is not None:
            segmentation.probability_sha256 = store(
                segmentation.probability, probability_file(new.probability, like=like)
            )
    except BaseException:
        delete_files(segmentation)
        raise
    if commit:
        with may_save(segmentation):
            segmentation.save(force_insert=True)
    return segmentation


@contextmanager
def may_save(segmentation: Segmentation) -> Iterator[None]:
    """A transaction in which a new row may be saved; unless it is, its files go again."""
    try:
        with transaction.atomic():
            yield
            if is_saved(segmentation):
                keep(segmentation)
    except BaseException:
        delete_files(segmentation)
        raise
    if not is_saved(segmentation):
        delete_files(segmentation)


def is_saved(segmentation: Segmentation) -> bool:
    """Whether a row is in the database."""
    return not segmentation._state.adding


def brain_labels(brain: BrainMask) -> bytes:
    """This will write the parts of a brain mask as ids in RAS order, as for lesions."""
    with brain.shown.open("rb") as stored:
        mask = read_volume(stored.read(), name=f"brain mask of case {brain.case.code}")
    return lesion_label_file(mask.data > 0, grid=mask.grid)


def probability_for_browser(segmentation: Segmentation) -> bytes:
    """This will write the probability map of a segmentation in RAS order (float32, 0 to 1)."""
    with segmentation.probability.open("rb") as stored:
        return browser_copy(read_volume(stored.read(), name=f"map of {segmentation.title}"))
