"""Where the brain is: the case's own mask, or what the default method sees on the FLAIR."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segmentation.imaging.nifti import Volume
from segmentation.methods import DEFAULT_METHOD, Progress, load_method
from segmentation.refusals import Refusal


class NoBrain(Refusal):
    """No brain was found on the scan."""


def find_brain(
    flair: Volume, *, own: NDArray[np.bool_] | None, progress: Progress
) -> NDArray[np.bool_]:
    """This will return the brain in the FLAIR's voxel order: `own` where there is one.

    Raises NoBrain when there is none to be seen, as on a scan without contrast.
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
            "No brain was found on the FLAIR. Look at the scan; if it shows one, send the case "
            "with a brain mask (brainmask.nii.gz)."
        )
    return seen.brain
