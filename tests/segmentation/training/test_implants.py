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
    return np.asarray(np.where(VENTRICLE, rng.uniform(-4, -2.2, SHAPE), pixels), np.float32)


def ground_of(pixels: NDArray[np.float32], slice_mm: float = 1.0) -> Ground:
    return find_ground(pixels, BRAIN, NONE, slice_mm=slice_mm)


def with_ventricle(width: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    ventricle = np.zeros(SHAPE, bool)
    ventricle[40 - width // 2 : 40 + (width + 1) // 2, 30:60, 26:40] = True
    pixels = np.where(VENTRICLE, 0, healthy_scan())
    return np.where(ventricle, -4, pixels).astype(np.float32), ventricle


@pytest.mark.parametrize("slice_mm", [1.0, 3.5])
def test_white_matter_and_the_walls_of_the_ventricles_are_room(slice_mm: float) -> None:
    ground = ground_of(healthy_scan(), slice_mm)
    white = BRAIN & ~CORTEX & ~VENTRICLE
    assert (ground.ventricles == VENTRICLE).all()
    assert ground.room[white].mean() > 0.95
    assert not (ground.room & VENTRICLE).any()
    assert ground.room[CORTEX].mean() < 0.01
    wall = ndimage.binary_dilation(VENTRICLE) & ~VENTRICLE
    assert ground.room[wall].mean() > 0.95


def test_what_is_excluded_is_no_room() -> None:
    excluded = NONE.copy()
    excluded[20:30, 30:60, 20:40] = True
    ground = find_ground(healthy_scan(), BRAIN, excluded, slice_mm=1.0)
    assert not (ground.room & excluded).any()


@pytest.mark.parametrize("gap", [1, 2, 3, 4])
def test_a_lesion_that_almost_reaches_the_ventricle_does(gap: int) -> None:
    ground = ground_of(healthy_scan())
    share = np.zeros(SHAPE, np.float32)
    share[44 + gap : 54, 36:54, 28:38] = 1
    share[20:26, 36:54, 28:38] = 1  # ten voxels from the wall
    home = at_home(share, ground)
    assert home[44 : 44 + gap, 38:52, 30:36].mean() > 0.95
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


@pytest.mark.parametrize("by_mm", [1.0, 3.0, 7.0])
@pytest.mark.parametrize("width", [3, 8])
def test_wider_ventricles_push_white_matter_back_and_leave_the_brains_edge(
    width: int, by_mm: float
) -> None:
    pixels, ventricle = with_ventricle(width)
    after = widened(pixels, ventricle, BRAIN, by_mm)
    inside = ndimage.binary_erosion(BRAIN, iterations=4)
    wider = (after < FLUID) & inside
    assert wider[ventricle].mean() > 0.97, "no tissue where there was fluid"
    assert ((pixels < FLUID) & inside).sum() < wider.sum() < 8 * ventricle.sum()
    assert after[~inside] == pytest.approx(pixels[~inside], abs=1.0)
    assert ((after < -3) == (pixels < -3))[~inside].all()


def test_what_lies_between_fluid_and_fluid_is_no_room() -> None:
    pixels = healthy_scan()
    pixels[39:41, 30:60, 26:40] = 0  # a septum
    assert not ground_of(pixels).room[39:41, 32:58, 28:38].any()


def test_without_ventricles_there_is_white_matter_only() -> None:
    pixels = np.where(VENTRICLE, 0, healthy_scan()).astype(np.float32)
    ground = ground_of(pixels)
    assert not ground.ventricles.any()
    assert ground.room[BRAIN & ~CORTEX].mean() > 0.95


def test_a_head_without_ventricles_stays_as_it_is() -> None:
    pixels = healthy_scan()
    assert (widened(pixels, NONE, BRAIN, 4.0) == pixels).all()


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
