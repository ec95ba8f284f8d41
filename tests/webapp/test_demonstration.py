"""The demonstration's practice masks have the errors that are said, its references their steps."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.utils import timezone
from scipy import ndimage

from rating.models import Delineation, ReferenceStudy
from rating.queries.reference import references_made
from segmentation.models import Cohort, Segmentation
from segmentation.operations.cases import create_cohort
from segmentation.operations.training_jobs import choices_for
from segmentation.operations.voxels import mask_of, scans_of
from tests.rating.delineators import a_method_mask
from tests.segmentation.taught import teach
from webapp.demonstration import make_accounts, make_reference, practice_pair, with_errors


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


@pytest.mark.django_db
def test_references_are_made_by_scripts_once(tmp_path: Path, settings: Any) -> None:
    settings.DATA = tmp_path
    people = make_accounts()
    assert make_accounts() == people
    cohort = create_cohort(title="Phantoms", coordinators=[people["cora"]])
    cases = teach(cohort, 81, 82)
    for case in cases:
        known = mask_of(case.segmentations.get(origin="imported"))
        a_method_mask(case, "slim-unet", scans_of(case)["FLAIR"].grid.to_ras(known)[::-1])
    for _ in range(2):
        make = partial(make_reference, cohort=cohort, people=people, clock=timezone.now, say=str)
        make("Finished", cases=cases[:1])
        make("To finish", cases=cases[1:], left_to_do="dana")
    finished, open_one = ReferenceStudy.objects.order_by("title")
    assert (finished.state, open_one.state) == ("closed", "open")
    assert len(references_made(finished)) == 2 * 2 + 3
    assert any(mask.lesions for mask in references_made(finished))
    (left,) = Delineation.objects.filter(submitted_at=None)
    assert (left.assignment.delineator, left.step, left.of.study) == ("dana", 2, open_one)
    assert left.dots.exists()
    assert not Segmentation.objects.filter(title__startswith="To finish").exists()
