"""Cora drafts, opens and closes a study; nobody else has a say in it."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test.utils import CaptureQueriesContext

from accounts.operations.invitations import accept, invite
from rating.models import Presentation, Study
from segmentation.models import Case, Cohort, Segmentation
from segmentation.operations.cases import create_cohort
from tests.rating.stage import NOON, Browser, a_case, a_mask


def test_a_new_study_is_an_empty_draft(cora: Browser, cohort: Cohort) -> None:
    made = cora.post(f"cohorts/{cohort.slug}/studies/", {"title": "  A first reading "})
    assert made["id"] == "a-first-reading"
    assert made["title"] == "A first reading"
    assert made["state"] == "draft"
    assert made["items"] == []
    assert made["raters"] == []
    assert made["secret"] is None
    assert [study["id"] for study in cora.get("studies/")["results"]] == ["a-first-reading"]


def test_two_studies_may_have_one_title(cora: Browser, cohort: Cohort) -> None:
    for expected in ("pilot", "pilot-2", "pilot-3"):
        assert cora.post(f"cohorts/{cohort.slug}/studies/", {"title": "Pilot"})["id"] == expected
    assert cora.post(f"cohorts/{cohort.slug}/studies/", {"title": "β"})["id"]


def test_a_draft_says_what_it_is_made_of(
    cora: Browser, draft: dict[str, Any], masks: list[Segmentation]
) -> None:
    assert [item["lesions"] for item in draft["items"]] == [3, 0, 12]
    assert {item["segmentation"] for item in draft["items"]} == {str(mask.pk) for mask in masks}
    assert [rater["username"] for rater in draft["raters"]] == ["ravi", "rita"]
    assert draft["design"]["gap"] == 1
    assert draft["design"]["precision_threshold"] == [9, 10]
    assert draft["design"]["connectivity"] == 26
    assert draft["meaning"]


def test_a_change_leaves_the_rest_as_it_was(cora: Browser, draft: dict[str, Any]) -> None:
    changed = cora.patch(f"studies/{draft['id']}/", {"design": {"boundary_policy": "lenient"}})
    assert changed["design"] == draft["design"] | {"boundary_policy": "lenient"}
    assert changed["items"] == draft["items"]
    changed = cora.patch(f"studies/{draft['id']}/", {"raters": ["ravi"], "title": "Renamed"})
    assert [rater["username"] for rater in changed["raters"]] == ["ravi"]
    assert (changed["id"], changed["title"]) == (draft["id"], "Renamed")


def test_candidates_are_sorted_by_case_and_age_whatever_the_fraction_of_a_second(
    cora: Browser, draft: dict[str, Any]
) -> None:
    whole = NOON.replace(microsecond=0)
    cohort = Study.objects.get(slug=draft["id"]).cohort
    case = Case.objects.filter(cohort=cohort).order_by("code").last()
    assert case is not None
    late, early, earliest = (a_mask(case, lesions=n) for n in (1, 2, 3))
    for mask, at in (
        (late, whole.replace(microsecond=500_000)),
        (early, whole),
        (earliest, whole.replace(year=2000)),
    ):
        Segmentation.objects.filter(pk=mask.pk).update(created_at=at)
    found = cora.get(f"studies/{draft['id']}/candidates/")["segmentations"]
    assert [one["case"] for one in found] == sorted(one["case"] for one in found)
    own = [one for one in found if one["case"] == case.code]
    wanted = [str(mask.pk) for mask in (earliest, early, late)]
    assert [one["segmentation"] for one in own if one["segmentation"] in wanted] == wanted
    (second,) = (one for one in own if one["segmentation"] == str(early.pk))
    assert second["created_at"] == f"{whole:%Y-%m-%dT%H:%M:%S}.000000Z"


def test_candidates_are_the_masks_of_the_cohort_and_its_people_but_cora(
    cora: Browser, draft: dict[str, Any], masks: list[Segmentation], people: dict[str, User]
) -> None:
    elsewhere = create_cohort(title="Elsewhere", coordinators=[people["otto"]])
    a_mask(a_case(elsewhere, 77), lesions=1)
    found = cora.get(f"studies/{draft['id']}/candidates/")
    made = {one["segmentation"]: one["created_at"] for one in found["segmentations"]}
    assert set(made) == {str(mask.pk) for mask in masks}
    assert all(datetime.fromisoformat(made[str(one.pk)]) == one.created_at for one in masks)
    assert [user["username"] for user in found["users"]] == ["dana", "ravi", "rita"]


def test_two_coordinators_do_not_reach_each_others_people(
    cora: Browser, otto: Browser, draft: dict[str, Any], people: dict[str, User]
) -> None:
    """Otto knows who rates for him: by invitation, as a member, or in a study of his."""

    def known() -> list[str]:
        return [user["username"] for user in otto.get(f"{address}candidates/")["users"]]

    def asked(name: str) -> dict[str, Any]:
        return otto.ask("patch", address, {"raters": [name]}).json()

    elsewhere = create_cohort(title="Elsewhere", coordinators=[people["otto"]])
    address = f"studies/{otto.post('cohorts/elsewhere/studies/', {'title': 'Ours'})['id']}/"
    assert known() == []
    hidden, no_such = asked("rita"), asked("nobody")
    assert hidden["code"] == no_such["code"] == "UnknownRater"
    assert hidden["message"].replace("rita", "nobody") == no_such["message"]

    _, key = invite(
        cohort=elsewhere, address="r@x.example", role="rater", by=people["otto"], now=NOON
    )
    assert known() == []
    accept(key=key, user=people["rita"], now=NOON)
    elsewhere.memberships.create(user=people["ravi"], role="delineator")
    assert known() == ["ravi", "rita"]
    assert [rater["username"] for rater in asked("rita")["raters"]] == ["rita"]
    elsewhere.invitations.all().delete()
    assert known() == ["ravi", "rita"], "who rates for him already stays known"
    assert "otto" not in str(cora.get(f"studies/{draft['id']}/candidates/")["users"])


def test_what_does_not_belong_in_a_study_is_refused(
    cora: Browser, draft: dict[str, Any], people: dict[str, User]
) -> None:
    elsewhere = create_cohort(title="Elsewhere", coordinators=[people["otto"]])
    foreign = a_mask(a_case(elsewhere, 77), lesions=1)
    people["dana"].is_active = False
    people["dana"].save()
    address = f"studies/{draft['id']}/"
    for change, code in (
        ({"items": [str(foreign.pk)]}, "UnknownSegmentation"),
        ({"raters": ["nobody"]}, "UnknownRater"),
        ({"raters": ["dana"]}, "UnknownRater"),
        ({"raters": ["rita", "cora"]}, "CoordinatorCannotRate"),
        ({"design": {"washout_days": -1}}, "Invalid"),
        ({"design": {"boundary_policy": "perhaps"}}, "Invalid"),
        ({"title": ""}, "Invalid"),
    ):
        assert cora.refused("patch", address, change) == (400, code)
    assert cora.get(address)["items"] == draft["items"]
    assert [rater["username"] for rater in cora.get(address)["raters"]] == ["ravi", "rita"]


def test_a_rater_without_an_account_stays_named_and_is_not_opened_for(
    cora: Browser, draft: dict[str, Any], people: dict[str, User]
) -> None:
    people["ravi"].is_active = False
    people["ravi"].save()
    address = f"studies/{draft['id']}/"
    changed = cora.patch(address, {"title": "Renamed", "raters": ["rita", "ravi"]})
    assert [rater["username"] for rater in changed["raters"]] == ["ravi", "rita"]
    refused = cora.ask("post", f"{address}open/")
    assert (refused.status_code, refused.json()["code"]) == (400, "UnknownRater")
    assert refused.json()["fields"] == {"raters": ["ravi has no active account any more."]}
    cora.patch(address, {"raters": ["rita"]})
    cora.post(f"{address}open/")


@pytest.mark.parametrize("name", ["precision_threshold", "recall_threshold"])
@pytest.mark.parametrize(
    "threshold",
    [
        *([0, 10], [10, 10], [11, 10], [-9, 10], [-9, -10], [9, 0]),
        *([0.9, 1], [9.5, 10], ["nine", 10], [1, 1001], [9], [9, 10, 11], [], None, 0.9, "9/10"),
    ],
)
def test_a_threshold_that_is_no_fraction_between_0_and_1_is_refused_in_the_draft(
    cora: Browser, draft: dict[str, Any], name: str, threshold: object
) -> None:
    address = f"studies/{draft['id']}/"
    change = {"title": "Renamed", "design": {name: threshold}}
    response = cora.ask("patch", address, change)
    assert response.status_code == 400
    (reason,) = response.json()["fields"][f"design.{name}"]
    assert reason.startswith("A threshold lies above 0 % and below 100 %")
    assert cora.get(address)["design"] == draft["design"]
    assert cora.get(address)["title"] == draft["title"]


def test_thresholds_are_set_in_the_draft_alone_and_what_it_means_follows(
    cora: Browser, draft: dict[str, Any]
) -> None:
    address = f"studies/{draft['id']}/"
    for threshold in ([1, 1000], [999, 1000], [2, 3]):
        changed = cora.patch(address, {"design": {"precision_threshold": threshold}})
        assert changed["design"] == draft["design"] | {"precision_threshold": threshold}
    tolerated = {one["lesions"]: one for one in changed["meaning"]["tolerance"]}
    assert (tolerated[10]["false_positives"], tolerated[10]["missed"]) == (3, 1)
    cora.post(f"{address}open/")
    change = {"design": {"precision_threshold": [9, 10]}}
    assert cora.refused("patch", address, change) == (409, "StudyNotDraft")
    assert cora.get(address)["design"]["precision_threshold"] == [2, 3]


def test_an_impossible_design_does_not_open(cora: Browser, draft: dict[str, Any]) -> None:
    address = f"studies/{draft['id']}/"
    for change in (
        {"design": {"gap": 3}},
        {"design": {"gap": 1}, "raters": []},
        {"raters": ["rita"], "items": []},
    ):
        cora.patch(address, change)
        assert cora.refused("post", f"{address}open/") == (400, "InvalidDesign")
        assert cora.get(address)["state"] == "draft"
    assert not Presentation.objects.exists()


def test_lesions_smaller_than_the_design_says_do_not_open(
    cora: Browser, draft: dict[str, Any]
) -> None:
    address = f"studies/{draft['id']}/"
    cora.patch(address, {"design": {"min_volume_mm3": 12.5}})
    response = cora.ask("post", f"{address}open/")
    assert response.status_code == 400
    assert response.json()["code"] == "InvalidDesign"
    assert len(response.json()["fields"]["items"]) == 2  # the empty mask has no small lesion
    cora.patch(address, {"design": {"min_volume_mm3": 12.0}})
    cora.post(f"{address}open/")


def test_opening_freezes_hashes_and_draws_once(
    cora: Browser, opened: dict[str, Any], study: Study
) -> None:
    assert opened["state"] == "open"
    assert opened["secret"] is None
    assert opened["design_sha256"] == hashlib.sha256(study.design_json.encode()).hexdigest()
    assert len(bytes.fromhex(study.secret)) == 32
    for reading in study.memberships.filter(role="rater"):
        slots = list(reading.presentations.order_by("position"))
        assert [slot.position for slot in slots] == [1, 2, 3, 4, 5, 6]
        assert [slot.occasion for slot in slots] == [1, 1, 1, 2, 2, 2]
        assert len({slot.item_id for slot in slots[:3]}) == 3
        assert len({slot.item_id for slot in slots[3:]}) == 3
    address = f"studies/{opened['id']}/"
    assert cora.refused("patch", address, {"title": "Another"}) == (409, "StudyNotDraft")
    assert cora.refused("post", f"{address}open/") == (409, "StudyNotDraft")
    assert cora.refused("post", f"{address}delete/", {"reason": "No."}) == (409, "StudyNotDraft")
    assert cora.get(address)["commitment"] == opened["commitment"] != ""


def test_the_revealed_secret_proves_the_schedule(
    cora: Browser, opened: dict[str, Any], study: Study
) -> None:
    from rating.protocol.sequence import commitment, draw_sequence

    closed = cora.post(f"studies/{opened['id']}/close/", {"reason": "Enough."})
    secret = bytes.fromhex(closed["secret"])
    study.refresh_from_db()
    design = json.loads(study.design_json)
    assert commitment(secret, study.design_json) == opened["commitment"]
    drawn = draw_sequence(
        secret=secret,
        study=study.slug,
        rater="rita",
        items=[item["key"] for item in design["items"]],
        gap=design["gap"],
        cases={item["key"]: item["case"] for item in design["items"]},
    )
    stored = Presentation.objects.filter(reading__user__username="rita").order_by("position")
    assert [(slot.position, slot.occasion, slot.item) for slot in drawn] == [
        (one.position, one.occasion, one.item.key) for one in stored
    ]


def test_a_draft_can_be_deleted(cora: Browser, draft: dict[str, Any]) -> None:
    cora.post(f"studies/{draft['id']}/delete/", {"reason": "Unwanted."})
    assert cora.get("studies/")["results"] == []
    assert cora.refused("get", f"studies/{draft['id']}/") == (404, "NotFound")


def test_cora_sees_pace_and_no_answer_while_it_is_open(
    cora: Browser, rita: Browser, opened: dict[str, Any]
) -> None:
    rita.rate_next(fp=0, fn=2, verdict="unacceptable")
    address = f"studies/{opened['id']}/"
    seen = cora.get(address)
    pace = {rater["username"]: rater for rater in seen["raters"]}
    assert (pace["rita"]["done"], pace["rita"]["total"]) == (1, 6)
    assert pace["rita"]["last_activity"] is not None
    assert (pace["ravi"]["done"], pace["ravi"]["last_activity"]) == (0, None)
    assert "unacceptable" not in json.dumps(seen)
    assert cora.refused("get", f"{address}results/") == (409, "StudyNotClosed")
    assert cora.refused("get", f"{address}bundle/") == (409, "StudyNotClosed")
    (row,) = cora.get("studies/")["results"]
    assert (row["items"], row["raters"], row["done"], row["total"]) == (3, 2, 1, 12)


def test_closing_asks_for_a_reason_and_happens_once(
    cora: Browser, rita: Browser, opened: dict[str, Any]
) -> None:
    shown = rita.open_next()
    address = f"studies/{opened['id']}/"
    assert cora.refused("post", f"{address}close/", {"reason": "  "}) == (400, "ReasonMissing")
    closed = cora.post(f"{address}close/", {"reason": "The raters have left."})
    assert closed["state"] == "closed"
    assert closed["closing_reason"] == "The raters have left."
    assert cora.refused("post", f"{address}close/", {"reason": "Again."}) == (409, "StudyNotOpen")
    token = shown["presentation"]
    for method, path, body in (
        ("get", f"presentations/{token}/", None),
        ("get", f"presentations/{token}/image/", None),
        ("post", f"presentations/{token}/open/", {}),
        ("put", f"presentations/{token}/comment/", {"comment": "late"}),
    ):
        assert rita.refused(method, path, body) == (409, "StudyNotOpen")
    assert rita.reading()["state"] == "closed"
    assert rita.reading()["presentation"] is None


def test_a_draft_cannot_be_closed(cora: Browser, draft: dict[str, Any]) -> None:
    address = f"studies/{draft['id']}/close/"
    assert cora.refused("post", address, {"reason": "No."}) == (409, "StudyNotOpen")


def test_a_copy_has_the_design_the_masks_and_the_raters_but_not_the_order(
    cora: Browser, study: Study, people: dict[str, User]
) -> None:
    people["ravi"].is_active = False
    people["ravi"].save()
    copy = cora.post(f"studies/{study.slug}/duplicate/")
    assert (copy["title"], copy["state"]) == ("Copy of First reading", "draft")
    first = cora.get(f"studies/{study.slug}/")
    assert copy["design"] == first["design"]
    assert [item["segmentation"] for item in copy["items"]] == [
        item["segmentation"] for item in first["items"]
    ]
    assert [rater["username"] for rater in copy["raters"]] == ["rita"]
    assert not Presentation.objects.filter(item__study__slug=copy["id"]).exists()
    reopened = cora.post(f"studies/{copy['id']}/open/")
    assert reopened["commitment"] != first["commitment"]


def test_results_after_closing_count_what_was_rated(
    cora: Browser, rita: Browser, ravi: Browser, opened: dict[str, Any]
) -> None:
    for _ in range(6):
        rita.rate_next()
        ravi.rate_next(fn=20, verdict="unacceptable")
    cora.post(f"studies/{opened['id']}/close/", {"reason": "All is rated."})
    assert cora.get(f"studies/{opened['id']}/results/")


@pytest.mark.parametrize("who", ["rita", "dana", "otto"])
def test_nobody_else_reaches_a_study(
    who: str, people: dict[str, User], opened: dict[str, Any], cohort: Cohort
) -> None:
    stranger = Browser(people[who])
    address = f"studies/{opened['id']}/"
    for method, path, body in (
        ("get", address, None),
        ("patch", address, {"title": "Mine"}),
        ("post", f"{address}delete/", {"reason": "x"}),
        ("get", f"{address}candidates/", None),
        ("post", f"{address}open/", {}),
        ("post", f"{address}close/", {"reason": "x"}),
        ("get", f"{address}results/", None),
        ("get", f"{address}bundle/", None),
    ):
        assert stranger.refused(method, path, body) == (404, "NotFound")
    assert stranger.get("studies/")["results"] == []
    status = 403 if who == "dana" else 404
    made = stranger.refused("post", f"cohorts/{cohort.slug}/studies/", {"title": "Mine"})
    assert made[0] == status


def test_lists_ask_the_database_a_fixed_number_of_times(
    cora: Browser,
    cohort: Cohort,
    cases: list[Case],
    draft: dict[str, Any],
    people: dict[str, User],
) -> None:
    from django.db import connection

    def asked(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            cora.get(path)
        return len(queries)

    paths = ["studies/", f"studies/{draft['id']}/", f"studies/{draft['id']}/candidates/"]
    before = [asked(path) for path in paths]
    more = [a_mask(case, lesions=2, method=f"m{n}") for case in cases for n in range(4)]
    for title in ("Second", "Third", "Fourth"):
        cora.post(f"cohorts/{cohort.slug}/studies/", {"title": title})
    items = [item["segmentation"] for item in draft["items"]] + [str(mask.pk) for mask in more]
    cora.patch(paths[1], {"items": items, "raters": ["rita", "ravi", "dana"]})
    assert [asked(path) for path in paths] == before
