"""How the engine computes: single precision, or bfloat16 where that was tried first.

Single precision is the reference: the same scan and checkpoint give the same mask everywhere. On
processors that multiply bfloat16 natively half precision takes about half the time, and it is used
only when it was asked for, the processor has it, and a trial on a bundled slice, made at the start
of the process, gives the reference's mask (Dice of at least 0.995).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from segmentation.evaluation.overlap import dice
from segmentation.networks.unet import UNet

CPU_LIST = Path("/proc/cpuinfo")
NATIVE = {"avx512_bf16", "amx_bf16"}  # processor flags, either of which will do
LEAST_DICE = 0.995
CHECK_SLICE = Path(__file__).with_name("check_slice.npz")


@dataclass(frozen=True)
class Precision:
    """What the engine computes in, why, and what the trial gave where there was one."""

    name: Literal["float32", "bfloat16"]
    reason: str
    self_check_dice: float | None = None

    def as_record(self) -> dict[str, Any]:
        """What a mask's provenance says about it."""
        return asdict(self)


REFERENCE = Precision("float32", "the reference")


def choose_precision(network: UNet, *, fast: bool, cpu_list: Path = CPU_LIST) -> Precision:
    """This will decide once, with a trained network of two outputs, how this process computes.

    Whatever speaks against bfloat16 is the reason for single precision.
    """
    if not fast:
        return REFERENCE
    if not has_native_bfloat16(cpu_list):
        return Precision("float32", "this processor does not compute bfloat16 natively")
    agreement = self_check(network)
    if agreement is None or agreement < LEAST_DICE:
        return Precision("float32", "bfloat16 failed its trial on this machine", agreement)
    return Precision("bfloat16", "asked for, and its trial agreed with the reference", agreement)


def has_native_bfloat16(cpu_list: Path = CPU_LIST) -> bool:
    """Whether the processor says that it has it; False where it does not say (outside Linux)."""
    try:
        lines = cpu_list.read_text().splitlines()
    except OSError:
        return False
    flags = next((line.split(":", 1)[1].split() for line in lines if line.startswith("flags")), [])
    return bool(NATIVE & set(flags))


def self_check(network: UNet) -> float | None:
    """Dice of the lesion masks of the bundled slice in both precisions; None when both are empty.

    The slice is one of a phantom, prepared, with its neighbours: (3, height, width) in uint8 from
    -5 to 10.
    """
    packed = np.load(CHECK_SLICE, allow_pickle=False)["slices"]
    x = torch.from_numpy(packed.astype(np.float32) / 17 - 5)[None]
    if network.settings.in_channels == 1:
        x = x[:, 1:2]
    masks = []
    for half in (False, True):
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half):
            masks.append((network.eval()(x)[0, 0].float() > 0).numpy())
    found = dice(masks[0], masks[1])
    return found if isinstance(found, float) else None
