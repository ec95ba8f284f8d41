"""Lesions are painted where they occur: in white matter, and up to the wall of the ventricles."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from segmentation.training.implants import (
    FLUID,
    Ground,
    at_home,
    find_ground,
    painted,
    some_lesions,
    widened,
)
from segmentation.training.real_cases import read_lesion_mask, read_real_case

SHAPE = (80, 90, 60)
BRAIN = np.zeros(SHAPE, bool)
BRAIN[5:-5, 5:-5, 5:-5] = True
VENTRICLE = np.zeros(SHAPE, bool)
VENTRICLE[36:44, 30:60, 26:40] = True
CORTEX = BRAIN & (ndimage.distance_transform_edt(BRAIN) < 9)
NONE = np.zeros(SHAPE, bool)


def healthy_scan() -> NDArray[np.float32]:
    rng = np.random.default_rng(1)
    pixels = np.where(BRAIN, rng.normal(0, 0.3, SHAPE), -5) + 1.0 * CORTEX
    return np.asarray(np.where(VENTRICLE, -4, pixels), np.float32)


def ground_of(pixels: NDArray[np.float32], slice_mm: float = 1.0) -> Ground:
    return find_ground(pixels, BRAIN, NONE, slice_mm=slice_mm)


@pytest.mark.parametrize("slice_mm", [1.0, 3.5])
def test_white_matter_and_the_walls_of_the_ventricles_are_room(slice_mm: float) -> None:
    ground = ground_of(healthy_scan(), slice_mm)
    white = BRAIN & ~CORTEX & ~VENTRICLE
    assert (ground.ventricles == VENTRICLE).all()
    assert ground.room[white].mean() > 0.95
    assert not (ground.room & VENTRICLE).any()
    assert ground.room[CORTEX].mean() < 0.01
    wall = ndimage.binary_dilation(VENTRICLE, ground.cross) & ~VENTRICLE
    assert ground.room[wall].mean() > 0.95


def test_what_is_excluded_is_no_room() -> None:
    excluded = NONE.copy()
    excluded[20:30, 30:60, 20:40] = True
    ground = find_ground(healthy_scan(), BRAIN, excluded, slice_mm=1.0)
    assert not (ground.room & excluded).any()


def test_a_lesion_that_almost_reaches_the_ventricle_does() -> None:
    ground = ground_of(healthy_scan())
    share = np.zeros(SHAPE, np.float32)
    share[46:54, 36:54, 28:38] = 1  # two voxels from the wall
    share[20:26, 36:54, 28:38] = 1  # ten voxels from it
    home = at_home(share, ground)
    assert home[44:46, 38:52, 30:36].mean() > 0.95
    assert not home[26:36].any()
    assert not (home[VENTRICLE] > 0).any()
    assert at_home(np.zeros_like(share), ground).max() == 0, "the ventricles are no lesions"


@pytest.mark.parametrize("seed", range(6))
def test_lesions_are_bright_and_fluid_stays_dark(seed: int) -> None:
    pixels = healthy_scan()
    ground = ground_of(pixels)
    share = np.zeros(SHAPE, np.float32)
    share[44:52, 36:54, 28:38] = 1
    after = painted(pixels, at_home(share, ground), ground, np.random.default_rng(seed))
    lesion = share > 0
    assert np.median(after[lesion]) > np.median(pixels[lesion]) + 0.4
    assert (after[VENTRICLE] < FLUID).all()
    assert (after[~BRAIN] == -5).all()


def test_lesions_that_hold_most_of_the_volume_seldom_go() -> None:
    share = np.zeros(SHAPE, np.float32)
    share[10:30, 10:30, 10:30] = 1  # 8 ml
    small = [(50 + 4 * row, 10 + 4 * column) for row in range(5) for column in range(10)]
    for row, column in small:
        share[row, column, 30] = 1
    kept = [some_lesions(share, np.random.default_rng(n), slice_mm=1.0) > 0 for n in range(60)]
    large = np.mean([one[20, 20, 20] for one in kept])
    tiny = np.mean([one[row, column, 30] for one in kept for row, column in small])
    assert 0.8 < large < 1
    assert 0.65 < tiny < 0.85
    assert all((one <= (share > 0)).all() for one in kept)


def test_wider_ventricles_push_white_matter_back_and_leave_the_brains_edge() -> None:
    pixels = healthy_scan()
    after = widened(pixels, VENTRICLE, 4.0)
    wider = (after < FLUID) & ndimage.binary_erosion(BRAIN, iterations=4)
    assert wider[VENTRICLE].all()
    assert 1.5 * VENTRICLE.sum() < wider.sum() < 6 * VENTRICLE.sum()
    assert not (wider & CORTEX).any()


def test_a_head_without_ventricles_stays_as_it_is() -> None:
    pixels = healthy_scan()
    assert (widened(pixels, NONE, 4.0) == pixels).all()


@pytest.mark.real_scans
def test_a_real_brain_has_room_for_most_of_anothers_lesions(real_scans: Path) -> None:
    cases = real_scans / "ljubljana"
    case = read_real_case(cases / "mni_patient07")
    own = ndimage.binary_dilation(case.masks["mask"], iterations=2)
    pixels = case.pixels.astype(np.float32)
    ground = find_ground(pixels, case.masks["brainmask"], own, slice_mm=case.slice_mm)
    masks = [read_lesion_mask(file).voxels for file in (cases / "masks_mni").glob("*.nii.gz")]
    many = sorted(masks, key=np.count_nonzero)[-4:]
    for mask in many:
        home = at_home(mask.astype(np.float32), ground)
        assert 0.6 * mask.sum() < home.sum() < 1.3 * mask.sum()
        assert pixels[home > 0].min() >= FLUID
