"""Rita leaves a reference study half way: nobody waits for her, and what she submitted counts."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from rating.models import Assignment, Candidate, Dot
from segmentation.models import AuditEntry, Cohort, Segmentation
from segmentation.operations.members import DelineatesStill, remove_member
from tests.rating.delineators import Delineator, an_edit, ball, case_of
from tests.rating.reference_stage import C, Clock, Own, S, drafted, what_they_draw
from tests.rating.stage import NOON, Browser

NOTHING = {"edits": 0, "voxels": 0, "digest": 0, "active_ms": 0}
Three = tuple[Delineator, Delineator, Delineator]


@pytest.fixture
def own(cohort: Cohort) -> Own:
    """What all three draw in step 1; Ravi finds nothing."""
    found = what_they_draw(cohort)
    return found | {"ravi": dict.fromkeys(found["dana"], ball(S))}


@pytest.fixture
def three(people: dict[str, User], cohort: Cohort) -> Three:
    for name in ("rita", "ravi"):
        cohort.memberships.create(user=people[name], role="delineator")
    dana, rita, ravi = (Delineator(people[name]) for name in ("dana", "rita", "ravi"))
    return dana, rita, ravi


@pytest.fixture
def address(cora: Browser, cohort: Cohort, own: Own, three: Three, clock: Clock) -> str:
    """Of a study of all three that was opened."""
    address = drafted(cora, cohort, own, delineators=["dana", "ravi", "rita"])
    cora.post(f"{address}open/")
    return address


def let_go(cora: Browser, address: str, name: str = "rita") -> Any:
    leaving = {"delineator": name, "reason": f"{name} moved away."}
    return cora.post(f"{address}delineators/leave/", leaving)


@pytest.fixture
def left_in_step_1(cora: Browser, address: str, own: Own, three: Three) -> dict[str, str]:
    """Rita has submitted the first case and begun the second; her first steps by case."""
    dana, rita, ravi = three
    dana.finish_step_1(own["dana"])
    ravi.finish_step_1(own["ravi"])
    tokens = {case_of(token).code: token for token in rita.tasks(1)}
    first, second = sorted(tokens)
    for code, mask in ((first, own["rita"][first]), (second, ball(S, C))):
        rita.open(tokens[code])
        rita.draw(tokens[code], mask)
    rita.submit(tokens[first], own["rita"][first])
    assert {one["state"] for one in dana.share()["step_2"]} == {"interval", "others"}
    let_go(cora, address)
    return tokens


def test_step_2_waits_for_nobody_who_left(
    left_in_step_1: dict[str, str], address: str, cora: Browser, three: Three, clock: Clock
) -> None:
    dana, _, ravi = three
    assert {one["state"] for one in dana.share()["step_2"]} == {"interval"}
    cases = cora.get(address)["cases"]
    assert [(one["step_1_left"], one["step_2_left"]) for one in cases] == [(0, 2), (0, 2)]
    clock.pass_days(30)
    assert {one["built_at"] is None for one in cora.post(f"{address}dots/")["cases"]} == {False}
    dana.finish_step_2()
    ravi.finish_step_2()
    assert [one["step_2_left"] for one in cora.get(address)["cases"]] == [0, 0]
    (listed,) = cora.get("reference-studies/")["results"]
    assert (listed["done"], listed["total"], listed["delineators"]) == (9, 9, 3)


def test_what_she_submitted_lends_dots_and_what_she_did_not_lends_none(
    left_in_step_1: dict[str, str], address: str, cora: Browser, clock: Clock
) -> None:
    clock.pass_days(30)
    cora.post(f"{address}dots/")
    first, second = sorted(left_in_step_1)
    hers = Candidate.objects.filter(origins__delineation__assignment__delineator="rita")
    assert [(one.of.case.code, one.number, one.voxels) for one in hers] == [(first, 1, 22)]
    assert not Candidate.objects.filter(of__case__code=second).exists()
    owners = set(Dot.objects.values_list("delineation__assignment__delineator", flat=True))
    assert owners == {"dana", "ravi"}


def test_she_opens_draws_and_submits_nothing_more(
    left_in_step_1: dict[str, str], three: Three, clock: Clock
) -> None:
    _, rita, _ = three
    first, second = sorted(left_in_step_1)
    share = rita.share()
    assert (share["state"], share["done"], share["total"]) == ("left", 1, 4)
    assert sorted(one["state"] for one in share["step_1"]) == ["left", "submitted"]
    assert {one["state"] for one in share["step_2"]} == {"left"}
    refused = (409, "DelineatorLeft")
    begun = f"delineations/{left_in_step_1[second]}/"
    edit = an_edit(ball(S, ((9, 9, 9), (10, 10, 10))), number=2)
    assert rita.refused("put", f"{begun}edits/{uuid4()}/", edit) == refused
    seen = rita.seen(left_in_step_1[second], ball(S, C))
    assert rita.refused("post", f"{begun}submit/", seen) == refused
    clock.pass_days(30)
    for one in share["step_2"]:
        path = f"delineations/{one['delineation']}/"
        assert rita.refused("post", f"{path}open/") == refused
        assert rita.refused("post", f"{path}submit/", NOTHING) == (409, "DelineationNotOpened")
    locked = f"delineations/{left_in_step_1[first]}/edits/{uuid4()}/"
    assert rita.refused("put", locked, edit) == (409, "DelineationSubmitted")
    assert "left this study" in rita.client.get("/").content.decode()


def test_who_never_began_can_leave_and_opens_nothing(
    cora: Browser, address: str, three: Three
) -> None:
    _, rita, _ = three
    token = rita.tasks(1)[0]
    let_go(cora, address)
    assert rita.refused("post", f"delineations/{token}/open/") == (409, "DelineatorLeft")
    assert rita.tasks(1) == []


def test_leaving_is_written_down_and_shown(cora: Browser, address: str) -> None:
    shown = {one["username"]: one["left_at"] for one in let_go(cora, address)["delineators"]}
    assert shown == {"dana": None, "ravi": None, "rita": "2026-03-02T12:00:00Z"}
    entry = AuditEntry.objects.get(act="study-amended")
    assert entry.what == "Test set (reference test-set), rita left"
    assert (entry.actor, entry.why) == ("cora", "rita moved away.")


def test_who_cannot_leave(
    cora: Browser, address: str, own: Own, three: Three, clock: Clock, people: dict[str, User]
) -> None:
    dana, _, ravi = three
    path = f"{address}delineators/leave/"

    def refused(name: str, reason: str = "Moved.") -> tuple[int, str]:
        return cora.refused("post", path, {"delineator": name, "reason": reason})

    assert refused("rita", " ") == (400, "ReasonMissing")
    assert refused("otto") == (400, "UnknownDelineator")
    assert dana.ask("post", path, {"delineator": "rita", "reason": "No."}).status_code == 404
    assert not Assignment.objects.exclude(left_at=None).exists()
    let_go(cora, address)
    assert refused("rita") == (400, "UnknownDelineator")
    back = {"delineator": "rita", "reason": "Is back."}
    assert cora.refused("post", f"{address}delineators/", back) == (409, "AlreadyDelineates")
    dana.finish_step_1(own["dana"])
    ravi.finish_step_1(own["ravi"])
    clock.pass_days(30)
    ravi.finish_step_2()
    assert refused("ravi") == (409, "NothingLeftToDelineate")
    let_go(cora, address, "dana")
    assert Assignment.objects.filter(left_at=None).get().user == people["ravi"]
    cora.post(f"{address}close/", {"reason": "Enough."})
    assert refused("ravi") == (409, "ReferenceNotOpen")


def test_the_last_delineator_stays(cora: Browser, address: str) -> None:
    let_go(cora, address)
    let_go(cora, address, "dana")
    last = {"delineator": "ravi", "reason": "Moved."}
    assert cora.refused("post", f"{address}delineators/leave/", last) == (409, "LastDelineator")
    assert Assignment.objects.filter(left_at=None).count() == 1


# --- Leaving in the second step -------------------------------------------------------------------


@pytest.fixture
def left_in_step_2(
    cora: Browser, address: str, own: Own, three: Three, clock: Clock
) -> dict[str, Any]:
    """Rita submits the second step of the case without dots, decides the rest, and leaves."""
    for person, name in zip(three, ("dana", "rita", "ravi"), strict=True):
        person.finish_step_1(own[name])
    clock.pass_days(30)
    dana, rita, ravi = three
    shown = {case_of(token).code: rita.open(token) for token in rita.tasks(2)}
    first, second = sorted(shown)
    rita.submit(shown[second]["delineation"], ball(S))
    for dot in shown[first]["dots"]:
        rita.decide(shown[first]["delineation"], dot["dot"], "lesion")
    dots = set(Dot.objects.values_list("pk", flat=True))
    let_go(cora, address)
    assert set(Dot.objects.values_list("pk", flat=True)) == dots
    decision = f"dots/{shown[first]['dots'][0]['dot']}/decisions/{uuid4()}/"
    path = f"delineations/{shown[first]['delineation']}/{decision}"
    assert rita.refused("put", path, {"choice": "unsure"}) == (409, "DelineatorLeft")
    dana.finish_step_2()
    ravi.finish_step_2()
    return cora.post(f"{address}close/", {"reason": "Done without Rita."})


def test_her_missing_decisions_are_undefined_and_say_why(
    left_in_step_2: Any, cora: Browser, address: str
) -> None:
    rows = cora.get(f"{address}results/")["acceptance"]
    hers = [row for row in rows if row["delineator"] == "rita"]
    assert len(hers) == 10
    assert {row["dots"] for row in hers} == {0}
    assert {row["share"] for row in hers} == {None}
    assert {row["undefined"] for row in hers} == {"no such dot was decided before they left"}
    dana = [row["undefined"] for row in rows if row["delineator"] == "dana"]
    assert set(dana) == {"", "no such dot was decided"}
    colleague = [
        row["dots"]
        for row in rows
        if (row["delineator"], row["dots_of"], row["only"]) == ("dana", "colleague", False)
    ]
    assert colleague == [1], "what Rita drew in the first step is a colleague's still"


def test_what_she_did_not_submit_is_no_reference(
    left_in_step_2: Any, cora: Browser, address: str, own: Own
) -> None:
    first, second = sorted(own["dana"])
    before = set(Segmentation.objects.values_list("pk", flat=True))
    notes = cora.post(f"{address}masks/")["notes"]
    assert notes == ["rita left 01 April 2026: in no union, intersection, majority."]
    made = Segmentation.objects.exclude(pk__in=before)
    by_case: dict[str, set[str]] = {first: set(), second: set()}
    for mask in made:
        by_case[mask.case.code].add(mask.title)
    names = {f"Test set{step}: {name}" for step in ("", ", step 1") for name in ("dana", "ravi")}
    rules = ("Union", "Intersection", "Majority")
    both = names | {f"{rule} of Test set: dana, Test set: ravi" for rule in rules}
    assert by_case[first] == both | {"Test set, step 1: rita"}
    assert by_case[second] == both | {"Test set, step 1: rita", "Test set: rita"}
    told = {
        mask.provenance.get("delineator_left_at") for mask in made.filter(title__contains="rita")
    }
    assert told == {"2026-04-01T12:00:00+00:00"}
    assert not made.filter(title="Test set: dana", provenance__has_key="delineator_left_at")


def test_the_bundle_says_who_left_and_when(
    left_in_step_2: Any, cora: Browser, address: str
) -> None:
    answer = cora.ask("get", f"{address}bundle/")
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as bundle:
        about = json.loads(bundle.read("test-set/study.json"))
        audit = list(csv.DictReader(io.StringIO(bundle.read("test-set/audit.csv").decode())))
    assert about["left"] == {"rita": "2026-04-01T12:00:00.000000+00:00"}
    (left,) = [row for row in audit if row["act"] == "study-amended"]
    assert (left["what"], left["why"]) == (
        "Test set (reference test-set), rita left",
        "rita moved away.",
    )


# --- The cohort, and the home page ----------------------------------------------------------------


def test_whom_a_study_waits_for_stays_in_the_cohort_and_nobody_else_sees_a_share(
    cora: Browser, address: str, three: Three, cohort: Cohort, people: dict[str, User]
) -> None:
    _, rita, _ = three
    share, token = rita.share()["assignment"], rita.tasks(1)[0]
    rita.open(token)
    paths = [f"assignments/{share}/", f"delineations/{token}/", f"/assignments/{share}/"]
    paths += [f"delineations/{token}/scans/FLAIR/", f"/delineations/{token}/"]
    why: dict[str, Any] = {"reason": "Moved.", "by": people["cora"], "now": NOON}
    with pytest.raises(DelineatesStill, match="rita still delineates in Test set"):
        remove_member(cohort=cohort, user=people["rita"], **why)
    assert cohort.memberships.filter(user=people["rita"]).exists()
    let_go(cora, address)
    assert {rita.ask("get", path).status_code for path in paths} == {200}
    remove_member(cohort=cohort, user=people["rita"], **why)
    assert {rita.ask("get", path).status_code for path in paths} == {404}
    assert rita.get("assignments/") == []
    cora.post(f"{address}close/", {"reason": "Enough."})
    remove_member(cohort=cohort, user=people["dana"], **why)


def home_of(browser: Browser) -> str:
    page = browser.client.get("/").content.decode()
    return page.split("Needs your attention")[-1] if "Needs your attention" in page else ""


def test_home_says_what_waits_for_the_coordinator(
    cora: Browser, address: str, own: Own, three: Three, clock: Clock
) -> None:
    dana, rita, ravi = three
    for person, name in zip(three, ("dana", "rita", "ravi"), strict=True):
        person.finish_step_1(own[name])
    assert "Test set" not in home_of(cora)
    clock.pass_days(30)
    assert "2 cases of Test set can have their dots" in home_of(cora)
    cora.post(f"{address}dots/")
    assert "Test set" not in home_of(cora)
    dana.finish_step_2()
    ravi.finish_step_2()
    assert "Test set" not in home_of(cora)
    let_go(cora, address)
    assert "Everybody has finished both steps of Test set" in home_of(cora)
    assert "Test set" not in home_of(dana)
    assert "Test set" not in home_of(rita)
    cora.post(f"{address}close/", {"reason": "Done."})
    assert "finished both steps" not in home_of(cora)


def test_home_shows_how_far_a_coordinators_reference_studies_are(
    cora: Browser, address: str, own: Own, three: Three
) -> None:
    three[0].finish_step_1(own["dana"])

    def cards(browser: Browser) -> str:
        return browser.client.get("/").content.decode().partition("Your reference studies")[2]

    assert "2 of 12 delineations done by 3 delineators" in cards(cora)
    assert cards(three[0]) == ""
    cora.post(f"{address}close/", {"reason": "Enough."})
    assert "See what was decided" in cards(cora)
