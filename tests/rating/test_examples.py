"""The slices that stand as examples: by chance, or as the coordinator chooses; told either way."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User

from rating.models import ExampleSlice
from segmentation.models import AuditEntry
from segmentation.operations.audit import Act
from tests.rating.stage import Browser
from tests.rating.test_export import rows, unpacked

SLICES = 10


@pytest.fixture
def study(cora: Browser, rita: Browser, ravi: Browser, opened: dict[str, Any]) -> str:
    """Closed: Rita missed one lesion in every mask, Ravi none; of 3, 0 and 12 drawn ones."""
    for _ in range(6):
        rita.rate_next(fn=1)
        ravi.rate_next()
    cora.post(f"studies/{opened['id']}/close/", {"reason": "All is rated."})
    return str(opened["id"])


def examples(cora: Browser, study: str) -> dict[str, Any]:
    return cora.get(f"studies/{study}/examples/")


def shown(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["kind"]: one for one in told["shown"]}


def another(told: dict[str, Any], kind: str) -> dict[str, Any]:
    """A reading of a kind that chance did not choose."""
    by_chance = shown(told)[kind]
    return next(
        one for one in told["candidates"] if one["kind"] == kind and not is_same(one, by_chance)
    )


def is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[name] == other[name] for name in ("rater", "item", "occasion"))


def choice(one: dict[str, Any], slice_: int | None = None) -> dict[str, Any]:
    return {name: one[name] for name in ("rater", "item", "occasion")} | {"slice": slice_}


def acts() -> list[tuple[str, str]]:
    found = AuditEntry.objects.filter(act=Act.EXAMPLES_CHOSEN).order_by("pk")
    return [(one.actor, one.what.split(", ", 1)[1]) for one in found]


def test_without_a_choice_chance_draws_one_of_each_kind(cora: Browser, study: str) -> None:
    told = examples(cora, study)
    assert list(shown(told)) == ["accepted", "accepted with errors", "rejected"]
    assert not any(one["is_chosen"] for one in told["shown"])
    assert "drawn by chance. Green" in told["description"]
    kinds = {(one["rater"], one["lesions"]): one["kind"] for one in told["candidates"]}
    assert kinds == {
        ("ravi", 3): "accepted",
        ("ravi", 12): "accepted",
        ("rita", 12): "accepted with errors",
        ("rita", 3): "rejected",
    }, "an empty mask is no example"
    assert {one["method"] for one in told["candidates"]} == {"secret-method"}
    assert {one["slices"] for one in told["candidates"]} == {SLICES}


def test_a_choice_stands_on_the_page_in_the_bundle_and_in_the_report(
    cora: Browser, study: str, people: dict[str, User]
) -> None:
    before = unpacked(cora, study)
    by_chance = examples(cora, study)
    wanted = another(by_chance, "rejected")
    told = cora.put(f"studies/{study}/examples/", {"examples": [choice(wanted, 3)]})
    assert told == examples(cora, study)
    now = shown(told)
    assert (now["rejected"]["slice"], now["rejected"]["chosen_by"]) == (3, "cora")
    assert is_same(now["rejected"], wanted)
    for kind in ("accepted", "accepted with errors"):
        assert now[kind] == shown(by_chance)[kind], "the others are those of before"
    day = now["rejected"]["chosen_at"][:10]
    words = f"drawn by chance (accepted, accepted with errors); chosen by cora on {day} (UTC)"
    assert words in told["description"]
    files = unpacked(cora, study)
    assert unpacked(cora, study) == files, "the same bytes every time"
    for file in ("figures/example_slices.svg", "report.html"):
        assert words in files[file].decode()
        assert words not in before[file].decode()
    drawn = cora.ask("get", f"studies/{study}/examples.svg").content
    assert drawn == files["figures/example_slices.svg"]
    assert f"{wanted['case']}, slice 3: " in drawn.decode()
    listed = {row["kind"]: row for row in rows(files["examples.csv"])}
    assert (listed["rejected"]["slice"], listed["rejected"]["chosen_by"]) == ("3", "cora")
    assert listed["rejected"]["item"] == wanted["item"]
    assert (listed["accepted"]["chosen_by"], listed["accepted"]["chosen_at"]) == ("", "")
    assert f"slice {listed['accepted']['slice']}: " in drawn.decode()
    logged = [row["act"] for row in rows(files["audit.csv"])]
    assert logged[-1] == "examples-chosen"


def test_who_chose_and_when_stays_until_another_is_chosen_and_chance_comes_back(
    cora: Browser, cohort: Any, study: str
) -> None:
    before = unpacked(cora, study)
    told = examples(cora, study)
    rejected, accepted = another(told, "rejected"), another(told, "accepted")
    cora.put(f"studies/{study}/examples/", {"examples": [choice(rejected)]})
    first = ExampleSlice.objects.get()
    cora.put(f"studies/{study}/examples/", {"examples": [choice(accepted, 1), choice(rejected)]})
    assert ExampleSlice.objects.get(kind="rejected").at == first.at
    cora.put(f"studies/{study}/examples/", {"examples": [choice(accepted, SLICES)]})
    cora.put(f"studies/{study}/examples/", {"examples": []})
    assert not ExampleSlice.objects.exists()
    said = [(actor, what.split(": ", 1)) for actor, what in acts()]
    assert {actor for actor, _ in said} == {"cora"}
    assert [(kind, what.rsplit(", ", 1)[-1]) for _, (kind, what) in said] == [
        ("rejected", "the slice with most marks"),
        ("accepted", "slice 1"),
        ("accepted", f"slice {SLICES}"),
        ("rejected", "by chance"),
        ("accepted", "by chance"),
    ]
    after = unpacked(cora, study)
    for file in ("figures/example_slices.svg", "report.html", "examples.csv"):
        assert after[file] == before[file]


def test_a_choice_can_be_tried_out_and_keeps_nothing(cora: Browser, study: str) -> None:
    wanted = another(examples(cora, study), "accepted")
    body = json.dumps({"examples": [choice(wanted, 7)]})
    tried = cora.ask("get", f"studies/{study}/examples.svg?chosen={quote(body)}")
    assert f"{wanted['case']}, slice 7: " in tried.content.decode()
    assert "chosen (accepted)" in tried.content.decode()
    assert not ExampleSlice.objects.exists()
    assert not acts()
    for nonsense in ("", "{", "[]", "null", '{"examples": 3}', '{"examples": [{}]}'):
        address = f"studies/{study}/examples.svg?chosen={quote(nonsense)}"
        assert cora.refused("get", address) == (400, "Invalid"), nonsense


def test_what_cannot_be_shown_is_refused_and_nothing_changes(cora: Browser, study: str) -> None:
    told = examples(cora, study)
    kept, other = shown(told)["rejected"], another(told, "rejected")
    cora.put(f"studies/{study}/examples/", {"examples": [choice(kept, 2)]})
    before = examples(cora, study)
    for wanted in (
        [choice(kept, SLICES + 1)],
        [choice(kept), choice(other)],
        [choice(kept | {"rater": "nobody"})],
        [choice(kept | {"item": "item-002"})],  # the empty mask
    ):
        refused = cora.refused("put", f"studies/{study}/examples/", {"examples": wanted})
        assert refused == (400, "UnknownExample")
    for wanted in ([choice(kept, 0)], [choice(kept) | {"slices": 1}], [choice(kept)] * 4):
        refused = cora.refused("put", f"studies/{study}/examples/", {"examples": wanted})
        assert refused == (400, "Invalid")
    assert examples(cora, study) == before


def test_nobody_chooses_before_the_study_is_closed_and_none_but_its_coordinator(
    cora: Browser, rita: Browser, opened: dict[str, Any]
) -> None:
    address = f"studies/{opened['id']}/examples/"
    rita.rate_next(fn=1)
    assert cora.refused("get", address) == (409, "StudyNotClosed")
    assert cora.refused("put", address, {"examples": []}) == (409, "StudyNotClosed")
    for method, body in (("get", None), ("put", {"examples": []})):
        assert rita.ask(method, address, body).status_code == 404
