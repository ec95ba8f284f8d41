"""A checkpoint is what it says, or is refused."""

import hashlib
import json
from pathlib import Path

import pytest
import safetensors.torch
import torch

from segmentation.networks.checkpoint import UnusableCheckpoint, load_checkpoint, save_checkpoint
from segmentation.networks.unet import UNet, slim


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(5)
    path = tmp_path / "network.safetensors"
    save_checkpoint(path, UNet(slim()), {"seed": 5})
    return path


def test_what_was_saved_comes_back_in_half_precision(saved: Path) -> None:
    torch.manual_seed(5)
    original = UNet(slim()).eval()
    checkpoint = load_checkpoint(saved)
    assert checkpoint.record == {"seed": 5}
    assert checkpoint.sha256 == hashlib.sha256(saved.read_bytes()).hexdigest()
    x = torch.rand(1, 3, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(checkpoint.network(x), original(x), atol=0.02)
    assert not checkpoint.network.training


def broken(saved: Path) -> dict[str, bytes]:
    content = saved.read_bytes()
    weights = safetensors.torch.load(content)
    first = next(iter(weights))
    header = {"format": "plaque-unet-1", "record": "{}"}
    settings = json.dumps({**slim().__dict__})
    missing = {name: value for name, value in weights.items() if name != first}
    return {
        "nothing": b"",
        "text": b"not a checkpoint at all",
        "cut off": content[:-1000],
        "another format": safetensors.torch.save(weights, {"format": "other"}),
        "no settings": safetensors.torch.save(weights, header),
        "a layer missing": safetensors.torch.save(missing, {**header, "settings": settings}),
    }


@pytest.mark.parametrize(
    "fault", ["nothing", "text", "cut off", "another format", "no settings", "a layer missing"]
)
def test_a_broken_checkpoint_is_refused_by_name(saved: Path, tmp_path: Path, fault: str) -> None:
    path = tmp_path / "broken.safetensors"
    path.write_bytes(broken(saved)[fault])
    with pytest.raises(UnusableCheckpoint, match=r"broken\.safetensors"):
        load_checkpoint(path)


def test_a_checkpoint_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableCheckpoint, match="cannot be read"):
        load_checkpoint(tmp_path / "none.safetensors")
