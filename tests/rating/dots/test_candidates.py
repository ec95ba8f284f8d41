"""Lesions of several sources become candidates; each has one dot, in one of its voxels."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from scipy import ndimage

from rating.dots.candidates import build_candidates
from rating.dots.dot_mask import DotOutside, dot_mask
from rating.dots.lesions_at_dots import lesions_at_dots
from rating.dots.order import sham_dots, shuffled
from rating.protocol.sequence import Stream
from segmentation.imaging.drawing import Edit, replay, runs_of
from segmentation.imaging.geometry import Grid

GRID = Grid(shape=(12, 14, 10), affine=np.eye(4))


def mask_of(*boxes: tuple[slice, slice, slice]) -> np.ndarray:
    mask = np.zeros(GRID.shape, bool)
    for box in boxes:
        mask[box] = True
    return mask


def box(*sides: tuple[int, int]) -> tuple[slice, slice, slice]:
    x, y, z = (slice(*side) for side in sides)
    return x, y, z


def test_lesions_that_share_a_voxel_are_one_candidate() -> None:
    one = mask_of(box((1, 4), (1, 4), (1, 3)), box((6, 8), (1, 4), (1, 3)))
    bridge = mask_of(box((3, 7), (2, 3), (1, 2)))
    (found,) = build_candidates({"a": one, "b": bridge}, grid=GRID, min_volume_mm3=0)
    assert len(found.voxels) == int((one | bridge).sum())
    assert [(o.source, o.lesions, o.voxels) for o in found.origins] == [
        ("a", (1, 2), int(one.sum())),
        ("b", (1,), 4),
    ]


def test_lesions_that_only_touch_stay_two() -> None:
    """Components of the union would make one of them."""
    left, right = mask_of(box((1, 4), (1, 4), (1, 3))), mask_of(box((4, 7), (1, 4), (1, 3)))
    assert ndimage.label(left | right)[1] == 1
    found = build_candidates({"a": left, "b": right}, grid=GRID, min_volume_mm3=0)
    assert [one.origins[0].source for one in found] == ["a", "b"]


def test_small_lesions_are_left_out_strictly_and_26_connected() -> None:
    diagonal = np.zeros(GRID.shape, bool)
    for at in range(4):
        diagonal[at, at, at] = True
    assert len(build_candidates({"a": diagonal}, grid=GRID, min_volume_mm3=4.0)) == 1
    assert build_candidates({"a": diagonal}, grid=GRID, min_volume_mm3=4.1) == ()
    assert build_candidates({}, grid=GRID, min_volume_mm3=0) == ()
    assert build_candidates({"a": ~diagonal & diagonal}, grid=GRID, min_volume_mm3=0) == ()


def test_the_dot_of_a_ring_lies_on_the_ring() -> None:
    ring = mask_of(box((2, 9), (2, 9), (4, 5)))
    ring[3:8, 3:8, 4] = False
    (found,) = build_candidates({"a": ring}, grid=GRID, min_volume_mm3=0)
    assert not ring[5, 5, 4]  # the centre of mass
    assert ring[found.dot]
    away = np.linalg.norm(np.argwhere(ring) - [5, 5, 4], axis=1)
    assert np.linalg.norm(np.array(found.dot) - [5, 5, 4]) == pytest.approx(away.min())
    assert found.dot_mm == tuple(map(float, found.dot))


def test_the_dot_lies_at_the_nearest_voxel_in_mm() -> None:
    thick = Grid(shape=GRID.shape, affine=np.diag([0.6, 0.6, 4, 1]))
    ring = mask_of(box((2, 9), (2, 9), (4, 5)))
    ring[3:8, 3:8, 4] = False
    ring[5:9, 5, 5] = True  # a slice above the centre: one voxel away, or 4 mm
    (found,) = build_candidates({"a": ring}, grid=thick, min_volume_mm3=0)
    (in_voxels,) = build_candidates({"a": ring}, grid=GRID, min_volume_mm3=0)
    assert in_voxels.dot == (5, 5, 5)
    assert found.dot[2] == 4


def test_numbers_and_dots_do_not_depend_on_the_axes() -> None:
    rng = np.random.default_rng(3)
    ras = rng.random((9, 8, 7)) > 0.93
    tilted = np.array([[0.93, 0.12, 0.3], [-0.15, 1.21, -0.2], [-0.2, 0.25, 3.1]])
    known = None
    for order, signs in product(permutations(range(3)), product((1, -1), repeat=3)):
        affine = np.eye(4)
        sizes = np.array(ras.shape)[list(order)]
        affine[:3, :3] = tilted[:, order] * signs
        # The same place in the world whatever the axes: flipped ones begin at the other end.
        ends = [(size - 1) * (sign < 0) for size, sign in zip(sizes, signs, strict=True)]
        affine[:3, 3] = -affine[:3, :3] @ np.array(ends, float)
        grid = Grid(shape=tuple(int(one) for one in sizes), affine=affine)
        found = build_candidates({"a": grid.to_native(ras)}, grid=grid, min_volume_mm3=0)
        told = [(one.number, one.dot, np.round(one.dot_mm, 3).tolist()) for one in found]
        known = known or told
        assert told == known
        stored = grid.to_ras(dot_mask({one.number: one.dot for one in found}, grid=grid))
        assert {(int(stored[one.dot]), one.dot) for one in found} == {
            (one.number, one.dot) for one in found
        }


def test_candidates_agree_with_a_second_way_of_counting() -> None:
    """By growing: each lesion floods through every other lesion that shares a voxel with it."""
    rng = np.random.default_rng(11)
    masks = {name: ndimage.binary_dilation(rng.random(GRID.shape) > 0.985) for name in "abc"}
    labels = {name: ndimage.label(mask, np.ones((3, 3, 3)))[0] for name, mask in masks.items()}
    groups: list[set[tuple[str, int]]] = []
    for place in np.argwhere(np.logical_or.reduce(list(masks.values()))):
        here = {(name, int(labels[name][tuple(place)])) for name in "abc"}
        here = {part for part in here if part[1]}
        touching = [group for group in groups if group & here]
        groups = [group for group in groups if not group & here] + [here.union(*touching)]
    found = build_candidates(masks, grid=GRID, min_volume_mm3=0)
    assert len(found) == len(groups)
    sizes = sorted(
        int(np.logical_or.reduce([labels[name] == number for name, number in group]).sum())
        for group in groups
    )
    assert sorted(len(one.voxels) for one in found) == sizes


def test_dots_outside_the_volume_are_refused() -> None:
    with pytest.raises(DotOutside, match="dot 7"):
        dot_mask({1: (0, 0, 0), 7: (0, 14, 0)}, grid=GRID)
    assert not dot_mask({}, grid=GRID).any()


def test_where_balls_meet_the_nearer_dot_wins_and_every_dot_keeps_its_voxel() -> None:
    labels = dot_mask({1: (3, 5, 5), 2: (5, 5, 5), 3: (6, 5, 5)}, grid=GRID, radius_mm=3)
    assert [labels[x, 5, 5] for x in (3, 5, 6)] == [1, 2, 3]
    assert labels[2, 5, 5] == 1
    assert labels[8, 5, 5] == 3
    assert labels[10, 5, 5] == 0


def test_a_lesion_belongs_to_the_dots_within_reach() -> None:
    mask = mask_of(box((1, 3), (1, 3), (1, 2)), box((9, 11), (9, 11), (7, 8)))
    near, far = (5.0, 2.0, 1.0), (5.0, 8.0, 5.0)
    drawn = lesions_at_dots(mask, dots_mm=[near, far], grid=GRID, reach_mm=3.0)
    assert (drawn.at_dot, drawn.elsewhere) == ((frozenset({1}), frozenset()), frozenset({2}))
    exactly = lesions_at_dots(mask, dots_mm=[near], grid=GRID, reach_mm=2.9)
    assert exactly.at_dot == (frozenset(),)
    empty = lesions_at_dots(mask_of(), dots_mm=[near], grid=GRID, reach_mm=3)
    assert (empty.at_dot, empty.elsewhere) == ((frozenset(),), frozenset())


def test_sham_dots_lie_far_from_everything() -> None:
    taken = mask_of(box((1, 3), (1, 3), (1, 3)))
    head = np.ones(GRID.shape, bool)
    head[:, :, :2] = False

    def drawn(count: int, secret: int = 0) -> tuple[tuple[int, int, int], ...]:
        source = Stream(secret=bytes([secret]), study="test", rater="shams")
        return sham_dots(count, taken=taken, head=head, grid=GRID, distance_mm=5.0, source=source)

    shams = drawn(3)
    assert shams == drawn(3)
    assert len(shams) == 3
    for secret in range(20):
        places = np.array([*drawn(3, secret)])
        for place in places:
            assert head[tuple(place)]
            assert np.linalg.norm(np.argwhere(taken) - place, axis=1).min() >= 5
        apart = [np.linalg.norm(a - b) for a in places for b in places if (a != b).any()]
        assert min(apart) >= 5
    assert 3 < len(drawn(50)) < 50, "as many as there is room for"
    assert drawn(0) == ()


def test_every_order_is_drawn_equally_often() -> None:
    source = Stream(secret=b"s", study="test", rater="orders")
    seen: dict[str, int] = {}
    for _ in range(1200):
        order = "".join(shuffled("abc", source=source))
        seen[order] = seen.get(order, 0) + 1
    assert len(seen) == 6
    assert min(seen.values()) > 150
    assert shuffled([], source=source) == []


def test_runs_are_read_back_by_replay() -> None:
    mask = np.random.default_rng(5).random((5, 6, 7)) > 0.6
    runs = runs_of(np.argwhere(mask), shape=mask.shape)
    drawn = replay([Edit("change", added=runs)], start=np.zeros(mask.shape, bool))
    np.testing.assert_array_equal(drawn, mask)
    assert runs_of(np.zeros((0, 3), int), shape=mask.shape) == []
