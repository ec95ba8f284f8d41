"""The table of methods says what it counts, and never scores what is not there."""

import numpy as np

from segmentation.evaluation.comparison import MEASURES, Row, comparison_table, scores_of
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


def test_the_table_has_mean_sd_n_and_names_who_is_missing() -> None:
    def one(value: float) -> dict[str, float | Undefined]:
        return dict.fromkeys(MEASURES, value)

    half = {**one(0.5), "lesion precision": Undefined("no drawn lesion")}
    rows = [
        Row("Good", {"C1": one(0.8), "C2": one(0.6)}),
        Row("Picky", {"C1": half}, {"C2": "no T1"}),
    ]
    lines = comparison_table(rows).splitlines()
    assert lines[0] == "| method | n | DSC | lesion F1 | lesion recall | lesion precision |"
    assert lines[2] == "| Good | 2 | 0.70 (0.14) | 0.70 (0.14) | 0.70 (0.14) | 0.70 (0.14) |"
    assert lines[3] == "| Picky | 1 | 0.50 | 0.50 | 0.50 | undefined |"
    assert lines[-1] == "Picky is without 1: C2 (no T1)"


def test_undefined_scores_are_counted_beside_the_mean() -> None:
    empty = scores_of(np.zeros((20, 20, 10), bool), np.zeros((20, 20, 10), bool), grid=GRID)
    assert all(isinstance(value, Undefined) for value in empty.values())
    full = dict.fromkeys(MEASURES, 0.4)
    table = comparison_table([Row("One", {"C1": empty, "C2": full})])
    assert "| One | 2 | 0.40, 1 undefined |" in table
