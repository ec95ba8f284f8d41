"""Training nicMSlesions' cascade, and training its last layers again on other cases.

Samples are voxels: all lesion voxels and as many candidates without lesion; the second network gets
its negatives from what the first takes for lesion. Cross-entropy and Adadelta, as published; half
of the samples are seen turned by 180 degrees in the axial plane.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from segmentation.imaging.resampling import resample_mask
from segmentation.inference.patches import BATCH, patches_at
from segmentation.methods import Progress
from segmentation.methods.fitting import LabelledCase, NotFittable
from segmentation.methods.nicmslesions import ORDER, SETTINGS, Prepared, prepare
from segmentation.networks.cascade import PatchNet, PatchSettings

BATCH_SIZE = 128
DROPOUT = 0.5
HELD_OUT = 0.25  # of the samples, for validation
MORE_THAN = {1: 0, 2: 10_000, 3: 100_000}  # samples from which so many hidden layers are retrained
Samples = tuple[NDArray[np.float32], NDArray[np.int64]]


def retrain_cascade(
    stages: tuple[PatchNet, PatchNet],
    cases: Sequence[LabelledCase],
    *,
    seed: int,
    most: int,
    epochs: int,
    patience: int,
    progress: Progress,
) -> tuple[PatchNet, PatchNet]:
    """This will return copies of both networks with their last layers trained on these cases.

    The convolutions stay as they are. `most` bounds the samples of a network. Raises NotFittable
    when no candidate of any case is a lesion.
    """
    rng = np.random.default_rng(seed)
    ready = [_ready(case) for case in cases]
    new: list[PatchNet] = []
    for number, stage in enumerate(stages):
        progress(number / 2, f"Drawing samples for network {number + 1}")
        patches, labels = _samples(ready, stage, new[0] if new else None, most=most, rng=rng)
        network = deepcopy(stage).eval()
        features = _features(network, patches)
        layers = max(count for count, least in MORE_THAN.items() if len(labels) > least)
        trained = [*network.linear[-layers:], network.out]
        slopes = list(network.fully_slopes)[-layers:]
        parameters = [*(one for layer in trained for one in layer.parameters()), *slopes]
        progress(number / 2 + 0.25, f"Training network {number + 1}")
        _fit(
            network,
            parameters,
            features,
            torch.from_numpy(labels),
            whole=False,
            epochs=epochs,
            patience=patience,
            seed=seed + number,
        )
        new.append(network.eval())
    return new[0], new[1]


def train_cascade(
    settings: PatchSettings,
    cases: Sequence[LabelledCase],
    *,
    seed: int,
    most: int,
    epochs: int,
    progress: Progress,
) -> tuple[PatchNet, PatchNet]:
    """This will train both networks from nothing; raises NotFittable as `retrain_cascade` does."""
    rng = np.random.default_rng(seed)
    ready = [_ready(case) for case in cases]
    new: list[PatchNet] = []
    for number in range(2):
        progress(number / 2, f"Training network {number + 1}")
        torch.manual_seed(seed + number)
        network = PatchNet(settings)
        patches, labels = _samples(ready, network, new[0] if new else None, most=most, rng=rng)
        _fit(
            network,
            list(network.parameters()),
            torch.from_numpy(patches),
            torch.from_numpy(labels),
            whole=True,
            epochs=epochs,
            patience=epochs,
            seed=seed + number,
        )
        new.append(network.eval())
    return new[0], new[1]


def _ready(case: LabelledCase) -> tuple[Prepared, NDArray[np.bool_]]:
    """A case and its lesions as the networks see them."""
    ready = prepare(case.volumes, case.brain)
    grid = case.volumes["FLAIR"].grid
    lesions = resample_mask(case.lesions, source=grid, target=ready.grid)
    return ready, lesions & ready.brain


def _samples(
    cases: Sequence[tuple[Prepared, NDArray[np.bool_]]],
    network: PatchNet,
    first: PatchNet | None,
    *,
    most: int,
    rng: Generator,
) -> Samples:
    """Patches and classes, half of them lesion; `first` picks the negatives of the second network.

    Where the first network is wrong nowhere, bright voxels (z > 2) are the negatives.
    """
    patches, labels = [], []
    each = max(1, most // (2 * len(cases)))
    for ready, lesions in cases:
        edge = network.settings.patch
        before = network.settings.before
        padded = np.pad(ready.channels, [(0, 0), *[(before, edge - 1 - before)] * 3])
        positive = _some(np.argwhere(lesions & ready.candidates), each, rng)
        if not len(positive):
            continue
        others = np.argwhere(ready.candidates & ~lesions)
        if first is None:
            negative = _some(others, len(positive), rng)
        else:
            asked = _some(others, 4 * len(positive), rng)
            wrong = (
                _probabilities(first, patches_at(padded, asked, edge)) > SETTINGS["second_above"]
            )
            bright = ready.channels[ORDER.index("FLAIR")][tuple(asked.T)] > 2
            chosen = asked[wrong] if wrong.any() else asked[bright]
            negative = _some(chosen, len(positive), rng)
        places = np.concatenate([positive, negative])
        patches.append(_turned(patches_at(padded, places, edge), rng))
        labels.append(np.repeat(np.array([1, 0]), [len(positive), len(negative)]))
    if not patches:
        raise NotFittable(
            "No lesion of these cases is bright enough on FLAIR to be a candidate, so there is "
            "nothing to learn from. Look at the scans and their references."
        )
    return np.concatenate(patches), np.concatenate(labels).astype(np.int64)


def _some(places: NDArray[np.intp], most: int, rng: Generator) -> NDArray[np.intp]:
    if len(places) <= most:
        return places
    return places[rng.choice(len(places), most, replace=False)]


def _turned(patches: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Half of the patches turned by 180 degrees in the axial plane."""
    turned = rng.random(len(patches)) < 0.5
    patches[turned] = patches[turned][:, :, ::-1, ::-1]
    return patches


def _features(network: PatchNet, patches: NDArray[np.float32]) -> Tensor:
    with torch.inference_mode():
        parts = [network.features(part) for part in torch.from_numpy(patches).split(BATCH)]
    return torch.cat(parts).clone()


def _probabilities(network: PatchNet, patches: NDArray[np.float32]) -> NDArray[np.float32]:
    if not len(patches):
        return np.zeros(0, dtype=np.float32)
    with torch.inference_mode():
        parts = [network(part) for part in torch.from_numpy(patches).split(BATCH)]
    return torch.cat(parts).numpy()


def _fit(
    network: PatchNet,
    parameters: list[torch.nn.Parameter],
    inputs: Tensor,
    labels: Tensor,
    *,
    whole: bool,
    epochs: int,
    patience: int,
    seed: int,
) -> None:
    """This will train until validation has not improved for `patience` epochs; the best is kept.

    `inputs` are patches where the `whole` network is trained, else what its convolutions say.
    """
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    order = torch.randperm(len(labels), generator=generator)
    held = order[: int(HELD_OUT * len(order))]
    used = order[len(held) :]
    optimizer = torch.optim.Adadelta(parameters, lr=1.0, rho=0.95)
    best, kept, since = float("inf"), deepcopy(network.state_dict()), 0
    for _ in range(epochs):
        network.train(whole)
        shuffled = used[torch.randperm(len(used), generator=generator)]
        for some in shuffled.split(BATCH_SIZE):
            if whole and len(some) < 2:
                continue  # batch normalisation needs two
            seen = network.features(inputs[some]) if whole else inputs[some]
            loss = functional.cross_entropy(network.classify(seen, dropout=DROPOUT), labels[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        network.eval()
        score = _loss(network, inputs, labels, held if len(held) else used, whole=whole)
        if score < best:
            best, kept, since = score, deepcopy(network.state_dict()), 0
        else:
            since += 1
            if since >= patience:
                break
    network.load_state_dict(kept)


def _loss(
    network: PatchNet, inputs: Tensor, labels: Tensor, which: Tensor, *, whole: bool
) -> float:
    total = 0.0
    with torch.inference_mode():
        for some in which.split(BATCH):
            seen = network.features(inputs[some]) if whole else inputs[some]
            loss = functional.cross_entropy(network.classify(seen), labels[some], reduction="sum")
            total += float(loss)
    return total / max(1, len(which))
