"""Preparation makes scans comparable, and what the network says finds the way back."""

from itertools import permutations, product

import numpy as np
import pytest
from nibabel.orientations import apply_orientation, inv_ornt_aff
from scipy import ndimage

from segmentation.imaging.geometry import Grid
from segmentation.imaging.nifti import Volume
from segmentation.inference.preparation import (
    AXIAL,
    CORONAL,
    LOWEST,
    PLANES,
    normalise,
    prepare,
    stack,
    tissue_peak,
)
from segmentation.training.phantoms import Phantom, make_phantom

PHANTOM = make_phantom(seed=11, shape=(120, 140, 18), spacing_mm=(1.5, 1.5, 8.0))
THIN = make_phantom(seed=12, shape=(80, 100, 50), spacing_mm=(1.5, 1.5, 1.5))
GRID = Grid(PHANTOM.flair.shape, PHANTOM.affine)


def volume(data: np.ndarray, grid: Grid = GRID) -> Volume:
    return Volume(data=data, grid=grid, header=b"")


def test_tissue_is_near_zero_and_lesions_above() -> None:
    normal = normalise(PHANTOM.flair.astype(np.float32), GRID.spacing_mm)
    assert abs(np.median(normal[PHANTOM.brain])) < 0.4
    assert np.median(normal[PHANTOM.mask]) > 0.7
    assert np.median(normal[~PHANTOM.brain]) < -3


@pytest.mark.parametrize(("gain", "offset"), [(0.01, 0), (37.0, 0)])
def test_the_scanners_gain_does_not_matter(gain: float, offset: float) -> None:
    image = PHANTOM.flair.astype(np.float32)
    one = normalise(image, GRID.spacing_mm)
    other = normalise(image * gain + offset, GRID.spacing_mm)
    np.testing.assert_allclose(one, other, atol=0.05)


@pytest.mark.parametrize("level", [0.0, -3.0])
def test_an_image_without_tissue_is_all_air(level: float) -> None:
    image = np.full((20, 20, 4), level, np.float32)
    assert tissue_peak(image) is None
    assert (normalise(image, (1, 1, 3)) == LOWEST).all()


def test_slices_are_padded_to_multiples_of_16_pixels_of_1_mm() -> None:
    ready = prepare(volume(PHANTOM.flair))
    assert ready.inner == (180, 210, 18)
    assert ready.pixels.shape == (192, 224, 18)
    assert (ready.pixels[0] == LOWEST).all()
    assert ready.planes == (AXIAL,)


def test_thin_slices_become_1_mm_thin_and_are_seen_in_three_planes() -> None:
    ready = prepare(volume(THIN.flair, Grid(THIN.flair.shape, THIN.affine)))
    assert ready.inner == (120, 150, 75)
    assert ready.pixels.shape == (128, 160, 80)
    assert ready.slice_mm == 1.0
    assert ready.planes == PLANES
    assert stack(ready.pixels, CORONAL).shape == (160, 128, 80)


@pytest.mark.parametrize("phantom", [PHANTOM, THIN], ids=["thick", "thin"])
def test_a_map_comes_back_where_it_was(phantom: Phantom) -> None:
    grid = Grid(phantom.flair.shape, phantom.affine)
    smooth = ndimage.gaussian_filter(phantom.flair.astype(np.float32), 1)  # noise has no place
    ready = prepare(volume(smooth, grid))
    bright = (ready.pixels > 0.8).astype(np.float32)
    back = ready.to_scan(bright)
    direct = normalise(smooth, grid.spacing_mm) > 0.8
    assert back.shape == phantom.flair.shape
    overlap = 2 * (direct & (back > 0.5)).sum() / (direct.sum() + (back > 0.5).sum())
    assert overlap > 0.85


@pytest.mark.parametrize("axes", list(permutations(range(3))))
def test_the_storage_order_changes_nothing(axes: tuple[int, int, int]) -> None:
    expected = prepare(volume(PHANTOM.flair))
    for flips in product((1, -1), repeat=3):
        order = np.array(list(zip(axes, flips, strict=True)))
        stored = apply_orientation(PHANTOM.flair, order)
        grid = Grid(stored.shape, PHANTOM.affine @ inv_ornt_aff(order, PHANTOM.flair.shape))
        slices = prepare(volume(stored, grid))
        np.testing.assert_array_equal(slices.pixels, expected.pixels)
        np.testing.assert_array_equal(
            slices.to_scan(expected.pixels),
            apply_orientation(expected.to_scan(expected.pixels), order),
        )
