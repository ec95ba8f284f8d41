"""Running a patch network at many voxels of a volume: patch by patch, or densely in blocks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from segmentation.inference.engine import best_device
from segmentation.networks.cascade import PatchNet

Progress = Callable[[float, str], None]
BATCH = 256  # patches; about 90 MB of features, which is faster than more
BLOCK = 32  # edge of a dense block's output in voxels; larger ones take more memory, and more time


def predict_at(
    network: PatchNet,
    channels: NDArray[np.float32],
    wanted: NDArray[np.bool_],
    *,
    progress: Progress,
    densely: bool | None = None,
    batch: int = BATCH,
) -> NDArray[np.float32]:
    """This will return the network's probability at each wanted voxel, 0 elsewhere.

    `channels` is (channels, x, y, z), `wanted` (x, y, z); beyond the volume everything is 0.
    `densely` (None: where the network can) computes whole blocks around the wanted voxels at once,
    which gives the same numbers. `progress` is called before each batch or block with the share
    done; what it raises ends the work.
    """
    device = best_device()
    network = network.folded().to(device)
    settings = network.settings
    before, after = settings.before, settings.patch - 1 - settings.before
    padded = np.pad(channels, [(0, 0), *[(before, after)] * 3])
    if settings.slopes == "channel" if densely is None else densely:
        return _densely(network, padded, wanted, device, progress)
    result = np.zeros(wanted.shape, dtype=np.float32)
    places = np.argwhere(wanted)
    for start in range(0, len(places), batch):
        progress(start / len(places), "Segmenting")
        some = places[start : start + batch]
        with torch.inference_mode():
            patches = torch.from_numpy(patches_at(padded, some, settings.patch))
            likely = network(patches.to(device))
        result[tuple(some.T)] = likely.cpu().numpy()
    return result


def patches_at(
    padded: NDArray[np.float32], places: NDArray[np.intp], edge: int
) -> NDArray[np.float32]:
    """The patches (n, channels, edge, edge, edge) that begin at these places of a padded volume."""
    windows = np.lib.stride_tricks.sliding_window_view(padded, (edge,) * 3, axis=(1, 2, 3))
    x, y, z = places.T
    return np.ascontiguousarray(windows[:, x, y, z].swapaxes(0, 1))


def _densely(
    network: PatchNet,
    padded: NDArray[np.float32],
    wanted: NDArray[np.bool_],
    device: torch.device,
    progress: Progress,
) -> NDArray[np.float32]:
    """The same by blocks; blocks without a wanted voxel are left out."""
    result = np.zeros(wanted.shape, dtype=np.float32)
    blocks = []
    for corner in np.ndindex(*(-(-n // BLOCK) for n in wanted.shape)):
        block = tuple(slice(n * BLOCK, (n + 1) * BLOCK) for n in corner)
        used = [
            np.flatnonzero(wanted[block].any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))
        ]
        if used[0].size:  # only the box of the block that holds wanted voxels
            blocks.append(
                tuple(
                    slice(axis.start + int(places[0]), axis.start + int(places[-1]) + 1)
                    for axis, places in zip(block, used, strict=True)
                )
            )
    more = network.settings.patch - 1
    for number, box in enumerate(blocks):
        progress(number / len(blocks), "Segmenting")
        seen = padded[(slice(None), *(slice(axis.start, axis.stop + more) for axis in box))]
        with torch.inference_mode():
            volume = torch.from_numpy(np.ascontiguousarray(seen))[None]
            likely = network.dense(volume.to(device)).cpu().numpy()
        result[box] = np.where(wanted[box], likely, 0)
    return result
