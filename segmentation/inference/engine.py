"""The engine: batches of slices through a network, on the CPU or a GPU, with progress."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from segmentation.networks.unet import UNet

Progress = Callable[[float, str], None]
BATCH = 4


def predict(
    network: UNet, slices: NDArray[np.float32], *, progress: Progress
) -> NDArray[np.float32]:
    """This will return the network's probabilities (outputs, slices, height, width).

    `slices` is (slices, height, width); the network sees each with its neighbours where it takes
    three channels (the first and the last slice stand in for their missing neighbour). `progress`
    is called before each batch with the share done; what it raises ends the prediction.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.eval().to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # stubs lack it
    count = len(slices)
    around = range(-(network.settings.in_channels // 2), network.settings.in_channels // 2 + 1)
    result = np.empty((network.settings.outputs, *slices.shape), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, count, BATCH):
            progress(start / count, "Segmenting")
            middle = np.arange(start, min(start + BATCH, count))
            batch = np.stack(
                [slices[np.clip(middle + offset, 0, count - 1)] for offset in around], axis=1
            )
            x = torch.from_numpy(batch).to(device=device, memory_format=torch.channels_last)
            result[:, middle] = network(x).sigmoid().float().cpu().numpy().swapaxes(0, 1)
    return result
