"""Two tabs or two people change one draft: nothing is saved over what its sender has not seen."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from segmentation.models import Cohort
from tests.rating.stage import Browser

pytestmark = pytest.mark.django_db
REFUSED = (409, "DraftChanged")


@pytest.fixture(params=["studies", "reference-studies"])
def shown(request: pytest.FixtureRequest, cora: Browser, cohort: Cohort) -> tuple[str, Any]:
    """The address of a new draft of either kind, and how it was shown."""
    made = cora.post(f"cohorts/{cohort.slug}/{request.param}/", {"title": "Pilot"})
    return f"{request.param}/{made['id']}/", made


def a_change(instructions: str, *follows: str, **more: str) -> dict[str, Any]:
    return {"design": {"instructions": instructions}, "follows": follows, **more}


def test_what_another_tab_has_saved_is_kept(cora: Browser, shown: tuple[str, Any]) -> None:
    address, draft = shown
    saved = cora.patch(address, a_change("One.", draft["revision"]))
    assert saved["revision"] != draft["revision"]
    assert cora.refused("patch", address, a_change("Two.", draft["revision"])) == REFUSED
    assert cora.get(address) == saved
    again = cora.patch(address, a_change("Two.", saved["revision"]))
    assert again["design"]["instructions"] == "Two."


def test_a_change_whose_answer_was_lost_is_no_change_by_somebody_else(
    cora: Browser, shown: tuple[str, Any]
) -> None:
    address, draft = shown
    lost = str(uuid.uuid4())
    change = a_change("One.", draft["revision"], revision=lost)
    assert cora.patch(address, change)["revision"] == lost
    assert cora.patch(address, change)["revision"] == lost, "the same one, sent again"
    last = cora.patch(address, a_change("Two.", draft["revision"], lost))
    assert cora.refused("patch", address, change) == REFUSED, "it arrives once more, much later"
    assert cora.get(address) == last


def test_a_script_that_names_no_revision_changes_what_there_is(
    cora: Browser, shown: tuple[str, Any]
) -> None:
    address, draft = shown
    first = cora.patch(address, {"title": "First"})
    second = cora.patch(address, {"title": "Second"})
    assert len({one["revision"] for one in (draft, first, second)}) == 3


def test_only_the_draft_that_was_seen_is_opened_or_deleted(
    cora: Browser, shown: tuple[str, Any]
) -> None:
    address, draft = shown
    changed = cora.patch(address, a_change("One.", draft["revision"]))
    seen = {"follows": [draft["revision"]], "reason": "It is not needed."}
    for act in ("open", "delete"):
        assert cora.refused("post", f"{address}{act}/", seen) == REFUSED
    assert cora.get(address) == changed
    lacks_much = cora.refused("post", f"{address}open/", {"follows": [changed["revision"]]})
    assert lacks_much[1] in {"InvalidDesign", "InvalidReferenceDesign"}
    maybe = [draft["revision"], changed["revision"]]  # it has seen no answer to its own change
    cora.post(f"{address}delete/", seen | {"follows": maybe})
    assert cora.refused("get", address) == (404, "NotFound")
