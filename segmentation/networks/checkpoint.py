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


def save_checkpoint(
    path: Path, network: UNet, record: Mapping[str, Any], *, half: bool = True
) -> str:
    """This will write the weights and return the file's SHA-256.

    As half precision, which halves the file; in single precision unless `half`, for weights that
    came from elsewhere and are to stay what they are.
    """
    precision = torch.float16 if half else torch.float32
    weights = {
        name: value.detach().to(precision).contiguous() if value.is_floating_point() else value
        for name, value in network.state_dict().items()
    }
    header = {
        "format": FORMAT,
        "settings": json.dumps(asdict(network.settings), sort_keys=True),
        "record": json.dumps(record, sort_keys=True),
    }
    content = safetensors.torch.save(weights, metadata=header)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def load_checkpoint(path: Path) -> Checkpoint:
    """This will read a checkpoint into single precision; raises UnusableCheckpoint."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnusableCheckpoint(
            f"{path.name}: the checkpoint cannot be read ({error})."
        ) from error
    try:
        header = _header(content)
        settings = json.loads(header["settings"])
        network = UNet(UNetSettings(**{**settings, "widths": tuple(settings["widths"])}))
        weights = safetensors.torch.load(content)
        network.load_state_dict(
            {
                name: value.float() if value.is_floating_point() else value
                for name, value in weights.items()
            }
        )
        record = json.loads(header["record"])
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UnusableCheckpoint(
            f"{path.name}: this is not a checkpoint of Plaque's U-Net ({error})."
        ) from error
    return Checkpoint(network.eval(), record, hashlib.sha256(content).hexdigest())


def _header(content: bytes) -> dict[str, str]:
    """The text that a safetensors file carries beside its tensors."""
    length = int.from_bytes(content[:8], "little")
    if not 0 < length <= len(content) - 8:
        raise ValueError("no safetensors header")
    header = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    if header.get("format") != FORMAT:
        raise ValueError(f"the format is {header.get('format')!r}, not {FORMAT!r}")
    return dict(header)
