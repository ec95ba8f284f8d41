"""Connected components of a mask, by its runs of voxels rather than by all voxels of its grid.

Lesions fill a thousandth of a scan. Runs along the last axis are found in one pass; what touches is
then a question among runs, of which there are few.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

CONNECTIVITY = {6: 1, 18: 2, 26: 3}  # neighbours of a voxel -> how many axes may differ at once


@dataclass(frozen=True)
class Components:
    """The voxels of a mask with the component of each.

    `at` are flat indices (C order, ascending), `ids` the components' numbers from 1 in the order of
    their first voxels, `sizes` how many voxels each number has.
    """

    at: NDArray[np.intp]
    ids: NDArray[np.intp]
    sizes: NDArray[np.intp]

    @property
    def count(self) -> int:
        """How many components have any voxel."""
        return int(np.count_nonzero(self.sizes))

    def of_at_least(self, voxels: int) -> Components:
        """This will leave out smaller components; the others keep their numbers."""
        sizes = np.where(self.sizes >= voxels, self.sizes, 0)
        kept = sizes[self.ids - 1] > 0
        return Components(self.at[kept], self.ids[kept], sizes)


def find_components(mask: NDArray[np.bool_], *, connectivity: int = 26) -> Components:
    """This will find the connected components of a 3D mask; an empty mask has none.

    Raises KeyError for an unknown connectivity.
    """
    reach = CONNECTIVITY[connectivity]
    _, wide, deep = mask.shape
    at = _voxels_of(mask)
    if not len(at):
        return Components(at, at, at)
    rows, places = np.divmod(at, deep)
    rows += 2 * (rows // wide)  # two empty rows between slices: no neighbour across
    line = rows * (deep + 2) + places  # and two empty places between rows
    begins = np.flatnonzero(np.diff(line, prepend=-2) != 1)
    first = line[begins]
    last = line[np.append(begins[1:], len(line)) - 1]
    pairs = [
        _touching(first, last, (x * (wide + 2) + y) * (deep + 2), int(abs(x) + abs(y) < reach))
        for x, y in product((0, 1), (-1, 0, 1))
        if (x, y) > (0, 0) and abs(x) + abs(y) <= reach
    ]
    one, other = np.concatenate(pairs, axis=1)
    edges = coo_array((np.ones(len(one), np.int8), (one, other)), (len(first), len(first)))
    count, of_run = connected_components(edges, directed=False)
    _, first_run = np.unique(of_run, return_index=True)
    number = np.empty(count, np.intp)
    number[np.argsort(first_run)] = np.arange(1, count + 1)
    lengths = np.diff(np.append(begins, len(line)))
    ids = np.repeat(number[of_run], lengths)
    return Components(at, ids, np.bincount(ids, minlength=count + 1)[1:])


def _voxels_of(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The flat indices (C order) of a mask's voxels, read in the order of memory."""
    axes = np.argsort([-abs(step) for step in mask.strides], kind="stable")
    held = mask.transpose(axes)
    at = np.flatnonzero(np.ascontiguousarray(held))
    if list(axes) == [0, 1, 2]:
        return at
    found = np.unravel_index(at, held.shape)
    back = tuple(found[int(where)] for where in np.argsort(axes))
    return np.sort(np.ravel_multi_index(back, mask.shape))


def _touching(
    first: NDArray[np.intp], last: NDArray[np.intp], step: int, slack: int
) -> NDArray[np.intp]:
    """Pairs (2, n) of a run and one of a neighbouring row that it touches, `slack` to the side."""
    begin = np.searchsorted(last, first + step - slack)
    end = np.searchsorted(first, last + step + slack, side="right")
    many = np.maximum(end - begin, 0)
    run = np.repeat(np.arange(len(first)), many)
    skipped = np.cumsum(many) - many
    return np.stack([run, np.arange(len(run)) - np.repeat(skipped - begin, many)])
