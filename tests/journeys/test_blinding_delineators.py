"""Rita delineates in a reference study, looks everywhere, and learns nothing of her colleague."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from rating.models import Candidate, Delineation, Dot, ReferenceStudy
from segmentation.methods import METHOD_CARDS
from segmentation.models import Case, Cohort, InferenceJob, Segmentation
from segmentation.operations.cases import create_cohort
from segmentation.queries import clock_given
from tests.journeys.test_blinding import TELLING_HEADERS
from tests.journeys.test_blinding import Browser as Crawler
from tests.rating.delineators import Delineator
from tests.rating.reference_stage import METHODS, Clock, Own, drafted, what_they_draw
from tests.rating.stage import Browser, a_case, a_mask, invited

START = (
    *("/", "/cases/", "/studies/", "/reference-studies/", "/jobs/", "/trainings/"),
    *("/evaluations/", "/search/?q=C0", "/search/?q=test", "/api/v1/assignments/"),
    *("/api/v1/readings/", "/api/v1/reference-studies/", "/api/v1/jobs/", "/api/v1/studies/"),
    *("/api/v1/evaluations/", "/api/v1/trainings/", "/api/v1/cohorts/"),
)


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    with clock_given(clock):
        yield clock


@pytest.fixture
def people(db: None) -> dict[str, User]:
    names = ("cora", "dana", "rita")
    return {name: User.objects.create_user(name, first_name=f"{name}-first") for name in names}


@pytest.fixture
def cohort(people: dict[str, User]) -> Cohort:
    cohort = create_cohort(title="Clinic", coordinators=[people["cora"]])
    for name in ("dana", "rita"):
        cohort.memberships.create(user=people[name], role="delineator")
    return cohort


@pytest.fixture
def own(cohort: Cohort) -> Own:
    own = what_they_draw(cohort)
    cohort.cases.update(subject="SUBJ-77")
    return own


@pytest.fixture
def study(people: dict[str, User], cohort: Cohort, own: Own, clock: Clock) -> ReferenceStudy:
    cora = Browser(people["cora"])
    cora.post(f"{drafted(cora, cohort, own)}open/")
    return ReferenceStudy.objects.get()


def identities(study: ReferenceStudy) -> set[str]:
    """Every word that stands for a case, its masks and jobs, or the colleague: told nowhere."""
    words = {study.slug + "/", study.secret, study.design_sha256, "dana", "SUBJ-77"}
    for case in Case.objects.filter(reference_cases__study=study):
        words.add(case.code)
        for scan in case.scans.all():
            words |= {scan.sha256, scan.browser_sha256, scan.original_sha256}
            words |= {scan.browser.name, scan.original.name}
    for mask in Segmentation.objects.all():
        words |= {str(mask.pk), mask.sha256, mask.mask.name, mask.labels.name, mask.title}
    words |= {str(job.pk) for job in InferenceJob.objects.all()}
    for one in Delineation.objects.filter(assignment__user__username="dana"):
        words |= {one.token, one.assignment.token}
        if one.drawing:
            words |= {str(one.drawing_id)} | {str(edit.pk) for edit in one.drawing.edits.all()}
    of_dana = Dot.objects.filter(delineation__assignment__user__username="dana")
    words |= set(of_dana.values_list("token", flat=True))
    return words - {""}


# What a dot is and whence it comes: told nowhere in the delineating. (Rita, who belongs to the
# cohort, may read on other pages which methods there are.)
KINDS = {word for card in METHOD_CARDS for word in (card.name, card.title)} | {*METHODS}
KINDS |= {'"origin', '"candidate', "sham", '"region', "colleague", '"method'}


def look_everywhere(client: Client, study: ReferenceStudy) -> int:
    """Rita crawls from everywhere, with all her tokens; returns how many answers there were."""
    mine = Delineation.objects.filter(assignment__user__username="rita", of__study=study)
    pages = [f"/assignments/{mine[0].assignment.token}/"]
    for one in mine:
        pages += [f"/delineations/{one.token}/", f"/api/v1/delineations/{one.token}/"]
    crawler = Crawler(client, start=(*START, *pages))
    crawler.crawl()
    known = identities(study)
    for address, text in crawler.texts():
        is_own = "delineations/" in address or "assignments/" in address
        told = {word for word in known | (KINDS if is_own else set()) if word in text}
        assert not told, f"{address} tells {told}"
        if is_own and "TOKEN" not in address:
            answer = crawler.answers[address]
            assert answer.status_code == 200, address
            assert "no-store" in answer.headers["Cache-Control"], address
            assert not [name for name in TELLING_HEADERS if name in answer], address
    scans = [one for one in crawler.answers if "/scans/" in one]
    assert len(scans) >= 3
    assert all(crawler.answers[one].status_code == 200 for one in scans)
    return len(crawler.answers)


def test_whoever_delineates_learns_nothing_of_colleagues_methods_and_origins(
    study: ReferenceStudy, people: dict[str, User], own: Own, clock: Clock
) -> None:
    dana, rita = Delineator(people["dana"]), Delineator(people["rita"])
    client = rita.client
    dana.finish_step_1(own["dana"])
    assert look_everywhere(client, study) > 25
    rita.finish_step_1(own["rita"])
    look_everywhere(client, study)
    clock.pass_days(30)
    dana.finish_step_2()
    for token in rita.tasks(2):
        shown = rita.open(token)
        assert all(
            set(dot) == {"dot", "position", "voxel", "mm", "choice", "from_proposal", "proposal"}
            for dot in shown["dots"]
        )
        assert {dot["choice"] for dot in shown["dots"]} <= {None}
        assert all(dot["proposal"] is None for dot in shown["dots"])
    assert Candidate.objects.exists()
    look_everywhere(client, study)
    assert_hidden(study, rita)


def assert_hidden(study: ReferenceStudy, rita: Browser) -> None:
    """Whatever else there is of the cases, and whatever is the colleague's, is not there."""
    addresses = [f"/reference-studies/{study.slug}/", f"reference-studies/{study.slug}/"]
    for row in study.cases.all():
        code = row.case.code
        addresses += [f"/cases/{code}/", f"cases/{code}/", f"cases/{code}/jobs/"]
        addresses += [f"cases/{code}/scans/FLAIR/volume/", f"cases/{code}/brain/"]
        addresses += [f"reference-studies/{study.slug}/cases/{code}/dots.csv"]
    for mask in Segmentation.objects.all():
        addresses += [f"segmentations/{mask.pk}/{part}" for part in ("", "labels/", "mask/")]
    addresses += [f"jobs/{job.pk}/" for job in InferenceJob.objects.all()]
    for one in Delineation.objects.filter(assignment__user__username="dana"):
        addresses += [f"delineations/{one.token}/", f"delineations/{one.token}/scans/FLAIR/"]
        addresses += [f"assignments/{one.assignment.token}/", f"drawings/{one.drawing_id}/"]
    for mine in Delineation.objects.filter(assignment__user__username="rita"):
        if mine.drawing_id:
            addresses.append(f"drawings/{mine.drawing_id}/")
    for address in addresses:
        assert rita.ask("get", address).status_code == 404, address


def test_the_cases_come_back_when_both_steps_are_done(
    study: ReferenceStudy, people: dict[str, User], own: Own, clock: Clock
) -> None:
    """And not one by one: what reappeared would tell what is left."""
    dana, rita = Delineator(people["dana"]), Delineator(people["rita"])
    address = f"cohorts/{study.cohort.slug}/cases/"
    dana.finish_step_1(own["dana"])
    rita.finish_step_1(own["rita"])
    clock.pass_days(30)
    assert rita.get(address)["count"] == 0
    rita.finish_step_2()
    assert rita.get(address)["count"] == 2
    assert dana.get(address)["count"] == 0
    code = study.cases.first().case.code
    masks = rita.get(f"cases/{code}/")["segmentations"]
    assert {one["origin"] for one in masks} == {"prediction"}, "no colleague's, before it closes"


def test_to_whoever_left_the_cases_come_back_and_the_study_does_not(
    study: ReferenceStudy, people: dict[str, User], own: Own, clock: Clock, cohort: Cohort
) -> None:
    """As to those who have finished: no colleague's mask, and for coordinators no study."""
    cohort.memberships.filter(user=people["rita"]).update(role="coordinator")
    dana, rita = Delineator(people["dana"]), Delineator(people["rita"])
    cora, root = Browser(people["cora"]), f"reference-studies/{study.slug}/"
    address = f"cohorts/{study.cohort.slug}/cases/"
    dana.finish_step_1(own["dana"])
    rita.open(rita.tasks(1)[0])
    assert rita.get(address)["count"] == 0
    cora.post(f"{root}delineators/leave/", {"delineator": "rita", "reason": "Moved."})
    assert rita.get(address)["count"] == 2
    assert dana.get(address)["count"] == 0
    code = sorted(own["dana"])[0]
    masks = rita.get(f"cases/{code}/")["segmentations"]
    assert {one["origin"] for one in masks} == {"prediction"}
    assert rita.ask("get", root).status_code == 404
    for one in Delineation.objects.filter(assignment__user=people["dana"]):
        assert rita.ask("get", f"delineations/{one.token}/").status_code == 404
    cora.post(f"{root}close/", {"reason": "Enough."})
    assert rita.ask("get", root).status_code == 200


def test_nobody_delineates_what_they_rate_or_rates_what_they_delineate(
    people: dict[str, User], cohort: Cohort, own: Own, clock: Clock
) -> None:
    cora, rita = Browser(people["cora"]), Browser(people["rita"])
    invited(cohort, people["rita"])
    code = sorted(own["dana"])[0]
    mask = a_mask(Case.objects.get(code=code), lesions=2)

    def an_acceptance_study(title: str) -> str:
        made = cora.post(f"cohorts/{cohort.slug}/studies/", {"title": title})
        design = {"gap": 0, "washout_days": 0, "min_volume_mm3": 0}
        change = {"items": [str(mask.pk)], "raters": ["rita"], "design": design}
        cora.patch(f"studies/{made['id']}/", change)
        return f"studies/{made['id']}/"

    first, second = an_acceptance_study("First"), an_acceptance_study("Second")
    cora.post(f"{first}open/")
    address = drafted(cora, cohort, own)
    assert cora.refused("post", f"{address}open/") == (409, "DelineatorReads")
    for _ in range(2):
        rita.rate_next()
    cora.post(f"{address}open/")
    assert cora.refused("post", f"{second}open/") == (409, "RaterDelineates")
    free = a_case(cohort, 5)
    assert rita.ask("get", f"cases/{free.code}/").status_code == 200


def test_a_coordinator_who_delineates_does_not_see_the_study(
    study: ReferenceStudy, people: dict[str, User], own: Own, clock: Clock, cohort: Cohort
) -> None:
    """Rita coordinates the cohort, too: to her the study is her share of it until it is closed."""
    cohort.memberships.filter(user=people["rita"]).update(role="coordinator")
    dana, rita = Delineator(people["dana"]), Delineator(people["rita"])
    address = f"reference-studies/{study.slug}/"

    def refused() -> list[Any]:
        listed = rita.get("reference-studies/")["count"]
        return [
            listed,
            *(rita.ask("get", f"{address}{end}").status_code for end in ("", "results/")),
        ]

    assert refused() == [0, 404, 404]
    dana.finish_step_1(own["dana"])
    rita.finish_step_1(own["rita"])
    clock.pass_days(30)
    rita.finish_step_2()
    assert refused() == [0, 404, 404]
    Browser(people["cora"]).post(f"{address}close/", {"reason": "Enough."})
    assert refused() == [1, 200, 200]
