"""Phantoms are the same for everybody, and their lesions are where and what they say."""

import hashlib
from typing import Any

import numpy as np
import pytest

from segmentation.imaging.geometry import Grid
from segmentation.imaging.lesions import find_lesions
from segmentation.training import phantoms, train_default
from segmentation.training.heads import Head, make_head
from segmentation.training.phantoms import PAPER_GRIDS, make_phantom

SMALL = {"shape": (96, 96, 12), "spacing_mm": (2.0, 2.2, 11.0)}


@pytest.fixture
def heads(monkeypatch: pytest.MonkeyPatch) -> list[Head]:
    """The heads of the phantoms that a test makes."""
    made: list[Head] = []

    def noted(*given: Any) -> Head:
        made.append(make_head(*given))
        return made[-1]

    monkeypatch.setattr(phantoms, "make_head", noted)
    return made


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


@pytest.mark.parametrize("seed", range(2))
def test_t1_and_t2_show_the_same_head_with_their_own_contrast(seed: int) -> None:
    p = make_phantom(seed=seed, shape=(96, 112, 40), spacing_mm=(2.0, 2.0, 3.5), lesions=40)
    healthy = p.brain & ~p.mask & (p.diffuse < 0.05)
    white = p.t1[healthy] > np.percentile(p.t1[healthy], 60)
    assert np.median(p.t1[p.mask]) < 0.95 * np.median(p.t1[healthy][white])
    assert np.median(p.t2[p.mask]) > 1.15 * np.median(p.t2[healthy][white])
    fluid = p.t2 > np.percentile(p.t2[p.brain], 95)
    assert np.median(p.flair[fluid & p.brain]) < 0.6 * np.median(p.flair[healthy])
    assert not np.shares_memory(p.t1, p.t2)


@pytest.mark.parametrize("name", sorted(PAPER_GRIDS))
def test_the_papers_grids_hold_a_whole_brain(name: str) -> None:
    shape, spacing = PAPER_GRIDS[name]
    by = 4
    small = (shape[0] // by, shape[1] // by, shape[2])
    p = make_phantom(seed=5, shape=small, spacing_mm=(spacing[0] * by, spacing[1] * by, spacing[2]))
    assert not p.brain[[0, -1]].any()
    assert not p.brain[:, [0, -1]].any()


def test_fine_pixels_are_computed_coarsely_and_still_line_up() -> None:
    p = make_phantom(seed=6, shape=(120, 140, 12), spacing_mm=(0.6, 0.6, 4.0), lesions=30)
    assert p.flair.shape == p.mask.shape == p.brain.shape == p.diffuse.shape == (120, 140, 12)
    assert np.median(p.flair[p.mask]) > 1.1 * np.median(p.flair[p.brain & ~p.mask])


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


@pytest.mark.parametrize("seed", [20, 21])
def test_a_phantom_without_lesions_keeps_all_that_looks_like_some(
    seed: int, heads: list[Head]
) -> None:
    slab = {"shape": (80, 96, 10), "spacing_mm": (2.0, 2.0, 1.5), "height_mm": 14.0}
    p = make_phantom(seed=seed, lesions=0, confluent=False, **slab)
    assert not p.mask.any()
    head = heads[0]
    white = (head.white_mm > 1.5) & (head.deep_mm < -1) & (head.ventricle_mm > 5)
    flair = p.flair / np.median(p.flair[white])
    diffuse, plexus = p.diffuse > 0.5, head.choroid > 0.5
    assert flair[white & (p.diffuse < 0.05)].max() < 1.3  # the image shows none either
    assert np.median(flair[white & diffuse]) > 1.05
    assert np.median(flair[plexus]) > 2 * np.median(flair[(head.csf > 0.9) & ~plexus])


@pytest.mark.parametrize("seed", range(3))
def test_hippocampi_and_fornix_are_as_bright_as_cortex_and_no_lesions(
    seed: int, heads: list[Head]
) -> None:
    grid = {"shape": (96, 112, 90), "spacing_mm": (1.5, 1.5, 1.5)}
    p = make_phantom(seed=seed, lesions=60, confluent=True, flair_only=True, **grid)
    limbic = (heads[0].limbic > 0.9) & p.brain
    assert 2.5 < limbic.sum() * 1.5**3 / 1000 < 12.0  # millilitres
    assert p.mask[limbic].mean() < 0.02
    white = (heads[0].white_mm > 2) & (heads[0].deep_mm < -2) & ~p.mask & (p.diffuse < 0.05)
    assert np.median(p.flair[limbic]) > 1.03 * np.median(p.flair[white])


def test_a_fifth_of_the_phantoms_that_teach_is_without_lesions_and_thin_ones_are_turned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[dict[str, Any]] = []
    tiny = make_phantom(seed=1, shape=(16, 16, 2), spacing_mm=(12.0, 14.0, 50.0))

    def noted(**given: Any) -> phantoms.Phantom:
        asked.append(given)
        return tiny

    monkeypatch.setattr(train_default, "make_phantom", noted)
    shapes = [
        train_default.phantom_example(seed, rng=np.random.default_rng(seed)).pixels.shape
        for seed in range(150)
    ]
    assert set(shapes) == {(2, 16, 16), (16, 16, 2)}  # slices of another plane: thin ones alone
    kinds = [(one["lesions"], one["confluent"]) for one in asked]
    assert set(kinds) == {(0, False), (None, None)}
    assert 20 <= kinds.count((0, False)) <= 42


def test_a_phantom_needs_room() -> None:
    with pytest.raises(ValueError, match="too small"):
        make_phantom(seed=1, shape=(8, 96, 12))
