"""How sure a method was, from its probability map."""

import numpy as np
import pytest

from segmentation.evaluation.uncertainty import uncertainty


def test_a_sure_map_has_no_uncertainty_and_one_of_halves_all() -> None:
    assert uncertainty(np.zeros((3, 4, 5), np.float32)) == 0
    assert uncertainty(np.ones((3, 4, 5), np.float32)) == 0
    assert uncertainty(np.full((3, 4, 5), 0.5, np.float32)) == 1


def test_it_is_the_mean_entropy_of_what_may_be_lesion_whatever_the_background() -> None:
    probability = np.full((10, 10, 10), 0.04)  # none of it counts
    probability[0, 0, :4] = [0.1, 0.25, 0.9, 1.0]
    bits = [0.468996, 0.811278, 0.468996, 0.0]
    assert uncertainty(probability) == pytest.approx(sum(bits) / 4, abs=1e-5)
