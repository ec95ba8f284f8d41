"""Candidates: the lesions of several masks of one scan, fused where they overlap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from segmentation.imaging.geometry import Grid
from segmentation.imaging.lesions import lesions_in


@dataclass(frozen=True)
class Origin:
    """What one source has of a candidate: ids of its lesions, and how many voxels they have."""

    source: str
    lesions: tuple[int, ...]
    voxels: int


@dataclass(frozen=True, eq=False)
class Candidate:
    """A possible lesion. `voxels` (n, 3) are indices of the RAS grid; the dot is one of them."""

    number: int
    voxels: NDArray[np.intp]
    dot: tuple[int, int, int]
    dot_mm: tuple[float, float, float]
    origins: tuple[Origin, ...]


def build_candidates(
    masks: Mapping[str, NDArray[np.bool_]], *, grid: Grid, min_volume_mm3: float
) -> tuple[Candidate, ...]:
    """This will fuse the lesions of masks (stored order, by source) into candidates.

    Lesions are 26-connected; smaller ones (strictly) are left out. Two lesions belong together when
    they share a voxel, or when a chain of such lesions joins them; that they touch is not enough.
    Numbers, from 1, follow the RAS order of the first voxels (x slowest). No lesion gives none.
    Raises ValueError when a mask does not lie on the grid.
    """
    sources = sorted(masks)
    places, lesions, owners = [], [], []
    for number, source in enumerate(sources):
        found = lesions_in(masks[source], grid=grid, min_volume_mm3=min_volume_mm3)
        places.append(found.at)
        lesions.append(found.ids)
        owners.append(np.full(len(found.at), number, np.intp))
    if not any(map(len, places)):
        return ()
    at, lesion, owner = map(np.concatenate, (places, lesions, owners))
    parts, part = np.unique(np.stack([owner, lesion]), axis=1, return_inverse=True)
    part = part.reshape(-1)
    candidate = _fused(at, part, parts.shape[1])[part]
    order = np.argsort(at, kind="stable")
    _, first = np.unique(candidate[order], return_index=True)
    ranks = np.argsort(np.argsort(first)) + 1
    numbers = ranks[candidate]
    return tuple(
        _candidate(number, at[here], part[here], parts, sources, grid.ras)
        for number in range(1, len(ranks) + 1)
        for here in [np.flatnonzero(numbers == number)]
    )


def _fused(at: NDArray[np.intp], part: NDArray[np.intp], parts: int) -> NDArray[np.intp]:
    """The number of its candidate for every lesion; lesions with a common voxel share one."""
    order = np.argsort(at, kind="stable")
    same = np.flatnonzero(np.diff(at[order]) == 0)
    one, other = part[order[same]], part[order[same + 1]]
    edges = coo_array((np.ones(len(one), np.int8), (one, other)), (parts, parts))
    return np.asarray(connected_components(edges, directed=False)[1], dtype=np.intp)


def _candidate(
    number: int,
    at: NDArray[np.intp],
    part: NDArray[np.intp],
    parts: NDArray[np.intp],
    sources: list[str],
    ras: Grid,
) -> Candidate:
    voxels = np.stack(np.unravel_index(np.unique(at), ras.shape), axis=-1)
    dot = nearest_to_centre(voxels, grid=ras)
    of = [
        Origin(
            source=sources[owner],
            lesions=tuple(sorted(int(lesion) for lesion in set(parts[1, mine].tolist()))),
            voxels=int(np.isin(part, mine).sum()),
        )
        for owner in sorted(set(parts[0, np.unique(part)].tolist()))
        for mine in [np.intersect1d(np.unique(part), np.flatnonzero(parts[0] == owner))]
    ]
    return Candidate(number, voxels, dot, place_of(dot, grid=ras), tuple(of))


def nearest_to_centre(voxels: NDArray[np.intp], *, grid: Grid) -> tuple[int, int, int]:
    """The voxel (of n, 3) that lies nearest to the centre of mass of all; of several, the first."""
    mm = grid.to_mm(voxels)
    away = ((mm - mm.mean(axis=0)) ** 2).sum(axis=1).round(9)
    x, y, z = voxels[int(np.argmin(away))].tolist()
    return x, y, z


def place_of(voxel: tuple[int, int, int], *, grid: Grid) -> tuple[float, float, float]:
    """The centre of a voxel in RAS+ millimetres, to four digits."""
    x, y, z = grid.to_mm(np.array(voxel)).round(4).tolist()
    return x, y, z
