"""The mean of two networks is between them, and says of whom both have learned."""

import subprocess
import sys
from pathlib import Path

import torch

from segmentation.networks.checkpoint import load_checkpoint, save_checkpoint
from segmentation.networks.unet import UNet, slim
from tests.segmentation.training.small import tiny_network

COMMAND = [sys.executable, "-m", "segmentation.training.average"]


def changed(seed: int) -> UNet:
    network = tiny_network()
    torch.manual_seed(seed)
    with torch.no_grad():
        for values in network.parameters():
            values.copy_(torch.randn_like(values))
    return network


def averaged(*words: object) -> subprocess.CompletedProcess[str]:
    given = [str(word) for word in words]
    return subprocess.run([*COMMAND, *given], check=False, capture_output=True, text=True)


def test_the_mean_of_networks_akin(tmp_path: Path) -> None:
    first, second, other, out = (
        tmp_path / f"{name}.safetensors" for name in ("first", "second", "other", "out")
    )
    sha256 = save_checkpoint(first, changed(1), {"subjects": {"A": "1"}, "left_out": ["C", "D"]})
    record = {"subjects": {"B": "2"}, "left_out": ["C"], "begun_with": sha256, "round1_dice": {}}
    save_checkpoint(second, changed(2), record)
    save_checkpoint(other, UNet(slim()), record)
    done = averaged(out, first, other)
    assert done.returncode == 2
    assert "of different layouts" in done.stderr
    assert not out.exists()
    done = averaged(out, first, second, "--threshold", 0.3)
    assert done.returncode == 0, done.stderr
    made = load_checkpoint(out)
    assert f"sha256 {made.sha256}" in done.stdout
    ends = [load_checkpoint(file).network.state_dict() for file in (first, second)]
    for name, values in made.network.state_dict().items():
        if values.is_floating_point():
            middle = (ends[0][name] + ends[1][name]) / 2
            torch.testing.assert_close(values, middle, atol=2e-3, rtol=2e-3)
    assert made.record["subjects"] == {"A": "1", "B": "2"}
    assert made.record["left_out"] == ["C"]
    assert made.record["averaged"] == [load_checkpoint(file).sha256 for file in (first, second)]
    assert made.record["threshold"] == 0.3
    assert "round1_dice" not in made.record


def test_strangers_have_no_mean(tmp_path: Path) -> None:
    files = [tmp_path / "one.safetensors", tmp_path / "other.safetensors"]
    for seed, file in enumerate(files):
        save_checkpoint(file, changed(seed), {"subjects": {}, "left_out": []})
    done = averaged(tmp_path / "out.safetensors", *files)
    assert done.returncode == 2
    assert "None of these networks began with another" in done.stderr
    assert not (tmp_path / "out.safetensors").exists()
