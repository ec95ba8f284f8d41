"""The training loop: examples in, checkpoints out; it can be killed at any time and go on.

Each epoch draws its crops and its dropout from the seed and its own number, so that a training that
was killed and goes on after its last whole epoch ends with the weights it would have had.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from segmentation.networks.unet import UNet
from segmentation.refusals import Refusal
from segmentation.training.course import Course
from segmentation.training.deck import Batch, Deck
from segmentation.training.journal import Journal, all_tensors, put_back
from segmentation.training.losses import dice_loss, lesion_and_brain_loss
from segmentation.training.scoring import pooled_dice
from segmentation.training.settings import TrainingSettings

Progress = Callable[[float, str], None]
LOSSES: dict[str, Callable[[Tensor, Batch], Tensor]] = {
    "dice": dice_loss,
    "lesion and brain": lesion_and_brain_loss,
}
AVERAGED_EVERY = 10  # steps


class NoLesionsToLearn(Refusal):
    """The training examples hold no lesion."""


class LossNotANumber(Refusal):
    """The loss became infinite or undefined; the best checkpoint until then was kept."""


class StartsDead(Refusal):
    """The Dice loss did not move from 1 in any of the starts."""


class Watch:
    """Who looks on while a network is trained; what it raises ends the training. This one rests."""

    def step(self, done: float) -> None:
        """Before each step, with the share of all steps that are done."""

    def epoch(self, course: Course, settings: TrainingSettings) -> None:
        """After each whole epoch, once it is stored."""


@dataclass(frozen=True, eq=False)
class Trained:
    """The network of the best epoch (without validation: the last), and how it got there.

    `record` is what its checkpoint says of it.
    """

    network: UNet
    course: Course
    record: Mapping[str, Any] = field(default_factory=dict)


def train(
    network: UNet,
    deck: Deck,
    *,
    settings: TrainingSettings,
    validation: Deck | None,
    journal: Journal,
    record: Mapping[str, Any],
    progress: Progress,
    watch: Watch | None = None,
) -> Trained:
    """This will train a network, going on from the journal's state where there is one.

    After each epoch the journal holds the state; `best` is replaced when the validation Dice rises
    (without validation: always). Raises NoLesionsToLearn, LossNotANumber, StartsDead, OtherTraining
    and whatever `progress` and `watch` raise to end the training.
    """
    watch = watch or Watch()
    if not deck.has_lesions:
        raise NoLesionsToLearn("No training case has a lesion. Add cases with delineated lesions.")
    device = deck.device
    torch.backends.cudnn.benchmark = device.type == "cuda"
    network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # stubs lack it
    average = deepcopy(network)
    optimizer = _optimizer(network, settings)
    course, best = Course(), deepcopy(network)
    if (state := journal.load_state(device)) is not None:
        course, tensors = state
        put_back(tensors, network, average, best, optimizer)
    while not course.is_over(settings):
        progress(course.epoch / settings.epochs, course.said(settings))
        began = time.monotonic()
        loss = _run_epoch(network, average, optimizer, deck, settings, course, watch)
        if not math.isfinite(loss):
            raise _not_a_number(course, "its loss is not a number")
        if not (_is_finite(network) and _is_finite(average)):
            raise _not_a_number(course, "its weights are no numbers any more")
        if course.is_dead(loss, settings):
            course = _restarted(network, average, optimizer, settings, course)
            continue
        score = None
        if validation is not None:
            score = pooled_dice(average, validation, half=settings.half)[0]
        course = course.after_epoch(loss, score, time.monotonic() - began, settings)
        if course.best_epoch == course.epoch:
            best.load_state_dict(average.state_dict())
            journal.save_best(best, {**record, "course": asdict(replace(course, rows=[]))})
        journal.save_state(course, all_tensors(network, average, best, optimizer))
        watch.epoch(course, settings)
    progress(1.0, course.said(settings))
    return Trained(best.eval(), course, record)


def _is_finite(network: UNet) -> bool:
    return all(bool(torch.isfinite(values).all()) for values in network.state_dict().values())


def _not_a_number(course: Course, what: str) -> LossNotANumber:
    kept = f"The checkpoint of epoch {course.best_epoch} was kept." if course.best_epoch else ""
    return LossNotANumber(
        f"The training stopped in epoch {course.epoch + 1}: {what}. "
        f"{kept or 'There was none to keep yet.'} Lower the learning rate."
    )


def _run_epoch(
    network: UNet,
    average: UNet,
    optimizer: torch.optim.Optimizer,
    deck: Deck,
    settings: TrainingSettings,
    course: Course,
    watch: Watch,
) -> float:
    """This will take the steps of one epoch and return the mean loss."""
    rng = np.random.default_rng([settings.seed, course.restarts, course.epoch])
    torch.manual_seed(int(rng.integers(2**31)))
    network.train()
    total = torch.zeros((), device=deck.device)
    for step in range(course.epoch * settings.steps, (course.epoch + 1) * settings.steps):
        watch.step(step / (settings.epochs * settings.steps))
        for group in optimizer.param_groups:
            group["lr"] = settings.rate_at(step)
        batch = deck.deal(
            rng,
            shares=settings.shares,
            count=settings.batch,
            size=settings.size,
            channels=network.settings.in_channels,
            focus=settings.focus,
            augmentation=settings.augmentation,
        )
        with torch.autocast(deck.device.type, torch.bfloat16, enabled=settings.half):
            logits = network(batch.images.to(memory_format=torch.channels_last))
        loss = LOSSES[settings.loss](logits, batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        total += loss.detach()
        if settings.average and step % AVERAGED_EVERY == 0:
            _follow(average, network, settings.average**AVERAGED_EVERY)
    if not settings.average:
        _follow(average, network, 0.0)
    return float(total) / settings.steps


def _follow(average: UNet, network: UNet, decay: float) -> None:
    """This will move the averaged weights and statistics towards the network's."""
    for slow, fast in zip(
        average.state_dict().values(), network.state_dict().values(), strict=True
    ):
        if slow.is_floating_point():
            slow.lerp_(fast, 1 - decay)
        else:
            slow.copy_(fast)


def _optimizer(network: UNet, settings: TrainingSettings) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        network.parameters(),
        lr=settings.rate,
        weight_decay=settings.decay,
        fused=next(network.parameters()).is_cuda,
    )


def _restarted(
    network: UNet,
    average: UNet,
    optimizer: torch.optim.Optimizer,
    settings: TrainingSettings,
    course: Course,
) -> Course:
    """This will begin anew with other weights, as Li et al. did; raises StartsDead."""
    if course.restarts >= settings.restarts:
        raise StartsDead(
            f"The Dice loss stayed at 1 in each of {course.restarts + 1} starts. Choose a higher "
            "learning rate, or begin from a checkpoint."
        )
    torch.manual_seed(settings.seed + 1000 * (course.restarts + 1))
    fresh = UNet(network.settings).to(next(network.parameters()).device)
    for one in (network, average):
        one.load_state_dict(fresh.state_dict())
    optimizer.state.clear()
    return Course(restarts=course.restarts + 1, seconds=course.seconds)
