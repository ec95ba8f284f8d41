"""Dana and Rita make a reference in two steps, with Cora's three methods between them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from rating.models import Candidate, Dot, DotDecision, ReferenceStudy
from segmentation.models import Cohort
from segmentation.queries import clock_given
from tests.rating.delineators import Delineator, Mask, a_method_mask, ball
from tests.rating.stage import NOON, Browser, a_case

METHODS = ("slim-unet", "bianca", "lst-lpa")
S = (24, 28, 10)
A, B, C, D = (
    ((2, 2, 2), (5, 5, 4)),
    ((10, 4, 3), (13, 7, 5)),
    ((4, 16, 5), (7, 19, 7)),
    ((16, 18, 2), (19, 21, 4)),
)
SMALL = ((20, 2, 8), (21, 4, 9))  # 2 voxels of 3 mm3


class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_days(self, days: float) -> None:
        self.now += timedelta(days=days)


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    with clock_given(clock):
        yield clock


@pytest.fixture
def delineators(people: dict[str, User], cohort: Cohort) -> dict[str, Delineator]:
    cohort.memberships.create(user=people["rita"], role="delineator")
    return {name: Delineator(people[name]) for name in ("dana", "rita")}


@pytest.fixture
def own(cohort: Cohort) -> dict[str, dict[str, Mask]]:
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
        "rita": {first.code: ball(S, ((4, 3, 2), (6, 5, 4)), SMALL), second.code: nothing},
    }


@pytest.fixture
def study(
    cora: Browser, cohort: Cohort, own: dict[str, Any], delineators: Any, clock: Clock
) -> ReferenceStudy:
    made = cora.post(f"cohorts/{cohort.slug}/reference-studies/", {"title": "Test set"})
    design = {
        "interval_days": 30,
        "cases": sorted(own["dana"]),
        "delineators": ["dana", "rita"],
        "methods": list(METHODS),
        "instructions": "Draw all lesions.",
    }
    cora.patch(f"reference-studies/{made['id']}/", {"design": design})
    opened = cora.post(f"reference-studies/{made['id']}/open/")
    assert opened["state"] == "open"
    return ReferenceStudy.objects.get()


def test_a_whole_study(
    study: ReferenceStudy,
    delineators: dict[str, Delineator],
    own: dict[str, dict[str, Mask]],
    clock: Clock,
    cora: Browser,
) -> None:
    dana, rita = delineators["dana"], delineators["rita"]
    dana.finish_step_1(own["dana"])
    assert {one["state"] for one in dana.share()["step_2"]} == {"others"}
    rita.finish_step_1(own["rita"])
    assert {one["state"] for one in dana.share()["step_2"]} == {"interval"}
    assert dana.share()["step_2"][0]["available_at"] == "2026-04-01T12:00:00Z"
    clock.pass_days(30)
    for person in (dana, rita):
        assert len(person.tasks(2)) == 2
        for token in person.tasks(2):
            shown = person.open(token)
            answered = ball(S)
            for dot in shown["dots"]:
                x, y, z = dot["voxel"]
                if person is dana and (x, y, z) == (11, 5, 3):
                    person.decide(token, dot["dot"], "not_a_lesion")
                    continue
                person.decide(token, dot["dot"], "unsure")
                person.decide(token, dot["dot"], "lesion")
                answered[x - 1 : x + 2, y - 1 : y + 2, z : z + 2] = True
            if answered.any():
                person.draw(token, answered)
            person.submit(token, answered)
        assert person.share()["state"] == "finished"
    first, second = sorted(own["dana"])
    found = Candidate.objects.filter(of__case__code=first)
    assert [(one.voxels, one.voxel) for one in found] == [
        (18 + 2 * 2, [3, 3, 2]),
        (18, [5, 17, 5]),
        (18, [11, 5, 3]),
        (18, [17, 19, 2]),
    ]
    assert not Candidate.objects.filter(of__case__code=second).exists()
    origins = {
        one.number: {
            (o.delineation.assignment.delineator if o.delineation else o.mask.method, o.voxels)
            for o in one.origins.all()
        }
        for one in found
    }
    assert origins == {
        1: {("dana", 18), ("rita", 8), ("slim-unet", 18)},
        2: {("bianca", 18)},
        3: {("slim-unet", 18)},
        4: {("dana", 18)},
    }
    job = found[1].origins.get().mask.job
    assert (job.method, job.case.code) == ("bianca", first)
    orders = [
        list(Dot.objects.filter(delineation__assignment__delineator=name).values_list("candidate"))
        for name in ("dana", "rita")
    ]
    assert sorted(orders[0]) == sorted(orders[1])
    assert DotDecision.objects.count() == 2 * 8 - 1
    cora.post(f"reference-studies/{study.slug}/close/", {"reason": "All done."})
    assert dana.share()["state"] == "closed"
