"""What methods are given before they can run here: weights and coefficients in the data folder.

Only commands and workers import this module: it leads to PyTorch.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from django.conf import settings

from segmentation.methods import method_card
from segmentation.networks.cascade import read_public_weights, save_cascade
from segmentation.networks.checkpoint import UnusableCheckpoint, save_checkpoint
from segmentation.networks.foreign_unet import read_li_weights, transposed, widened
from segmentation.refusals import Refusal

LI_CHANNELS = {"li-unet": 1, "li-unet-t1": 2}


class NothingToImport(Refusal):
    """The method takes no weights from elsewhere, or none were named."""


@contextmanager
def new_parts(method: str) -> Iterator[Path]:
    """This will give an empty folder, whose files become the method's parts at the end.

    All of them or, when something fails meanwhile, none: what was there before then stays.
    """
    home = Path(settings.METHODS)
    draft, old = (home / f".{method}-{uuid4().hex}" for _ in range(2))
    draft.mkdir(parents=True)
    try:
        yield draft
        if (home / method).exists():
            (home / method).rename(old)
        try:
            draft.rename(home / method)
        except BaseException:
            if old.exists():
                old.rename(home / method)
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def import_weights(*, method: str, files: Sequence[Path], head: str = "relative") -> int:
    """This will install foreign weights for a method in place of what it has; returns how many.

    Li's networks (`li-unet`, `li-unet-t1`) become an ensemble of all files; `head` (`relative` or
    `published`) says how they are to tell head from air. `adapted-unet` takes Li's files too and
    starts from their function. `nicmslesions` takes the two public files, first
    network first. Raises UnknownMethod, NothingToImport and UnusableCheckpoint.
    """
    card = method_card(method)
    if card.name not in {*LI_CHANNELS, "adapted-unet", "nicmslesions"} or not files:
        raise NothingToImport(
            f"{card.title} takes no weights from elsewhere. Those that do: "
            f"{', '.join((*LI_CHANNELS, 'adapted-unet', 'nicmslesions'))}."
        )
    if card.name == "nicmslesions" and len(files) != 2:
        raise NothingToImport(
            f"{card.title} takes two files, model_1.hdf5 and model_2.hdf5; {len(files)} were named."
        )
    with new_parts(card.name) as folder:
        if card.name == "nicmslesions":
            stages = read_public_weights(files[0]), read_public_weights(files[1])
            save_cascade(folder / "cascade.safetensors", stages, {"origin": "Keras weights"})
            return 2
        for number, file in enumerate(files, 1):
            network = read_li_weights(file)
            record = {"origin": "Keras weights", "axes": "yx"}
            if card.name == "adapted-unet":
                network, record["axes"] = transposed(widened(network)), "xy"
            elif network.settings.in_channels != LI_CHANNELS[card.name]:
                raise UnusableCheckpoint(
                    f"{file.name}: these weights take {network.settings.in_channels} channels; "
                    f"{card.title} takes {LI_CHANNELS[card.name]} ({', '.join(card.needs)})."
                )
            else:
                record["head"] = head
            save_checkpoint(folder / f"{number}.safetensors", network, record, half=False)
    return len(files)
