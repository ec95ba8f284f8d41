"""Lesions are counted, measured and numbered the same however the scan is stored."""

from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nibabel.orientations import apply_orientation, inv_ornt_aff
from scipy import ndimage

from segmentation.imaging.geometry import Grid
from segmentation.imaging.lesions import drop_small_lesions, find_lesions, min_voxels_kept

GRID = Grid((20, 18, 10), np.diag([1.0, 1.0, 3.0, 1.0]))


def test_known_lesions_have_known_sizes_and_centres() -> None:
    mask = np.zeros(GRID.shape, bool)
    mask[2:5, 3:6, 1:3] = True  # 18 voxels, centre (3, 4, 1.5)
    mask[10, 10, 5] = True
    labels, lesions = find_lesions(mask, grid=GRID)
    assert [lesion.id for lesion in lesions] == [1, 2]
    assert [lesion.voxels for lesion in lesions] == [18, 1]
    assert [lesion.volume_mm3 for lesion in lesions] == pytest.approx([54, 3])
    assert lesions[0].centre_mm == pytest.approx((3, 4, 4.5))
    assert labels[10, 10, 5] == 2
    np.testing.assert_array_equal(labels > 0, mask)


def test_an_empty_mask_has_no_lesion() -> None:
    labels, lesions = find_lesions(np.zeros(GRID.shape, bool), grid=GRID)
    assert lesions == ()
    assert labels.shape == GRID.shape
    assert not labels.any()


def test_a_ring_is_shown_by_one_of_its_own_voxels() -> None:
    mask = np.zeros(GRID.shape, bool)
    mask[5:10, 5:10, 4] = True
    mask[6:9, 6:9, 4] = False
    labels, (ring,) = find_lesions(mask, grid=GRID)
    assert ring.centre_mm == pytest.approx((7, 7, 12))
    at = tuple(np.rint(GRID.to_voxel(np.array(ring.voxel_mm))).astype(int))
    assert labels[at] == ring.id


@pytest.mark.parametrize(("connectivity", "lesions"), [(6, 3), (18, 2), (26, 1)])
def test_connectivity_decides_what_touches(connectivity: int, lesions: int) -> None:
    mask = np.zeros(GRID.shape, bool)
    mask[3, 3, 3] = mask[4, 4, 3] = mask[5, 5, 4] = True  # by an edge, then by a corner
    assert len(find_lesions(mask, grid=GRID, connectivity=connectivity)[1]) == lesions


@pytest.mark.parametrize("axes", list(permutations(range(3))))
def test_numbers_do_not_depend_on_the_storage_order(axes: tuple[int, int, int]) -> None:
    mask = np.random.default_rng(4).random(GRID.shape) > 0.97
    labels, lesions = find_lesions(mask, grid=GRID)
    for flips in product((1, -1), repeat=3):
        order = np.array(list(zip(axes, flips, strict=True)))
        stored = apply_orientation(mask, order)
        grid = Grid(stored.shape, GRID.affine @ inv_ornt_aff(order, mask.shape))
        their_labels, theirs = find_lesions(stored, grid=grid)
        np.testing.assert_array_equal(their_labels, apply_orientation(labels, order))
        assert [lesion.centre_mm for lesion in theirs] == [lesion.centre_mm for lesion in lesions]


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.3))
def test_small_lesions_go_and_the_others_stay_whole(seed: int, share: float) -> None:
    grid = Grid((12, 12, 6), np.eye(4))
    mask = np.random.default_rng(seed).random(grid.shape) < share
    kept = drop_small_lesions(mask, grid=grid, min_volume_mm3=3.0)
    labels, count = ndimage.label(mask, np.ones((3, 3, 3)))
    for lesion in range(1, count + 1):
        voxels = labels == lesion
        assert kept[voxels].all() if voxels.sum() >= 3 else not kept[voxels].any()
    assert not kept[~mask].any()


@pytest.mark.parametrize(
    ("spacing", "kept"),
    [((0.59, 0.59, 3.84), 9), ((0.599, 0.599, 3.84), 8), ((1, 1, 1), 11), ((4, 4, 4), 1)],
)
def test_the_threshold_in_voxels_is_strict(spacing: tuple[float, ...], kept: int) -> None:
    volume = float(np.prod(np.float32(spacing)))
    assert min_voxels_kept(voxel_volume_mm3=volume, min_volume_mm3=10.7) == kept
    assert min_voxels_kept(voxel_volume_mm3=volume, min_volume_mm3=0) == 1


def test_a_lesion_of_exactly_the_threshold_stays() -> None:
    # 8 voxels of float32 spacings whose product is not exactly representable.
    volume = float(np.float32(0.7) * np.float32(0.7) * np.float32(3.0))
    exact = float(Fraction("0.49") * 3 * 8)
    assert min_voxels_kept(voxel_volume_mm3=volume, min_volume_mm3=exact) == 8
