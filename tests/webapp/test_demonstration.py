"""The practice masks of the demonstration have the errors that they are said to have."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from scipy import ndimage

from segmentation.models import Cohort
from segmentation.operations.training_jobs import choices_for
from tests.segmentation.taught import teach
from webapp.demonstration import practice_pair, with_errors


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


@pytest.mark.django_db
def test_a_mask_with_errors_is_offered_to_no_training() -> None:
    cohort = Cohort.objects.create(title="Phantoms", slug="phantoms")
    (case,) = teach(cohort, 81)
    drawn, known = practice_pair(case, 0, 1, clock=lambda: datetime(2026, 3, 2, tzinfo=UTC))
    assert (drawn.title, known.title) == ("Practice mask", "Imported mask")
    (choices,) = choices_for([cohort])
    assert [one["name"] for one in choices["references"]] == ["imported", "Imported mask"]
