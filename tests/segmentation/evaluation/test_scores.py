"""Scores of one mask against another, at their edges and on hand-made cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.evaluation.lesion_matching import LesionMatching, match_lesions
from segmentation.evaluation.overlap import dice
from segmentation.evaluation.undefined import Undefined
from segmentation.imaging.geometry import Grid

GRID = Grid((24, 24, 6), np.eye(4))
EMPTY = np.zeros(GRID.shape, bool)


def blocks(*corners: tuple[int, int], size: int = 2) -> np.ndarray:
    mask = EMPTY.copy()
    for x, y in corners:
        mask[x : x + size, y : y + size, 2:4] = True
    return mask


def test_dice_of_identical_disjoint_and_half_masks() -> None:
    one = blocks((2, 2), size=4)
    assert dice(one, one) == 1
    assert dice(one, blocks((10, 10))) == 0
    half = one.copy()
    half[2:4] = False
    assert dice(half, one) == pytest.approx(2 / 3)
    assert dice(EMPTY, EMPTY) == Undefined("both masks are empty")
    assert dice(EMPTY, one) == 0
    with pytest.raises(ValueError, match="masks of"):
        dice(EMPTY, EMPTY[1:])


def test_one_blob_over_ten_lesions_is_no_precision_of_ten() -> None:
    reference = blocks(*[(x, y) for x in (1, 5, 9, 13, 17) for y in (2, 8)])
    blob = EMPTY.copy()
    blob[0:20, 1:12, 2:4] = True
    matched = match_lesions(blob, reference, grid=GRID)
    assert matched == LesionMatching(10, 10, 1, 1, merges=(1,), splits=())
    assert (matched.recall, matched.precision, matched.f1) == (1, 1, 1)


def test_one_lesion_in_three_pieces_is_a_split() -> None:
    reference = EMPTY.copy()
    reference[2:14, 5:7, 2:4] = True
    matched = match_lesions(blocks((2, 5), (6, 5), (11, 5)), reference, grid=GRID)
    assert matched == LesionMatching(1, 1, 3, 3, merges=(), splits=(1,))


def test_two_are_enough_for_a_merge_and_for_a_split() -> None:
    two, bridge = blocks((2, 5), (6, 5)), EMPTY.copy()
    bridge[2:8, 5:7, 2:4] = True
    assert match_lesions(bridge, two, grid=GRID).merges == (1,)
    assert match_lesions(two, bridge, grid=GRID).splits == (1,)


def test_four_of_five_found_and_one_wrong() -> None:
    known = [(1, 1), (1, 8), (1, 15), (12, 1), (12, 8)]
    matched = match_lesions(blocks(*known[:4], (20, 20)), blocks(*known), grid=GRID)
    assert (matched.recall, matched.precision) == (0.8, 0.8)
    assert matched.f1 == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("mask", "reference", "recall", "precision"),
    [
        (EMPTY, EMPTY, Undefined("no reference lesion"), Undefined("no drawn lesion")),
        (blocks((2, 2)), EMPTY, Undefined("no reference lesion"), 0),
        (EMPTY, blocks((2, 2)), 0, Undefined("no drawn lesion")),
    ],
)
def test_empty_masks_are_undefined_not_perfect(
    mask: np.ndarray, reference: np.ndarray, recall: object, precision: object
) -> None:
    matched = match_lesions(mask, reference, grid=GRID)
    assert (matched.recall, matched.precision) == (recall, precision)
    assert isinstance(matched.f1, Undefined)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_f1_is_bounded_by_recall_and_precision(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask, reference = (rng.random(GRID.shape) < rng.uniform(0.001, 0.05) for _ in range(2))
    matched = match_lesions(mask, reference, grid=GRID)
    other = match_lesions(reference, mask, grid=GRID)
    assert (matched.recall, matched.precision) == (other.precision, other.recall)
    if isinstance(matched.f1, float):
        for side in (matched.recall, matched.precision):
            assert isinstance(side, float)
            assert 0 <= side <= 1
            assert matched.f1 <= 2 * side / (1 + side) + 1e-12
