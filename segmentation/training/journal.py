"""The folder of one training: its log, its best checkpoint, and the state to go on from.

Everything is safetensors, JSON and CSV; nothing in it is ever executed. Files are replaced whole,
so that a kill leaves the one before.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from segmentation.networks.checkpoint import save_checkpoint
from segmentation.networks.header import object_in
from segmentation.networks.unet import UNet
from segmentation.refusals import Refusal
from segmentation.training.course import Course

FORMAT = "plaque-training-1"
COLUMNS = ("epoch", "loss", "validation_dice", "rate", "seconds")


class OtherTraining(Refusal):
    """The folder holds another training than the one that was asked for, or nothing usable."""


class Journal:
    """The files of one training; `settings` is what must be the same to go on with it."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        self.settings = json.dumps(settings, sort_keys=True)
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def state_file(self) -> Path:
        return self.folder / "state.safetensors"

    @property
    def best_file(self) -> Path:
        return self.folder / "best.safetensors"

    def save_best(self, network: UNet, record: Mapping[str, Any]) -> str:
        """This will replace the best checkpoint and return its SHA-256."""
        fresh = self.best_file.with_suffix(".new")
        sha256 = save_checkpoint(fresh, network, record)
        fresh.replace(self.best_file)
        return sha256

    def save_state(self, course: Course, tensors: Mapping[str, Tensor]) -> None:
        """This will replace the state and the log by what they are after an epoch."""
        header = {
            "format": FORMAT,
            "settings": self.settings,
            "course": json.dumps(asdict(course)),
        }
        held = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        fresh = self.state_file.with_suffix(".new")
        fresh.write_bytes(safetensors.torch.save(held, metadata=header))
        fresh.replace(self.state_file)
        log = self.folder / "log.new"
        with log.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(course.rows)
        log.replace(self.folder / "log.csv")

    def load_state(self, device: torch.device) -> tuple[Course, dict[str, Tensor]] | None:
        """The state after the last whole epoch; None before the first. Raises OtherTraining."""
        if not self.state_file.exists():
            return None
        try:
            with safe_open(self.state_file, framework="pt", device=str(device)) as file:
                header = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            course = Course(**object_in(header["course"]))
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise OtherTraining(
                f"{self.state_file.name}: no training can go on from this file ({error}). "
                "Remove it to start anew."
            ) from error
        if header.get("format") != FORMAT or header["settings"] != self.settings:
            raise OtherTraining(
                f"{self.folder.name}: this folder holds a training with other settings or cases. "
                "Choose another folder, or the same settings to go on with it."
            )
        return course, tensors


def all_tensors(
    network: UNet, average: UNet, best: UNet, optimizer: torch.optim.Optimizer
) -> dict[str, Tensor]:
    """Everything that the next epoch needs, by name."""
    tensors = {
        f"{name}.{key}": value
        for name, one in (("network", network), ("average", average), ("best", best))
        for key, value in one.state_dict().items()
    }
    for number, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{key}": value for key, value in moments.items()}
    return tensors


def put_back(
    tensors: Mapping[str, Tensor],
    network: UNet,
    average: UNet,
    best: UNet,
    optimizer: torch.optim.Optimizer,
) -> None:
    """The inverse of `all_tensors`."""
    for name, one in (("network", network), ("average", average), ("best", best)):
        one.load_state_dict(
            {
                key.removeprefix(f"{name}."): value
                for key, value in tensors.items()
                if key.startswith(f"{name}.")
            }
        )
    moments: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimizer."):
            _, number, what = key.split(".", 2)
            moments.setdefault(int(number), {})[what] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
