"""One mask against one reference: the measures of the paper's Table 4, and a few beside them.

DSC over voxels; lesion F1, recall and precision over lesions. Lesions under the size limit are
removed from both masks first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segmentation.evaluation.lesion_matching import ONE_VOXEL, LesionMatching, Profile, match
from segmentation.evaluation.overlap import dice_of
from segmentation.evaluation.surfaces import hausdorff_95, volume_difference
from segmentation.evaluation.undefined import Undefined
from segmentation.imaging.components import Components
from segmentation.imaging.geometry import Grid
from segmentation.imaging.lesions import lesions_in

MEASURES = ("DSC", "lesion F1", "lesion recall", "lesion precision")
OF_OUTLINES = ("HD95 (mm)", "volume difference (%)")
LEAST_MM3 = 10.7
MOST_MM3 = 10_000
Score = float | Undefined
Scores = Mapping[str, Score]


@dataclass(frozen=True)
class Comparison:
    """One mask against one reference: its scores, and how the lesions meet."""

    scores: Scores
    matching: LesionMatching


def scores_of(
    mask: NDArray[np.bool_],
    reference: NDArray[np.bool_],
    *,
    grid: Grid,
    min_volume_mm3: float = LEAST_MM3,
) -> Scores:
    """This will score one mask, both masks without lesions under the limit (26-connected)."""
    one, other = (
        lesions_in(each, grid=grid, min_volume_mm3=min_volume_mm3) for each in (mask, reference)
    )
    return _scores(one, other, match(one, other))


def compare(
    mask: Components, reference: Components, *, grid: Grid, profile: Profile = ONE_VOXEL
) -> Comparison:
    """This will score what `lesions_in` found in two masks of one grid, outlines included."""
    matching = match(mask, reference, profile=profile)
    outlines = (
        hausdorff_95(mask, reference, grid=grid.ras),
        volume_difference(mask, reference),
    )
    beside = dict(zip(OF_OUTLINES, outlines, strict=True))
    return Comparison(_scores(mask, reference, matching) | beside, matching)


def _scores(one: Components, other: Components, matching: LesionMatching) -> dict[str, Score]:
    values = (dice_of(one, other), matching.f1, matching.recall, matching.precision)
    return dict(zip(MEASURES, values, strict=True))
