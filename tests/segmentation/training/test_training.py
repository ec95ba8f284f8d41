"""Training learns, is the same for the same seed, and can be killed at any time."""

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import torch

from segmentation.networks.checkpoint import load_checkpoint
from segmentation.networks.unet import UNet
from segmentation.training.deck import Deck
from segmentation.training.examples import LESION
from segmentation.training.journal import Journal, OtherTraining
from segmentation.training.loop import (
    LossNotANumber,
    NoLesionsToLearn,
    StartsDead,
    Trained,
    train,
)
from segmentation.training.settings import TrainingSettings, paper, small
from tests.segmentation.training.small import tiny_deck, tiny_network, tiny_settings


def trained(
    folder: Path,
    settings: TrainingSettings | None = None,
    *,
    network: UNet | None = None,
    deck: Deck | None = None,
    validation: Deck | None = None,
    progress: Callable[[float, str], None] = lambda *_: None,
) -> Trained:
    settings = settings or tiny_settings()
    return train(
        network or tiny_network(),
        deck or tiny_deck(1, 2),
        settings=settings,
        validation=validation,
        journal=Journal(folder, {"rate": settings.rate, "seed": settings.seed}),
        record={"seed": settings.seed},
        progress=progress,
    )


def equal(one: UNet, other: UNet) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    settings = tiny_settings(steps=10, rate=1e-2, average=0.0, cosine=False)
    losses = [row["loss"] for row in trained(tmp_path, settings).course.rows]
    assert losses[-1] < 0.9 * losses[0]


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    one, again, other = (
        trained(tmp_path / name, tiny_settings(seed=seed)).network
        for name, seed in (("a", 4), ("b", 4), ("c", 5))
    )
    assert equal(one, again)
    assert not equal(one, other)


@pytest.mark.parametrize("when", [1 / 3, 2 / 3])
def test_a_stopped_training_goes_on_to_the_same_weights(tmp_path: Path, when: float) -> None:
    whole = trained(tmp_path / "whole", validation=tiny_deck(3))

    def stop(done: float, _: str) -> None:
        if done >= when:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "cut", validation=tiny_deck(3), progress=stop)
    resumed = trained(tmp_path / "cut", validation=tiny_deck(3), network=tiny_network(seed=9))
    assert equal(whole.network, resumed.network)
    assert resumed.course.best_score == whole.course.best_score
    assert [row["loss"] for row in resumed.course.rows] == [
        row["loss"] for row in whole.course.rows
    ]


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.segmentation.training.test_training import trained
def die(done, stage):
    if done > 0.5:
        os.kill(os.getpid(), signal.SIGKILL)
trained(Path(sys.argv[1]), progress=die)
"""


def test_a_killed_training_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path.cwd())}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "killed")],
        env=environment,
        capture_output=True,
        timeout=300,
    )
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "killed" / "state.safetensors").exists()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        resumed, whole = (trained(tmp_path / name).network for name in ("killed", "whole"))
    finally:
        torch.set_num_threads(threads)
    assert equal(resumed, whole)


def test_the_folder_keeps_log_checkpoint_and_nothing_that_runs(tmp_path: Path) -> None:
    result = trained(tmp_path, validation=tiny_deck(3))
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "best.safetensors",
        "log.csv",
        "state.safetensors",
    ]
    with (tmp_path / "log.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert all(float(row["loss"]) > 0 for row in rows)
    checkpoint = load_checkpoint(tmp_path / "best.safetensors")
    assert checkpoint.record["seed"] == 1
    assert checkpoint.record["course"]["best_epoch"] == result.course.best_epoch


def test_a_folder_of_another_training_is_refused(tmp_path: Path) -> None:
    trained(tmp_path)
    with pytest.raises(OtherTraining, match="other settings or cases"):
        trained(tmp_path, tiny_settings(seed=2))
    (tmp_path / "state.safetensors").write_bytes(b"\x80\x04not a state")
    with pytest.raises(OtherTraining, match="no training can go on"):
        trained(tmp_path)


def test_a_loss_that_is_no_number_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    deck = tiny_deck(1, 2)
    good: list[bytes] = []

    def spoil(done: float, _: str) -> None:
        if done > 0.5:
            good.append((tmp_path / "best.safetensors").read_bytes())
            deck.pixels.fill_(float("nan"))

    with pytest.raises(LossNotANumber, match=r"stopped in epoch 3.*checkpoint of epoch 2 was kept"):
        trained(tmp_path, deck=deck, progress=spoil)
    assert (tmp_path / "best.safetensors").read_bytes() == good[0]
    weights = load_checkpoint(tmp_path / "best.safetensors").network.state_dict()
    assert all(value.isfinite().all() for value in weights.values())


@pytest.mark.parametrize("average", [0.0, 0.9])
@pytest.mark.parametrize("validation", [False, True])
def test_a_last_step_to_no_numbers_keeps_the_last_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, average: float, validation: bool
) -> None:
    """The loss of the step was still one: only the weights tell."""
    settings = tiny_settings(average=average)

    def spoil(_: TrainingSettings, step: int) -> float:
        return float("nan") if step == 2 * settings.steps - 1 else 1e-3

    monkeypatch.setattr(TrainingSettings, "rate_at", spoil)
    deck = tiny_deck(3) if validation else None
    with pytest.raises(LossNotANumber, match=r"epoch 2: its weights.*of epoch 1 was kept"):
        trained(tmp_path, settings, validation=deck)
    weights = load_checkpoint(tmp_path / "best.safetensors").network.state_dict()
    assert all(value.isfinite().all() for value in weights.values())


def test_every_epoch_deals_other_crops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deck, dealt = tiny_deck(1), []
    deal = deck.deal

    def noted(*given: Any, **more: Any) -> Any:
        batch = deal(*given, **more)
        dealt.append(batch.images.clone())
        return batch

    monkeypatch.setattr(deck, "deal", noted)
    settings = tiny_settings(epochs=2)
    trained(tmp_path, settings, deck=deck)
    firsts = dealt[0], dealt[settings.steps]
    assert len(dealt) == 2 * settings.steps
    assert not torch.equal(*firsts)


def test_a_dead_start_is_answered_by_other_weights(tmp_path: Path) -> None:
    network = tiny_network(outputs=1)
    with torch.no_grad():
        network.out.bias.fill_(-60.0)  # no gradient comes through
    deck = tiny_deck(1)
    deck.labels |= LESION
    settings = tiny_settings(loss="dice", dead_epochs=1, rate=1e-2, average=0.0)
    result = trained(tmp_path, settings, network=network, deck=deck)
    assert result.course.restarts >= 1
    assert result.course.rows[-1]["loss"] < 0.99


def test_starts_that_all_stay_dead_had_weights_of_their_own_and_are_said(tmp_path: Path) -> None:
    deck, network = tiny_deck(1), tiny_network(outputs=1)
    deck.labels &= ~LESION  # nothing is a lesion any more where there was one
    starts: list[UNet] = []
    settings = tiny_settings(loss="dice", dead_epochs=1, restarts=3, rate=0.0, steps=1)
    with pytest.raises(StartsDead, match="each of 4 starts"):
        trained(
            tmp_path,
            settings,
            network=network,
            deck=deck,
            progress=lambda *_: starts.append(deepcopy(network)),
        )
    assert len(starts) == 4
    assert not any(equal(one, other) for one, other in combinations(starts, 2))


def test_training_without_lesions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoLesionsToLearn, match="delineated lesions"):
        trained(tmp_path, deck=tiny_deck(1, lesions=False))
    assert not list(tmp_path.iterdir())


def test_training_ends_early_when_validation_no_longer_rises(tmp_path: Path) -> None:
    settings = tiny_settings(epochs=9, rate=0.0, patience=2, steps=1, average=0.0)
    network = tiny_network(dropout=0.0)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.0  # nothing changes at all
    result = trained(tmp_path, settings, network=network, validation=tiny_deck(3))
    assert (result.course.epoch, result.course.best_epoch) == (3, 1)


def test_progress_tells_epoch_loss_score_and_time_left(tmp_path: Path) -> None:
    said: list[str] = []
    trained(tmp_path, validation=tiny_deck(3), progress=lambda _, line: said.append(line))
    assert said[0] == "Epoch 1 of 3"
    assert said[1].startswith("Epoch 1 of 3: loss ")
    assert "validation Dice" in said[1]
    assert said[1].endswith("minutes left")


def test_the_presets_are_the_papers_numbers_and_small_ones() -> None:
    as_printed = paper(slices=73 * 35, seed=1, half=True)
    assert (as_printed.rate, as_printed.batch, as_printed.epochs) == (1e-5, 6, 1000)
    assert (as_printed.loss, as_printed.size, as_printed.focus) == ("dice", 384, 0.0)
    assert as_printed.steps == 426
    assert not as_printed.augmentation.contrast
    assert not as_printed.augmentation.mirror
    assert small(seed=1, half=False).size == 128
