"""Practice comes before the first reading, tells how it went, and counts nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from rating.models import Item, Presentation, Study
from rating.protocol.practice import feedback
from segmentation.models import Case, Cohort, Segmentation
from tests.rating.stage import Browser, a_case, a_mark, a_mask


@pytest.fixture
def practised(cohort: Cohort) -> list[Segmentation]:
    """A mask with three lesions, and one of the same case with five: two of them are missed."""
    case = a_case(cohort, 99)
    return [a_mask(case, lesions=3), a_mask(case, lesions=5, method="truth")]


@pytest.fixture
def opened(cora: Browser, draft: dict[str, Any], practised: list[Segmentation]) -> dict[str, Any]:
    mask, reference = (str(one.pk) for one in practised)
    pairs = [{"segmentation": mask, "reference": reference}]
    pairs += [{"segmentation": reference, "reference": mask}]
    changed = cora.patch(f"studies/{draft['id']}/", {"practice": pairs})
    shown = [(one["false_positives"], one["missed"]) for one in changed["practice"]]
    assert shown == [(0, 2), (2, 0)]
    assert [item["lesions"] for item in changed["items"]] == [3, 0, 12]
    return cora.post(f"studies/{draft['id']}/open/")


def test_practice_comes_first_and_tells_how_it_went(rita: Browser, study: Study) -> None:
    state = rita.reading()
    assert (state["practice_left"], state["done"], state["total"]) == (2, 0, 6)
    shown = rita.open_next()
    token = shown["presentation"]
    truth = Presentation.objects.get(token=token).item.truth
    rita.put(
        f"presentations/{token}/marks/33333333-3333-4333-8333-333333333333/",
        a_mark(mm=tuple(truth["missed"][0])),
    )
    rita.mark(token, lesion=1)
    told = rita.submit(token, fp=1, fn=1)
    places = told["feedback"].pop("places")
    assert [(one["kind"], one["said"]) for one in places] == [
        ("FP", "wrong"),
        ("FN", "right"),
        ("FN", "overlooked"),
    ]
    assert [one["mm"] for one in places[1:]] == truth["missed"]
    assert told["feedback"] == {
        "false_positives": 0,
        "false_positives_found": 0,
        "false_positives_wrong": 1,
        "missed": 2,
        "missed_found": 1,
        "missed_wrong": 0,
    }
    assert (told["practice_left"], told["done"]) == (1, 0)
    second = rita.open_next()
    assert set(second) == set(shown)
    assert second["next"] is None, "nothing of the study is fetched before practice is over"
    rita.submit(second["presentation"])
    first = rita.open_next()
    assert set(first) == set(shown)
    assert rita.submit(first["presentation"])["feedback"] is None
    assert (rita.reading()["practice_left"], rita.reading()["done"]) == (0, 1)


def test_practice_counts_nowhere(
    cora: Browser, rita: Browser, study: Study, opened: dict[str, Any]
) -> None:
    for _ in range(2):
        rita.rate_next(fn=1)
    seen = cora.get(f"studies/{study.slug}/")
    pace = {rater["username"]: rater for rater in seen["raters"]}
    assert (pace["rita"]["done"], pace["rita"]["total"]) == (0, 6)
    (row,) = cora.get("studies/")["results"]
    assert (row["items"], row["done"], row["total"]) == (3, 0, 12)
    for _ in range(6):
        rita.rate_next()
    cora.post(f"studies/{study.slug}/close/", {"reason": "Done."})
    found = cora.get(f"studies/{study.slug}/results/")
    counted = {line["rater"]: line for line in found["presentations"]}
    assert (counted["rita"]["planned"], counted["rita"]["rated"]) == (6, 6)
    report = cora.get(f"studies/{study.slug}/report/")
    assert "practised on 2 cases outside the study" in " ".join(report["methods"])
    assert cora.ask("get", f"studies/{study.slug}/bundle/").status_code == 200
    copy = cora.post(f"studies/{study.slug}/duplicate/")
    assert len(copy["practice"]) == 2


def test_practice_on_what_is_judged_is_refused(
    cora: Browser,
    draft: dict[str, Any],
    masks: list[Segmentation],
    cases: list[Case],
    practised: list[Segmentation],
) -> None:
    address = f"studies/{draft['id']}/"
    other = a_mask(cases[0], lesions=1)
    one, two = (str(mask.pk) for mask in practised)
    for pair in ((one, str(other.pk)), (one, one), (str(masks[0].pk), str(other.pk))):
        wrong = {"practice": [{"segmentation": pair[0], "reference": pair[1]}]}
        assert cora.refused("patch", address, wrong) == (400, "UnknownSegmentation")
    judged = {"practice": [{"segmentation": str(other.pk), "reference": str(masks[0].pk)}]}
    cora.patch(address, judged)
    response = cora.ask("post", f"{address}open/")
    assert response.json()["code"] == "InvalidDesign"
    assert list(response.json()["fields"]) == ["practice"]
    cora.patch(address, {"practice": [{"segmentation": one, "reference": two}]})
    cora.post(f"{address}open/")


def test_each_missed_lesion_takes_one_mark_within_five_mm() -> None:
    told = feedback(
        false_positives=[2, 4],
        missed_mm=[(0.0, 0.0, 0.0), (20.0, 0.0, 0.0)],
        marked_false=[4, 7],
        marked_missed_mm=[(0.0, 0.0, 5.0), (0.0, 1.0, 0.0), (20.0, 5.1, 0.0)],
        lesions_mm={lesion: (float(lesion), 0.0, 0.0) for lesion in range(1, 9)},
    )
    assert [(one.kind, one.said, one.mm[0]) for one in told.places[:3]] == [
        ("FP", "overlooked", 2.0),
        ("FP", "right", 4.0),
        ("FP", "wrong", 7.0),
    ]
    assert (told.false_positives_found, told.false_positives_wrong) == (1, 1)
    assert (told.missed_found, told.missed_wrong) == (1, 2)


def test_a_mask_goes_between_practice_and_what_is_judged_in_one_change(
    cora: Browser, draft: dict[str, Any], masks: list[Segmentation], practised: list[Segmentation]
) -> None:
    """The page sends the whole draft, so whoever takes the advice of the refusal is let through."""
    address = f"studies/{draft['id']}/"
    one, truth = (str(mask.pk) for mask in practised)
    judged = [str(mask.pk) for mask in masks]
    pairs = [{"segmentation": one, "reference": truth}]
    cora.patch(address, {"items": judged, "practice": pairs})
    both = {"items": [*judged, one], "practice": pairs}
    assert cora.refused("patch", address, both) == (400, "UnknownSegmentation")
    changed = cora.patch(address, both | {"practice": []})
    assert (len(changed["items"]), changed["practice"]) == (4, [])
    back = cora.patch(address, {"items": judged, "practice": pairs})
    assert (len(back["items"]), len(back["practice"])) == (3, 1)


def test_what_stays_is_not_made_anew(
    cora: Browser, draft: dict[str, Any], masks: list[Segmentation], practised: list[Segmentation]
) -> None:
    """A title is saved while it is typed: comparing masks each time would hold the database up."""
    address = f"studies/{draft['id']}/"
    one, truth = (str(mask.pk) for mask in practised)
    whole = {
        "items": [str(mask.pk) for mask in masks],
        "practice": [{"segmentation": one, "reference": truth}],
    }
    cora.patch(address, whole)
    made = list(Item.objects.values_list("pk", flat=True))
    cora.patch(address, whole | {"title": "Another title"})
    assert list(Item.objects.values_list("pk", flat=True)) == made
    assert len(made) == 4
