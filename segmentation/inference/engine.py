"""The engine: batches of slices through a network, on the CPU or a GPU, with progress."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from segmentation.inference.precision import REFERENCE, Precision
from segmentation.networks.unet import UNet

Progress = Callable[[float, str], None]
BATCH = 4
MOST_PIXELS = 420_000  # at once: larger boxes go through in parts, for the memory they take
MULTIPLE = 16  # the network pools four times: a crop must start on its coarsest grid
MARGIN = 32  # pixels around the box, so that its edge is as far away as it matters


def best_device() -> torch.device:
    """The GPU where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def predict(
    network: UNet,
    slices: NDArray[np.float32],
    *,
    progress: Progress,
    within: NDArray[np.bool_] | None = None,
    stride: int = 1,
    precision: Precision = REFERENCE,
) -> NDArray[np.float32]:
    """This will return the network's probabilities (outputs, slices, height, width).

    `slices` is (slices, height, width); the network sees each with its neighbours, `stride` slices
    away, where it takes three channels (the first and the last slice stand in for those beyond). Or
    it is (slices, channels, height, width), the channels being what the network takes. Of each
    batch only a box around `within` (slices, height, width; None: everything) is computed, the rest
    is 0: brains are small at either end. `precision` is that of a processor; GPUs have their own.
    `progress` is called before each batch with the share done; what it raises ends the prediction.
    """
    device = best_device()
    network.eval().to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # stubs lack it
    shape = (len(slices), *slices.shape[-2:])
    result = np.zeros((network.settings.outputs, *shape), dtype=np.float32)
    inside = np.ones(shape, bool) if within is None else within
    wanted = np.flatnonzero(inside.any(axis=(1, 2)))
    half = device.type == "cpu" and precision.name == "bfloat16"
    with torch.inference_mode():
        for start in range(0, len(wanted), BATCH):
            progress(start / len(wanted), f"Segmenting, slice {start + 1} of {len(wanted)}")
            middle = wanted[start : start + BATCH]
            rows, columns = box_around(inside[middle])
            seen = slices[..., rows, columns]
            at_once = max(1, MOST_PIXELS // (seen.shape[-2] * seen.shape[-1]))
            for first in range(0, len(middle), at_once):
                some = middle[first : first + at_once]
                batch = _channels(seen, some, network.settings.in_channels, stride)
                x = torch.from_numpy(batch).to(device=device, memory_format=torch.channels_last)
                with torch.autocast("cpu", torch.bfloat16, enabled=half):
                    logits = network(x)
                maps = logits.float().sigmoid().cpu().numpy()
                result[:, some, rows, columns] = maps.swapaxes(0, 1)
    return result


def _channels(
    seen: NDArray[np.float32], middle: NDArray[np.intp], channels: int, stride: int
) -> NDArray[np.float32]:
    """What the network gets of some slices: their channels, or they and their neighbours."""
    if seen.ndim == 4:
        return np.ascontiguousarray(seen[middle])
    around = range(-(channels // 2) * stride, channels // 2 * stride + 1, stride)
    return np.stack([seen[np.clip(middle + step, 0, len(seen) - 1)] for step in around], axis=1)


def box_around(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """This will return the rows and columns of a mask (slices, height, width) that hold anything.

    They have a margin, start at a multiple of 16 and end at one where the image does not end first.
    An empty mask gives one block of rows and columns.
    """
    rows, columns = (np.flatnonzero(mask.any(axis=others)) for others in ((0, 2), (0, 1)))
    return _block(rows, mask.shape[1]), _block(columns, mask.shape[2])


def _block(used: NDArray[np.intp], size: int) -> slice:
    """The block of whole multiples around the used places of an axis, with the margin."""
    first, last = (int(used[0]), int(used[-1])) if used.size else (0, 0)
    start = max(0, first - MARGIN) // MULTIPLE * MULTIPLE
    stop = min(size, -(-(last + 1 + MARGIN) // MULTIPLE) * MULTIPLE)
    return slice(start, stop)
