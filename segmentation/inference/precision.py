"""How networks are computed: in single precision, or in bfloat16 where that was tried first.

Single precision is the reference: the same scan and checkpoint give the same mask everywhere. On
processors that multiply bfloat16 natively half precision takes about half the time, and a method's
networks are computed in it only when it was asked for, the processor has it, and each of them gives
the mask of single precision (Dice of at least 0.995) in a trial on a bundled slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray

from segmentation.evaluation.overlap import dice
from segmentation.inference.scoring import head_mask, standardised
from segmentation.networks.unet import UNet

CPU_LIST = Path("/proc/cpuinfo")
NATIVE = {"avx512_bf16", "amx_bf16"}  # processor flags, either of which will do
LEAST_DICE = 0.995
CHECK_SLICE = Path(__file__).with_name("check_slice.npz")

_asked = [False]  # of this process, as PyTorch's number of threads is
_tried: WeakKeyDictionary[UNet, float | None] = WeakKeyDictionary()


@dataclass(frozen=True)
class Precision:
    """What networks are computed in, why, and what the trial gave where there was one."""

    name: Literal["float32", "bfloat16"]
    reason: str
    self_check_dice: float | None = None

    def as_record(self) -> dict[str, Any]:
        """What a mask's provenance says about it."""
        return asdict(self)


REFERENCE = Precision("float32", "the reference")


def ask_for_speed(*, fast: bool) -> None:
    """This will ask for bfloat16 in this process from now on, or for single precision."""
    _asked[0] = fast


def precision_of(networks: Sequence[UNet]) -> Precision:
    """What the networks of a method are computed in, all of them the same, in this process.

    Each is tried once. Whatever speaks against bfloat16 is the reason for single precision.
    """
    if not _asked[0]:
        return REFERENCE
    if torch.cuda.is_available():
        return Precision("float32", "computed on the GPU")
    if not has_native_bfloat16():
        return Precision("float32", "this processor does not compute bfloat16 natively")
    for one in networks:
        if one not in _tried:
            _tried[one] = self_check(one)
    found = [_tried[one] for one in networks]
    if None in found:
        return Precision("float32", "the slice of the trial shows no lesion in either precision")
    agreement = min(one for one in found if one is not None)
    if agreement < LEAST_DICE:
        return Precision("float32", "bfloat16 failed its trial on this machine", agreement)
    return Precision("bfloat16", "asked for, and its trial agreed with the reference", agreement)


def has_native_bfloat16(cpu_list: Path | None = None) -> bool:
    """Whether the processor says that it has it; False where it does not say (outside Linux)."""
    try:
        lines = (cpu_list or CPU_LIST).read_text().splitlines()
    except OSError:
        return False
    flags = next((line.split(":", 1)[1].split() for line in lines if line.startswith("flags")), [])
    return bool(NATIVE & set(flags))


def self_check(network: UNet) -> float | None:
    """Dice of the lesion masks of the bundled slice in both precisions; None when both are empty.

    The slice is one of a phantom (seed 62000, 176 x 208 x 36 voxels of 1 x 1 x 4 mm, confluent),
    the twentieth, as each kind of network is shown scans.
    """
    x = torch.from_numpy(_as_shown_to(network))[None]
    masks = []
    for half in (False, True):
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half):
            masks.append((network.eval()(x)[0, 0].float() > 0).numpy())
    found = dice(masks[0], masks[1])
    return found if isinstance(found, float) else None


def _as_shown_to(network: UNet) -> NDArray[np.float32]:
    """The bundled slice: FLAIR with its neighbours, FLAIR alone, or FLAIR and T1.

    FLAIR is kept relative to the tissue's peak, in uint8 from -5 to 10, as networks of two outputs
    see it. Those of one output see z-scores over the head.
    """
    with np.load(CHECK_SLICE, allow_pickle=False) as kept:
        flair: NDArray[np.float32] = kept["slices"].astype(np.float32) / 17 - 5
        t1: NDArray[np.float32] = kept["t1"].astype(np.float32)[None]
    if network.settings.outputs == 1:
        flair, t1 = _over_the_head(flair + np.float32(5)), _over_the_head(t1)  # air is at -5
    if network.settings.in_channels == 3:
        return flair
    return np.concatenate([flair[1:2], t1])[: network.settings.in_channels]


def _over_the_head(slices: NDArray[np.float32]) -> NDArray[np.float32]:
    return standardised(slices, head_mask(slices, threshold=None))
