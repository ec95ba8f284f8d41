"""Checkpoints: trained weights with the settings they need, how they were made, and their hash.

A checkpoint is one safetensors file. Its header holds JSON: the network's settings and the record
of the training (command, data, seed, scores). Nothing in it is ever executed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError

from segmentation.networks.header import header_of, object_in, record_in
from segmentation.networks.unet import UNet, UNetSettings
from segmentation.refusals import Refusal

FORMAT = "plaque-unet-1"


class UnusableCheckpoint(Refusal):
    """The file is not a checkpoint of a network that Plaque knows."""


@dataclass(frozen=True)
class Checkpoint:
    """A network in evaluation mode, with the record of its training and its file's SHA-256."""

    network: UNet
    record: Mapping[str, Any]
    sha256: str


@dataclass(frozen=True, eq=False)
class ReadCheckpoint:
    """What a checkpoint file holds, before a network is made of it."""

    weights: Mapping[str, torch.Tensor]
    settings: Mapping[str, Any]
    record: Mapping[str, Any]
    sha256: str


def write_checkpoint(
    path: Path,
    format_: str,
    weights: Mapping[str, torch.Tensor],
    settings: Mapping[str, Any],
    record: Mapping[str, Any],
) -> str:
    """This will write a checkpoint of any format and return the file's SHA-256."""
    content = pack_checkpoint(format_, weights, settings, record)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def pack_checkpoint(
    format_: str,
    weights: Mapping[str, torch.Tensor],
    settings: Mapping[str, Any],
    record: Mapping[str, Any],
) -> bytes:
    """The bytes of a checkpoint's file."""
    header = {
        "format": format_,
        "settings": json.dumps(settings, sort_keys=True),
        "record": json.dumps(record, sort_keys=True),
    }
    return bytes(safetensors.torch.save(dict(weights), metadata=header))


def with_record(content: bytes, record: Mapping[str, Any], *, name: str) -> bytes:
    """The same U-Net, every weight bit for bit, with another record; raises UnusableCheckpoint."""
    read = unpack_checkpoint(content, FORMAT, name=name)
    return pack_checkpoint(FORMAT, read.weights, read.settings, record)


def read_checkpoint(path: Path, format_: str) -> ReadCheckpoint:
    """This will read a checkpoint of a format; raises UnusableCheckpoint.

    safetensors refuses shapes that do not fit into the file; nothing in it is ever executed.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnusableCheckpoint(
            f"{path.name}: the checkpoint cannot be read ({error})."
        ) from error
    return unpack_checkpoint(content, format_, name=path.name)


def unpack_checkpoint(content: bytes, format_: str, *, name: str) -> ReadCheckpoint:
    """This will read a checkpoint from the bytes of its file; raises UnusableCheckpoint."""
    try:
        header = header_of(content, format_=format_)
        return ReadCheckpoint(
            weights=_numbers(safetensors.torch.load(content)),
            settings=object_in(header["settings"]),
            record=record_in(header["record"]),
            sha256=hashlib.sha256(content).hexdigest(),
        )
    except (SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnusableCheckpoint(
            f"{name}: this is not a checkpoint of Plaque, or another kind of one ({error})."
        ) from error


def save_checkpoint(
    path: Path, network: UNet, record: Mapping[str, Any], *, half: bool = True
) -> str:
    """This will write a U-Net's weights and return the file's SHA-256.

    As half precision, which halves the file; in single precision unless `half`, for weights that
    came from elsewhere and are to stay what they are.
    """
    precision = torch.float16 if half else torch.float32
    weights = {
        name: value.detach().to(precision).contiguous() if value.is_floating_point() else value
        for name, value in network.state_dict().items()
    }
    return write_checkpoint(path, FORMAT, weights, asdict(network.settings), record)


def load_checkpoint(path: Path) -> Checkpoint:
    """This will read a U-Net into single precision; raises UnusableCheckpoint."""
    return _network_of(read_checkpoint(path, FORMAT), name=path.name)


def checkpoint_in(content: bytes, *, name: str) -> Checkpoint:
    """This will read a U-Net from the bytes of its file; raises UnusableCheckpoint."""
    return _network_of(unpack_checkpoint(content, FORMAT, name=name), name=name)


def _network_of(read: ReadCheckpoint, *, name: str) -> Checkpoint:
    try:
        settings = {**read.settings, "widths": tuple(read.settings["widths"])}
        with torch.device("meta"):  # settings that claim a huge network take no memory
            network = UNet(UNetSettings(**settings))
        network.load_state_dict(
            {
                name: value.float() if value.is_floating_point() else value
                for name, value in read.weights.items()
            },
            assign=True,
        )
    except (KeyError, TypeError, ValueError, RuntimeError, ZeroDivisionError) as error:
        raise UnusableCheckpoint(
            f"{name}: this is not a checkpoint of Plaque's U-Net ({shortly(error)})."
        ) from error
    return Checkpoint(network.eval(), read.record, read.sha256)


def shortly(error: Exception) -> str:
    """The first thing that PyTorch says against weights, of one line for each layer."""
    return " ".join(str(error).split("\n\t")[:2])


def _numbers(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights as they are; raises ValueError for what is no number in single precision."""
    for name, value in weights.items():
        if value.is_floating_point() and not value.float().isfinite().all():
            raise ValueError(f"{name} holds values that are not numbers")
    return weights
