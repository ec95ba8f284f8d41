"""What an evaluation keeps of a case: plain values, as JSON has them.

A case is read, scored and let go, so many cases take no more memory than one. An undefined value is
{"undefined": reason}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import permutations
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from segmentation.evaluation.comparison import MEASURES, OF_OUTLINES, Comparison, compare
from segmentation.evaluation.lesion_matching import Profile
from segmentation.evaluation.undefined import Undefined
from segmentation.imaging.components import Components
from segmentation.imaging.geometry import Grid
from segmentation.imaging.lesions import lesions_in

Value = float | dict[str, str]
SCORES = (*MEASURES, *OF_OUTLINES)
UNION = "union"


@dataclass(frozen=True)
class Pair:
    """One mask against one reference of a case."""

    mask: str
    reference: str
    scores: Mapping[str, Value]
    reference_lesions: int
    found: int
    drawn: int
    hitting: int
    merges: tuple[int, ...]
    splits: tuple[int, ...]


@dataclass(frozen=True)
class CaseRecord:
    """A case: methods against references, references against each other, volumes, what is missing.

    `volumes_ml` are by the name of method or reference, after the size filter; UNION is that of all
    references, where there are two or more. `missing` says why a method or reference is not there.
    """

    case: str
    subject: str
    pairs: tuple[Pair, ...]
    between: tuple[Pair, ...]
    volumes_ml: Mapping[str, float]
    missing: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The record as JSON keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> CaseRecord:
        """This will read what `as_json` wrote."""
        pairs, between = (
            tuple(
                Pair(**{**one, "merges": tuple(one["merges"]), "splits": tuple(one["splits"])})
                for one in kept[side]
            )
            for side in ("pairs", "between")
        )
        return cls(**{**kept, "pairs": pairs, "between": between})


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is defined."""
    return isinstance(value, int | float)


def record_case(
    *,
    case: str,
    subject: str,
    grid: Grid,
    methods: Mapping[str, NDArray[np.bool_]],
    references: Mapping[str, NDArray[np.bool_]],
    missing: Mapping[str, str],
    min_volume_mm3: float,
    profile: Profile,
) -> CaseRecord:
    """This will score every method's mask against every reference, and these against each other.

    Lesions under the limit are removed from all masks first. Raises ValueError when a mask does not
    lie on the grid.
    """
    drawn, known = (
        {
            name: lesions_in(mask, grid=grid, min_volume_mm3=min_volume_mm3)
            for name, mask in masks.items()
        }
        for masks in (methods, references)
    )
    ml = grid.voxel_volume_mm3 / 1000
    volumes = {name: len(one.at) * ml for name, one in (drawn | known).items()}
    if len(known) > 1:
        volumes[UNION] = len(np.unique(np.concatenate([one.at for one in known.values()]))) * ml

    def pair(name: str, mask: Components, reference: str) -> Pair:
        found = compare(mask, known[reference], grid=grid, profile=profile)
        return _kept(name, reference, found)

    return CaseRecord(
        case=case,
        subject=subject,
        pairs=tuple(pair(name, mask, one) for name, mask in drawn.items() for one in known),
        between=tuple(pair(one, known[one], other) for one, other in permutations(known, 2)),
        volumes_ml=volumes,
        missing=dict(missing),
    )


def _kept(mask: str, reference: str, found: Comparison) -> Pair:
    matching = found.matching
    return Pair(
        mask=mask,
        reference=reference,
        scores={
            name: {"undefined": value.reason} if isinstance(value, Undefined) else value
            for name, value in found.scores.items()
        },
        reference_lesions=matching.reference,
        found=matching.found,
        drawn=matching.drawn,
        hitting=matching.hitting,
        merges=matching.merges,
        splits=matching.splits,
    )
