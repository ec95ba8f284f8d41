"""A part of the fuzz corpus; `python tests/fuzz_nifti.py` runs thousands."""

from __future__ import annotations

import pytest

from segmentation.operations.cases import create_cohort
from tests.fuzz_nifti import damaged_cases, hand_in


@pytest.mark.parametrize("seed", [2, 3])
def test_damaged_files_are_taken_whole_or_refused(db: None, seed: int) -> None:
    outcomes = hand_in(create_cohort(title="Fuzz"), damaged_cases(seed, 200))
    assert outcomes["taken"] > 20
    assert outcomes["refused: UnusableImage"] > 20
    assert (outcomes["crashed"], outcomes["orphan files"], outcomes["rows without file"]) == (
        *(0, 0, 0),
    )
