"""One mask against one reference: the measures of the paper's Table 4, and a few beside them.

DSC over voxels; lesion F1, recall and precision over lesions. Lesions under the size limit are
removed from both masks first.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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


@dataclass(frozen=True)
class Row:
    """One method: its scores by case, and why the other cases are missing."""

    title: str
    scores: Mapping[str, Scores]
    missing: Mapping[str, str] = field(default_factory=dict)


def comparison_table(rows: Sequence[Row]) -> str:
    """This will write the rows as a Markdown table: mean (SD) of each measure, and n.

    The SD is that of a sample; with one case there is none. Cases in which a measure is undefined
    are left out of its mean and counted beside it. What is missing is listed below the table.
    """
    lines = [
        f"| method | n | {' | '.join(MEASURES)} |",
        f"|---|---|{'---|' * len(MEASURES)}",
    ]
    for row in rows:
        cells = [_cell([one[name] for one in row.scores.values()]) for name in MEASURES]
        lines.append(f"| {row.title} | {len(row.scores)} | {' | '.join(cells)} |")
    missing = [
        f"{row.title} is without {len(row.missing)}: "
        + "; ".join(f"{case} ({why})" for case, why in sorted(row.missing.items()))
        for row in rows
        if row.missing
    ]
    return "\n".join([*lines, *([""] if missing else []), *missing])


def _cell(values: Sequence[float | Undefined]) -> str:
    known = [one for one in values if not isinstance(one, Undefined)]
    if not known:
        return "no case" if not values else "undefined"
    mean = f"{statistics.fmean(known):.2f}"
    spread = f" ({statistics.stdev(known):.2f})" if len(known) > 1 else ""
    undefined = len(values) - len(known)
    return mean + spread + (f", {undefined} undefined" if undefined else "")
