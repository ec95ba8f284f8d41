"""Scores equal those of panoptica and of the WMH challenge's definitions, computed apart."""

import numpy as np
import pytest

from segmentation.evaluation.comparison import LEAST_MM3, compare
from segmentation.evaluation.lesion_matching import PROFILES
from segmentation.evaluation.undefined import Undefined
from segmentation.imaging.geometry import Grid
from segmentation.imaging.lesions import drop_small_lesions, lesions_in
from tests.segmentation.evaluation.hand_made import SHAPE, SPACING_MM, pairs

GRID = Grid(SHAPE, np.diag([*SPACING_MM, 1]))
PAIRS = pairs()

# panoptica 2.1.7 (connected-components-3d 3.29.0): matched, reference, drawn, RQ, binary DSC;
# SimpleITK 2.5.7 and SciPy 1.17.1: HD95 in mm, volume difference in %; recall, precision and F1 of
# lesions as the WMH challenge counts them. oracles/panoptica_and_itk.py printed them.
ALL = (1.0, 1.0, 1.0)
OTHERS = {
    "one blob over ten lesions": ((0, 10, 1, 0.0), (0, 10, 1, 0.0), 4 / 13, 1.77, 450.0, ALL),
    "one lesion in three pieces": ((1, 1, 3, 0.5), (0, 1, 3, 0.0), 2 / 3, 1.18, 50.0, ALL),
    "one shared voxel": (
        *((0, 1, 1, 0.0), (0, 1, 1, 0.0), 0.00847457627118644),
        *(8.422508898488385, 18.51851851851852, ALL),
    ),
    "four of five and one wrong": (
        *((4, 5, 5, 0.8), (4, 5, 5, 0.8), 0.8, 8.212169906591365, 0.0),
        (0.8, 0.8, 0.8000000000000002),
    ),
    "identical": ((10, 10, 10, 1.0), (10, 10, 10, 1.0), 1.0, 0.0, 0.0, ALL),
    "many": (
        *((6, 10, 6, 0.75), (1, 10, 6, 0.125), 0.5132743362831859),
        *(1.7042018023401635, 27.1356783919598, ALL),
    ),
    "some of many": (
        *((4, 10, 5, 0.5333333333333333), (1, 10, 5, 0.13333333333333333), 0.2975778546712803),
        *(4.636035481588694, 54.77386934673367, (0.6, 0.8, 0.6857142857142857)),
    ),
}


@pytest.mark.parametrize("name", list(PAIRS))
def test_scores_equal_those_computed_apart(name: str) -> None:
    dice_10, iou_50, dsc, hd95, difference, _ = OTHERS[name]
    mask, reference = (lesions_in(each, grid=GRID) for each in PAIRS[name])
    for profile, (matched, known, drawn, quality) in (("dice-10", dice_10), ("iou-50", iou_50)):
        found = compare(mask, reference, grid=GRID, profile=PROFILES[profile])
        counts = found.matching
        assert (counts.found, counts.hitting) == (matched, matched)
        assert (counts.reference, counts.drawn) == (known, drawn)
        assert found.scores["lesion F1"] == pytest.approx(quality)
        assert found.scores["DSC"] == pytest.approx(dsc)
        assert found.scores["HD95 (mm)"] == pytest.approx(hd95)
        assert found.scores["volume difference (%)"] == pytest.approx(difference)


@pytest.mark.parametrize("name", list(PAIRS))
def test_lesions_are_counted_as_the_wmh_challenge_counts_them(name: str) -> None:
    scores = compare(*(lesions_in(each, grid=GRID) for each in PAIRS[name]), grid=GRID).scores
    measured = tuple(scores[f"lesion {one}"] for one in ("recall", "precision", "F1"))
    assert measured == pytest.approx(OTHERS[name][-1])


def test_one_shared_voxel_is_enough_for_the_paper() -> None:
    """The published evaluation script of Li et al. gave the blob a precision of 10."""
    scores = {
        name: compare(*(lesions_in(each, grid=GRID) for each in pair), grid=GRID).scores
        for name, pair in PAIRS.items()
    }
    for name in (*list(PAIRS)[:3], "identical"):
        measured = (scores[name][f"lesion {one}"] for one in ("recall", "precision", "F1"))
        assert list(measured) == [1.0, 1.0, 1.0], name
    assert scores["four of five and one wrong"]["lesion recall"] == 0.8


def test_eight_voxels_are_too_few_on_the_papers_grid() -> None:
    mask = np.zeros(SHAPE, bool)
    mask[2:4, 2:4, 2:4] = True  # 8 voxels, 10.694 mm3
    mask[10:13, 10:13, 2] = True  # 9
    found = lesions_in(mask, grid=GRID, min_volume_mm3=LEAST_MM3)
    assert (found.count, len(found.at), set(found.ids)) == (1, 9, {2})
    kept = drop_small_lesions(mask, grid=GRID, min_volume_mm3=LEAST_MM3)
    np.testing.assert_array_equal(np.flatnonzero(kept), found.at)


def test_outlines_of_an_empty_mask_are_undefined() -> None:
    empty, some = (
        lesions_in(each, grid=GRID) for each in (np.zeros(SHAPE, bool), PAIRS["identical"][0])
    )
    drawn_nothing = compare(empty, some, grid=GRID).scores
    assert drawn_nothing["HD95 (mm)"] == Undefined("the mask is empty")
    assert drawn_nothing["volume difference (%)"] == 100
    assert drawn_nothing["DSC"] == 0
    nothing_known = compare(some, empty, grid=GRID).scores
    assert nothing_known["HD95 (mm)"] == Undefined("the reference is empty")
    assert nothing_known["volume difference (%)"] == Undefined("the reference is empty")


def test_scores_do_not_depend_on_how_the_scan_is_stored() -> None:
    mask, reference = PAIRS["many"]
    stored = Grid((SHAPE[2], SHAPE[0], SHAPE[1]), GRID.affine[:, [2, 0, 1, 3]])
    flipped = stored.affine.copy()
    flipped[:3, 3] += stored.affine[:3, 1] * (SHAPE[0] - 1)
    flipped[:3, 1] *= -1
    stored = Grid(stored.shape, flipped)
    turned = [each.transpose(2, 0, 1)[:, ::-1] for each in (mask, reference)]
    one = compare(*(lesions_in(each, grid=GRID) for each in (mask, reference)), grid=GRID)
    other = compare(*(lesions_in(each, grid=stored) for each in turned), grid=stored)
    assert other.matching == one.matching
    assert other.scores == pytest.approx(one.scores)


def test_a_mask_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="on a grid of"):
        lesions_in(np.zeros((3, 3, 3), bool), grid=GRID)
