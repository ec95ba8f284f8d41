"""A drawing: a mask as the edits that made it.

An edit says which voxels it added to the mask and which it removed, and nothing about the tool that
found them. So whoever replays the edits, browser or server, gets the same voxels; taking an edit
back is removing what it added and adding what it removed, and touches nothing else. Undo and redo
are edits too: what was drawn is never rewritten.

Voxels are counted through the RAS grid, x fastest, and written as runs: first voxel, how many,
first voxel, how many, ... in rising order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segmentation.refusals import Refusal


class UnusableEdit(Refusal):
    """An edit does not fit the grid, or there is nothing to take back or to repeat."""


class DoesNotReplay(Refusal):
    """The edits of a drawing do not lead to the mask that was seen."""


@dataclass(frozen=True)
class Edit:
    """One edit: a "change", an "undo" or a "redo"; the latter two have no voxels of their own."""

    kind: str
    added: Sequence[int] = ()
    removed: Sequence[int] = ()


def check_runs(runs: Sequence[int], *, voxels: int) -> None:
    """This will raise UnusableEdit unless these are runs on a grid of so many voxels."""
    ends = np.array(runs, dtype=np.int64)
    if ends.size % 2:
        raise UnusableEdit("An edit counts voxels in pairs: the first voxel, and how many.")
    first, count = ends[::2], ends[1::2]
    behind = first + count
    if ends.size and (
        count.min() < 1 or first[0] < 0 or behind[-1] > voxels or (first[1:] < behind[:-1]).any()
    ):
        raise UnusableEdit(
            f"An edit names voxels twice, out of order, or beyond the {voxels} of this scan."
        )


def runs_of(voxels: NDArray[np.intp], *, shape: tuple[int, int, int]) -> list[int]:
    """This will write voxels (n, 3) of a RAS grid of that shape as runs; none gives none."""
    at = np.unique(np.ravel_multi_index(tuple(voxels.T), shape, order="F"))
    begins = np.flatnonzero(np.diff(at, prepend=-2) != 1)
    counts = np.diff(np.append(begins, len(at)))
    pairs: list[int] = np.stack([at[begins], counts], axis=-1).reshape(-1).tolist()
    return pairs


def standing(kinds: Iterable[str]) -> tuple[list[int], list[int]]:
    """Which edits (from 0) stand after all of them, in their order, and which can be repeated.

    A change after an undo ends what could be repeated. Raises UnusableEdit for an undo or redo with
    nothing before it.
    """
    done: list[int] = []
    undone: list[int] = []
    for at, kind in enumerate(kinds):
        if kind == "change":
            done.append(at)
            undone.clear()
        elif kind == "undo" and done:
            undone.append(done.pop())
        elif kind == "redo" and undone:
            done.append(undone.pop())
        else:
            raise UnusableEdit(f"There is nothing to {kind} at this point of the drawing.")
    return done, undone


def replay(edits: Sequence[Edit], *, start: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """This will return the mask (RAS order) that edits make of `start`; none leave it as it is.

    Raises DoesNotReplay where an edit adds what is there already or removes what is not, and
    UnusableEdit where an edit does not fit the grid.
    """
    flat = start.ravel(order="F").copy()
    for at in standing([edit.kind for edit in edits])[0]:
        for runs, value in ((edits[at].removed, False), (edits[at].added, True)):
            check_runs(runs, voxels=flat.size)
            for first, count in zip(runs[::2], runs[1::2], strict=True):
                if (flat[first : first + count] == value).any():
                    raise DoesNotReplay(
                        f"Edit {at + 1} of this drawing does not fit what was drawn before it, so "
                        "nothing was saved. Every edit is kept; tell your administrator."
                    )
                flat[first : first + count] = value
    return flat.reshape(start.shape, order="F")


def digest(mask: NDArray[np.bool_]) -> int:
    """A number (32 bits) that two masks on a grid share only by chance; 0 for an empty mask.

    The exclusive or of one number for each voxel of the mask, so that a browser keeps it up to date
    at the price of the voxels that change (`voxelDigest` in the front end).
    """
    at = np.flatnonzero(mask.ravel(order="F")).astype(np.uint32) + np.uint32(1)
    mixed = at * np.uint32(2654435761)
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(2246822507)
    mixed ^= mixed >> np.uint32(13)
    return int(np.bitwise_xor.reduce(mixed)) if mixed.size else 0
