"""Phantom cases with a reference and a brain, small enough to be learned from in a moment."""

from __future__ import annotations

import numpy as np

from segmentation.models import Case, Cohort
from segmentation.operations.cases import NamedFile, import_case
from segmentation.training.phantoms import make_phantom
from tests.segmentation.scans import NOON, nifti


def teach(cohort: Cohort, *seeds: int, lesions: bool = True) -> list[Case]:
    """This will import one phantom of 32 x 40 x 6 voxels for each seed, and return the cases."""
    cases = []
    for seed in seeds:
        phantom = make_phantom(
            seed=seed, shape=(32, 40, 6), spacing_mm=(5.0, 5.0, 22.0), confluent=True
        )
        voxels = {
            "FLAIR": phantom.flair,
            "mask": (phantom.mask if lesions else np.zeros_like(phantom.mask)).astype(np.uint8),
            "brainmask": phantom.brain.astype(np.uint8),
        }
        files = [
            NamedFile(f"{name}.nii.gz", nifti(data, phantom.affine))
            for name, data in voxels.items()
        ]
        cases.append(import_case(cohort=cohort, files=files, now=NOON).case)
    return cases
