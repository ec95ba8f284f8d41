"""The files in which fitted methods keep their coefficients: nothing but arrays and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from segmentation.networks.checkpoint import (
    UnusableCheckpoint,
    read_checkpoint,
    write_checkpoint,
)

NAME = "coefficients.safetensors"


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Numbers and arrays by name, and the file's SHA-256."""

    numbers: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]
    sha256: str


def write_coefficients(
    folder: Path,
    method: str,
    *,
    numbers: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    record: Mapping[str, Any],
) -> None:
    """This will write a method's coefficients into its folder."""
    tensors = {name: torch.from_numpy(np.ascontiguousarray(one)) for name, one in arrays.items()}
    write_checkpoint(folder / NAME, f"plaque-{method}-1", tensors, numbers, record)


def read_coefficients(
    path: Path, method: str, *, numbers: Sequence[str], arrays: Mapping[str, int]
) -> Coefficients:
    """This will read a method's coefficients; `arrays` says how many axes each has.

    Raises UnusableCheckpoint when one is missing, has other axes or is not finite.
    """
    read = read_checkpoint(path, f"plaque-{method}-1")
    found = {name: value.numpy() for name, value in read.weights.items()}
    wrong = [name for name in numbers if not isinstance(read.settings.get(name), int | float)]
    wrong += [
        name
        for name, axes in arrays.items()
        if name not in found or found[name].ndim != axes or not np.isfinite(found[name]).all()
    ]
    if wrong:
        raise UnusableCheckpoint(
            f"{path.name}: these are no coefficients of {method} ({', '.join(wrong)} missing or of "
            "another shape). Make them anew."
        )
    return Coefficients(read.settings, found, read.sha256)
