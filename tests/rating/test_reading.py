"""Rita reads her share: in order, one presentation at a time, and nothing she did gets lost."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Value
from django.test.utils import CaptureQueriesContext

from rating.models import Mark, MarkChange, Presentation, Rating, Study
from rating.operations import answering, presenting
from rating.operations import study as studies
from rating.protocol.counting import Counts
from rating.protocol.design import canonical_json
from rating.queries.design import design_of
from rating.queries.reading import reading_state
from segmentation.models import Segmentation
from tests.rating.stage import NOON, Browser, a_mark, a_view, an_answer

MARK = "11111111-1111-4111-8111-111111111111"
OTHER_MARK = "22222222-2222-4222-8222-222222222222"


def in_order(study: Study, username: str) -> list[Presentation]:
    return list(
        Presentation.objects.filter(reading__study=study, reading__user__username=username)
        .order_by("position")
        .select_related("item")
    )


def at_mask_with(browser: Browser, lesions: int) -> str:
    """The token of the open presentation of the mask with this many lesions."""
    while True:
        shown = browser.open_next()
        if shown["lesion_count"] == lesions:
            return str(shown["presentation"])
        browser.submit(shown["presentation"])


def test_rita_reads_to_the_end(rita: Browser, study: Study) -> None:
    start = rita.reading()
    assert (start["done"], start["total"], start["state"]) == (0, 6, "ready")
    assert start["instructions"] == "Mark what is wrong."
    assert start["opened"] is False
    for done in range(6):
        shown = rita.open_next()
        assert rita.reading()["opened"] is True
        assert [lesion["id"] for lesion in shown["lesions"]] == list(
            range(1, shown["lesion_count"] + 1)
        )
        after = rita.submit(shown["presentation"])
        assert after["done"] == done + 1
    assert after == rita.reading()
    assert (after["state"], after["presentation"]) == ("finished", None)


def test_nothing_is_shown_or_taken_before_opening(rita: Browser, study: Study) -> None:
    token = rita.reading()["presentation"]
    address = f"presentations/{token}/"
    for method, path, body in (
        ("get", address, None),
        ("get", f"{address}image/", None),
        ("get", f"{address}mask/", None),
        ("put", f"{address}marks/{MARK}/", a_mark()),
        ("delete", f"{address}marks/{MARK}/", None),
        ("put", f"{address}comment/", {"comment": "early"}),
        ("post", f"{address}submit/", an_answer()),
    ):
        assert rita.refused(method, path, body) == (409, "NotOpened")


def test_presentations_open_strictly_in_order(rita: Browser, study: Study) -> None:
    first, second, *_, last = (one.token for one in in_order(study, "rita"))
    for token in (second, last):
        assert rita.refused("post", f"presentations/{token}/open/") == (409, "NotYourTurn")
    rita.open_next()
    assert rita.refused("post", f"presentations/{second}/open/") == (409, "NotYourTurn")
    rita.submit(first)
    rita.post(f"presentations/{second}/open/")
    for method, path, body in (
        ("post", f"presentations/{first}/open/", {}),
        ("get", f"presentations/{first}/", None),
        ("get", f"presentations/{first}/image/", None),
        ("get", f"presentations/{first}/mask/", None),
        ("put", f"presentations/{first}/marks/{MARK}/", a_mark()),
        ("delete", f"presentations/{first}/marks/{MARK}/", None),
        ("put", f"presentations/{first}/comment/", {"comment": "late"}),
        ("post", f"presentations/{first}/submit/", an_answer()),
    ):
        assert rita.refused(method, path, body) == (409, "AlreadySubmitted")


def test_the_next_of_a_block_is_fetched_ahead_and_nothing_else_of_it(
    rita: Browser, study: Study
) -> None:
    tokens = [one.token for one in in_order(study, "rita")]
    ahead = rita.open_next()["next"]
    assert ahead["presentation"] == tokens[1]
    for volume in (ahead["image"], ahead["mask"]):
        assert rita.ask("get", volume).status_code == 200
    for method, path, body in (
        ("get", "", None),
        ("put", f"marks/{MARK}/", a_mark()),
        ("post", "submit/", an_answer()),
    ):
        refused = rita.refused(method, f"presentations/{tokens[1]}/{path}", body)
        assert refused == (409, "NotOpened")
    assert rita.refused("get", f"presentations/{tokens[2]}/image/") == (409, "NotOpened")


def test_nothing_is_fetched_ahead_across_the_blocks(rita: Browser, study: Study) -> None:
    tokens = [one.token for one in in_order(study, "rita")]
    half = len(tokens) // 2
    for _ in range(half - 1):
        rita.submit(rita.open_next()["presentation"])
    last = rita.open_next()
    assert (last["presentation"], last["next"]) == (tokens[half - 1], None)
    assert rita.refused("get", f"presentations/{tokens[half]}/image/") == (409, "NotOpened")


def test_opening_again_resumes(rita: Browser, study: Study) -> None:
    shown = rita.open_next()
    opened_at = Presentation.objects.get(token=shown["presentation"]).opened_at
    rita.mark(shown["presentation"])
    again = rita.open_next()
    assert len(again["marks"]) == 1
    assert Presentation.objects.get(token=shown["presentation"]).opened_at == opened_at
    assert again == rita.get(f"presentations/{shown['presentation']}/")


def test_ravi_does_not_reach_what_is_ritas(ravi: Browser, rita: Browser, study: Study) -> None:
    shown = rita.open_next()
    address = f"presentations/{shown['presentation']}/"
    for method, path, body in (
        ("get", f"readings/{rita.reading()['reading']}/", None),
        ("get", address, None),
        ("post", f"{address}open/", {}),
        ("get", f"{address}image/", None),
        ("put", f"{address}marks/{MARK}/", a_mark()),
        ("post", f"{address}submit/", an_answer()),
        ("get", "presentations/no-such-token/", None),
    ):
        assert ravi.refused(method, path, body) == (404, "NotFound")


def test_nobody_signed_in_is_asked_to_sign_in(rita: Browser, study: Study) -> None:
    token = rita.open_next()["presentation"]
    rita.client.logout()
    address = f"presentations/{token}/marks/{MARK}/"
    assert rita.refused("put", address, a_mark()) == (401, "NotSignedIn")


# --- Marks ----------------------------------------------------------------------------------------


def test_marks_survive_and_come_back_as_they_were_made(rita: Browser, study: Study) -> None:
    token = at_mask_with(rita, 12)
    rita.put(f"presentations/{token}/marks/{MARK}/", a_mark(7) | {"reason": "choroid plexus"})
    rita.put(f"presentations/{token}/marks/{OTHER_MARK}/", a_mark(mm=(-3.5, 0.1, 2.0)))
    there = rita.get(f"presentations/{token}/")
    as_marked = {"counts_as": 1, "joined": None}
    assert there["marks"] == [
        {
            "id": MARK,
            "kind": "FP",
            "lesion": 7,
            "mm": [1.25, -2.5, 6.1],
            "reason": "choroid plexus",
            **as_marked,
        },
        {
            "id": OTHER_MARK,
            "kind": "FN",
            "lesion": None,
            "mm": [-3.5, 0.1, 2.0],
            "reason": "",
            **as_marked,
        },
    ]


def test_repeating_a_mark_is_harmless(rita: Browser, study: Study) -> None:
    token = at_mask_with(rita, 12)
    address = f"presentations/{token}/marks/{MARK}/"
    first = rita.put(address, a_mark(7))
    assert rita.put(address, a_mark(7)) == first
    removed = rita.delete(address)
    assert rita.delete(address) == removed
    assert rita.get(f"presentations/{token}/")["marks"] == []
    assert rita.refused("put", address, a_mark(7)) == (409, "MarkBelongsElsewhere")
    rita.put(f"presentations/{token}/marks/{OTHER_MARK}/", a_mark(7))
    (mark,) = rita.get(f"presentations/{token}/")["marks"]
    assert mark["id"] == OTHER_MARK


def test_the_reason_of_a_mark_can_be_given_later(rita: Browser, study: Study) -> None:
    token = at_mask_with(rita, 12)
    address = f"presentations/{token}/marks/{MARK}/"
    rita.put(address, a_mark(7))
    rita.put(address, a_mark(7) | {"reason": "vessel"})
    (mark,) = rita.get(f"presentations/{token}/")["marks"]
    assert mark["reason"] == "vessel"
    moved = rita.refused("put", address, a_mark(7, mm=(9.0, 9.0, 9.0)))
    assert moved == (409, "MarkBelongsElsewhere")


def test_removing_a_mark_that_never_arrived_is_harmless(rita: Browser, study: Study) -> None:
    token = rita.open_next()["presentation"]
    assert rita.delete(f"presentations/{token}/marks/{MARK}/")["id"] == MARK


def test_a_lesion_is_marked_once(rita: Browser, study: Study) -> None:
    token = at_mask_with(rita, 3)
    rita.mark(token, lesion=2)
    again = rita.refused("put", f"presentations/{token}/marks/{MARK}/", a_mark(2))
    assert again == (409, "AlreadyMarked")


@pytest.mark.parametrize(
    ("mark", "code"),
    [
        (a_mark(4), "NoSuchLesion"),
        (a_mark(None) | {"kind": "FP"}, "NoSuchLesion"),
        (a_mark(1) | {"kind": "FN"}, "NoSuchLesion"),
        (a_mark(0), "Invalid"),
        (a_mark() | {"mm": [1.0, 2.0]}, "Invalid"),
        (a_mark() | {"mm": [1.0, 2.0, "nan"]}, "Invalid"),
        (a_mark() | {"kind": "XX"}, "Invalid"),
        ({}, "Invalid"),
    ],
)
def test_a_mark_that_fits_no_lesion_is_refused(
    mark: dict[str, Any], code: str, rita: Browser, study: Study
) -> None:
    token = at_mask_with(rita, 3)
    assert rita.refused("put", f"presentations/{token}/marks/{MARK}/", mark) == (400, code)
    assert rita.get(f"presentations/{token}/")["marks"] == []


def test_the_id_of_a_mark_counts_once_in_all_studies(
    rita: Browser, ravi: Browser, study: Study
) -> None:
    ritas = rita.open_next()["presentation"]
    ravis = ravi.open_next()["presentation"]
    rita.put(f"presentations/{ritas}/marks/{MARK}/", a_mark())
    for method, body in (("put", a_mark()), ("delete", None)):
        refused = ravi.refused(method, f"presentations/{ravis}/marks/{MARK}/", body)
        assert refused == (409, "MarkBelongsElsewhere")
    assert len(rita.get(f"presentations/{ritas}/")["marks"]) == 1


def test_storing_a_mark_takes_few_questions(rita: Browser, study: Study) -> None:
    token = at_mask_with(rita, 12)
    with CaptureQueriesContext(connection) as asked:
        rita.mark(token, lesion=3)
    # Session, account, whose presentation; then the presentation, held, with the time, and the mark
    # itself; and two for the transaction.
    assert len(asked) <= 7, [query["sql"] for query in asked]


# --- Submitting -----------------------------------------------------------------------------------


def test_the_answer_is_stored_with_the_derived_verdict(rita: Browser, study: Study) -> None:
    token = at_mask_with(rita, 12)
    rita.mark(token, lesion=1)
    rita.mark(token, lesion=2)
    rita.mark(token)
    rita.submit(token, fp=2, fn=1, comment="Two are flow artefacts.")
    rating = Rating.objects.get(presentation__token=token)
    assert (rating.lesions, rating.fp, rating.fn, rating.counted_by) == (12, 2, 1, "marks")
    assert (rating.verdict_rater, rating.verdict_derived) == ("acceptable", "unacceptable")
    assert rating.conflict == "rater_accepts"
    assert (rating.version, rating.active_ms, rating.slices_seen) == (1, 41_000, 10)
    assert rating.comment == rating.presentation.comment == "Two are flow artefacts."


def test_other_counts_than_the_stored_ones_are_refused(rita: Browser, study: Study) -> None:
    token = at_mask_with(rita, 12)
    rita.mark(token, lesion=1)
    for counts in ({"fp": 0, "fn": 0}, {"fp": 1, "fn": 1}):
        answer = an_answer() | {"counts": counts}
        refused = rita.refused("post", f"presentations/{token}/submit/", answer)
        assert refused == (409, "CountsDiffer")
    rita.submit(token, fp=1)


def test_a_rating_needs_a_verdict_and_anything_else_a_reason(rita: Browser, study: Study) -> None:
    token = rita.open_next()["presentation"]
    address = f"presentations/{token}/submit/"
    assert rita.refused("post", address, an_answer(verdict=None)) == (400, "VerdictMissing")
    unreadable = an_answer(outcome="unreadable", verdict=None)
    assert rita.refused("post", address, unreadable) == (400, "ReasonMissing")
    assert rita.refused("post", address, an_answer(outcome="maybe")) == (400, "Invalid")
    rita.post(address, unreadable | {"reason": "Motion."})
    rating = Rating.objects.get(presentation__token=token)
    assert (rating.outcome, rating.reason, rating.fp) == ("unreadable", "Motion.", None)
    assert rating.verdict_rater == rating.verdict_derived == rating.counted_by == ""


def test_typed_counts_only_where_the_design_takes_them(rita: Browser, study: Study) -> None:
    token = rita.open_next()["presentation"]
    answer = an_answer(typed={"fp": 0, "fn": 1})
    refused = rita.refused("post", f"presentations/{token}/submit/", answer)
    assert refused == (400, "CountsImpossible")


def test_typed_counts_fit_the_mask(cora: Browser, rita: Browser, draft: dict[str, Any]) -> None:
    cora.patch(f"studies/{draft['id']}/", {"design": {"allow_typed_counts": True}})
    cora.post(f"studies/{draft['id']}/open/")
    token = at_mask_with(rita, 3)
    address = f"presentations/{token}/submit/"
    too_many = rita.ask("post", address, an_answer(typed={"fp": 4, "fn": 0}))
    assert too_many.status_code == 400
    assert too_many.json()["code"] == "CountsImpossible"
    assert "only 3 lesions" in too_many.json()["message"]
    negative = an_answer(typed={"fp": -1, "fn": 0})
    assert rita.refused("post", address, negative) == (400, "Invalid")
    rita.post(address, an_answer(typed={"fp": 3, "fn": 0}))
    rating = Rating.objects.get(presentation__token=token)
    assert (rating.fp, rating.fn, rating.counted_by) == (3, 0, "typed")
    assert rating.verdict_derived == "unacceptable"


def test_a_mark_counts_as_lesions_and_what_it_said_before_is_kept(
    rita: Browser, study: Study
) -> None:
    token = at_mask_with(rita, 3)
    joined = "33333333-3333-4333-8333-333333333333"
    address, other = (f"presentations/{token}/marks/{mark}/" for mark in (MARK, OTHER_MARK))
    rita.put(address, a_mark() | {"reason": "vessel"})
    first = Mark.objects.get(pk=MARK).made_at
    changed = rita.put(address, a_mark() | {"counts_as": 3})
    assert datetime.fromisoformat(changed["saved_at"]) > first
    assert rita.put(address, a_mark() | {"counts_as": 3})["saved_at"], "again: no other change"
    (before,) = MarkChange.objects.filter(mark=MARK)
    assert (before.reason, before.counts_as, before.joined) == ("vessel", 1, None)
    assert rita.get(f"presentations/{token}/")["marks"][0]["counts_as"] == 3
    both = a_mark() | {"counts_as": 2, "joined": joined}
    assert rita.refused("put", address, both) == (400, "Invalid")
    assert rita.refused("put", address, a_mark() | {"counts_as": 0}) == (400, "Invalid")
    rita.put(other, a_mark(1))
    wrong = an_answer(fp=1, fn=1, corrected={"fp": 1, "fn": 1})
    assert rita.refused("post", f"presentations/{token}/submit/", wrong) == (409, "CountsDiffer")
    rita.submit(token, fp=1, fn=1, corrected={"fp": 1, "fn": 3})
    rating = Rating.objects.get(presentation__token=token)
    assert (rating.fp, rating.fn, rating.fp_corrected, rating.fn_corrected) == (1, 1, 1, 3)


def test_marks_that_are_one_lesion_count_once(rita: Browser, study: Study) -> None:
    token = at_mask_with(rita, 3)
    joined = "33333333-3333-4333-8333-333333333333"
    for lesion, mark in ((1, MARK), (2, OTHER_MARK)):
        rita.put(f"presentations/{token}/marks/{mark}/", a_mark(lesion) | {"joined": joined})
    rita.submit(token, fp=2, fn=0)
    rating = Rating.objects.get(presentation__token=token)
    assert (rating.fp, rating.fp_corrected) == (2, 1)
    assert rating.verdict_derived == "unacceptable", "the primary analysis counts components"


def test_the_t1_is_shown_where_case_and_design_have_one(rita: Browser, study: Study) -> None:
    shown = at_mask_with(rita, 0)
    address = f"presentations/{shown}/t1/"
    told = rita.get(f"presentations/{shown}/")
    assert told["t1"] == f"/api/v1/{address}"
    assert rita.ask("get", address).status_code == 200
    if told["next"] and told["next"]["t1"]:
        assert rita.ask("get", told["next"]["t1"]).status_code == 200, "fetched ahead"
    hidden = replace(design_of(study), shown_sequences=("FLAIR",))
    Study.objects.filter(pk=study.pk).update(design_json=canonical_json(hidden))
    assert rita.get(f"presentations/{shown}/")["t1"] is None, "the design shows none"
    assert rita.refused("get", address) == (404, "NotFound")
    Study.objects.filter(pk=study.pk).update(design_json=study.design_json)
    rita.submit(shown)
    assert rita.refused("get", address) == (409, "AlreadySubmitted")
    without = at_mask_with(rita, 3)
    assert rita.get(f"presentations/{without}/")["t1"] is None
    assert rita.refused("get", f"presentations/{without}/t1/") == (404, "NotFound")


def test_an_empty_mask_is_rated_like_any_other(rita: Browser, study: Study) -> None:
    token = at_mask_with(rita, 0)
    rita.submit(token)
    assert Rating.objects.get(presentation__token=token).verdict_derived == "acceptable"


def test_the_reading_goes_on_where_it_stood_on_any_machine(
    rita: Browser, people: dict[str, User], study: Study
) -> None:
    shown = rita.open_next()
    address = f"presentations/{shown['presentation']}/"
    assert shown["view"] is None, "every presentation starts the same"
    assert rita.put(f"{address}view/", a_view())["saved_at"]
    elsewhere = Browser(people["rita"])
    assert elsewhere.get(address)["view"] == a_view()
    for wrong in ({"mm": [0, 1]}, {"slice_ms": [-1]}, {"window": None}, {"toured": ["x"]}):
        assert rita.refused("put", f"{address}view/", a_view(**wrong)) == (400, "Invalid")
    rita.submit(shown["presentation"], slice_ms=[0, 0, 1200, 3000])
    assert rita.refused("put", f"{address}view/", a_view()) == (409, "AlreadySubmitted")
    assert Rating.objects.get().slice_ms == [0, 0, 1200, 3000]
    assert rita.open_next()["view"] is None


def test_a_rater_s_own_keys_are_there_on_every_machine(
    rita: Browser, ravi: Browser, study: Study
) -> None:
    own = {"next-lesion": "e", "look-below-the-mask": " "}
    assert rita.patch("keys/", {"keys": own}) == {"keys": own, "summary_folded": False}
    page = f"/reading/{rita.reading()['reading']}/"
    assert json.dumps(own) in rita.ask("get", page).content.decode()
    hers = f"/reading/{ravi.reading()['reading']}/"
    assert '"keys": {}' in ravi.ask("get", hers).content.decode()
    for wrong in ({"mark": "e", "undo": "e"}, {"Mark it!": "e"}, {"mark": "ab"}, {"mark": ""}):
        assert rita.refused("patch", "keys/", {"keys": wrong}) == (400, "Invalid")
    assert rita.patch("keys/", {"summary_folded": True}) == {"keys": own, "summary_folded": True}
    assert '"keys_folded": true' in rita.ask("get", page).content.decode()
    assert '"keys_folded": false' in ravi.ask("get", hers).content.decode()
    usual = {"keys": {}, "summary_folded": True}
    assert rita.patch("keys/", {"keys": {}}) == usual, "back to the usual ones"


# --- The pause between the blocks ----------------------------------------------------------------


def test_the_second_block_waits_for_the_washout(
    people: dict[str, User], masks: list[Segmentation]
) -> None:
    cora = people["cora"]
    draft = studies.create_study(title="Slow", cohort=masks[0].case.cohort, by=cora, now=NOON)
    studies.edit_study(
        study=draft,
        by=cora,
        items=[mask.pk for mask in masks],
        raters=["rita"],
        settings={"gap": 1, "washout_days": 14},
    )
    study = studies.open_study(study=draft, by=cora, now=NOON)
    reading = study.memberships.get(role="rater").token
    answer = answering.Answer(
        outcome=Rating.Outcome.RATED, verdict="acceptable", shown=Counts(fp=0, fn=0)
    )
    one, two, three, four, *_ = in_order(study, "rita")
    for hours, presentation in enumerate((one, two, three), 1):
        now = NOON + timedelta(hours=hours)
        presenting.open_presentation(token=presentation.token, clock=Value(now))
        state = answering.submit(token=presentation.token, answer=answer, clock=Value(now))
    end = NOON + timedelta(hours=3, days=14)
    assert (state.state, state.available_at, state.presentation) == ("waiting", end, None)
    almost = end - timedelta(seconds=1)
    with pytest.raises(presenting.WashoutNotOver):
        presenting.open_presentation(token=four.token, clock=Value(almost))
    assert reading_state(token=reading, now=end).presentation == four.token
    presenting.open_presentation(token=four.token, clock=Value(end))
    assert reading_state(token=reading, now=end).opened


def test_the_page_is_told_when_the_washout_ends(
    cora: Browser, rita: Browser, draft: dict[str, Any]
) -> None:
    cora.patch(f"studies/{draft['id']}/", {"design": {"washout_days": 14}})
    cora.post(f"studies/{draft['id']}/open/")
    for _ in range(3):
        after = rita.rate_next()
    assert (after["state"], after["presentation"]) == ("waiting", None)
    assert after["available_at"] is not None
    assert [one["state"] for one in rita.get("readings/")] == ["waiting"]
    fourth = in_order(Study.objects.get(), "rita")[3].token
    assert rita.refused("post", f"presentations/{fourth}/open/") == (409, "WashoutNotOver")


def test_times_are_the_databases_whatever_clock_the_web_process_has(
    cora: Browser, rita: Browser, draft: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two web processes with different clocks would disagree about one washout."""
    moment = NOON
    monkeypatch.setattr("rating.api.reading.database_now", lambda: moment)
    monkeypatch.setattr("rating.api.reading.DatabaseClock", lambda: Value(moment))
    cora.patch(f"studies/{draft['id']}/", {"design": {"washout_days": 14}})
    cora.post(f"studies/{draft['id']}/open/")
    token = rita.open_next()["presentation"]
    moment += timedelta(minutes=1)
    assert rita.mark(token)["saved_at"] == "2026-03-02T12:01:00Z"
    moment += timedelta(minutes=1)
    rita.submit(token, fn=1)
    shown = Presentation.objects.get(token=token)
    assert (shown.opened_at, shown.submitted_at) == (NOON, moment)
    for _ in range(2):
        after = rita.rate_next()
    assert (after["state"], after["available_at"]) == ("waiting", "2026-03-16T12:02:00Z")
    moment += timedelta(days=14)
    assert rita.reading()["state"] == "ready"
    assert rita.open_next()["marks"] == []
