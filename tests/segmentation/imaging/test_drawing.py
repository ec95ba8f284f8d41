"""A drawing replays to the voxels that were drawn, whatever was undone and redone on the way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray

from segmentation.imaging.drawing import (
    DoesNotReplay,
    Edit,
    UnusableEdit,
    check_runs,
    digest,
    replay,
    standing,
)

SHAPE = (4, 3, 2)
EMPTY = np.zeros(SHAPE, dtype=bool)


def runs_of(voxels: NDArray[np.bool_]) -> list[int]:
    """The runs of a mask, one voxel each: the plainest way to write them."""
    return [part for at in np.flatnonzero(voxels.ravel(order="F")) for part in (int(at), 1)]


def between(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Edit:
    """The edit that makes one mask of another."""
    return Edit("change", runs_of(after & ~before), runs_of(before & ~after))


MASKS = some.lists(some.booleans(), min_size=24, max_size=24).map(
    lambda values: np.array(values).reshape(SHAPE)
)


@settings(max_examples=60, deadline=None)
@given(some.lists(some.one_of(MASKS, some.sampled_from(["undo", "redo"])), max_size=12))
def test_any_drawing_replays_to_what_was_seen(acts: list[NDArray[np.bool_] | str]) -> None:
    """Beside it a plain stack of whole masks, as somebody at the screen would see it."""
    seen, ahead, log = [EMPTY], [], []
    for act in acts:
        if isinstance(act, str):
            come, go = (ahead, seen) if act == "undo" else (seen, ahead)
            if len(go) <= (1 if act == "undo" else 0):
                continue
            come.append(go.pop())
            log.append(Edit(act))
        else:
            log.append(between(seen[-1], act))
            seen.append(act)
            ahead.clear()
    np.testing.assert_array_equal(replay(log, start=EMPTY), seen[-1])


def test_runs_count_through_the_grid_x_first() -> None:
    drawn = replay([Edit("change", [1, 2, 12, 1])], start=EMPTY)
    assert [tuple(map(int, voxel)) for voxel in np.argwhere(drawn)] == [
        (0, 0, 1),
        (1, 0, 0),
        (2, 0, 0),
    ]


@pytest.mark.parametrize(
    "runs", [[0], [-1, 2], [23, 2], [0, 0], [4, 2, 5, 1], [5, 1, 4, 1], [24, 1]]
)
def test_runs_that_are_none(runs: list[int]) -> None:
    with pytest.raises(UnusableEdit):
        check_runs(runs, voxels=24)


def test_what_does_not_fit_what_was_drawn_before() -> None:
    first = Edit("change", [3, 2])
    with pytest.raises(DoesNotReplay, match="Edit 2"):
        replay([first, Edit("change", [4, 2])], start=EMPTY)
    with pytest.raises(DoesNotReplay, match="Edit 1"):
        replay([Edit("change", (), [0, 1])], start=EMPTY)
    for kinds in (["undo"], ["change", "redo"], ["change", "undo", "change", "redo"]):
        with pytest.raises(UnusableEdit, match="nothing to"):
            standing(kinds)


def test_the_digest_is_the_one_that_browsers_keep() -> None:
    """The same numbers stand in the front end's test."""
    mask = EMPTY.copy()
    assert digest(mask) == 0
    mask[0, 0, 0] = True
    assert digest(mask) == 4068589060
    mask[3, 2, 1] = True
    assert digest(mask) == 3988564929
    one, other = mask.copy(), mask.copy()
    one[1, 0, 0], other[2, 0, 0] = True, True
    assert digest(one) != digest(other)
