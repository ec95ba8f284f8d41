"""Half precision is used only where it was asked for, exists, and agrees with the reference."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from segmentation.evaluation.overlap import dice
from segmentation.inference import engine, precision
from segmentation.inference.precision import (
    LEAST_DICE,
    REFERENCE,
    Precision,
    ask_for_speed,
    has_native_bfloat16,
    precision_of,
    self_check,
)
from segmentation.methods import Prediction, method_card
from segmentation.methods.adapted_unet import AdaptedUNet
from segmentation.methods.li_unet import LiUNet
from segmentation.methods.slim_unet import CHECKPOINT, SlimUNet
from segmentation.networks.checkpoint import Checkpoint, load_checkpoint
from segmentation.networks.unet import UNet, UNetSettings
from tests.segmentation.methods.small import PHANTOM, TINY, bright_detector, volume

NETWORK = load_checkpoint(CHECKPOINT).network
MIDDLE = slice(6, 9)  # three slices of 10 mm
SCANS = {name: volume(PHANTOM.flair[..., MIDDLE]) for name in ("FLAIR", "T1")}


@pytest.fixture
def native(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor that computes bfloat16, in a process that is asked to use it."""
    path = tmp_path / "cpuinfo"
    path.write_text("processor : 0\nflags\t\t: fpu sse avx512_bf16 amx_tile\n")
    monkeypatch.setattr(precision, "CPU_LIST", path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(precision, "_asked", [False])
    ask_for_speed(fast=True)


class Crowded(UNet):
    """A network whose outputs crowd around the threshold, where half precision cannot decide."""

    def forward(self, x: Tensor) -> Tensor:
        noise = torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) - 0.5
        drift = 1e-2 if torch.is_autocast_enabled("cpu") else 0.0
        return (noise * 1e-2 + drift).expand(-1, 3, -1, -1)


CROWDED = Crowded(UNetSettings(3, (1, 1, 1, 1, 1), 3, 3, False, 0.0, 1))


def test_the_shipped_network_agrees_with_itself_in_half_precision(native: None) -> None:
    found = self_check(NETWORK)
    assert found is not None
    assert found >= LEAST_DICE
    chosen = precision_of([NETWORK])
    assert (chosen.name, chosen.self_check_dice) == ("bfloat16", found)


def test_not_asked_for_or_not_native_means_single_precision(
    native: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "old"
    old.write_text("flags : fpu sse\n")
    monkeypatch.setattr(precision, "CPU_LIST", old)
    assert "does not compute" in precision_of([NETWORK]).reason
    assert not has_native_bfloat16(tmp_path / "nothing")
    ask_for_speed(fast=False)
    assert precision_of([NETWORK]) == REFERENCE


def test_one_network_that_does_not_agree_means_single_precision_for_all(native: None) -> None:
    failed = precision_of([NETWORK, CROWDED])
    assert (failed.name, failed.reason) == (
        "float32",
        "bfloat16 failed its trial on this machine",
    )
    assert failed.self_check_dice == self_check(CROWDED)
    blind = UNet(UNetSettings(3, (1, 1, 1, 1, 1), 3, 3, False, 0.0, 1))
    torch.nn.init.constant_(blind.out.bias, -9.0)
    assert "shows no lesion" in precision_of([NETWORK, blind]).reason


@pytest.mark.parametrize(
    ("method", "name", "channels"),
    [(LiUNet, "li-unet", 1), (LiUNet, "li-unet-t1", 2), (AdaptedUNet, "adapted-unet", 3)],
)
def test_a_method_computes_in_half_precision_where_its_own_networks_agree(
    native: None, method: type[LiUNet | AdaptedUNet], name: str, channels: int
) -> None:
    sure = bright_detector(UNetSettings(channels, TINY, 5, 4, False, 0.0, 1))
    coarse = deepcopy(sure)  # counts from 256 on, where bfloat16 has every second whole number
    with torch.no_grad():
        coarse.up[3][1].conv.bias[0] += 256
        coarse.out.bias[0] -= 2560

    def segmented(*networks: UNet) -> Prediction:
        made = method(method_card(name), [Checkpoint(one, {}, "0" * 64) for one in networks])
        return made.segment(SCANS, brain=PHANTOM.brain[..., MIDDLE], progress=lambda *_: None)

    half, both = segmented(sure), segmented(sure, coarse)
    ask_for_speed(fast=False)
    whole, reference = segmented(sure), segmented(sure, coarse)
    assert half.provenance["precision"]["name"] == "bfloat16"
    assert half.provenance["precision"]["self_check_dice"] == self_check(sure)
    assert not np.array_equal(half.probability, whole.probability)
    assert dice(half.mask, whole.mask) >= LEAST_DICE
    assert both.provenance["precision"]["self_check_dice"] == self_check(coarse) < LEAST_DICE
    assert np.array_equal(both.probability, reference.probability)
    assert reference.provenance["precision"] == REFERENCE.as_record()


def test_the_default_method_computes_in_half_precision_what_it_does_in_single(
    native: None,
) -> None:
    method = SlimUNet(load_checkpoint(CHECKPOINT))
    half = method.segment(SCANS, progress=lambda *_: None)
    ask_for_speed(fast=False)
    whole = method.segment(SCANS, progress=lambda *_: None)
    assert half.provenance["precision"]["name"] == "bfloat16"
    assert not np.array_equal(half.probability, whole.probability)
    assert dice(half.mask, whole.mask) >= LEAST_DICE


def test_the_engine_computes_in_what_was_chosen() -> None:
    slices = np.random.default_rng(1).normal(0, 1, (3, 32, 32)).astype(np.float32)
    torch.manual_seed(0)
    network = UNet(UNetSettings(3, (4, 4, 4, 4, 4), 3, 3, False, 0.0, 1))
    whole, half = (
        engine.predict(network, slices, precision=chosen, progress=lambda *_: None)
        for chosen in (REFERENCE, Precision("bfloat16", "a test", 1.0))
    )
    assert not np.array_equal(half, whole)
    np.testing.assert_allclose(half, whole, atol=0.05)
