"""Data keep their place when they change the grid."""

import numpy as np
import pytest

from segmentation.imaging.geometry import Grid
from segmentation.imaging.registration import (
    NotRegistered,
    register,
    register_within_session,
)
from segmentation.imaging.resampling import resample, respaced
from segmentation.training.phantoms import make_phantom

OBLIQUE = Grid(
    (40, 50, 12),
    np.array([[-0.9, 0.1, 0, 20], [0.1, 0.9, 0.2, -20], [0, -0.05, 3.5, -18], [0, 0, 0, 1.0]]),
)


def smooth_blob(grid: Grid, centre_mm: tuple[float, float, float]) -> np.ndarray:
    voxels = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)
    distance = ((grid.to_mm(voxels) - centre_mm) ** 2).sum(axis=-1)
    return np.exp(-distance / 128).astype(np.float32)


def test_an_equal_grid_gives_the_data_unchanged() -> None:
    data = smooth_blob(OBLIQUE, (0, 0, 0))
    assert np.array_equal(resample(data, source=OBLIQUE, target=OBLIQUE), data)


def test_a_respaced_grid_covers_the_same_place_in_ras_order() -> None:
    grid = respaced(OBLIQUE, spacing_mm=(1.0, 1.0, 3.0))
    assert grid.spacing_mm == pytest.approx((1, 1, 3))
    assert grid.ras.shape == grid.shape
    middle = [
        grid.to_mm((np.array(one.shape) - 1) / 2)
        for one, grid in ((OBLIQUE, OBLIQUE), (grid, grid))
    ]
    np.testing.assert_allclose(middle[0], middle[1], atol=1e-6)
    thin = Grid((4, 4, 2), np.diag([0.4, 0.4, 0.4, 1.0]))
    assert respaced(thin, spacing_mm=(5, 5, 5)).shape == (1, 1, 1)


def test_a_blob_stays_at_its_millimetres_there_and_back() -> None:
    data = smooth_blob(OBLIQUE, (2, 1, 3))
    other = respaced(OBLIQUE, spacing_mm=(1.0, 1.0, 3.0))
    there = resample(data, source=OBLIQUE, target=other)
    top = other.to_mm(np.array(np.unravel_index(there.argmax(), there.shape)))
    assert np.abs(top - (2, 1, 3)).max() <= 1.8
    back = resample(there, source=other, target=OBLIQUE)
    assert np.abs(back - data)[4:-4, 4:-4, 2:-2].max() < 0.1


def test_a_coarser_target_averages_and_the_outside_is_filled() -> None:
    fine = Grid((64, 64, 8), np.eye(4))
    checks = (np.indices(fine.shape).sum(axis=0) % 2).astype(np.float32)
    coarse = Grid((20, 20, 2), np.diag([4.0, 4.0, 4.0, 1.0]))
    small = resample(checks, source=fine, target=coarse, fill=7.0)
    assert np.abs(small[2:14, 2:14, 1] - 0.5).max() < 0.1
    assert (small[18:] == 7.0).all()


PHANTOM = make_phantom(seed=5, shape=(96, 112, 30), spacing_mm=(2.0, 2.0, 4.5))
GRID = Grid(PHANTOM.flair.shape, PHANTOM.affine)


def test_a_moved_scan_is_brought_back() -> None:
    turn = np.deg2rad(6)
    move = np.eye(4)
    move[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    move[:3, 3] = (5, -4, 3)
    fixed = PHANTOM.flair.astype(np.float32)
    moving_grid = Grid((80, 90, 28), np.diag([2.4, 2.4, 4.8, 1.0]) @ np.eye(4))
    moving_grid.affine[:3, 3] = (-96, -108, -66)
    # What a scanner sees when the head lies by `move` elsewhere, in another contrast.
    moving = 900 - resample(
        fixed, source=GRID, target=moving_grid, to_source_mm=np.linalg.inv(move)
    )
    found = register_within_session(
        moving=moving, moving_grid=moving_grid, fixed=fixed, fixed_grid=GRID, what="T1 and FLAIR"
    )
    corners = np.array([[x, y, z, 1] for x in (-60, 60) for y in (-70, 70) for z in (-40, 50)])
    apart = np.linalg.norm((corners @ found.T - corners @ move.T)[:, :3], axis=1)
    assert apart.max() < 2.0
    again = register(moving=moving, moving_grid=moving_grid, fixed=fixed, fixed_grid=GRID)
    assert np.array_equal(found, again)


def test_scans_in_different_places_and_constant_ones_are_refused() -> None:
    data = PHANTOM.flair.astype(np.float32)
    far = Grid(GRID.shape, GRID.affine.copy())
    far.affine[:3, 3] += 400
    with pytest.raises(NotRegistered, match="T1 and FLAIR lie in different places"):
        register_within_session(
            moving=data, moving_grid=far, fixed=data, fixed_grid=GRID, what="T1 and FLAIR"
        )
    with pytest.raises(NotRegistered, match="same value"):
        register_within_session(
            moving=np.ones_like(data),
            moving_grid=GRID,
            fixed=data,
            fixed_grid=GRID,
            what="T1 and FLAIR",
        )
