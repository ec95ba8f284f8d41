"""What slips through where two things meet: two studies, two options, a number that is none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from rating.models import ReferenceStudy, Study
from rating.operations.reference_study import DelineatorReads, open_reference
from rating.operations.study import RaterDelineates, open_study
from segmentation.models import Cohort, Segmentation
from segmentation.operations.members import StudyNeedsCoordinator, remove_member
from segmentation.operations.references import reference_title
from tests.rating.delineators import Delineator
from tests.rating.reference_stage import Own, drafted, what_they_draw
from tests.rating.stage import NOON, Browser


@pytest.fixture
def own(people: dict[str, User], cohort: Cohort) -> Own:
    cohort.memberships.create(user=people["rita"], role="delineator")
    return what_they_draw(cohort)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_of_a_design_is_a_number(
    number: str, cora: Browser, cohort: Cohort, own: Own
) -> None:
    address = drafted(cora, cohort, own)
    for name in ("min_volume_mm3", "reach_mm"):
        answer = cora.ask("patch", address, {"design": {name: number}})
        assert answer.status_code == 400
    assert cora.get(address)["design"]["reach_mm"] == 5
    made = cora.post(f"cohorts/{cohort.slug}/studies/", {"title": "Acceptance"})
    path = f"studies/{made['id']}/"
    assert cora.ask("patch", path, {"design": {"min_volume_mm3": number}}).status_code == 400


def test_sham_dots_are_not_told_by_their_lack_of_a_proposal(
    cora: Browser, cohort: Cohort, own: Own
) -> None:
    address = drafted(cora, cohort, own, proposals=True, shams_per_case=2)
    answer = cora.ask("post", f"{address}open/", {})
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["shams_per_case"]


def test_nobody_meets_the_dots_of_one_study_while_another_asks_for_their_own_work(
    cora: Browser, cohort: Cohort, own: Own, people: dict[str, User]
) -> None:
    first = drafted(cora, cohort, own)
    cora.post(f"{first}open/")
    made = cora.post(f"cohorts/{cohort.slug}/reference-studies/", {"title": "Again"})
    second = f"reference-studies/{made['id']}/"
    cora.patch(second, {"design": cora.get(first)["design"] | {"delineators": ["rita"]}})
    answer = cora.ask("post", f"{second}open/", {})
    assert answer.status_code == 409
    assert answer.json()["code"] == "DelineatesElsewhere"
    assert len(Delineator(people["rita"]).get("assignments/")) == 1


@pytest.mark.django_db(transaction=True)
def test_of_an_acceptance_and_a_reference_study_opened_at_once_one_is_refused(
    cora: Browser, cohort: Cohort, own: Own, people: dict[str, User]
) -> None:
    address = drafted(cora, cohort, own)
    made = cora.post(f"cohorts/{cohort.slug}/studies/", {"title": "Acceptance"})
    masks = Segmentation.objects.filter(method="slim-unet")
    design = {"instructions": "Rate.", "min_volume_mm3": 0, "gap": 1, "washout_days": 0}
    change = {"items": [str(mask.pk) for mask in masks], "raters": ["rita"], "design": design}
    cora.patch(f"studies/{made['id']}/", change)
    both_inside = Barrier(2)

    def draw_secret(size: int) -> bytes:
        with suppress(BrokenBarrierError):  # where one waits for the other outside
            both_inside.wait(timeout=0.5)
        return bytes(size)

    def attempt(number: int) -> str:
        how: dict[str, Any] = {"by": people["cora"], "now": NOON, "draw_secret": draw_secret}
        try:
            if number == 0:
                open_study(study=Study.objects.get(), **how)
            else:
                open_reference(study=ReferenceStudy.objects.get(), **how)
        except (RaterDelineates, DelineatorReads) as refusal:
            return type(refusal).__name__
        finally:
            connection.close()
        return "opened"

    with ThreadPoolExecutor(2) as threads:
        ended = list(threads.map(attempt, range(2)))
    assert ended in (["opened", "DelineatorReads"], ["RaterDelineates", "opened"])
    assert (cora.get(address)["state"] == "open") == (ended[1] == "opened")


def test_titles_that_are_cut_say_so_and_stay_apart() -> None:
    names = [f"{'Two time points of the second cohort, ' * 2}: {who}" for who in ("dana", "rita")]
    short, *long = (
        reference_title(rule, of)
        for rule, of in (
            ("union", ["A: dana", "A: rita"]),
            ("union", names),
            ("union", [*names, "third"]),
            ("majority", names),
        )
    )
    assert short == "Union of A: dana, A: rita"
    assert len(set(long)) == 3
    assert all(len(one) <= 120 and "…" in one for one in long)
    assert long[0] == reference_title("union", names), "the same each time"


def test_who_alone_can_close_a_study_stays_in_the_cohort(
    cora: Browser, cohort: Cohort, own: Own, people: dict[str, User]
) -> None:
    """The other coordinator delineates, so that the study does not exist for them."""
    cohort.memberships.filter(user=people["rita"]).update(role="coordinator")
    address = drafted(cora, cohort, own)
    cora.post(f"{address}open/")
    why: dict[str, Any] = {"reason": "Moved.", "by": people["cora"], "now": NOON}
    with pytest.raises(StudyNeedsCoordinator, match="Test set"):
        remove_member(cohort=cohort, user=people["cora"], **why)
    cora.post(f"{address}delineators/leave/", {"delineator": "rita", "reason": "Moved."})
    remove_member(cohort=cohort, user=people["rita"], **why)
    cora.post(f"{address}close/", {"reason": "Enough."})
    cohort.memberships.create(user=people["rita"], role="coordinator")
    remove_member(cohort=cohort, user=people["cora"], **why)


@pytest.mark.parametrize("title", ["Test set, step 1", "Other"])
def test_two_studies_whose_masks_would_be_called_alike_are_refused(
    cora: Browser, cohort: Cohort, title: str
) -> None:
    address = f"cohorts/{cohort.slug}/reference-studies/"
    cora.post(address, {"title": "Test set"})
    cora.post(address, {"title": "Other, step 1"})
    answer = cora.ask("post", address, {"title": title})
    assert answer.json()["code"] == "ReferenceTitleTaken"
    assert list(answer.json()["fields"]) == ["title"]
