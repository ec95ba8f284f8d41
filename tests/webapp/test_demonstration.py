"""The practice masks of the demonstration have the errors that they are said to have."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from webapp.demonstration import with_errors


def test_errors_are_put_in_apart_from_what_is_known() -> None:
    known = np.zeros((40, 20, 6), dtype=bool)
    known[4:9, 4:9, 2] = True  # the largest
    known[30:34, 4:7, 2] = True  # mirrored, it would touch the largest
    known[6:9, 14:17, 3] = True
    drawn = with_errors(known, false=1, missed=1)
    assert not drawn[4:9, 4:9, 2].any()
    assert drawn[31:34, 14:17, 3].all()
    assert ndimage.label(drawn)[1] == 3
    assert (with_errors(known, false=0, missed=0) == known).all()
    assert not with_errors(np.zeros_like(known), false=1, missed=1).any()
