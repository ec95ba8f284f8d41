"""Grids know where their voxels are, in every order that a scan can be stored in."""

from itertools import permutations, product

import nibabel as nib
import numpy as np
import pytest
from nibabel.orientations import apply_orientation, inv_ornt_aff

from segmentation.imaging.geometry import Grid

OBLIQUE = np.array(
    [[-0.7, 0.05, 0.6, 30], [0.04, -0.72, 1.1, 41], [-0.12, -0.2, 3.1, -17], [0, 0, 0, 1.0]]
)
ORDERS = [
    np.array([[axis, flip] for axis, flip in zip(axes, flips, strict=True)])
    for axes, flips in product(permutations(range(3)), product((1, -1), repeat=3))
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda o: str(o.tolist()))
def test_every_storage_order_leads_to_the_same_ras_array(order: np.ndarray) -> None:
    voxels = np.arange(4 * 5 * 6).reshape(4, 5, 6)
    stored = apply_orientation(voxels, order)
    affine = OBLIQUE @ inv_ornt_aff(order, voxels.shape)
    grid = Grid(stored.shape, affine)
    ras = nib.as_closest_canonical(nib.Nifti1Image(stored.astype(np.int16), affine))
    np.testing.assert_array_equal(grid.to_ras(stored), np.asarray(ras.dataobj))
    np.testing.assert_allclose(grid.ras.affine, ras.affine, atol=1e-9)
    assert grid.ras.shape == ras.shape
    np.testing.assert_array_equal(grid.to_native(grid.to_ras(stored)), stored)


def test_millimetres_and_back() -> None:
    grid = Grid((10, 11, 12), OBLIQUE)
    voxels = np.array([[0, 0, 0], [3, 4, 5], [9, 10, 11]], dtype=float)
    np.testing.assert_allclose(grid.to_voxel(grid.to_mm(voxels)), voxels, atol=1e-9)
    np.testing.assert_allclose(grid.to_mm(np.zeros(3)), OBLIQUE[:3, 3])


def test_sizes_of_a_plain_grid() -> None:
    grid = Grid((2, 3, 4), np.diag([0.59, 0.59, 3.84, 1]))
    assert grid.spacing_mm == pytest.approx((0.59, 0.59, 3.84))
    assert grid.voxel_volume_mm3 == pytest.approx(1.3367, abs=1e-4)


def test_grids_match_to_a_thousandth_of_a_millimetre() -> None:
    grid = Grid((10, 11, 12), OBLIQUE)
    near, far = OBLIQUE.copy(), OBLIQUE.copy()
    near[0, 3] += 0.0005
    far[0, 3] += 0.01
    assert grid.matches(Grid((10, 11, 12), near))
    assert not grid.matches(Grid((10, 11, 12), far))
    assert not grid.matches(Grid((10, 11, 13), OBLIQUE))
