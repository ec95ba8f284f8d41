"""Limits of agreement of the peak flow meters, as Bland and Altman published them in 1986."""

import numpy as np
import pytest

from segmentation.evaluation.statistics.bland_altman import limits_of_agreement

# Bland and Altman 1986, Lancet i:307, table I: first readings in l/min.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def test_the_published_limits_of_two_peak_flow_meters() -> None:
    found = limits_of_agreement(np.subtract(WRIGHT, MINI))
    assert found is not None
    assert (found.n, round(found.bias, 1), round(found.sd, 1)) == (17, -2.1, 38.8)
    assert tuple(round(end, 1) for end in found.bias_interval) == (-22.0, 17.8)
    # The paper takes 2 standard deviations where the limits here have 1.96.
    by_two = found.bias - 2 * found.sd, found.bias + 2 * found.sd
    assert by_two == pytest.approx((-79.7, 75.5), abs=0.1)
    assert (found.low, found.high) == pytest.approx((-78.1, 73.9), abs=0.1)
    # The paper's intervals of the limits are approximate: -114.3 to -45.1, and 40.9 to 110.1.
    near, far = found.high_interval
    assert near < found.high < far
    assert far - near > 110.1 - 40.9
