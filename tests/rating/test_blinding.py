"""Whatever Rita's browser receives, it does not tell her what she must not know."""

from __future__ import annotations

import gzip
from contextlib import suppress
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse

from rating.models import Item, Presentation, Study
from rating.operations import study as studies
from rating.queries.blinding import asked_once, cases_hidden_from
from segmentation.models import Case, Cohort, Segmentation
from segmentation.operations.cases import create_cohort
from tests.rating.stage import NOON, Browser, a_mark, an_answer
from tests.segmentation.scans import signed_in
from tests.webapp.clinics import a_training

NOTHING_DRAWN = {"edits": 0, "voxels": 0, "digest": 0, "active_ms": 0}
MARK = "33333333-3333-4333-8333-333333333333"


class Recorder(Browser):
    """A browser that keeps every response."""

    def __init__(self, user: User) -> None:
        super().__init__(user)
        self.seen: list[tuple[str, HttpResponse]] = []

    def ask(self, method: str, path: str, body: Any = None) -> HttpResponse:
        response = super().ask(method, path, body)
        self.seen.append((f"{method} {path}", response))
        return response


def whole(response: HttpResponse) -> bytes:
    """Headers, cookies and body, unpacked when it is gzip."""
    body = response.content
    if body[:2] == b"\x1f\x8b":
        body += gzip.decompress(body)
    return "\n".join(f"{k}: {v}" for k, v in response.headers.items()).encode() + (
        response.cookies.output().encode() + body
    )


def read_everything(rater: Recorder) -> None:
    """This will read all presentations, with marks, refusals and repeats on the way."""
    rater.get("studies/")
    while (state := rater.reading())["presentation"]:
        address = f"presentations/{state['presentation']}/"
        rater.ask("get", address)
        rater.post(f"{address}open/")
        rater.ask("get", f"{address}image/")
        rater.ask("get", f"{address}mask/")
        rater.ask("get", f"{address}t1/")
        rater.ask("put", f"{address}marks/{MARK}/", a_mark(1))
        rater.ask("put", f"{address}marks/{MARK}/", a_mark())
        shown = rater.get(address)
        rater.put(f"{address}comment/", {"comment": "Well."})
        fp = sum(mark["kind"] == "FP" for mark in shown["marks"])
        fn = len(shown["marks"]) - fp
        rater.ask("post", f"{address}submit/", an_answer(fp=fp + 1))
        rater.submit(state["presentation"], fp=fp, fn=fn)
        rater.ask("get", f"{address}image/")


def test_nothing_that_rita_receives_tells_what_she_must_not_know(
    people: dict[str, User], ravi: Browser, study: Study
) -> None:
    ravi.rate_next(fn=3, verdict="unacceptable")
    rita = Recorder(people["rita"])
    read_everything(rita)
    secrets = {
        study.secret,
        study.slug,
        study.design_sha256,
        "ravi",
        "cora",
        "occasion",
        "position",
    }
    secrets |= {"method", "derived", "boundary", "precision", "recall", "etag", "last-modified"}
    for item in Item.objects.select_related("segmentation__case"):
        mask, case = item.segmentation, item.segmentation.case
        secrets |= {item.key, case.code, case.subject, mask.method, mask.title, str(mask.pk)}
        secrets |= {mask.sha256, mask.labels.name, mask.mask.name}
        for scan in case.scans.all():
            secrets |= {scan.sha256, scan.original_sha256, scan.browser_sha256}
            secrets |= {scan.browser.name, scan.original.name}
    secrets |= {one.token for one in Presentation.objects.filter(reading__user=people["ravi"])}
    assert len(rita.seen) > 60
    for request, response in rita.seen:
        told = whole(response).lower()
        for secret in secrets:
            assert secret.lower().encode() not in told, (request, secret)


def test_nothing_is_kept_by_the_browser(people: dict[str, User], study: Study) -> None:
    rita = Recorder(people["rita"])
    read_everything(rita)
    for request, response in rita.seen:
        if response.status_code < 400:
            assert response["Cache-Control"] == "no-store", request
        assert not response.has_header("ETag"), request
        assert not response.has_header("Last-Modified"), request
        assert not response.has_header("Content-Disposition"), request
        if response.status_code == 200 and request.endswith(("image/", "mask/", "t1/")):
            assert response["Content-Type"] == "application/octet-stream"


def test_the_two_showings_of_a_mask_share_nothing_but_voxels(rita: Browser, study: Study) -> None:
    shown: dict[int, list[dict[str, Any]]] = {}
    while rita.reading()["presentation"]:
        one = rita.open_next()
        item = Presentation.objects.get(token=one["presentation"]).item_id
        shown.setdefault(item, []).append(one)
        rita.submit(one["presentation"])
    for first, second in shown.values():
        assert first["presentation"] != second["presentation"]
        assert first["image"] != second["image"]
        same = {
            "lesion_count",
            "lesions",
            "window",
            "allow_typed_counts",
            "marks",
            "comment",
            "view",
        }
        same |= {"t1"} if first["t1"] is None else set()
        ends = {"next"} if first["next"] is None else set()  # both may be the last of their block
        assert {name for name in first if first[name] == second[name]} - ends == same


def test_only_the_open_and_the_next_token_are_told(people: dict[str, User], study: Study) -> None:
    rita = Recorder(people["rita"])
    rita.reading()
    shown = rita.open_next()
    told = [shown["presentation"], shown["next"]["presentation"]]
    others = Presentation.objects.exclude(token__in=told)
    for _, response in rita.seen:
        for token in others.values_list("token", flat=True):
            assert token.encode() not in response.content


def test_a_case_is_hidden_everywhere_until_its_reading_is_done(
    cora: Browser, dana: Browser, cases: list[Case], draft: dict[str, Any]
) -> None:
    """Dana delineates in the cohort and rates in the study."""
    cora.patch(f"studies/{draft['id']}/", {"raters": ["dana"]})
    addresses = [f"cases/{case.code}/" for case in cases]
    assert all(dana.ask("get", address).status_code == 200 for address in addresses)
    cora.post(f"studies/{draft['id']}/open/")
    mask = Segmentation.objects.first()
    assert mask is not None
    for address in (*addresses, f"segmentations/{mask.pk}/", f"segmentations/{mask.pk}/mask/"):
        assert dana.refused("get", address) == (404, "NotFound")
    assert dana.get(f"cohorts/{cases[0].cohort.slug}/cases/")["results"] == []
    for done in range(1, 7):
        dana.rate_next()
        visible = dana.get(f"cohorts/{cases[0].cohort.slug}/cases/")["results"]
        assert len(visible) == (3 if done == 6 else 0), "what reappeared would tell what is left"
    assert all(dana.ask("get", address).status_code == 200 for address in addresses)


def test_a_training_on_hidden_cases_is_hidden_with_them(
    cora: Browser, dana: Browser, people: dict[str, User], cohort: Cohort, draft: dict[str, Any]
) -> None:
    address = f"trainings/{a_training(cohort, by=people['cora']).pk}/"
    assert dana.get("trainings/")["count"] == 1
    assert dana.ask("get", address).status_code == 200
    cora.patch(f"studies/{draft['id']}/", {"raters": ["dana"]})
    cora.post(f"studies/{draft['id']}/open/")
    assert dana.get("trainings/")["count"] == 0
    assert dana.refused("get", address) == (404, "NotFound")
    assert cora.ask("get", address).status_code == 200


def test_whoever_has_yet_to_read_is_not_told_what_was_corrected_of_it(
    cora: Browser, dana: Browser, cohort: Cohort, draft: dict[str, Any]
) -> None:
    """Dana coordinates with Cora and rates in Cora's study."""
    cohort.memberships.filter(user__username="dana").update(role="coordinator")
    mask = Segmentation.objects.get(case__cohort=cohort, case__code=draft["items"][0]["case"])
    drawn = cora.post(f"cases/{mask.case.code}/drawings/", {"corrects": None})
    cora.post(f"drawings/{drawn['id']}/save/", NOTHING_DRAWN)
    Segmentation.objects.filter(author__username="cora").update(origin="correction", parent=mask)
    page = f"/cohorts/{cohort.slug}/corrections/"
    asked = {"title": "Mine", "preset": "small", "reference": "correction", "start": "slim-unet"}

    def told() -> tuple[bool, bool]:
        corrections, trainings = (
            dana.client.get(address).content.decode() for address in (page, "/trainings/")
        )
        return "corrected masks (1 case)" in corrections, cohort.slug in trainings

    assert told() == (True, True)
    cora.patch(f"studies/{draft['id']}/", {"raters": ["dana"]})
    cora.post(f"studies/{draft['id']}/open/")
    assert told() == (False, False)
    assert dana.refused("post", f"cohorts/{cohort.slug}/trainings/", asked) == (404, "NotFound")
    elsewhere = create_cohort(title="Elsewhere", coordinators=[User.objects.get(username="dana")])
    also = asked | {"also": [cohort.slug]}
    assert dana.refused("post", f"cohorts/{elsewhere.slug}/trainings/", also)[1] == (
        "InvalidTraining"
    )


def test_a_coordinator_who_rates_elsewhere_does_not_see_those_cases(
    cora: Browser, people: dict[str, User], masks: list[Segmentation], draft: dict[str, Any]
) -> None:
    """Dana runs a study in which Cora rates the masks of Cora's own study."""
    masks[0].case.cohort.memberships.filter(user=people["dana"]).update(role="coordinator")
    other = studies.create_study(
        title="The other", cohort=masks[0].case.cohort, by=people["dana"], now=NOON
    )
    studies.edit_study(
        study=other,
        by=people["dana"],
        items=[masks[0].pk],
        raters=["cora"],
        settings={"gap": 1, "washout_days": 0},
    )
    studies.edit_study(study=other, by=people["dana"], items=[mask.pk for mask in masks[:2]])
    assert cora.get(f"studies/{draft['id']}/")
    studies.open_study(study=other, by=people["dana"], now=NOON)
    assert cora.refused("get", f"studies/{draft['id']}/") == (404, "NotFound")
    assert cora.get("studies/")["results"] == []
    at_home = f"/studies/{draft['id']}/"
    assert at_home not in signed_in(people["cora"]).get("/").content.decode()
    for _ in range(4):
        cora.rate_next()
    assert cora.get(f"studies/{draft['id']}/")
    assert cora.get("studies/")["count"] == 1
    assert at_home in signed_in(people["cora"]).get("/").content.decode()


def test_what_is_asked_once_in_a_request_is_about_one_person(
    people: dict[str, User], study: Study
) -> None:
    cora, rita = people["cora"], people["rita"]
    hers = set(cases_hidden_from(rita))
    assert hers == set(study.items.values_list("segmentation__case", flat=True))
    with asked_once():
        assert not cases_hidden_from(cora).exists()
        assert set(cases_hidden_from(rita)) == hers
        with asked_once():
            assert set(cases_hidden_from(rita)) == hers
            assert not cases_hidden_from(cora).exists()
    with suppress(Study.DoesNotExist), asked_once():
        Presentation.objects.filter(reading__user=rita).update(submitted_at=NOON)
        assert not cases_hidden_from(rita).exists()
        Study.objects.get(slug="none-such")
    Presentation.objects.filter(reading__user=rita).update(submitted_at=None)
    assert set(cases_hidden_from(rita)) == hers, "also after an error"
    Presentation.objects.filter(reading__user=rita).update(submitted_at=NOON)
    with asked_once():
        assert not cases_hidden_from(rita).exists()
        Presentation.objects.filter(reading__user=rita).update(submitted_at=None)
        assert not cases_hidden_from(rita).exists(), "asked before"
    assert set(cases_hidden_from(rita)) == hers


def test_ratings_and_marks_are_not_in_the_admin() -> None:
    from django.contrib import admin

    assert not [model for model in admin.site._registry if model._meta.app_label == "rating"]
