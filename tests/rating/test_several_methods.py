"""Several methods in one study: nobody sees two masks of a case in a row, and they are compared."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from rating.models import Presentation
from segmentation.models import Cohort
from tests.rating.stage import Browser, a_case, a_mask
from tests.rating.test_export import rows, unpacked

METHODS = ("slim-unet", "lst-lpa")
CASES = 4


@pytest.fixture
def study(cora: Browser, cohort: Cohort) -> str:
    """Two methods' masks of four cases for Rita and Ravi, open."""
    cases = [a_case(cohort, seed) for seed in range(CASES)]
    masks = [a_mask(case, lesions=12, method=method) for case in cases for method in METHODS]
    made = cora.post(f"cohorts/{cohort.slug}/studies/", {"title": "Which one"})
    change = {
        "items": [str(mask.pk) for mask in masks],
        "raters": ["rita", "ravi"],
        "design": {"gap": 3, "washout_days": 0},
    }
    cora.patch(f"studies/{made['id']}/", change)
    cora.post(f"studies/{made['id']}/open/")
    return str(made["id"])


def test_no_two_masks_of_a_case_follow_each_other(study: str) -> None:
    shown = Presentation.objects.select_related("item__segmentation").order_by("position")
    for rater in ("rita", "ravi"):
        order = [one for one in shown if one.reading.rater == rater]
        items, cases = (
            [one.item_id for one in order],
            [one.item.segmentation.case_id for one in order],
        )
        assert len(items) == 2 * CASES * len(METHODS)
        assert sorted(items[: len(items) // 2]) == sorted(items[len(items) // 2 :])
        assert not any(one == other for one, other in pairwise(cases))
        for item in set(items):
            first, second = (at for at, one in enumerate(items) if one == item)
            assert second - first >= 3


def test_methods_are_compared_and_every_order_follows_from_the_secret(
    cora: Browser, rita: Browser, ravi: Browser, study: str, tmp_path: Path
) -> None:
    """The masks of one method miss two lesions: 12 of 14 are too few. The other's are right."""
    for browser in (rita, ravi):
        for _ in range(2 * CASES * len(METHODS)):
            open_now = Presentation.objects.get(token=browser.reading()["presentation"])
            browser.rate_next(fn=2 * (open_now.item.segmentation.method == METHODS[1]))
    cora.post(f"studies/{study}/close/", {"reason": "All is rated."})
    found = cora.get(f"studies/{study}/results/")
    by_method = {
        line["name"]: (line["accepted"], line["rated"])
        for line in found["acceptance"]
        if line["group"] == "method" and line["is_primary"] and line["rater"] == ""
    }
    assert by_method == {METHODS[0]: (16, 16), METHODS[1]: (0, 16)}
    assert {line["method"] for line in found["lesion_rates"]} == {"", *METHODS}
    (pooled,) = (
        line
        for line in found["comparisons"]
        if line["compared"] == "methods" and line["rater"] == "" and line["is_primary"]
    )
    assert abs(pooled["difference"]) == 1.0
    assert pooled["sign_flip_p"] == 2 / 2**CASES, "as extreme as four cases can be"
    files = unpacked(cora, study)
    for name, content in files.items():
        if "/" not in name:
            (tmp_path / name).write_bytes(content)
    script = [sys.executable, "verify.py"]
    ran = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.stdout == "The commitment holds, and so do the orders of ravi, rita.\n", ran.stderr
    assert len(rows(files["schedule.csv"])) == 2 * 2 * CASES * len(METHODS)
    one, other = (method.encode() for method in METHODS)
    exchanged = files["ratings.csv"].replace(one, b"?").replace(other, one).replace(b"?", other)
    (tmp_path / "ratings.csv").write_bytes(exchanged)
    ran = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")


def test_two_masks_of_one_case_alone_cannot_be_shown(cora: Browser, cohort: Cohort) -> None:
    case = a_case(cohort, 1)
    masks = [a_mask(case, lesions=3, method=method) for method in METHODS]
    made = cora.post(f"cohorts/{cohort.slug}/studies/", {"title": "One case"})
    change: dict[str, Any] = {"items": [str(mask.pk) for mask in masks], "raters": ["rita"]}
    cora.patch(f"studies/{made['id']}/", change | {"design": {"gap": 0, "washout_days": 0}})
    assert cora.refused("post", f"studies/{made['id']}/open/") == (400, "InvalidDesign")
    assert not Presentation.objects.exists()
