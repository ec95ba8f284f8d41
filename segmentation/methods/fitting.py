"""Fitting a method to cases whose lesions are known."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from segmentation.imaging.nifti import Volume
from segmentation.methods import Progress, method_card, require_sequences
from segmentation.refusals import Refusal


class NotFittable(Refusal):
    """The method takes nothing from cases, or the cases are not enough."""


@dataclass(frozen=True, eq=False)
class LabelledCase:
    """A case with its scans, its known lesions and its brain, all in the FLAIR's voxel order.

    `name` is what messages call it, `sha256` what the record keeps: the hash of its FLAIR.
    """

    name: str
    sha256: str
    volumes: Mapping[str, Volume]
    lesions: NDArray[np.bool_]
    brain: NDArray[np.bool_]


class Fit(Protocol):
    """What the module of a method offers when it can be fitted."""

    def __call__(
        self,
        cases: Sequence[LabelledCase],
        *,
        folder: Path,
        home: Path,
        seed: int,
        progress: Progress,
    ) -> Mapping[str, Any]:
        """This will write the method's parts into `folder` and return what was found.

        `home` holds the parts of all methods, for one that begins with another's.
        """
        ...


def fit_method(
    name: str,
    cases: Sequence[LabelledCase],
    *,
    folder: Path,
    home: Path,
    seed: int,
    progress: Progress,
) -> Mapping[str, Any]:
    """This will fit a method to cases and write its parts into `folder`.

    The same cases and seed give the same parts. Raises UnknownMethod, MissingSequence and
    NotFittable: no lesion in any case, or a method that is not fitted so.
    """
    card = method_card(name)
    if not card.made_by.startswith("fit_method"):
        raise NotFittable(
            f"{card.title} is not fitted to cases by this command."
            + (f" Its {card.parts} come from: manage.py {card.made_by}." if card.parts else "")
        )
    if not any(one.lesions.any() for one in cases):
        raise NotFittable(
            f"{card.title} learns from lesions, and {len(cases)} cases with a reference hold none."
        )
    for one in cases:
        require_sequences(card, one.volumes, where=f"case {one.name}")
    fit = cast(Fit, importlib.import_module(card.module).fit)
    return fit(cases, folder=folder, home=home, seed=seed, progress=progress)


def record_of(cases: Sequence[LabelledCase], *, seed: int, **more: Any) -> dict[str, Any]:
    """What a method's parts say about how they were made."""
    return {"cases_sha256": sorted(one.sha256 for one in cases), "seed": seed, **more}
