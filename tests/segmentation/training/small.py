"""Small examples and networks that train in a moment."""

import numpy as np
import torch

from segmentation.inference.preparation import AXIAL
from segmentation.networks.unet import UNet, UNetSettings
from segmentation.training.deck import Deck
from segmentation.training.examples import Example, make_example
from segmentation.training.settings import TrainingSettings

CPU = torch.device("cpu")


def tiny_example(
    seed: int = 1,
    *,
    group: str = "case",
    lesions: bool = True,
    known: np.ndarray | None = None,
    slice_mm: float = 3.0,
    shape: tuple[int, int, int] = (40, 48, 5),
    plane: int = AXIAL,
) -> Example:
    """A noisy square brain with lesions of 4 x 5 x 2 voxels and of a single one."""
    rng = np.random.default_rng(seed)
    lesion = np.zeros(shape, bool)
    if lesions:
        lesion[10:14, 20:25, 2:4] = lesion[30, 30, 3] = True
    brain = np.zeros(shape, bool)
    brain[4:-4, 4:-4] = True
    pixels = np.where(brain, rng.normal(0, 0.2, shape) + 2 * lesion, -5).astype(np.float32)
    return make_example(
        group=group,
        subjects=[f"subject {seed}"],
        pixels=pixels,
        slice_mm=slice_mm,
        lesion=lesion,
        brain=brain,
        rng=rng,
        lesion_known=known,
        plane=plane,
    )


def tiny_deck(*seeds: int, lesions: bool = True) -> Deck:
    """A deck of some of them on the CPU."""
    return Deck([tiny_example(seed, lesions=lesions) for seed in seeds or (1,)], device=CPU)


def tiny_network(
    *, outputs: int = 2, channels: int = 3, dropout: float = 0.1, seed: int = 1
) -> UNet:
    """A network of Li's layout with few features."""
    torch.manual_seed(seed)
    return UNet(UNetSettings(channels, (6, 6, 8, 8, 8), 3, 3, True, dropout, outputs))


def tiny_settings(**changes: object) -> TrainingSettings:
    """Three epochs of four steps."""
    values: dict[str, object] = {
        "epochs": 3,
        "steps": 4,
        "batch": 3,
        "size": 32,
        "rate": 3e-3,
        "loss": "lesion and brain",
        "average": 0.9,
        "decay": 1e-4,
        "cosine": True,
    }
    return TrainingSettings(**{**values, **changes})  # type: ignore[arg-type]
