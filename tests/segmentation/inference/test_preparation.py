"""Preparation makes scans comparable, and what the network says finds the way back."""

from itertools import permutations, product

import numpy as np
import pytest
from nibabel.orientations import apply_orientation, inv_ornt_aff

from segmentation.imaging.geometry import Grid
from segmentation.imaging.nifti import Volume
from segmentation.inference.preparation import LOWEST, normalise, prepare, tissue_peak
from segmentation.training.phantoms import make_phantom

PHANTOM = make_phantom(seed=11, shape=(120, 140, 18), spacing_mm=(1.5, 1.5, 8.0))
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
    slices = prepare(volume(PHANTOM.flair))
    assert slices.inner == (180, 210)
    assert slices.pixels.shape == (18, 192, 224)
    assert (slices.pixels[:, 0] == LOWEST).all()


def test_a_map_on_the_slices_comes_back_where_it_was() -> None:
    slices = prepare(volume(PHANTOM.flair))
    bright = (slices.pixels > 0.8).astype(np.float32)
    back = slices.to_scan(bright)
    direct = normalise(PHANTOM.flair.astype(np.float32), GRID.spacing_mm) > 0.8
    assert back.shape == PHANTOM.flair.shape
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
