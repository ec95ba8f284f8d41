"""The methods that make masks, one file each, behind one small interface.

Importing this package loads no PyTorch: web processes list methods and check what they need;
`load_method` is for whoever runs one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from segmentation.imaging.nifti import Volume
from segmentation.refusals import Refusal

Progress = Callable[[float, str], None]


class UnknownMethod(Refusal):
    """No method of that name can be run here."""


class MissingSequence(Refusal):
    """The case lacks a scan that the method needs."""


@dataclass(frozen=True)
class MethodCard:
    """What a method is and what it needs, for people who choose one."""

    name: str
    title: str
    needs: tuple[str, ...]
    summary: str
    module: str


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a method made of a case; arrays are in the FLAIR's own voxel order and shape.

    `mask` is what remains of `probability` after threshold and size filter. `provenance` names the
    checkpoint, the code and the settings by hash, as JSON.
    """

    probability: NDArray[np.float32]
    mask: NDArray[np.bool_]
    brain: NDArray[np.bool_] | None
    provenance: Mapping[str, Any]


class Method(Protocol):
    """A way to make masks automatically."""

    def segment(self, volumes: Mapping[str, Volume], *, progress: Progress) -> Prediction:
        """This will segment one case from its volumes by sequence.

        `progress` takes the share done (0 to 1) and what is being done; what it raises ends the
        work at once. Raises MissingSequence.
        """
        ...


METHOD_CARDS: tuple[MethodCard, ...] = (
    MethodCard(
        name="slim-unet",
        title="Slim U-Net",
        needs=("FLAIR",),
        summary=(
            "A small version of the paper's U-Net that sees FLAIR only, three slices at a time. "
            "Its weights ship with Plaque; they were trained on phantoms and few real scans."
        ),
        module="segmentation.methods.slim_unet",
    ),
)
DEFAULT_METHOD = "slim-unet"


def method_card(name: str) -> MethodCard:
    """The card of a method; raises UnknownMethod."""
    for card in METHOD_CARDS:
        if card.name == name:
            return card
    known = ", ".join(card.name for card in METHOD_CARDS)
    raise UnknownMethod(f"There is no method {name!r} here. There is: {known}.")


def require_sequences(card: MethodCard, sequences: Iterable[str], *, where: str) -> None:
    """This will raise MissingSequence when one that the method needs is not there."""
    missing = [needed for needed in card.needs if needed not in set(sequences)]
    if missing:
        raise MissingSequence(
            f"{card.title} needs {' and '.join(missing)}; {where} has none. Add the scan or "
            "choose another method."
        )


def load_method(name: str) -> Method:
    """This will load a method with its weights, and PyTorch with it; raises UnknownMethod."""
    module = importlib.import_module(method_card(name).module)
    return cast(Method, module.load())
