"""The deck: all examples as tensors on one device, from which batches of crops are dealt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from segmentation.inference.preparation import LOWEST
from segmentation.training.augmentation import Augmentation, Layers, augment
from segmentation.training.examples import BRAIN, KNOWN, LESION, Example

MULTIPLE = 16


@dataclass(frozen=True, eq=False)
class Batch:
    """Crops: images (batch, channels, size, size); the rest (batch, size, size), 0 or 1."""

    images: Tensor
    lesion: Tensor
    lesion_known: Tensor
    brain: Tensor
    brain_known: Tensor


class Deck:
    """Examples padded to one size: slices (n, height, width), labels as bits, who neighbours whom.

    `air` is the value of pixels outside every image. `ranges` are each example's first slice and
    the one after its last; `first` and `last` say the same of every slice.
    """

    def __init__(
        self, examples: Sequence[Example], *, device: torch.device, air: float = LOWEST
    ) -> None:
        self.air = air
        heights, widths = zip(*(one.pixels.shape[1:] for one in examples), strict=True)
        self.height, self.width = (-(-max(n) // MULTIPLE) * MULTIPLE for n in (heights, widths))
        starts = np.cumsum([0, *(len(one.pixels) for one in examples)])
        self.ranges = np.stack([starts[:-1], starts[1:]], axis=1)
        total = int(starts[-1])
        size = (total, self.height, self.width)
        self.pixels = torch.full(size, air, dtype=torch.float16, device=device)
        self.labels = torch.full(size, KNOWN, dtype=torch.uint8, device=device)
        self.brain_known = torch.zeros(total, dtype=torch.float32, device=device)
        self.first, self.last = (
            torch.from_numpy(np.repeat(ends, np.diff(starts))).to(device)
            for ends in (starts[:-1], starts[1:] - 1)
        )
        strides = np.repeat([one.stride for one in examples], np.diff(starts))
        self.strides = torch.from_numpy(strides).to(device)
        self.foci: list[NDArray[np.float32]] = []
        self.groups: dict[str, list[int]] = {}
        for number, (one, start) in enumerate(zip(examples, starts, strict=False)):
            rows, columns = one.pixels.shape[1:]
            top, left = (self.height - rows) // 2, (self.width - columns) // 2
            place = (
                slice(start, start + len(one.pixels)),
                slice(top, top + rows),
                slice(left, left + columns),
            )
            bits = LESION * one.lesion + KNOWN * one.lesion_known + BRAIN * one.brain
            self.pixels[place] = torch.from_numpy(one.pixels).to(device)
            self.labels[place] = torch.from_numpy(bits.astype(np.uint8)).to(device)
            self.brain_known[place[0]] = float(one.brain_known)
            self.foci.append(one.foci.astype(np.float32) + np.array([start, top, left], np.float32))
            self.groups.setdefault(one.group, []).append(number)

    def __len__(self) -> int:
        return len(self.ranges)

    @property
    def device(self) -> torch.device:
        return self.pixels.device

    @property
    def has_lesions(self) -> bool:
        return any(len(foci) for foci in self.foci)

    def around(self, slices: Tensor, channels: int) -> Tensor:
        """Each slice with its neighbours (n, channels); an example's edge stands in beyond it."""
        reach = torch.arange(channels, device=slices.device) - channels // 2
        low, high = self.first[slices][:, None], self.last[slices][:, None]
        return (slices[:, None] + reach * self.strides[slices][:, None]).clamp(min=low, max=high)

    def deal(
        self,
        rng: Generator,
        *,
        shares: Mapping[str, float],
        count: int,
        size: int,
        channels: int,
        focus: float,
        augmentation: Augmentation,
    ) -> Batch:
        """This will deal `count` augmented crops of `size` pixels; groups come in given shares.

        A share `focus` of them is centred near a lesion, where the example has one; crops as large
        as the deck are centred on it.
        """
        slices, centres = self._places(rng, shares, count, size, focus)
        where = self.around(torch.from_numpy(slices).to(self.device), channels)
        layers = Layers(
            pixels=self.pixels[where].float(),
            labels=self.labels[where],
            brain_known=self.brain_known[where[:, 0]],
            air=self.air,
        )
        return _batch(augment(layers, centres, size=size, rng=rng, settings=augmentation))

    def _places(
        self, rng: Generator, shares: Mapping[str, float], count: int, size: int, focus: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Slice and centre of each crop."""
        names = [name for name in shares if name in self.groups]
        weights = np.array([shares[name] for name in names])
        chosen = rng.choice(len(names), size=count, p=weights / weights.sum())
        slices = np.empty(count, np.int64)
        centres = np.empty((count, 2), np.float32)
        draws = rng.random((count, 5))
        for n, (group, draw) in enumerate(zip(chosen, draws, strict=True)):
            members = self.groups[names[group]]
            number = members[int(draw[0] * len(members))]
            foci = self.foci[number]
            first, stop = self.ranges[number]
            if draw[1] < focus and len(foci):
                at, row, column = foci[int(draw[2] * len(foci))]
                centre = (row + 80 * (draw[3] - 0.5), column + 80 * (draw[4] - 0.5))
            else:
                at = first + int(draw[2] * (stop - first))
                centre = (
                    _middle(self.height, size, draw[3]),
                    _middle(self.width, size, draw[4]),
                )
            slices[n], centres[n] = int(at), centre
        return slices, centres


def _middle(extent: int, size: int, draw: float) -> float:
    """Where a crop is centred along an axis, for a draw from 0 to 1."""
    return (extent - 1) / 2 if size >= extent else extent * (0.2 + 0.6 * draw)


def _batch(layers: Layers) -> Batch:
    """The labels of the middle slice, one map per question."""
    middle = layers.labels[:, layers.labels.shape[1] // 2]
    lesion, known, brain = (((middle & bit) > 0).float() for bit in (LESION, KNOWN, BRAIN))
    seen = layers.brain_known[:, None, None].expand_as(brain)
    return Batch(layers.pixels, lesion, known, brain, seen)
