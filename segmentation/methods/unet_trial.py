"""Small U-Nets of Li's layout, trained in a minute, so that his methods can be tried anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from segmentation.imaging.resampling import resample_mask
from segmentation.methods import MethodCard, Progress
from segmentation.methods.adapted_unet import prepared as adapted_prepared
from segmentation.methods.fitting import LabelledCase, record_of
from segmentation.methods.li_unet import prepared as li_prepared
from segmentation.networks.checkpoint import save_checkpoint
from segmentation.networks.unet import UNet, UNetSettings

WIDTHS = (8, 12, 16, 24, 32)
CROP = 96
BATCH_SIZE = 8
RATE = 2e-3
RARE = -3.0  # logit of a lesion before anything is learned


def train_trial(
    card: MethodCard,
    cases: Sequence[LabelledCase],
    *,
    folder: Path,
    seed: int,
    steps: int,
    progress: Progress,
) -> None:
    """This will train one small network for a method and write its checkpoint into `folder`.

    Cross-entropy and soft Dice on random crops, half of them around a lesion, the others somewhere
    in the head. Unlike the published networks these normalise by batch, drop nothing out and begin
    with lesions being rare: that is what lets them learn within so few steps.
    """
    three = card.name == "adapted-unet"
    stacks, labels = [], []
    for number, case in enumerate(cases):
        progress(0.3 * number / len(cases), f"Preparing {case.name}")
        channels, known = _adapted(case) if three else _li(card, case)
        stacks.append(channels)
        labels.append(known)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    inputs = 3 if three else len(card.needs)
    network = UNet(UNetSettings(inputs, WIDTHS, 5, 4, True, 0.0, 1)).train()
    torch.nn.init.constant_(network.out.bias, RARE)  # type: ignore[arg-type]  # has a bias
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # stubs lack it
    lesions = [np.argwhere(one > 0) for one in labels]
    heads = [_some_of(one[:, 0] > one.min()) for one in stacks]
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    for step in range(steps):
        if step % 20 == 0:
            progress(0.3 + 0.7 * step / steps, f"Training, step {step} of {steps}")
        images, known = _batch(stacks, labels, lesions, heads, rng)
        seen = torch.from_numpy(images).to(memory_format=torch.channels_last)
        logits = network(seen)[:, 0]
        target = torch.from_numpy(known)
        likely = logits.sigmoid()
        dice = (2 * (likely * target).sum() + 1) / (likely.sum() + target.sum() + 1)
        loss = functional.binary_cross_entropy_with_logits(logits, target) + 1 - dice
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, 2 * (1 - step / steps))
        optimizer.step()
    axes = "xy" if three else "yx"
    record = record_of(cases, seed=seed, steps=steps, widths=list(WIDTHS), axes=axes)
    save_checkpoint(folder / "1.safetensors", network.eval(), record)


def _li(card: MethodCard, case: LabelledCase) -> tuple[NDArray[Any], NDArray[Any]]:
    """(slices, channels, y, x) and the lesions (slices, y, x) as Li's method sees them."""
    ready = li_prepared(case.volumes, case.brain, sequences=card.needs)
    grid = case.volumes["FLAIR"].grid
    known = resample_mask(case.lesions, source=grid, target=ready.grid)
    return ready.windows, ready.window_of(known.astype(np.float32))


def _adapted(case: LabelledCase) -> tuple[NDArray[Any], NDArray[Any]]:
    """The same as the adapted method sees them: a slice and its neighbours as channels."""
    ready = adapted_prepared(case.volumes["FLAIR"], case.brain)
    padded = np.concatenate([ready.slices[:1], ready.slices, ready.slices[-1:]])
    return (
        np.stack([padded[:-2], padded[1:-1], padded[2:]], axis=1),
        ready.window_of(case.lesions.astype(np.float32)),
    )


def _some_of(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Every 50th place (slice, row, column) of a mask."""
    return np.stack(np.unravel_index(np.flatnonzero(mask)[::50], mask.shape), axis=1)


def _batch(
    stacks: Sequence[NDArray[np.float32]],
    labels: Sequence[NDArray[np.float32]],
    lesions: Sequence[NDArray[np.intp]],
    heads: Sequence[NDArray[np.intp]],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Random crops, mirrored half of the time."""
    images, known = [], []
    for number in range(BATCH_SIZE):
        which = int(rng.integers(len(stacks)))
        stack, label = stacks[which], labels[which]
        places = lesions[which] if number % 2 and len(lesions[which]) else heads[which]
        slice_, row, column = places[rng.integers(len(places))]
        row, column = row - rng.integers(CROP), column - rng.integers(CROP)
        top = int(np.clip(row, 0, label.shape[1] - CROP))
        left = int(np.clip(column, 0, label.shape[2] - CROP))
        crop = np.s_[top : top + CROP, left : left + CROP]
        image, target = stack[slice_][:, *crop], label[slice_][crop]
        if rng.random() < 0.5:
            image, target = image[..., ::-1], target[..., ::-1]
        images.append(image)
        known.append(target)
    return np.stack(images).astype(np.float32), np.stack(known).astype(np.float32)
