"""nicMSlesions' networks: the public layout to the parameter, ours equal to its patches."""

from dataclasses import asdict
from pathlib import Path

import h5py
import numpy as np
import pytest
import safetensors.torch
import torch

from segmentation.inference.patches import patches_at, predict_at
from segmentation.networks.cascade import (
    FORMAT,
    PatchNet,
    PatchSettings,
    dense,
    load_cascade,
    published,
    read_public_weights,
    save_cascade,
)
from segmentation.networks.checkpoint import UnusableCheckpoint, load_checkpoint, write_checkpoint
from segmentation.networks.hdf5 import read_layers

SMALL = PatchSettings(2, (3, 4), (6, 5, 4), "channel")
SILENT = {"progress": lambda *_: None}


def random_network(settings: PatchSettings, seed: int = 0) -> PatchNet:
    torch.manual_seed(seed)
    network = PatchNet(settings).eval()
    with torch.no_grad():
        for slope in [*network.slopes, *network.fully_slopes]:
            slope.uniform_(-0.2, 0.3)
        for norm in network.norms:
            norm.running_mean.normal_(0, 0.1)
            norm.running_var.uniform_(0.2, 1)
        for layer in [*network.fully, network.out]:
            layer.weight.mul_(4)
    return network


def test_as_many_parameters_as_the_public_weights() -> None:
    values = PatchNet(published()).state_dict()
    counted = sum(one.numel() for name, one in values.items() if "num_batches" not in name)
    assert counted == 470_466
    assert PatchNet(dense()).fully[0].in_features == 512


@pytest.mark.parametrize("edge", [24, 25])
def test_the_dense_pass_equals_the_patches(edge: int) -> None:
    network = random_network(SMALL)
    rng = np.random.default_rng(1)
    channels = rng.normal(size=(2, edge, edge + 3, edge - 2)).astype(np.float32)
    wanted = rng.random(channels.shape[1:]) < 0.02
    wanted[0, 0, 0] = wanted[-1, -1, -1] = True
    patches = predict_at(network, channels, wanted, densely=False, **SILENT)
    whole = predict_at(network, channels, wanted, **SILENT)
    assert patches[wanted].std() > 0.05
    np.testing.assert_allclose(whole, patches, atol=1e-4)
    assert not whole[~wanted].any()


@pytest.mark.parametrize("slopes", ["position", "channel"])
def test_a_folded_network_says_the_same_and_leaves_the_first_as_it_was(slopes: str) -> None:
    settings = PatchSettings(2, (3, 4), (6, 5, 4), slopes)  # type: ignore[arg-type]  # a parameter
    network = random_network(settings)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    patches = torch.randn(50, 2, *[network.settings.patch] * 3)
    with torch.inference_mode():
        one, other, twice = (
            each(patches) for each in (network, network.folded(), network.folded().folded())
        )
    assert one.std() > 0.02
    assert torch.allclose(one, other, atol=1e-5)
    assert torch.equal(other, twice)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_blocks_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    network = random_network(SMALL)
    channels = np.random.default_rng(2).normal(size=(2, 30, 14, 11)).astype(np.float32)
    wanted = np.ones(channels.shape[1:], bool)
    whole = predict_at(network, channels, wanted, **SILENT)
    monkeypatch.setattr("segmentation.inference.patches.BLOCK", 8)
    np.testing.assert_allclose(predict_at(network, channels, wanted, **SILENT), whole, atol=1e-5)


def test_the_size_of_a_batch_changes_nothing_and_slopes_by_position_are_never_dense() -> None:
    network = random_network(PatchSettings(2, (3, 4), (6, 5, 4), "position"))
    channels = np.random.default_rng(3).normal(size=(2, 16, 16, 16)).astype(np.float32)
    wanted = np.random.default_rng(4).random((16, 16, 16)) < 0.05
    one = predict_at(network, channels, wanted, batch=1024, **SILENT)
    other = predict_at(network, channels, wanted, batch=7, **SILENT)
    np.testing.assert_allclose(one, other, atol=1e-6)
    with pytest.raises(ValueError, match="densely"):
        network.dense(torch.zeros(1, 2, 24, 24, 24))


def test_a_patch_is_centred_on_its_voxel_and_nothing_lies_beyond_the_volume() -> None:
    volume = np.arange(27, dtype=np.float32).reshape(1, 3, 3, 3)
    padded = np.pad(volume, [(0, 0), *[(5, 5)] * 3])
    patch = patches_at(padded, np.array([[1, 2, 0]]), 11)[0, 0]
    assert patch[5, 5, 5] == volume[0, 1, 2, 0]
    assert patch.sum() == volume.sum()


def test_no_candidates_no_work() -> None:
    channels = np.zeros((2, 8, 8, 8), np.float32)
    nothing = np.zeros((8, 8, 8), bool)
    for settings in (SMALL, published()):
        assert not predict_at(PatchNet(settings).eval(), channels, nothing, **SILENT).any()


def test_a_cascade_that_claims_a_huge_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cascade.safetensors"
    save_cascade(path, (random_network(SMALL), random_network(SMALL)), {})
    weights = safetensors.torch.load_file(path)
    huge = {**asdict(SMALL), "features": (10**6, 10**6), "fully": (10**7, 10**7, 4)}
    write_checkpoint(path, FORMAT, weights, huge, {})
    with pytest.raises(UnusableCheckpoint, match=r"cascade\.safetensors.*size mismatch"):
        load_cascade(path)


def test_a_cascade_comes_back_and_is_no_unet(tmp_path: Path) -> None:
    stages = random_network(SMALL, 1), random_network(SMALL, 2)
    path = tmp_path / "cascade.safetensors"
    digest = save_cascade(path, stages, {"seed": 1})
    read = load_cascade(path)
    assert (read.sha256, read.record) == (digest, {"seed": 1})
    for one, other in zip(stages, read.stages, strict=True):
        assert all(
            torch.equal(a, b)
            for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True)
        )
    with pytest.raises(UnusableCheckpoint, match="another kind"):
        load_checkpoint(path)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(UnusableCheckpoint, match=r"cascade\.safetensors"):
        load_cascade(path)


def public_file(path: Path, *, drop: str = "", reshape: str = "") -> Path:
    """A file of the public layout with random numbers."""
    rng = np.random.default_rng(1)
    layers: dict[str, list[tuple[int, ...]]] = {}
    inputs = 2
    for block, (width, edge) in enumerate([(32, 11), (64, 5)], 1):
        for n in (1, 2):
            layers[f"conv{block}_{n}"] = [(3, 3, 3, inputs, width), (width,)]
            layers[f"bn_{block}_{n}"] = [(width,)] * 4
            layers[f"prelu_conv{block}_{n}"] = [(width, edge, edge, edge)]
            inputs = width
    inputs = 512
    for n, width in enumerate((256, 128, 64), 1):
        layers[f"d{n}"] = [(inputs, width), (width,)]
        layers[f"prelu_d{n}"] = [(width,)]
        inputs = width
    layers["out"] = [(64, 2), (2,)]
    layers.pop(drop, None)
    if reshape:
        layers[reshape] = [tuple(n + 1 for n in shape) for shape in layers[reshape]]
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"in1", *(name.encode() for name in layers)]
        file.create_group("in1").attrs["weight_names"] = []
        for name, shapes in layers.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{n}:0".encode() for n in range(len(shapes))]
            for n, shape in enumerate(shapes):
                group[f"{name}/{n}:0"] = rng.uniform(0.1, 0.2, shape).astype(np.float32)
    return path


def test_public_weights_come_over_layer_by_layer(tmp_path: Path) -> None:
    path = public_file(tmp_path / "model_1.hdf5")
    network = read_public_weights(path)
    with h5py.File(path) as file:
        kernel = file["conv1_2/conv1_2/0:0"][()]
        slope = file["prelu_conv2_1/prelu_conv2_1/0:0"][()]
        dense_ = file["d2/d2/0:0"][()]
    assert network.convs[1].weight[5, 7, 0, 1, 2].item() == kernel[0, 1, 2, 7, 5]
    assert np.array_equal(network.slopes[2].detach().numpy(), slope)
    assert np.array_equal(network.fully[1].weight.detach().numpy(), dense_.T)
    assert network.norms[0].eps == 1e-3


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"drop": "bn_2_1"}, "layer bn_2_1 is not there"),
        ({"reshape": "d1"}, r"layer d1: the weights are 257 x 513, the network needs 256 x 512"),
        ({"reshape": "prelu_conv1_1"}, "33 x 12 x 12 x 12"),
    ],
)
def test_other_layouts_are_refused_by_layer(
    tmp_path: Path, fault: dict[str, str], told: str
) -> None:
    with pytest.raises(UnusableCheckpoint, match=told):
        read_public_weights(public_file(tmp_path / "model_1.hdf5", **fault))


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("layer_names = 5", "layer_names is no list"),
        ("weight_names = 7", "layer a: weight_names is no list"),
        ("a layer twice", "layer_names lists a more than once"),
        ("weights twice", "layer a: weight_names lists k more than once"),
        ("data as a layer", "model.h5"),
        ("too many in all", "that is 30000000 values"),
        ("a huge chunk", "that is 25000000 values"),
    ],
)
def test_a_hostile_file_is_refused_before_its_values_are_read(
    tmp_path: Path, fault: str, told: str
) -> None:
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"a", b"b"]
        for layer in "ab":
            group = file.create_group(layer)
            group.attrs["weight_names"] = [b"k"]
            if fault == "too many in all":
                group.create_dataset("k", (15_000_000,), "f4", compression="gzip")
            elif fault == "a huge chunk" and layer == "a":
                size = {"chunks": (25_000_000 - 2,), "maxshape": (None,)}
                group.create_dataset("k", (2,), "f4", compression="gzip", **size)
            else:
                group["k"] = np.zeros(2, np.float32)
        match fault:
            case "layer_names = 5":
                file.attrs["layer_names"] = 5
            case "weight_names = 7":
                file["a"].attrs["weight_names"] = 7
            case "a layer twice":
                file.attrs["layer_names"] = [b"a", b"b", b"a"]
            case "weights twice":
                file["a"].attrs["weight_names"] = [b"k", b"k"]
            case "data as a layer":
                file.attrs["layer_names"] = [b"x"]
                file["x"] = np.zeros(2, np.float32)
                file["x"].attrs["weight_names"] = [b"k"]
    with pytest.raises(UnusableCheckpoint, match=told):
        read_layers(path)
