"""What cannot be done in a reference study is refused, with what to do instead; nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db.models import ProtectedError

from rating.models import (
    Candidate,
    Delineation,
    DotDecision,
    ReferenceCase,
    ReferenceStudy,
)
from segmentation.models import Case, Cohort, Edit, InferenceJob, Segmentation
from segmentation.operations.cases import create_cohort
from tests.rating.delineators import Delineator, a_method_mask, an_edit, ball
from tests.rating.reference_stage import A, B, Clock, Own, S, a_design, drafted, what_they_draw
from tests.rating.stage import Browser, a_case
from tests.segmentation.test_training_jobs import tiny_version


@pytest.fixture
def people_who_draw(people: dict[str, User], cohort: Cohort) -> tuple[Delineator, Delineator]:
    cohort.memberships.create(user=people["rita"], role="delineator")
    return Delineator(people["dana"]), Delineator(people["rita"])


@pytest.fixture
def own(cohort: Cohort) -> Own:
    return what_they_draw(cohort)


@pytest.fixture
def address(cora: Browser, cohort: Cohort, own: Own, people_who_draw: Any, clock: Clock) -> str:
    """Of a study that was opened."""
    address = drafted(cora, cohort, own)
    cora.post(f"{address}open/")
    return address


@pytest.fixture
def in_step_2(address: str, people_who_draw: Any, own: Own, clock: Clock) -> tuple[str, Any]:
    """The delineation by Dana of the case with dots, just opened."""
    dana, rita = people_who_draw
    dana.finish_step_1(own["dana"])
    rita.finish_step_1(own["rita"])
    clock.pass_days(30)
    for token in dana.tasks(2):
        shown = dana.open(token)
        if shown["dots"]:
            return token, shown
    raise AssertionError("no case has dots")


# --- Drafts and openings --------------------------------------------------------------------------


def test_a_draft_that_cannot_be_done_is_not_opened(
    cora: Browser, cohort: Cohort, own: Own, people_who_draw: Any
) -> None:
    address = drafted(cora, cohort, own)

    def refused(**design: Any) -> tuple[str, list[str]]:
        cora.patch(address, {"design": a_design(own) | design})
        answer = cora.ask("post", f"{address}open/", {})
        assert answer.status_code in {400, 409}
        return answer.json()["code"], list(answer.json()["fields"])

    assert refused(cases=[]) == ("InvalidReferenceDesign", ["cases"])
    assert refused(delineators=[]) == ("InvalidReferenceDesign", ["delineators"])
    assert refused(delineators=["dana", "dana"]) == ("InvalidReferenceDesign", ["delineators"])
    assert refused(reach_mm=0) == ("InvalidReferenceDesign", ["reach_mm"])
    assert refused(cases=["C9999"]) == ("UnknownCase", ["cases"])
    assert refused(delineators=["otto"]) == ("UnknownDelineator", ["delineators"])
    assert refused(delineators=["cora"]) == ("CoordinatorCannotDelineate", ["delineators"])
    bare = a_case(cohort, 9)
    cases = [*own["dana"], bare.code]
    assert refused(cases=cases, reach_mm=None) == ("InvalidReferenceDesign", ["methods"])
    assert ReferenceStudy.objects.get().state == "draft"
    assert not ReferenceCase.objects.exists()


def test_a_version_of_another_cohort_is_told_apart_from_none_by_nothing(
    cora: Browser, cohort: Cohort, own: Own, people_who_draw: Any, tmp_path: Path
) -> None:
    theirs = create_cohort(title="Theirs", coordinators=[User.objects.create_user("nora")])
    version = tiny_version(theirs, tmp_path)
    address = drafted(cora, cohort, own)

    def told(method: str) -> str:
        cora.patch(address, {"design": a_design(own, methods=[method])})
        answer = cora.ask("post", f"{address}open/", {})
        assert answer.status_code == 400
        return str(answer.json()).replace(method, "METHOD")

    assert told(version.name) == told("no-such-method")


def test_masks_of_other_cases_or_grids_lend_no_lesion(
    cora: Browser, cohort: Cohort, own: Own, people_who_draw: Any
) -> None:
    address = drafted(cora, cohort, own)
    first, second = (Case.objects.get(code=code) for code in sorted(own["dana"]))
    job = InferenceJob.objects.get(case=first, method="bianca")
    right, other = job.segmentation, Segmentation.objects.get(case=second, method="bianca")
    assert right is not None
    Segmentation.objects.filter(pk=right.pk).update(case=second)
    answer = cora.ask("post", f"{address}open/", {})
    assert answer.json()["code"] == "InvalidReferenceDesign"
    assert "of another case" in answer.json()["message"]
    Segmentation.objects.filter(pk=right.pk).update(case=first)
    scan = first.scans.get(sequence="FLAIR")
    moved = [[*row[:3], row[3] + 5] for row in scan.affine]
    first.scans.filter(sequence="FLAIR").update(affine=moved)
    answer = cora.ask("post", f"{address}open/", {})
    assert "another grid" in answer.json()["message"]
    first.scans.filter(sequence="FLAIR").update(affine=scan.affine)
    assert other.pk
    assert cora.post(f"{address}open/")["state"] == "open"


def test_what_was_opened_is_frozen(cora: Browser, cohort: Cohort, address: str) -> None:
    assert cora.refused("patch", address, {"title": "B"}) == (409, "ReferenceNotDraft")
    assert cora.refused("post", f"{address}open/") == (409, "ReferenceNotDraft")
    gone = cora.refused("post", f"{address}delete/", {"reason": "No."})
    assert gone == (409, "ReferenceNotDraft")
    taken = cora.refused("post", f"cohorts/{cohort.slug}/reference-studies/", {"title": "Test set"})
    assert taken == (409, "ReferenceTitleTaken")
    cora.post(f"{address}close/", {"reason": "Enough."})
    assert cora.refused("post", f"{address}close/", {"reason": "x"}) == (409, "ReferenceNotOpen")
    assert cora.refused("post", f"{address}dots/") == (409, "ReferenceNotOpen")
    unknown = cora.refused("patch", address, {"design": {"secret": "x"}})
    assert unknown == (400, "Invalid")


def test_somebody_can_join_before_there_are_dots_and_not_after(
    cora: Browser,
    cohort: Cohort,
    people: dict[str, User],
    address: str,
    people_who_draw: Any,
    own: Own,
    clock: Clock,
) -> None:
    for name in ("ravi", "otto"):
        cohort.memberships.create(user=people[name], role="delineator")
    joining = {"delineator": "ravi", "reason": "Asked for."}
    path = f"{address}delineators/"
    assert cora.refused("post", path, joining | {"reason": ""}) == (400, "ReasonMissing")
    assert cora.refused("post", path, joining | {"delineator": "nobody"})[1] == "UnknownDelineator"
    assert cora.refused("post", path, joining | {"delineator": "dana"}) == (
        409,
        "AlreadyDelineates",
    )
    own["ravi"] = dict.fromkeys(own["dana"], ball(S))
    assert len(cora.post(path, joining)["delineators"]) == 3
    for person, name in zip(
        (*people_who_draw, Delineator(people["ravi"])), ("dana", "rita", "ravi"), strict=True
    ):
        person.finish_step_1(own[name])
    clock.pass_days(30)
    cora.post(f"{address}dots/")
    late = cora.refused("post", path, {"delineator": "otto", "reason": "Late."})
    assert late == (409, "CandidatesBuilt")


# --- Between the steps ----------------------------------------------------------------------------


def test_step_2_waits_for_everybody_and_for_the_interval(
    address: str, people_who_draw: Any, own: Own, clock: Clock, cora: Browser
) -> None:
    dana, rita = people_who_draw
    dana.finish_step_1(own["dana"])
    waiting = [one["delineation"] for one in dana.share()["step_2"]]
    for token in waiting:
        path = f"delineations/{token}/open/"
        assert dana.refused("post", path) == (409, "StepOneUnfinished")
    rita.finish_step_1(own["rita"])
    clock.pass_days(29.99)
    for token in waiting:
        assert dana.refused("post", f"delineations/{token}/open/") == (409, "IntervalNotOver")
    assert [one["built_at"] for one in cora.post(f"{address}dots/")["cases"]] == [None, None]
    first = sorted(own["dana"])[0]
    assert cora.refused("get", f"{address}cases/{first}/dots.csv") == (409, "NoDotsYet")
    assert not Candidate.objects.exists()
    clock.pass_days(0.01)
    for token in waiting:
        dana.open(token)
    assert Candidate.objects.count() == 4


def test_the_mask_of_a_method_cannot_be_deleted_and_its_file_is_missed(
    address: str, people_who_draw: Any, own: Own, clock: Clock, cora: Browser
) -> None:
    """The row is protected; without its file no dot is made, and none is made without it."""
    dana, rita = people_who_draw
    dana.finish_step_1(own["dana"])
    rita.finish_step_1(own["rita"])
    clock.pass_days(30)
    first = Case.objects.get(code=sorted(own["dana"])[0])
    mask = first.segmentations.get(method="bianca")
    with pytest.raises(ProtectedError):
        mask.delete()
    reason = {"reason": "Wrong person."}
    assert cora.refused("post", f"cases/{first.code}/delete/", reason) == (409, "CaseInStudy")
    with mask.mask.open("rb") as stored:
        content = stored.read()
    mask.mask.storage.delete(mask.mask.name)
    refused = cora.ask("post", f"{address}dots/", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "MethodMaskGone")
    assert "verify_files" in refused.json()["message"]
    assert not Candidate.objects.exists()
    with mask.mask.storage.open(mask.mask.name, "wb") as back:
        back.write(content)
    cora.post(f"{address}dots/")
    assert Candidate.objects.count() == 4


def test_a_newer_mask_of_a_method_changes_nothing(
    address: str, people_who_draw: Any, own: Own, clock: Clock, cora: Browser
) -> None:
    first = Case.objects.get(code=sorted(own["dana"])[0])
    a_method_mask(first, "bianca", ball(S, A, B))
    dana, rita = people_who_draw
    dana.finish_step_1(own["dana"])
    rita.finish_step_1(own["rita"])
    clock.pass_days(30)
    cora.post(f"{address}dots/")
    assert Candidate.objects.filter(origins__mask__method="bianca").count() == 1


# --- Delineating ----------------------------------------------------------------------------------


def test_nothing_is_drawn_before_it_is_opened_or_after_it_is_submitted(
    address: str, people_who_draw: Any
) -> None:
    dana, _ = people_who_draw
    token = dana.tasks(1)[0]
    root = f"delineations/{token}/"
    mask = ball(S, A)
    early = dana.refused("put", f"{root}edits/{uuid4()}/", an_edit(mask))
    assert early == (409, "DelineationNotOpened")
    nothing = {"edits": 0, "voxels": 0, "digest": 0, "active_ms": 0}
    assert dana.refused("post", f"{root}submit/", nothing) == (409, "DelineationNotOpened")
    dana.open(token)
    edit = uuid4()
    dana.draw(token, mask, edit=edit)
    seen = dana.seen(token, mask)
    other = seen | {"voxels": 17}
    assert dana.refused("post", f"{root}submit/", other) == (409, "DoesNotReplay")
    behind = seen | {"edits": 0}
    assert dana.refused("post", f"{root}submit/", behind) == (409, "DrawnElsewhere")
    twice = dana.refused("put", f"{root}edits/{uuid4()}/", an_edit(mask))
    assert twice == (409, "DrawnElsewhere")
    outside = an_edit(mask, number=2) | {"added": [24 * 28 * 10, 1]}
    assert dana.refused("put", f"{root}edits/{uuid4()}/", outside) == (400, "UnusableEdit")
    dana.submit(token, mask)
    dana.submit(token, mask)  # the answer was lost on its way
    locked = dana.refused("post", f"{root}submit/", other)
    assert locked == (409, "DelineationSubmitted")
    more = dana.refused("put", f"{root}edits/{uuid4()}/", an_edit(ball(S, B), number=2))
    assert more == (409, "DelineationSubmitted")
    dana.put(f"{root}edits/{edit}/", an_edit(mask))  # the acknowledged one, sent again
    assert Edit.objects.count() == 1


def test_no_dot_is_left_undecided_and_what_is_agreed_is_drawn(
    in_step_2: tuple[str, Any], people_who_draw: Any
) -> None:
    dana, rita = people_who_draw
    token, shown = in_step_2
    root, nothing = f"delineations/{token}/", ball(S)
    first, *rest = shown["dots"]

    def submitting(mask: Any) -> tuple[int, str]:
        return dana.refused("post", f"{root}submit/", dana.seen(token, mask))

    assert submitting(nothing) == (409, "DotsUndecided")
    for dot in rest:
        dana.decide(token, dot["dot"], "unsure")
    assert submitting(nothing) == (409, "DotsUndecided")
    dana.decide(token, first["dot"], "lesion")
    assert submitting(nothing) == (409, "DotNotDrawn")
    mask = np.zeros(S, bool)
    x, y, z = rest[0]["voxel"]
    mask[x, y, z] = True
    dana.draw(token, mask)
    assert submitting(mask) == (409, "DotNotDrawn")
    x, y, z = first["voxel"]
    mask[x, y, z] = True
    added = np.zeros(S, bool)
    added[x, y, z] = True
    dana.draw(token, added)
    assert submitting(mask) == (409, "DrawnWithoutDot")
    dana.decide(token, rest[0]["dot"], "lesion")
    assert dana.submit(token, mask)["done"] == 3
    late = {"choice": "unsure"}
    path = f"{root}dots/{first['dot']}/decisions/{uuid4()}/"
    assert dana.refused("put", path, late) == (409, "DelineationSubmitted")
    theirs = rita.open(rita.tasks(2)[0])["dots"] or rita.open(rita.tasks(2, "ready")[0])["dots"]
    path = f"{root}dots/{theirs[0]['dot']}/decisions/{uuid4()}/"
    assert dana.refused("put", path, late) == (400, "NoSuchDot")


def test_a_decision_is_stored_once_and_later_ones_are_versions(
    in_step_2: tuple[str, Any], people_who_draw: Any
) -> None:
    dana, _ = people_who_draw
    token, shown = in_step_2
    dot, other = (one["dot"] for one in shown["dots"][:2])
    mine = uuid4()
    first = dana.decide(token, dot, "lesion", by_id=mine)
    assert dana.decide(token, dot, "lesion", by_id=mine) == first
    path = f"delineations/{token}/dots/{other}/decisions/{mine}/"
    assert dana.refused("put", path, {"choice": "lesion"}) == (409, "DecisionElsewhere")
    path = f"delineations/{token}/dots/{dot}/decisions/{mine}/"
    assert dana.refused("put", path, {"choice": "unsure"}) == (409, "DecisionElsewhere")
    dana.decide(token, dot, "unsure")
    versions = DotDecision.objects.filter(dot__token=dot).values_list("version", "choice")
    assert list(versions) == [(1, "lesion"), (2, "unsure")]
    told = {one["dot"]: one["choice"] for one in dana.get(f"delineations/{token}/")["dots"]}
    assert (told[dot], told[other]) == ("unsure", None)
    from_proposal = {"choice": "lesion", "from_proposal": True}
    path = f"delineations/{token}/dots/{dot}/decisions/{uuid4()}/"
    assert dana.refused("put", path, from_proposal) == (400, "NoProposals")
    assert shown["dots"][0]["proposal"] is None


def test_a_closed_study_takes_nothing_more(
    in_step_2: tuple[str, Any], people_who_draw: Any, cora: Browser, address: str
) -> None:
    dana, rita = people_who_draw
    token, shown = in_step_2
    cora.post(f"{address}close/", {"reason": "Enough."})
    path = f"delineations/{token}/dots/{shown['dots'][0]['dot']}/decisions/{uuid4()}/"
    assert dana.refused("put", path, {"choice": "lesion"}) == (409, "ReferenceNotOpen")
    path = f"delineations/{token}/edits/{uuid4()}/"
    assert dana.refused("put", path, an_edit(ball(S, A))) == (409, "ReferenceNotOpen")
    left = Delineation.objects.filter(assignment__user__username="rita", step=2)
    path = f"delineations/{left[0].token}/open/"
    assert rita.refused("post", path) == (409, "ReferenceNotOpen")
    assert dana.get(f"delineations/{token}/")["submitted_at"] is None


# --- Proposals and sham dots ----------------------------------------------------------------------


def in_step_2_at_once(
    cora: Browser, address: str, people: tuple[Delineator, Delineator], own: Own
) -> list[dict[str, Any]]:
    """What Dana is shown of every case when a study without an interval comes to step 2."""
    cora.post(f"{address}open/")
    dana, rita = people
    dana.finish_step_1(own["dana"])
    rita.finish_step_1(own["rita"])
    return [dana.open(token) for token in dana.tasks(2)]


def test_a_lesion_can_be_begun_from_a_proposal_where_the_design_has_them(
    cora: Browser, cohort: Cohort, own: Own, people_who_draw: Any, clock: Clock
) -> None:
    address = drafted(cora, cohort, own, proposals=True, interval_days=0)
    shown = in_step_2_at_once(cora, address, people_who_draw, own)
    dana, _ = people_who_draw
    (token,) = [one["delineation"] for one in shown if one["dots"]]
    dots = dana.get(f"delineations/{token}/")["dots"]
    assert len(dots) == 4
    assert all(dot["proposal"] for dot in dots)
    dana.decide(token, dots[0]["dot"], "lesion", from_proposal=True)
    told = {one["dot"]: one for one in dana.get(f"delineations/{token}/")["dots"]}
    assert told[dots[0]["dot"]]["from_proposal"] is True


def first_voxel(candidate: Candidate, shape: tuple[int, int, int]) -> list[int]:
    if candidate.is_sham:
        return list(candidate.voxel)
    runs = zip(candidate.region[::2], candidate.region[1::2], strict=True)
    at = np.concatenate([np.arange(begin, begin + count) for begin, count in runs])
    return min(np.stack(np.unravel_index(at, shape, order="F"), axis=1).tolist())


def test_sham_dots_where_the_design_has_them(
    cora: Browser, cohort: Cohort, own: Own, people_who_draw: Any, clock: Clock
) -> None:
    address = drafted(cora, cohort, own, shams_per_case=6, interval_days=0)
    shown = in_step_2_at_once(cora, address, people_who_draw, own)
    dots = [dot for one in shown for dot in one["dots"]]
    shams = Candidate.objects.filter(is_sham=True)
    assert shams.count() >= 6
    for built in ReferenceCase.objects.exclude(candidates=None):
        shape = built.case.scans.get(sequence="FLAIR").grid.ras.shape
        numbered = list(built.candidates.order_by("number"))
        first = [first_voxel(one, shape) for one in numbered]
        assert first == sorted(first)  # a number does not tell a sham dot
    assert len(dots) == 4 + shams.count()
    assert {str(dot["proposal"]) for dot in dots} == {"None"}
    cora.post(f"{address}close/", {"reason": "Enough."})
    sources = {row["dots_of"] for row in cora.get(f"{address}results/")["acceptance"]}
    assert "sham" in sources
