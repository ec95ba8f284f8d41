"""The patch network of nicMSlesions (Valverde et al., NeuroImage 2017; retraining: 2019).

Two convolutions, pooling, two convolutions, pooling, three fully connected layers, two classes. Two
such networks make a cascade: the second looks again at what the first calls lesion. One class:

- *position*: the published layout. Patches of 11 x 11 x 11 voxels, padded convolutions, and slopes
  (PReLU) of their own for every position of a patch: it can only be run patch by patch.
- *channel*: Plaque's own. The same layers with one slope per channel and no padding, on patches of
  20 x 20 x 20 voxels: it can be run densely over a volume, with the same result.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from segmentation.networks.checkpoint import (
    UnusableCheckpoint,
    read_checkpoint,
    shortly,
    write_checkpoint,
)
from segmentation.networks.hdf5 import Layer, read_layers

FORMAT = "plaque-cascade-1"
EPSILON = 1e-3  # of Keras' batch normalisation; PyTorch's own default is smaller


@dataclass(frozen=True)
class PatchSettings:
    """What distinguishes the variants; stored with the weights."""

    channels: int
    features: tuple[int, int]
    fully: tuple[int, int, int]
    slopes: Literal["position", "channel"]

    @property
    def patch(self) -> int:
        """Edge of a patch in voxels."""
        return 11 if self.slopes == "position" else 20

    @property
    def before(self) -> int:
        """Voxels of a patch that lie before the one that it speaks of, along each axis."""
        return self.patch // 2


def published() -> PatchSettings:
    """The public two-channel network (T1, FLAIR): 470,466 parameters and batch-norm statistics."""
    return PatchSettings(2, (32, 64), (256, 128, 64), "position")


def dense() -> PatchSettings:
    """Plaque's variant of the same size."""
    return PatchSettings(2, (32, 64), (256, 128, 64), "channel")


class PatchNet(nn.Module):
    """Patches (batch, channels, n, n, n) to lesion probabilities (batch,).

    `dense` does the same for every position of a volume at once.
    """

    def __init__(self, settings: PatchSettings) -> None:
        super().__init__()
        self.settings = settings
        first, second = settings.features
        padding = 1 if settings.slopes == "position" else 0
        widths = [(settings.channels, first), (first, first), (first, second), (second, second)]
        self.convs = nn.ModuleList(nn.Conv3d(a, b, 3, padding=padding) for a, b in widths)
        self.norms = nn.ModuleList(nn.BatchNorm3d(b, eps=EPSILON) for _, b in widths)
        edges = (11, 11, 5, 5) if settings.slopes == "position" else (1, 1, 1, 1)
        self.slopes = nn.ParameterList(
            torch.zeros(b, n, n, n) for (_, b), n in zip(widths, edges, strict=True)
        )
        sizes = [8 * second, *settings.fully]
        self.fully = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.fully_slopes = nn.ParameterList(torch.zeros(b) for b in sizes[1:])
        self.out = nn.Linear(sizes[-1], 2)

    @property
    def convolutions(self) -> list[nn.Conv3d]:
        """The four convolutions."""
        return [one for one in self.convs if isinstance(one, nn.Conv3d)]

    @property
    def linear(self) -> list[nn.Linear]:
        """The three fully connected layers; the output follows them."""
        return [one for one in self.fully if isinstance(one, nn.Linear)]

    def features(self, patches: Tensor) -> Tensor:
        """What the convolutions make of patches: (batch, 8 x features)."""
        x = patches.contiguous(memory_format=torch.channels_last_3d)
        for layer, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            x = _prelu(norm(conv(x)), self.slopes[layer])
            if layer in (1, 3):
                x = functional.max_pool3d(x, 2)
        return x.flatten(1)

    def classify(self, features: Tensor, *, dropout: float = 0.0) -> Tensor:
        """Logits (batch, 2) from features; `dropout` before each fully connected layer."""
        x = features
        for layer, slope in zip(self.fully, self.fully_slopes, strict=True):
            x = layer(functional.dropout(x, dropout, training=dropout > 0))
            x = _prelu(x, slope)
        logits: Tensor = self.out(x)
        return logits

    def forward(self, patches: Tensor) -> Tensor:
        return self.classify(self.features(patches)).softmax(dim=1)[:, 1]

    def dense(self, volume: Tensor) -> Tensor:
        """(1, channels, x, y, z) to probabilities (x - 19, y - 19, z - 19).

        Entry (0, 0, 0) speaks of voxel (10, 10, 10), as the patch does that begins at (0, 0, 0).
        Pooling moves by one voxel instead of two, and what comes after looks that much further
        apart. Raises ValueError for slopes by position.
        """
        if self.settings.slopes == "position":
            raise ValueError("slopes by position cannot be run densely")
        x, apart = volume.contiguous(memory_format=torch.channels_last_3d), 1
        for layer, (conv, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            x = functional.conv3d(x, conv.weight, conv.bias, dilation=apart)
            x = norm(x)
            x = _prelu(x, self.slopes[layer])
            if layer in (1, 3):
                x = _largest_of_eight(x, apart)
                apart *= 2
        second = self.settings.features[1]
        for number, (full, slope) in enumerate(zip(self.linear, self.fully_slopes, strict=True)):
            edge = 2 if number == 0 else 1
            kernel = full.weight.reshape(
                full.out_features, second if number == 0 else full.in_features, edge, edge, edge
            )
            x = functional.conv3d(x, kernel, full.bias, dilation=apart if number == 0 else 1)
            x = _prelu(x, slope)
        kernel = self.out.weight[:, :, None, None, None]
        return functional.conv3d(x, kernel, self.out.bias).softmax(dim=1)[0, 1]

    def folded(self) -> PatchNet:
        """A copy for prediction whose convolutions do their batch normalisation too.

        The same numbers but for rounding, in two thirds of the time.
        """
        copy = deepcopy(self).eval()
        with torch.no_grad():
            for number, (conv, norm) in enumerate(zip(copy.convolutions, copy.norms, strict=True)):
                if not isinstance(norm, nn.BatchNorm3d):
                    continue  # folded before
                if norm.running_mean is None or norm.running_var is None or conv.bias is None:
                    raise ValueError("without statistics and biases there is nothing to fold")
                scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
                conv.weight.mul_(scale[:, None, None, None, None])
                conv.bias.sub_(norm.running_mean).mul_(scale).add_(norm.bias)
                copy.norms[number] = nn.Identity()
        return copy


def _prelu(x: Tensor, slope: Tensor) -> Tensor:
    """x (batch, features ...) where it is positive, slope x elsewhere; slopes (features ...).

    The library has slopes by channel: those by position are as many channels of one voxel.
    """
    if slope[0].numel() == 1:
        return functional.prelu(x, slope.flatten())
    last = x.movedim(1, -1)  # in the order of memory: nothing is copied
    flat = functional.prelu(last.flatten(1), slope.movedim(0, -1).flatten())
    return flat.reshape(last.shape).movedim(-1, 1)


def _largest_of_eight(x: Tensor, apart: int) -> Tensor:
    """Pooling by 2 that moves by one voxel, axis by axis: a fraction of `max_pool3d`'s time."""
    for axis in (2, 3, 4):
        size = x.shape[axis] - apart
        x = torch.maximum(x.narrow(axis, 0, size), x.narrow(axis, apart, size))
    return x


@dataclass(frozen=True)
class Cascade:
    """Two networks in evaluation mode, the record of their training and their file's SHA-256."""

    stages: tuple[PatchNet, PatchNet]
    record: Mapping[str, Any]
    sha256: str


def save_cascade(path: Path, stages: tuple[PatchNet, PatchNet], record: Mapping[str, Any]) -> str:
    """This will write both networks into one file and return its SHA-256."""
    weights = {
        f"{number}.{name}": value.detach().contiguous()
        for number, stage in enumerate(stages)
        for name, value in stage.state_dict().items()
    }
    return write_checkpoint(path, FORMAT, weights, asdict(stages[0].settings), record)


def load_cascade(path: Path) -> Cascade:
    """This will read a cascade; raises UnusableCheckpoint."""
    read = read_checkpoint(path, FORMAT)
    try:
        settings = PatchSettings(
            **{
                **read.settings,
                "features": tuple(read.settings["features"]),
                "fully": tuple(read.settings["fully"]),
            }
        )
        with torch.device("meta"):  # settings that claim huge networks take no memory
            stages = PatchNet(settings), PatchNet(settings)
        for number, stage in enumerate(stages):
            begin = f"{number}."
            stage.load_state_dict(
                {
                    name.removeprefix(begin): value
                    for name, value in read.weights.items()
                    if name.startswith(begin)
                },
                assign=True,
            )
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UnusableCheckpoint(
            f"{path.name}: this is not a cascade of nicMSlesions ({shortly(error)})."
        ) from error
    return Cascade((stages[0].eval(), stages[1].eval()), read.record, read.sha256)


# --- Taking over the public weights ---------------------------------------------------------------


def read_public_weights(path: Path) -> PatchNet:
    """This will read one of nicMSlesions' two public HDF5 files into a network.

    Raises UnusableCheckpoint, naming the first layer that differs and both shapes.
    """
    layers = {layer.name: layer for layer in read_layers(path)}
    network = PatchNet(published())
    filled = [
        *((f"conv{block}_{n}", f"bn_{block}_{n}") for block in (1, 2) for n in (1, 2)),
        *((f"d{n}", "") for n in (1, 2, 3)),
        ("out", ""),
    ]
    linear = [*network.linear, network.out]
    batches = [one for one in network.norms if isinstance(one, nn.BatchNorm3d)]
    with torch.no_grad():
        for number, (name, norm) in enumerate(filled):
            kernel, bias = _arrays(layers, name, path, 2)
            if norm:
                conv, batch = network.convolutions[number], batches[number]
                _copy(conv.weight, kernel.permute(4, 3, 0, 1, 2), name, path)
                _copy(conv.bias, bias, name, path)
                scales = _arrays(layers, norm, path, 4)
                for target, values in zip(
                    (batch.weight, batch.bias, batch.running_mean, batch.running_var),
                    scales,
                    strict=True,
                ):
                    _copy(target, values, norm, path)
                slope, prelu = network.slopes[number], f"prelu_{name}"
                _copy(slope, _arrays(layers, prelu, path, 1)[0], prelu, path)
            else:
                layer = linear[number - 4]
                _copy(layer.weight, kernel.T, name, path)
                _copy(layer.bias, bias, name, path)
                if name != "out":
                    prelu = f"prelu_{name}"
                    _copy(
                        network.fully_slopes[number - 4],
                        _arrays(layers, prelu, path, 1)[0],
                        prelu,
                        path,
                    )
    return network.eval()


def _arrays(layers: Mapping[str, Layer], name: str, path: Path, count: int) -> list[Tensor]:
    """The arrays of a layer, as many as it has to have."""
    layer = layers.get(name)
    if layer is None or len(layer.arrays) != count:
        raise UnusableCheckpoint(
            f"{path.name}: layer {name} is not there, or not as nicMSlesions has it. "
            "These are weights of another architecture."
        )
    return [torch.from_numpy(one.copy()) for one in layer.arrays]


def _copy(target: Tensor | None, values: Tensor, name: str, path: Path) -> None:
    if target is None or target.shape != values.shape:
        raise UnusableCheckpoint(
            f"{path.name}, layer {name}: the weights are {_words(values)}, the network needs "
            f"{_words(target)}. These are weights of another architecture."
        )
    target.copy_(values)


def _words(values: Tensor | None) -> str:
    return "nothing" if values is None else " x ".join(map(str, values.shape))
