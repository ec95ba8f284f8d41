"""Half precision is used only where it was asked for, exists, and agrees with the reference."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from segmentation.inference import engine
from segmentation.inference.precision import (
    LEAST_DICE,
    REFERENCE,
    Precision,
    choose_precision,
    has_native_bfloat16,
    self_check,
)
from segmentation.methods.slim_unet import CHECKPOINT
from segmentation.networks.checkpoint import load_checkpoint
from segmentation.networks.unet import UNet, UNetSettings

NETWORK = load_checkpoint(CHECKPOINT).network


@pytest.fixture
def native(tmp_path: Path) -> Path:
    path = tmp_path / "cpuinfo"
    path.write_text("processor : 0\nflags\t\t: fpu sse avx512_bf16 amx_tile\n")
    return path


class Crowded(UNet):
    """A network whose outputs crowd around the threshold, where half precision cannot decide."""

    def forward(self, x: Tensor) -> Tensor:
        noise = torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) - 0.5
        drift = 1e-2 if torch.is_autocast_enabled("cpu") else 0.0
        return (noise * 1e-2 + drift).expand(-1, 3, -1, -1)


def test_the_shipped_network_agrees_with_itself_in_half_precision(native: Path) -> None:
    found = self_check(NETWORK)
    assert found is not None
    assert found >= LEAST_DICE
    chosen = choose_precision(NETWORK, fast=True, cpu_list=native)
    assert (chosen.name, chosen.self_check_dice) == ("bfloat16", found)


def test_not_asked_for_not_native_or_not_agreeing_means_single_precision(
    native: Path, tmp_path: Path
) -> None:
    assert choose_precision(NETWORK, fast=False, cpu_list=native) == REFERENCE
    old = tmp_path / "old"
    old.write_text("flags : fpu sse\n")
    assert "does not compute" in choose_precision(NETWORK, fast=True, cpu_list=old).reason
    assert not has_native_bfloat16(tmp_path / "nothing")
    crowded = Crowded(UNetSettings(3, (1, 1, 1, 1, 1), 3, 3, False, 0.0, 1))
    failed = choose_precision(crowded, fast=True, cpu_list=native)
    assert (failed.name, failed.reason) == (
        "float32",
        "bfloat16 failed its trial on this machine",
    )
    assert failed.self_check_dice is not None


def test_the_engine_computes_in_what_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    slices = np.random.default_rng(1).normal(0, 1, (3, 32, 32)).astype(np.float32)
    torch.manual_seed(0)
    network = UNet(UNetSettings(3, (4, 4, 4, 4, 4), 3, 3, False, 0.0, 1))
    whole = engine.predict(network, slices, progress=lambda *_: None)
    try:
        engine.use_precision(Precision("bfloat16", "a test", 1.0))
        half = engine.predict(network, slices, progress=lambda *_: None)
    finally:
        engine.use_precision(REFERENCE)
    assert not np.array_equal(half, whole)
    np.testing.assert_allclose(half, whole, atol=0.05)
    again = engine.predict(network, slices, progress=lambda *_: None)
    assert np.array_equal(again, whole)
