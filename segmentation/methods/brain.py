"""Where the brain is: the case's own mask, or what the default method sees on the FLAIR."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segmentation.imaging.geometry import Grid
from segmentation.imaging.nifti import Volume
from segmentation.methods import DEFAULT_METHOD, Progress, load_method
from segmentation.refusals import Refusal

LARGEST_ML = 2500  # twice an adult's brain


class NoBrain(Refusal):
    """No brain was found on the scan, or more than there can be."""


def require_possible(seen: NDArray[np.bool_], grid: Grid) -> None:
    """This will raise NoBrain where no brain is as large as what a network saw.

    Where light and dark are exchanged, a network takes the whole scan for brain.
    """
    ml = seen.sum() * np.prod(grid.spacing_mm) / 1000
    if ml > LARGEST_ML:
        raise NoBrain(
            f"What looks like brain on the FLAIR has {ml:,.0f} ml, more than any brain. Look at "
            "the scan: light and dark may be exchanged, or it may be no FLAIR. If it is right, "
            "send a brain mask for it on the page of its case."
        )


def find_brain(
    flair: Volume, *, own: NDArray[np.bool_] | None, progress: Progress
) -> NDArray[np.bool_]:
    """This will return the brain in the FLAIR's voxel order: `own` where there is one.

    Raises NoBrain when there is none to be seen, as on a scan without contrast, or too much.
    """
    if own is not None and own.any():
        return own
    if np.ptp(flair.data) == 0:
        raise NoBrain("Every voxel of the FLAIR has the same value. Send the scan itself.")

    def looking(*_: object) -> None:
        progress(0.0, "Looking for the brain")

    looking()
    seen = load_method(DEFAULT_METHOD).segment({"FLAIR": flair}, progress=looking)
    if seen.brain is None or not seen.brain.any():
        raise NoBrain(
            "No brain was found on the FLAIR. Look at the scan; if it shows one, send a brain mask "
            "for it on the page of its case."
        )
    return seen.brain
