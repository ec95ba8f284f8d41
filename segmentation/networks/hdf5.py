"""Reading weights that Keras 2 saved (`save_weights`, HDF5) without ever running anything in them.

Only h5py reads the file: no `load_model`, no pickle, no Lambda layers. A file may come from
anybody, so links out of the file, data kept elsewhere, unknown types and huge shapes are refused
before a byte of data is read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from segmentation.networks.checkpoint import UnusableCheckpoint

MOST_BYTES = 512 * 1024**2
MOST_VALUES = 20_000_000  # in all layers; the largest network here has 8.7 million
MOST_LAYERS = 1000
DAMAGE = (OSError, LookupError, ValueError, RuntimeError, TypeError, AttributeError)


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer with weights: its name in the file, and the arrays in the order Keras made them."""

    name: str
    arrays: tuple[NDArray[np.float32], ...]

    @property
    def shapes(self) -> str:
        """The shapes of the arrays, for a message."""
        return " and ".join(" x ".join(map(str, one.shape)) for one in self.arrays)


def read_layers(path: Path) -> list[Layer]:
    """This will read the layers that have weights, in the order in which the network runs them.

    Raises UnusableCheckpoint for whatever is not a plain file of weights.
    """
    if not path.is_file():
        raise UnusableCheckpoint(f"{path}: there is no such file. Name the file with the weights.")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UnusableCheckpoint(
                f"{path.name}: the file has more than {MOST_BYTES // 1024**2} MB. "
                "Save the weights alone (Keras: save_weights)."
            )
        with h5py.File(path, "r") as file:
            return _layers(file, path.name)
    except (*DAMAGE, MemoryError) as error:
        raise UnusableCheckpoint(
            f"{path.name}: this is no HDF5 file with Keras weights, or it is damaged ({error})."
        ) from error


def _layers(file: h5py.File, name: str) -> list[Layer]:
    root = _inside(file, "model_weights", name) if "model_weights" in file else file
    if "layer_names" not in root.attrs:
        raise UnusableCheckpoint(
            f"{name}: the layers are not listed (no layer_names). Save the weights with Keras 2 or "
            "tf_keras: model.save_weights('weights.h5')."
        )
    found: dict[str, list[tuple[str, h5py.Dataset]]] = {}
    for layer in _names(root, "layer_names", name):
        group, where = _inside(root, layer, name), f"{name}, layer {layer}"
        weights = _names(group, "weight_names", where)
        found[layer] = [(f"{where}: {one}", _dataset(group, one, where)) for one in weights]
    claims = [(_values(data), where, data) for layer in found.values() for where, data in layer]
    claimed = sum(values for values, _, _ in claims)
    if claimed > MOST_VALUES:
        _, where, data = max(claims, key=lambda claim: claim[0])
        raise UnusableCheckpoint(
            f"{where} claims the shape {' x '.join(map(str, data.shape))}; with all layers that is "
            f"{claimed} values, far more than any network here has."
        )
    return [
        Layer(layer, tuple(_array(data, where) for where, data in weights))
        for layer, weights in found.items()
        if weights
    ]


def _names(group: h5py.Group, attribute: str, where: str) -> list[str]:
    """The names that an attribute lists, each once; none where it is not there."""
    listed = group.attrs.get(attribute, [])
    if np.ndim(listed) != 1 or len(listed) > MOST_LAYERS:
        raise UnusableCheckpoint(f"{where}: {attribute} is no list of up to {MOST_LAYERS} names.")
    names = [one.decode() if isinstance(one, bytes) else str(one) for one in listed]
    for name in names:
        if names.count(name) > 1:
            raise UnusableCheckpoint(f"{where}: {attribute} lists {name} more than once.")
    return names


def _inside(group: h5py.Group, path: str, where: str) -> Any:
    """What lies at a path below a group, following no link out of the file."""
    here: Any = group
    for part in path.split("/"):
        link = here.get(part, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise UnusableCheckpoint(f"{where}: {part} is a link to elsewhere, which is refused.")
        here = here[part]
    return here


def _dataset(group: h5py.Group, path: str, where: str) -> h5py.Dataset:
    data = _inside(group, path, where)
    if not isinstance(data, h5py.Dataset) or data.dtype.kind != "f":
        raise UnusableCheckpoint(f"{where}: {path} holds no floating point numbers.")
    if data.external or data.is_virtual:
        raise UnusableCheckpoint(f"{where}: {path} keeps its data elsewhere, which is refused.")
    if data.size is None:
        raise UnusableCheckpoint(f"{where}: {path} holds no values.")
    return data


def _values(data: h5py.Dataset) -> int:
    """How many values reading takes memory for: a packed chunk may be larger than its data."""
    return max(int(data.size), math.prod(data.chunks or ()))


def _array(data: h5py.Dataset, where: str) -> NDArray[np.float32]:
    values = np.asarray(data[()], dtype=np.float32)
    if not np.isfinite(values).all():
        raise UnusableCheckpoint(f"{where} holds values that are not numbers.")
    return values
