"""Odd input is refused in words: no server error, no broken picture."""

from __future__ import annotations

import gzip
import io
import uuid
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from rating.models import Rating
from segmentation.imaging.nifti import UnusableImage, take_in_scan
from segmentation.models import Cohort
from segmentation.operations.cases import create_cohort
from tests.rating.stage import SHAPE, Browser, nifti


def test_a_lone_surrogate_in_a_choice_is_refused(rita: Browser, opened: dict[str, Any]) -> None:
    token = rita.open_next()["presentation"]
    rita.client.raise_request_exception = False
    response = rita.client.put(
        f"/api/v1/presentations/{token}/marks/{uuid.uuid4()}/",
        b'{"kind": "\\ud800", "lesion": null, "mm": [0, 0, 0]}',
        content_type="application/json",
    )
    assert response.status_code == 400


def test_voxels_that_a_browser_would_show_as_infinite_are_refused() -> None:
    voxels = np.random.default_rng(1).normal(300, 40, SHAPE)
    voxels[0, 0, 0] = 1e300
    with pytest.raises(UnusableImage, match="larger than any scanner"):
        take_in_scan(nifti(voxels), name="FLAIR.nii.gz")


def test_a_file_compressed_in_several_parts_is_read() -> None:
    content = gzip.decompress(nifti(np.random.default_rng(1).normal(300, 40, SHAPE)))
    parts = gzip.compress(content[:1000]) + gzip.compress(content[1000:]) + gzip.compress(b"")
    assert take_in_scan(parts, name="x").sha256 == take_in_scan(content, name="x").sha256


def test_a_submission_without_a_comment_keeps_the_stored_one(
    rita: Browser, opened: dict[str, Any]
) -> None:
    token = rita.open_next()["presentation"]
    rita.put(f"presentations/{token}/comment/", {"comment": "Important"})
    answer = {"outcome": "rated", "verdict": "acceptable", "counts": {"fp": 0, "fn": 0}}
    rita.post(f"presentations/{token}/submit/", answer)
    assert Rating.objects.get(presentation__token=token).comment == "Important"


@pytest.mark.parametrize("title", ["cases", "!!!"])
def test_import_cases_finds_the_cohort_or_says_why_not(db: None, tmp_path: Any, title: str) -> None:
    create_cohort(title="Cases")
    voxels = np.random.default_rng(1).normal(300, 40, SHAPE).clip(0).astype(np.int16)
    (tmp_path / "FLAIR.nii.gz").write_bytes(nifti(voxels))
    if title == "cases":
        call_command("import_cases", str(tmp_path), cohort=title, stdout=io.StringIO())
        assert Cohort.objects.get().cases.count() == 1
    else:
        with pytest.raises(CommandError, match="letter or digit"):
            call_command("import_cases", str(tmp_path), cohort=title, stdout=io.StringIO())


def test_import_cases_goes_on_after_a_folder_whose_name_is_no_utf8(db: None, tmp_path: Any) -> None:
    for number, name in enumerate(("a\udcff", "b")):
        voxels = np.random.default_rng(number).normal(300, 40, SHAPE).clip(0).astype(np.int16)
        (tmp_path / name).mkdir()
        (tmp_path / name / "FLAIR.nii.gz").write_bytes(nifti(voxels))
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)  # as a terminal
    call_command("import_cases", str(tmp_path), stdout=out)


def test_a_renamed_rater_is_not_counted_as_two(
    cora: Browser, ravi: Browser, opened: dict[str, Any], people: dict[str, User]
) -> None:
    ravi.rate_next()
    people["ravi"].username = "ravi.k"  # what the administration's user form does
    people["ravi"].save()
    cora.post(f"studies/{opened['id']}/close/", {"reason": "done"})
    results = cora.get(f"studies/{opened['id']}/results/")
    planned = {row["rater"]: row["planned"] for row in results["presentations"]}
    pooled = planned.pop("")
    assert len(planned) == 2, planned
    assert pooled == 12
