"""Li's weights come over from Keras layer by layer, and whatever is not his is refused."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from segmentation.networks.checkpoint import UnusableCheckpoint
from segmentation.networks.foreign_unet import read_li_weights, transposed, widened
from segmentation.networks.unet import UNet, UNetSettings, li_original

KERAS = Path(__file__).parent / "keras"
TINY = UNetSettings(1, (2, 3, 4, 5, 6), 5, 4, False, 0.0, 1)


@pytest.mark.parametrize("channels", [1, 2])
def test_the_output_is_what_keras_computed(channels: int) -> None:
    frozen = np.load(KERAS / "li_outputs.npz")
    network = read_li_weights(KERAS / f"li_{channels}.h5", settings=TINY)
    assert network.settings.in_channels == channels
    image = torch.from_numpy(frozen[f"image_{channels}"]).permute(0, 3, 1, 2)
    with torch.inference_mode():
        ours = network(image).sigmoid()[0, 0].numpy()
    theirs = frozen[f"output_{channels}"][0, ..., 0]
    assert np.ptp(theirs) > 0.1
    np.testing.assert_allclose(ours, theirs, atol=2e-6)


def test_weights_of_another_architecture_are_refused_with_layer_and_shapes() -> None:
    with pytest.raises(UnusableCheckpoint, match=r"layer conv2d: .*5 x 5 x 1 x 2.*5 x 5 x 1 x 64"):
        read_li_weights(KERAS / "li_1.h5")


def written(path: Path, layers: dict[str, dict[str, np.ndarray]]) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
        for name, arrays in layers.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = [weight.encode() for weight in arrays]
            for weight, values in arrays.items():
                group[weight] = values
    return path


def test_a_network_with_too_few_layers_is_refused(tmp_path: Path) -> None:
    kernel = {"k": np.zeros((5, 5, 1, 2), np.float32), "b": np.zeros(2, np.float32)}
    with pytest.raises(UnusableCheckpoint, match="1 layers have weights"):
        read_li_weights(written(tmp_path / "few.h5", {"conv": kernel}), settings=TINY)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no HDF5 file"),
        (b"\x80\x04\x95\x10\x00\x00\x00cos\nsystem\n", "no HDF5 file"),
        ((KERAS / "li_1.h5").read_bytes()[:9000], "no HDF5 file"),
    ],
    ids=["empty", "pickle", "cut off"],
)
def test_damaged_and_foreign_files_are_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "weights.h5"
    path.write_bytes(content)
    with pytest.raises(UnusableCheckpoint, match=rf"weights\.h5.*{told}"):
        read_li_weights(path)
    path.unlink()
    with pytest.raises(UnusableCheckpoint, match=r"weights\.h5: there is no such file"):
        read_li_weights(path)


def test_a_file_larger_than_any_network_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "weights.h5"
    for size, told in ((512 * 1024**2, "no HDF5 file"), (512 * 1024**2 + 1, "more than 512 MB")):
        with path.open("wb") as file:
            file.truncate(size)  # nothing is written: the file is all hole
        with pytest.raises(UnusableCheckpoint, match=rf"weights\.h5.*{told}"):
            read_li_weights(path)


def test_a_huge_shape_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "huge.h5", {"conv": {}})
    with h5py.File(path, "a") as file:
        file["conv"].create_dataset("k", (100_000, 1_000, 1_000, 64), dtype="f4", chunks=True)
        file["conv"].attrs["weight_names"] = [b"k"]
    assert path.stat().st_size < 100_000
    with pytest.raises(UnusableCheckpoint, match="claims the shape 100000 x 1000"):
        read_li_weights(path)


def test_links_and_objects_are_refused(tmp_path: Path) -> None:
    linked = written(tmp_path / "linked.h5", {"conv": {}})
    with h5py.File(linked, "a") as file:
        file["conv"]["k"] = h5py.ExternalLink("/etc/passwd", "k")
        file["conv"].attrs["weight_names"] = [b"k"]
    with pytest.raises(UnusableCheckpoint, match="link to elsewhere"):
        read_li_weights(linked)
    outside = written(tmp_path / "outside.h5", {"conv": {}})
    with h5py.File(outside, "a") as file:
        stored = [(str(tmp_path / "secret"), 0, 16)]
        file["conv"].create_dataset("k", (4,), dtype="f4", external=stored)
        file["conv"].attrs["weight_names"] = [b"k"]
    with pytest.raises(UnusableCheckpoint, match="keeps its data elsewhere"):
        read_li_weights(outside)
    pickled = written(tmp_path / "object.h5", {"conv": {"k": np.array([b"cos\nsystem"])}})
    with pytest.raises(UnusableCheckpoint, match="no floating point numbers"):
        read_li_weights(pickled)


def test_weights_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    arrays = {"k": np.full((5, 5, 1, 2), np.nan, np.float32), "b": np.zeros(2, np.float32)}
    with pytest.raises(UnusableCheckpoint, match="not numbers"):
        read_li_weights(written(tmp_path / "nan.h5", {"conv": arrays}), settings=TINY)


@pytest.mark.parametrize("channels", [1, 2])
def test_the_transfer_to_three_slices_keeps_the_function(channels: int) -> None:
    network = read_li_weights(KERAS / f"li_{channels}.h5", settings=TINY)
    wide = widened(network)
    assert (wide.settings.in_channels, wide.settings.dropout) == (3, 0.2)
    middle = torch.rand(1, 1, 48, 48, generator=torch.Generator().manual_seed(1))
    seen = torch.cat([middle, torch.zeros(1, channels - 1, 48, 48)], dim=1)
    three = torch.cat([torch.rand(1, 1, 48, 48), middle, torch.rand(1, 1, 48, 48)], dim=1)
    with torch.inference_mode():
        assert torch.equal(wide(three), network(seen))


def test_a_transposed_network_does_the_same_to_transposed_slices() -> None:
    network = UNet(TINY).eval()
    seen = torch.rand(1, 1, 48, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        turned = transposed(network)(seen.transpose(2, 3)).transpose(2, 3)
        assert not torch.allclose(network(seen), network(seen.transpose(2, 3)).transpose(2, 3))
        assert torch.allclose(turned, network(seen), atol=1e-6)


def test_the_transfer_refuses_three_channels() -> None:
    with pytest.raises(ValueError, match="3 channels"):
        widened(UNet(UNetSettings(3, TINY.widths, 5, 4, False, 0.0, 1)))


def test_the_sizes_after_each_upsampling_are_lis() -> None:
    network = UNet(li_original(1)).eval()
    sizes: list[tuple[int, int]] = []
    for block in network.up:
        block[0].register_forward_pre_hook(lambda _, seen: sizes.append(tuple(seen[0].shape[1:3])))
    with torch.inference_mode():
        network(torch.zeros(1, 1, 200, 200))
    assert sizes == [(768, 24), (384, 48), (224, 96), (160, 192)]
