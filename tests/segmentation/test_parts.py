"""Weights from elsewhere are installed whole or not at all; without them a job is not begun."""

import re
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from segmentation.models import Case, InferenceJob
from segmentation.networks.checkpoint import load_checkpoint
from segmentation.networks.unet import UNet, li_original
from segmentation.operations.parts import import_weights, new_parts
from tests.segmentation.scans import signed_in

pytestmark = pytest.mark.django_db


def keras_file(path: Path, channels: int) -> Path:
    """Li's full network in the layout of `save_weights`, all zeros but the last bias."""
    network = UNet(li_original(channels))
    layers = [one for one in network.modules() if isinstance(one, torch.nn.Conv2d)]
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [f"conv2d_{n}".encode() for n in range(len(layers))]
        for n, layer in enumerate(layers):
            out, into, height, width = layer.weight.shape
            group = file.create_group(f"conv2d_{n}")
            group.attrs["weight_names"] = [b"k", b"b"]
            group.create_dataset("k", (height, width, into, out), "f4", compression="gzip")
            group["b"] = np.full(out, -2, np.float32)
    return path


def test_imported_weights_make_an_ensemble_that_says_where_it_is_from(tmp_path: Path) -> None:
    file = keras_file(tmp_path / "li.h5", 1)
    assert import_weights(method="li-unet", files=[file, file], head="published") == 2
    parts = sorted((settings.METHODS / "li-unet").iterdir())
    assert [one.name for one in parts] == ["1.safetensors", "2.safetensors"]
    checkpoint = load_checkpoint(parts[0])
    assert (checkpoint.record["axes"], checkpoint.record["head"]) == ("yx", "published")
    assert checkpoint.network.state_dict()["out.bias"].item() == -2


def test_wrong_weights_leave_what_was_there(tmp_path: Path) -> None:
    before = keras_file(tmp_path / "li.h5", 1)
    call_command("import_weights", "li-unet", str(before), verbosity=0)
    with pytest.raises(CommandError, match=r"li2\.h5: these weights take 2 channels"):
        call_command("import_weights", "li-unet", str(keras_file(tmp_path / "li2.h5", 2)))
    assert [one.name for one in Path(settings.METHODS).iterdir()] == ["li-unet"]
    with pytest.raises(CommandError, match="takes no weights from elsewhere"):
        call_command("import_weights", "slim-unet", str(before))


def test_parts_that_cannot_be_put_in_place_leave_what_was_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with new_parts("li-unet") as folder:
        (folder / "1.safetensors").write_bytes(b"old")
    rename, done = Path.rename, []

    def second_fails(self: Path, target: Path) -> Path:
        done.append(self)
        if len(done) == 2:
            raise OSError("The disk is full.")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises(OSError, match="full"), new_parts("li-unet") as folder:
        (folder / "1.safetensors").write_bytes(b"new")
    assert [one.name for one in Path(settings.METHODS).iterdir()] == ["li-unet"]
    assert (Path(settings.METHODS) / "li-unet" / "1.safetensors").read_bytes() == b"old"


def test_a_job_is_not_queued_for_a_method_without_weights_or_sequences(
    case: Case, cora: User
) -> None:
    def asked(method: str) -> dict[str, str]:
        return (
            signed_in(cora)
            .post(
                f"/api/v1/cases/{case.code}/jobs/",
                {"method": method},
                content_type="application/json",
            )
            .json()
        )

    assert asked("li-unet")["code"] == "NotMadeYet"
    assert "import_weights" in asked("li-unet")["message"]
    refused = asked("li-unet-t1")
    assert refused["code"] == "MissingSequence"
    assert re.match(rf"Li U-Net with T1 needs T1; case {case.code} has none", refused["message"])
    assert not InferenceJob.objects.exists()
