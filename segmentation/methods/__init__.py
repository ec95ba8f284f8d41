"""The methods that make masks, one file each, behind one small interface.

Importing this package loads no PyTorch: web processes list methods and check what they need;
`load_method` is for whoever runs one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
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


class NotMadeYet(Refusal):
    """The method has no weights or coefficients here yet."""


@dataclass(frozen=True)
class MethodCard:
    """What a method is and what it needs, for people who choose one.

    `parts` says what it has to be given before it can run here (weights, coefficients; empty when
    they ship), `made_by` the command that makes them. Its model card is checkpoints/NAME.md.
    """

    name: str
    title: str
    needs: tuple[str, ...]
    summary: str
    module: str
    parts: str = ""
    made_by: str = ""


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

    def segment(
        self,
        volumes: Mapping[str, Volume],
        *,
        progress: Progress,
        brain: NDArray[np.bool_] | None = None,
    ) -> Prediction:
        """This will segment one case from its volumes by sequence.

        `progress` takes the share done (0 to 1) and what is being done; what it raises ends the
        work at once. `brain` is the case's own brain mask in the FLAIR's voxel order, where it has
        one; one that marks no voxel counts as none. Raises MissingSequence.
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
    MethodCard(
        name="adapted-unet",
        title="Adapted U-Net",
        needs=("FLAIR",),
        summary=(
            "The paper's network: full width, 384 x 384 pixels at the scan's own resolution, each "
            "slice with its two neighbours. To be trained on your own cases."
        ),
        module="segmentation.methods.adapted_unet",
        parts="weights",
        made_by="train --cohort NAME --folder FOLDER --preset paper --install",
    ),
    MethodCard(
        name="li-unet",
        title="Li U-Net",
        needs=("FLAIR",),
        summary=(
            "The winner of the MICCAI 2017 white matter challenge (Li et al. 2018) with FLAIR "
            "alone: 200 x 200 pixels of 1 mm, the mean of several networks."
        ),
        module="segmentation.methods.li_unet",
        parts="weights",
        made_by="import_weights li-unet FILE.h5 ...",
    ),
    MethodCard(
        name="li-unet-t1",
        title="Li U-Net with T1",
        needs=("FLAIR", "T1"),
        summary=(
            "The same network with FLAIR and T1, the variant that the paper tested on its own data."
        ),
        module="segmentation.methods.li_unet",
        parts="weights",
        made_by="import_weights li-unet-t1 FILE.h5 ...",
    ),
    MethodCard(
        name="nicmslesions",
        title="nicMSlesions (baseline)",
        needs=("FLAIR", "T1"),
        summary=(
            "A cascade of two small 3D networks that look at every bright voxel (Valverde et al. "
            "2017), with weights as they come."
        ),
        module="segmentation.methods.nicmslesions",
        parts="weights",
        made_by="import_weights nicmslesions model_1.hdf5 model_2.hdf5",
    ),
    MethodCard(
        name="nicmslesions-retrained",
        title="nicMSlesions (retrained)",
        needs=("FLAIR", "T1"),
        summary="The same cascade with its last layers trained again on your own cases.",
        module="segmentation.methods.nicmslesions",
        parts="weights",
        made_by="fit_method nicmslesions-retrained --cohort NAME",
    ),
    MethodCard(
        name="lst-lga",
        title="LST-LGA",
        needs=("FLAIR", "T1"),
        summary="Lesion growth: bright grey matter starts lesions that grow (Schmidt et al. 2012).",
        module="segmentation.methods.lst_lga",
        parts="coefficients",
        made_by="fit_method lst-lga --cohort NAME",
    ),
    MethodCard(
        name="lst-lpa",
        title="LST-LPA",
        needs=("FLAIR",),
        summary="Lesion prediction: a logistic regression on brightness and place (Schmidt 2017).",
        module="segmentation.methods.lst_lpa",
        parts="coefficients",
        made_by="fit_method lst-lpa --cohort NAME",
    ),
    MethodCard(
        name="bianca",
        title="BIANCA",
        needs=("FLAIR", "T2"),
        summary="The forty most similar voxels of known cases vote (Griffanti et al. 2016).",
        module="segmentation.methods.bianca",
        parts="training points",
        made_by="fit_method bianca --cohort NAME",
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


def parts_of(card: MethodCard, *, folder: Path | None) -> tuple[Path, ...]:
    """The files with a method's weights or coefficients below `folder`, by name.

    Empty for a method whose weights ship. Raises NotMadeYet, naming the command that makes them.
    """
    if not card.parts:
        return ()
    own = [] if folder is None else sorted((folder / card.name).glob("[!.]*"))
    if not own:
        raise NotMadeYet(
            f"{card.title} has no {card.parts} here yet. Make them with `manage.py "
            f"{card.made_by}`, or small ones to try it with `manage.py fit_on_phantoms`."
        )
    return tuple(own)


def load_method(name: str, *, folder: Path | None = None) -> Method:
    """This will load a method with its weights, and PyTorch with it.

    `folder` holds what was made here, one folder for each method. Raises UnknownMethod, NotMadeYet
    and UnusableCheckpoint.
    """
    card = method_card(name)
    parts = parts_of(card, folder=folder)
    module = importlib.import_module(card.module)
    return cast(Method, module.load(card, parts) if card.parts else module.load())


def method_with(name: str, checkpoint: Any) -> Method:
    """This will give a method that can be trained another checkpoint (`networks.checkpoint`)."""
    card = method_card(name)
    return cast(Method, importlib.import_module(card.module).with_checkpoint(card, checkpoint))
