"""What shapes a training, and its presets: the paper's on a GPU, a small and a short one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from segmentation.training.augmentation import Augmentation


@dataclass(frozen=True)
class TrainingSettings:
    """All that shapes a training but its examples; `steps` are per epoch, `rate` is Adam's.

    `average` keeps a running mean of the weights (decay per step), which is what is validated and
    saved; 0 saves the weights themselves. `patience` ends the training after so many epochs without
    a better validation score. `decay` 0 is plain Adam. `half` computes in bfloat16 where that is
    safe. `focus` is the share of crops around a lesion; 0 draws slices at random. `restarts` is how
    often a Dice loss that has not moved after `dead_epochs` is answered by other weights, as Li et
    al. did; 0 where training begins from a checkpoint.
    """

    epochs: int
    steps: int
    batch: int
    size: int
    rate: float
    loss: str
    seed: int = 1
    decay: float = 0.0
    cosine: bool = False
    average: float = 0.0
    patience: int | None = None
    half: bool = False
    restarts: int = 5
    dead_epochs: int = 3
    focus: float = 0.66
    shares: Mapping[str, float] = field(default_factory=lambda: {"case": 1.0})
    augmentation: Augmentation = field(default_factory=Augmentation)

    def rate_at(self, step: int) -> float:
        """The learning rate of a step, counted from the first epoch's first."""
        if not self.cosine:
            return self.rate
        total = self.epochs * self.steps
        return self.rate * min(1.0, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * step / total))


def paper(*, slices: int, seed: int, half: bool) -> TrainingSettings:
    """Hindsholm et al. 2021: Adam 1e-5, batch 6, Dice, 1000 epochs of random whole slices.

    Scaling, rotation and shear only. An epoch is as many slices as there are. Meant for a GPU: one
    epoch of 73 cases takes a CPU about an hour. How far the paper scaled, turned and sheared it
    does not say; these are Li's numbers.
    """
    batch = 6
    return TrainingSettings(
        epochs=1000,
        steps=max(1, math.ceil(slices / batch)),
        batch=batch,
        size=384,
        rate=1e-5,
        loss="dice",
        seed=seed,
        half=half,
        focus=0.0,
        augmentation=Augmentation(15.0, 0.1, 0.1, mirror=False, contrast=0.0, strip=0.0),
    )


def small(*, seed: int, half: bool) -> TrainingSettings:
    """A slim network on crops of 128 pixels, in an hour or less on two CPU cores."""
    return TrainingSettings(
        epochs=30,
        steps=100,
        batch=8,
        size=128,
        rate=5e-4,
        loss="lesion and brain",
        seed=seed,
        decay=1e-4,
        cosine=True,
        average=0.99,
        patience=8,
        half=half,
    )


def short(*, seed: int, half: bool) -> TrainingSettings:
    """The same in a minute or two, to see whether everything is in place; it learns little."""
    return replace(small(seed=seed, half=half), epochs=2, steps=12, batch=4, size=96)
