"""The stage of the reference study: two delineators, three methods, a clock that can be moved."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from segmentation.models import Cohort
from tests.rating.delineators import Mask, a_method_mask, ball
from tests.rating.stage import NOON, Browser, a_case

METHODS = ("slim-unet", "bianca", "lst-lpa")
S = (24, 28, 10)
A, B, C, D = (
    ((2, 2, 2), (5, 5, 4)),
    ((10, 4, 3), (13, 7, 5)),
    ((4, 16, 5), (7, 19, 7)),
    ((16, 18, 2), (19, 21, 4)),
)
BESIDE_A = ((4, 3, 2), (6, 5, 4))
SMALL = ((20, 2, 8), (21, 4, 9))  # 2 voxels of 3 mm3
Own = dict[str, dict[str, Mask]]


class Clock:
    """A clock that stands still until days pass."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_days(self, days: float) -> None:
        self.now += timedelta(days=days)


def what_they_draw(cohort: Cohort) -> Own:
    """Who draws what in the first step, by case; in the second case nobody finds anything."""
    first, second = a_case(cohort, 1, has_t1=True), a_case(cohort, 2)
    for case in (first, second):
        found = case == first
        a_method_mask(case, "slim-unet", ball(S, *([A, B] if found else [])))
        a_method_mask(case, "bianca", ball(S, *([C] if found else [])))
        a_method_mask(case, "lst-lpa", ball(S, *([SMALL] if found else [])))
    nothing = ball(S)
    return {
        "dana": {first.code: ball(S, A, D), second.code: nothing},
        "rita": {first.code: ball(S, BESIDE_A, SMALL), second.code: nothing},
    }


def a_design(own: Own, **more: Any) -> dict[str, Any]:
    """The design of a study of these cases with 30 days between the steps."""
    return {
        "interval_days": 30,
        "cases": sorted(own["dana"]),
        "delineators": ["dana", "rita"],
        "methods": list(METHODS),
        "instructions": "Draw all lesions.",
    } | more


def drafted(cora: Browser, cohort: Cohort, own: Own, **more: Any) -> str:
    """The address of a draft with such a design."""
    made = cora.post(f"cohorts/{cohort.slug}/reference-studies/", {"title": "Test set"})
    address = f"reference-studies/{made['id']}/"
    cora.patch(address, {"design": a_design(own, **more)})
    return address
