"""The paper's table of methods against a reference (Table 4): means and SDs over cases.

DSC over voxels; lesion F1, recall and precision over lesions. Lesions under the size limit are
removed from both masks first. A case that a method has no mask of is missing from its row and named
beside it, never scored as 0.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from segmentation.evaluation.lesion_matching import match_lesions
from segmentation.evaluation.overlap import dice
from segmentation.evaluation.undefined import Undefined
from segmentation.imaging.geometry import Grid
from segmentation.imaging.lesions import drop_small_lesions

MEASURES = ("DSC", "lesion F1", "lesion recall", "lesion precision")
LEAST_MM3 = 10.7
Scores = Mapping[str, float | Undefined]


@dataclass(frozen=True)
class Row:
    """One method: its scores by case, and why the other cases are missing."""

    title: str
    scores: Mapping[str, Scores]
    missing: Mapping[str, str] = field(default_factory=dict)


def scores_of(
    mask: NDArray[np.bool_],
    reference: NDArray[np.bool_],
    *,
    grid: Grid,
    min_volume_mm3: float = LEAST_MM3,
) -> dict[str, float | Undefined]:
    """This will score one mask, both masks without lesions under the limit (26-connected)."""
    one, other = (
        drop_small_lesions(each, grid=grid, min_volume_mm3=min_volume_mm3)
        for each in (mask, reference)
    )
    matching = match_lesions(one, other, grid=grid)
    values = (dice(one, other), matching.f1, matching.recall, matching.precision)
    return dict(zip(MEASURES, values, strict=True))


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
