"""Storing masks: the file on the scan's own grid, and its lesion ids for the browser."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

import numpy as np
from django.core.files.base import ContentFile
from django.db.models.fields.files import FieldFile
from numpy.typing import NDArray

from segmentation.imaging.lesions import find_lesions
from segmentation.imaging.nifti import Volume, lesion_label_file, mask_file, probability_file
from segmentation.models import BrainMask, Case, Scan, Segmentation


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


def store_mask(new: NewMask, *, like: Volume, now: datetime, commit: bool = True) -> Segmentation:
    """This will write the files of a mask and return its row, saved if `commit`.

    The mask file has the shape, affine and codes of `like`. An empty mask is stored like any other.
    When the row is not saved after all, `delete_files` takes the files back.
    """
    _, lesions = find_lesions(new.mask, grid=like.grid)
    content = mask_file(new.mask, like=like)
    segmentation = Segmentation(
        case=new.case,
        origin=new.origin,
        title=new.title,
        method=new.method,
        sha256=hashlib.sha256(content).hexdigest(),
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
        created_at=now,
    )
    try:
        store(segmentation.mask, content)
        store(segmentation.labels, lesion_label_file(new.mask, grid=like.grid))
        if new.probability is not None:
            store(segmentation.probability, probability_file(new.probability, like=like))
        if commit:
            segmentation.save(force_insert=True)
    except BaseException:
        delete_files(segmentation)
        raise
    return segmentation


def store(target: FieldFile, content: bytes) -> None:
    """This will write a NIfTI file under a random name that says nothing about its content."""
    target.save(f"{uuid4().hex}.nii.gz", ContentFile(content), save=False)


def delete_files(*rows: Segmentation | Scan | BrainMask) -> None:
    """This will delete the files of rows that were not saved after all."""
    for row in rows:
        for name in ("mask", "labels", "probability", "original", "browser"):
            stored = getattr(row, name, None)
            if stored:
                stored.delete(save=False)
