"""One mask against one reference, without what is too small to count."""

import numpy as np

from segmentation.evaluation.comparison import MEASURES, scores_of
from segmentation.evaluation.undefined import Undefined
from segmentation.imaging.geometry import Grid

GRID = Grid((20, 20, 10), np.eye(4))


def test_small_lesions_are_taken_out_of_both_masks() -> None:
    reference, mask = np.zeros((2, 20, 20, 10), bool)
    reference[2:5, 2:5, 2:5] = mask[2:5, 2:5, 2:5] = True
    reference[10, 10, 5] = True  # 1 mm3: not missed
    mask[15, 15, 5:7] = True  # 2 mm3: not false
    assert scores_of(mask, reference, grid=GRID) == dict.fromkeys(MEASURES, 1.0)
    all_counted = scores_of(mask, reference, grid=GRID, min_volume_mm3=0)
    assert all_counted["lesion recall"] == 0.5
    assert all_counted["lesion precision"] == 0.5


def test_scores_of_two_empty_masks_are_undefined() -> None:
    empty = scores_of(np.zeros((20, 20, 10), bool), np.zeros((20, 20, 10), bool), grid=GRID)
    assert all(isinstance(value, Undefined) for value in empty.values())
