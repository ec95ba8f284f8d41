"""Phantoms are the same for everybody, and their lesions are where and what they say."""

import hashlib

import numpy as np
import pytest

from segmentation.imaging.geometry import Grid
from segmentation.imaging.lesions import find_lesions
from segmentation.training.phantoms import make_phantom

SMALL = {"shape": (96, 96, 12), "spacing_mm": (2.0, 2.2, 11.0)}


def test_a_seed_is_a_phantom() -> None:
    one, again, other = (make_phantom(seed=seed, **SMALL) for seed in (7, 7, 8))
    assert hashlib.sha256(one.flair).digest() == hashlib.sha256(again.flair).digest()
    np.testing.assert_array_equal(one.mask, again.mask)
    assert (one.flair != other.flair).mean() > 0.5


@pytest.mark.parametrize("seed", range(4))
def test_lesions_are_bright_and_in_the_brain(seed: int) -> None:
    p = make_phantom(seed=seed, shape=(160, 192, 40), spacing_mm=(1.1, 1.1, 3.5), lesions=20)
    _, lesions = find_lesions(p.mask, grid=Grid(p.mask.shape, p.affine))
    assert 8 <= len(lesions) <= 60
    assert not (p.mask & ~p.brain).any()
    assert np.median(p.flair[p.mask]) > 1.15 * np.median(p.flair[p.brain & ~p.mask])


def test_a_brain_is_as_large_as_a_brain() -> None:
    p = make_phantom(seed=3, shape=(160, 192, 40), spacing_mm=(1.1, 1.1, 3.5))
    litres = p.brain.sum() * 1.1 * 1.1 * 3.5 / 1e6
    assert 1.0 < litres < 1.9


def test_a_phantom_can_be_without_skull() -> None:
    with_skull, without = (make_phantom(seed=3, skull=skull, **SMALL) for skull in (True, False))
    rim = ~with_skull.brain
    assert np.percentile(with_skull.flair[rim], 90) > 2 * np.percentile(without.flair[rim], 90)
    brain = without.flair[without.brain]
    assert np.median(brain) > 5 * np.median(without.flair[~without.brain])
    assert np.median(without.flair[without.mask]) > 1.15 * np.median(brain)


def test_a_phantom_can_be_without_lesions() -> None:
    assert not make_phantom(seed=3, lesions=0, confluent=False, **SMALL).mask.any()


def test_a_phantom_needs_room() -> None:
    with pytest.raises(ValueError, match="too small"):
        make_phantom(seed=1, shape=(8, 96, 12))
