"""Reading what is stored of a case into arrays, in the scan's own voxel order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segmentation.imaging.lesions import Lesion, find_lesions
from segmentation.imaging.nifti import Volume, read_volume
from segmentation.models import BrainMask, Case, Segmentation


def scans_of(case: Case) -> dict[str, Volume]:
    """The scans of a case by sequence."""
    volumes = {}
    for scan in case.scans.all():
        with scan.original.open("rb") as stored:
            volumes[scan.sequence] = read_volume(
                stored.read(), name=f"{scan.sequence} of case {case.code}"
            )
    return volumes


def brain_of(case: Case, *, given_only: bool = False) -> NDArray[np.bool_] | None:
    """The brain mask of a case that counts; None without one, or when it marks no voxel.

    `given_only`: one that a person corrected or that came with the case, none that a method made.
    """
    brain = BrainMask.objects.filter(case=case).first()
    if brain is None or (given_only and not brain.is_given):
        return None
    with brain.shown.open("rb") as stored:
        mask = read_volume(stored.read(), name=f"brain mask of case {case.code}").data > 0
    return np.asarray(mask) if mask.any() else None


def errors_of(
    segmentation: Segmentation, reference: Segmentation
) -> tuple[list[int], list[Lesion]]:
    """The drawn lesions that touch no lesion of the reference (ids), and those of it not touched.

    Both masks belong to one case.
    """
    drawn, known = mask_of(segmentation), mask_of(reference)
    grid = segmentation.case.scans.get(sequence="FLAIR").grid
    drawn_labels, drawn_lesions = find_lesions(drawn, grid=grid)
    known_labels, known_lesions = find_lesions(known, grid=grid)
    right = set(np.unique(drawn_labels[known]).tolist())
    found = set(np.unique(known_labels[drawn]).tolist())
    wrong = [lesion.id for lesion in drawn_lesions if lesion.id not in right]
    return wrong, [lesion for lesion in known_lesions if lesion.id not in found]


def mask_of(segmentation: Segmentation) -> NDArray[np.bool_]:
    """The voxels of a stored mask."""
    with segmentation.mask.open("rb") as stored:
        name = f"{segmentation.title} of case {segmentation.case.code}"
        return np.asarray(read_volume(stored.read(), name=name).data > 0)


def probability_of(segmentation: Segmentation) -> NDArray[np.floating]:
    """The probability map behind a mask, which has one (0 to 1)."""
    with segmentation.probability.open("rb") as stored:
        name = f"map of {segmentation.title} of case {segmentation.case.code}"
        return read_volume(stored.read(), name=name).data
