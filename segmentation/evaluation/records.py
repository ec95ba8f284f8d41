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
    `earlier` and `earlier_between` are the same pairs with the references as they were after the
    first of two steps, each under the name of what it became; none where there was one step.
    """

    case: str
    subject: str
    pairs: tuple[Pair, ...]
    between: tuple[Pair, ...]
    volumes_ml: Mapping[str, float]
    missing: Mapping[str, str] = field(default_factory=dict)
    earlier: tuple[Pair, ...] = ()
    earlier_between: tuple[Pair, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The record as JSON keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> CaseRecord:
        """This will read what `as_json` wrote."""
        sides = {
            side: tuple(
                Pair(**{**one, "merges": tuple(one["merges"]), "splits": tuple(one["splits"])})
                for one in kept.get(side, ())
            )
            for side in ("pairs", "between", "earlier", "earlier_between")
        }
        return cls(**{**kept, **sides})


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
    earlier: Mapping[str, NDArray[np.bool_]] | None = None,
) -> CaseRecord:
    """This will score every method's mask against every reference, and these against each other.

    `earlier` has references as they were after the first of two steps, under the same names, to be
    told beside them and nowhere else. Lesions under the limit are removed from all masks first.
    Raises ValueError when a mask does not lie on the grid.
    """
    drawn, known, first = (
        {
            name: lesions_in(mask, grid=grid, min_volume_mm3=min_volume_mm3)
            for name, mask in masks.items()
        }
        for masks in (methods, references, earlier or {})
    )
    ml = grid.voxel_volume_mm3 / 1000
    volumes = {name: len(one.at) * ml for name, one in (drawn | known).items()}
    if len(known) > 1:
        volumes[UNION] = len(np.unique(np.concatenate([one.at for one in known.values()]))) * ml

    def against(masks: Mapping[str, Components]) -> tuple[Pair, ...]:
        return tuple(
            _kept(name, one, compare(mask, masks[one], grid=grid, profile=profile))
            for name, mask in drawn.items()
            for one in masks
        )

    def among(masks: Mapping[str, Components]) -> tuple[Pair, ...]:
        return tuple(
            _kept(one, other, compare(masks[one], masks[other], grid=grid, profile=profile))
            for one, other in permutations(masks, 2)
        )

    return CaseRecord(
        case=case,
        subject=subject,
        pairs=against(known),
        between=among(known),
        volumes_ml=volumes,
        missing=dict(missing),
        earlier=against(first),
        earlier_between=among(first),
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
