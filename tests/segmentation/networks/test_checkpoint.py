"""A checkpoint is what it says, or is refused."""

import hashlib
import io
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
    first = "out.weight"
    header = {"format": "plaque-unet-1", "record": "{}"}
    settings = json.dumps({**slim().__dict__})
    header_of = {**header, "settings": settings}
    huge = json.dumps({**slim().__dict__, "widths": [10**7] * 5})
    claims = json.dumps({"a": {"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 4]}})
    nested, counted = "[" * 200_000, json.dumps({"training_sha256": 7})
    nothing = json.dumps({**slim().__dict__, "first_kernel": 0})
    pickled = io.BytesIO()
    torch.save(weights, pickled)
    missing = {name: value for name, value in weights.items() if name != first}
    return {
        "nothing": b"",
        "text": b"not a checkpoint at all",
        "cut off": content[:-1000],
        "another format": safetensors.torch.save(weights, {"format": "other"}),
        "no settings": safetensors.torch.save(weights, header),
        "a layer missing": safetensors.torch.save(missing, header_of),
        "not a number": safetensors.torch.save(
            {**weights, first: weights[first] * float("nan")}, header_of
        ),
        "a huge network": safetensors.torch.save(weights, {**header, "settings": huge}),
        "a huge shape": len(claims).to_bytes(8, "little") + claims.encode() + b"1234",
        "a pickle": pickled.getvalue(),
        "a nested header": len(nested).to_bytes(8, "little") + nested.encode(),
        "nested settings": safetensors.torch.save(weights, {**header, "settings": nested}),
        "a nested record": safetensors.torch.save(weights, {**header_of, "record": nested}),
        "a record that is a list": safetensors.torch.save(weights, {**header_of, "record": "[]"}),
        "cases by number": safetensors.torch.save(weights, {**header_of, "record": counted}),
        "kernels of nothing": safetensors.torch.save(weights, {**header, "settings": nothing}),
        "beyond single precision": safetensors.torch.save(
            {**weights, first: torch.full(weights[first].shape, 1e300, dtype=torch.float64)},
            header_of,
        ),
    }


@pytest.mark.parametrize(
    "fault",
    [
        "nothing",
        "text",
        "cut off",
        "another format",
        "no settings",
        "a layer missing",
        "not a number",
        "a huge network",
        "a huge shape",
        "a pickle",
        "a nested header",
        "nested settings",
        "a nested record",
        "a record that is a list",
        "cases by number",
        "kernels of nothing",
        "beyond single precision",
    ],
)
def test_a_broken_checkpoint_is_refused_by_name(saved: Path, tmp_path: Path, fault: str) -> None:
    path = tmp_path / "broken.safetensors"
    path.write_bytes(broken(saved)[fault])
    with pytest.raises(UnusableCheckpoint, match=r"broken\.safetensors"):
        load_checkpoint(path)


def test_a_checkpoint_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableCheckpoint, match="cannot be read"):
        load_checkpoint(tmp_path / "none.safetensors")
