"""Bringing all sequences that a method needs onto one grid, and saying how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from segmentation.imaging.nifti import Volume
from segmentation.imaging.registration import register_within_session
from segmentation.imaging.resampling import resample

Data = NDArray[np.float32]


def on_the_flairs_grid(
    volumes: Mapping[str, Volume], *, sequences: Sequence[str]
) -> tuple[dict[str, Data], dict[str, str]]:
    """This will return the sequences in the FLAIR's voxel order, and what was done to each.

    A scan on the FLAIR's grid is taken as it is. Any other is registered rigidly (one examination,
    one head) and resampled linearly; 0 where it does not reach. Raises NotRegistered.
    """
    flair = volumes["FLAIR"]
    fixed = flair.data.astype(np.float32)
    data, said = {"FLAIR": fixed}, {"FLAIR": "as it is"}
    for sequence in sequences:
        if sequence == "FLAIR":
            continue
        moving = volumes[sequence]
        if moving.grid.matches(flair.grid):
            data[sequence] = moving.data.astype(np.float32)
            said[sequence] = "on the FLAIR's grid"
            continue
        matrix = register_within_session(
            moving=moving.data.astype(np.float32),
            moving_grid=moving.grid,
            fixed=fixed,
            fixed_grid=flair.grid,
            what=f"{sequence} and FLAIR",
        )
        data[sequence] = resample(
            moving.data.astype(np.float32),
            source=moving.grid,
            target=flair.grid,
            to_source_mm=matrix,
        )
        said[sequence] = "registered to the FLAIR (rigid, mutual information) and resampled"
    return data, said
