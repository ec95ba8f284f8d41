"""Rita looks at everything her browser can reach, and learns nothing that would unblind her."""

import gzip
import json
import re
import statistics
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.http import HttpResponseBase
from django.test import Client
from django.utils import timezone

from rating.models import Presentation, Study
from rating.operations.study import create_study, edit_study, open_study
from segmentation.methods import METHOD_CARDS
from segmentation.models import Case, Cohort, CohortMembership, Segmentation
from segmentation.operations.cases import NamedFile, create_cohort, import_case
from segmentation.operations.jobs import request_segmentation
from segmentation.operations.running import run_next_job
from tests.conftest import figures
from tests.rating.stage import a_mark, a_view, an_answer, invited
from tests.segmentation.scans import NOON, flair_voxels, nifti, signed_in, two_lesions

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = re.compile(r"""(?:href|src|action)="([^"#]+)"|"((?:/[A-Za-z0-9_.-]+)+/?)\"""")
TELLING_HEADERS = ("ETag", "Last-Modified", "Content-Disposition", "Expires")


@dataclass
class Browser:
    """A signed-in browser that follows every address it finds and keeps what it got."""

    client: Client
    start: tuple[str, ...] = ("/", "/cases/", "/studies/", "/api/v1/readings/")
    answers: dict[str, HttpResponseBase] = field(default_factory=dict)

    def crawl(self) -> None:
        """Follow every address reachable by GET, starting anew."""
        todo = [*self.start, *self.answers]
        self.answers = {}
        while todo:
            address = todo.pop()
            if address in self.answers or address.startswith(("/static/", "/accounts/")):
                continue
            answer = self.client.get(address)
            self.answers[address] = answer
            todo += found_in(address, content_of(answer))

    def texts(self) -> Iterator[tuple[str, str]]:
        """What each answer said: body (decompressed) and headers, with its address."""
        for address, answer in self.answers.items():
            headers = "".join(f"{name}: {value}\n" for name, value in answer.items())
            yield address, headers + content_of(answer).decode("latin-1")


def content_of(answer: HttpResponseBase) -> bytes:
    # the stubs know an answer that is whole or one that is streamed
    content = b"".join(answer) if answer.streaming else answer.content  # type: ignore[attr-defined]
    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


def found_in(address: str, content: bytes) -> list[str]:
    """The addresses on this site that a page or a JSON answer names."""
    if content[344:348] == b"n+1\0":
        return []
    pairs = ADDRESS.findall(content.decode("utf-8", "replace").replace("\\u002D", "-"))
    absolute = (urlsplit(urljoin(address, one or other)) for one, other in pairs)
    return [place.path for place in absolute if not place.netloc]


@pytest.fixture
def people(db: None) -> dict[str, User]:
    return {name: User.objects.create_user(name) for name in ("cora", "rita", "ravi")}


@pytest.fixture
def cohort(people: dict[str, User]) -> Cohort:
    """Two cases; Rita delineates in the same cohort, so she has every reason to look around."""
    cohort = create_cohort(title="Clinic 2019", coordinators=[people["cora"]])
    cohort.memberships.create(user=people["rita"], role="delineator")
    for seed in (1, 2, 3):
        files = [
            NamedFile("FLAIR.nii.gz", nifti(flair_voxels(seed), descrip="of hospital X-4711")),
            NamedFile("T1.nii.gz", nifti(1000 - flair_voxels(seed), descrip="of X-4711 too")),
            NamedFile("mask.nii.gz", nifti(np.roll(two_lesions(), seed, axis=0))),
        ]
        known = {"scanner": f"Zyklotron {seed}"} if seed < 3 else {}
        import_case(cohort=cohort, files=files, subject=f"SUBJ-{seed}", description=known, now=NOON)
    for case in cohort.cases.exclude(subject="SUBJ-3"):
        request_segmentation(case=case, method="slim-unet", by=None, now=NOON)
    while run_next_job(clock=timezone.now):
        pass
    return cohort


@pytest.fixture
def study(cohort: Cohort, people: dict[str, User]) -> Study:
    """Opened for Rita and Ravi with the imported and the predicted mask of two cases."""
    invited(cohort, people["ravi"])
    study = create_study(title="Reading 1", cohort=cohort, by=people["cora"], now=NOON)
    masks = Segmentation.objects.exclude(case__subject="SUBJ-3")
    assert masks.count() == 4
    edit_study(
        study=study,
        by=people["cora"],
        items=[mask.pk for mask in masks],
        raters=["rita", "ravi"],
        settings={"gap": 1, "washout_days": 0, "shown_sequences": ["FLAIR", "T1"]},
    )
    open_study(study=study, by=people["cora"], now=NOON)
    study.refresh_from_db()
    return study


def identities_of(study: Study) -> set[str]:
    """Every word that stands for a case, a mask or an answer of the study: told nowhere."""
    words = {"X-4711", "SUBJ-1", "SUBJ-2", "Zyklotron", study.design_sha256, study.secret}
    for item in study.items.select_related("segmentation__case"):
        mask = item.segmentation
        words |= {item.key, str(mask.pk), mask.sha256, mask.mask.name, mask.labels.name}
        words.add(mask.case.code)
        for scan in mask.case.scans.all():
            words |= {
                scan.sha256,
                scan.sent_sha256,
                scan.browser_sha256,
                scan.original_sha256,
                scan.browser.name,
            }
    for reading in study.memberships.exclude(user__username="rita"):
        words |= {reading.token, reading.user.get_username()}
        words |= {presentation.token for presentation in reading.presentations.all()}
    return words


# What a mask is, and when it is shown: told nowhere in the reading (Rita, who is a delineator as
# well, may read on other pages which methods there are).
METHODS = {word for card in METHOD_CARDS for word in (card.name, card.title)}
KINDS = METHODS | {"mported", "rediction", "occasion", '"method"', '"item"'}


def assert_nothing_told(browser: Browser, study: Study) -> None:
    identities = identities_of(study)
    for address, text in browser.texts():
        is_reading = "/presentations/" in address or "/reading" in address
        told = {word for word in identities | (KINDS if is_reading else set()) if word in text}
        assert not told, f"{address} tells {told}"
        if is_reading:
            answer = browser.answers[address]
            assert "no-store" in answer.headers["Cache-Control"], address
            assert not [name for name in TELLING_HEADERS if name in answer], address


def test_who_only_rates_is_told_no_method_anywhere(study: Study, people: dict[str, User]) -> None:
    CohortMembership.objects.filter(user=people["rita"]).delete()
    more = ("/jobs/", "/api/v1/jobs/", "/api/v1/methods/", "/search/?q=slim")
    more += ("/trainings/", "/api/v1/trainings/", "/evaluations/", "/api/v1/evaluations/")
    browser = Browser(signed_in(people["rita"]), start=(*Browser.start, *more))
    browser.crawl()
    assert all(browser.answers[address].status_code == 200 for address in more)
    told = {word for _, text in browser.texts() for word in METHODS if word in text}
    assert not told


def test_a_rater_who_looks_everywhere_learns_nothing(study: Study, people: dict[str, User]) -> None:
    client = signed_in(people["rita"])
    browser = Browser(client)
    reading = client.get("/api/v1/readings/").json()[0]["reading"]
    seen = []
    for _ in range(8):
        state = client.get(f"/api/v1/readings/{reading}/").json()
        token = state["presentation"]
        address = f"/api/v1/presentations/{token}/"
        browser.answers.setdefault(f"/reading/{reading}/", client.get(f"/reading/{reading}/"))
        browser.crawl()
        assert_nothing_told(browser, study)
        shown = client.post(f"{address}open/")
        assert shown.status_code == 200, shown.content
        told = {w for w in identities_of(study) | KINDS if w in shown.content.decode()}
        assert not told
        for _ in range(2):
            browser.answers[address] = shown
            browser.crawl()
            assert_nothing_told(browser, study)
        assert browser.answers[f"{address}image/"].status_code == 200
        seen.append(shown.json())
        submitted = client.post(
            f"{address}submit/",
            json.dumps(
                {
                    "outcome": "rated",
                    "reason": "",
                    "verdict": "acceptable",
                    "comment": "",
                    "counts": {"fp": 0, "fn": 0},
                    "typed": None,
                    "active_ms": 1000,
                    "slices_seen": 12,
                }
            ),
            content_type="application/json",
        )
        assert submitted.status_code == 200, submitted.content
        assert "verdict" not in submitted.content.decode()
    assert client.get(f"/api/v1/readings/{reading}/").json()["state"] == "finished"
    browser.crawl()
    tokens = [shown["presentation"] for shown in seen]
    assert len(set(tokens)) == 8
    keys = {frozenset(shown) for shown in seen}
    assert len(keys) == 1, "the first and the second showing have the same fields"


@dataclass
class Showing:
    """What a rater's browser got of one showing of a mask, step by step, and how quickly."""

    said: dict[str, str] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    ms: dict[str, float] = field(default_factory=dict)

    def note(self, step: str, answer: HttpResponseBase, seconds: float) -> None:
        """Keep an answer without what may differ: random ids, times, and how far the rater is."""
        # the stubs know an answer that is whole or one that is streamed
        body = b"".join(answer) if answer.streaming else answer.content  # type: ignore[attr-defined]
        is_json = answer["Content-Type"] == "application/json"  # its body is compared below
        left_out = {"X-Request-ID", "Content-Length"} if is_json else {"X-Request-ID"}
        headers = {name: value for name, value in answer.items() if name not in left_out}
        text = f"{answer.status_code} {headers} {answer.cookies.output()} {body.decode('latin-1')}"
        for what in ALLOWED_TO_DIFFER:
            text = what.sub("*", text)
        self.said[step], self.bytes[step], self.ms[step] = text, len(body), 1000 * seconds


ALLOWED_TO_DIFFER = [
    re.compile(r"(?<=presentations/)[\w-]{22}"),
    re.compile(r'(?<="presentation":)("[\w-]{22}"|null)|(?<="reading":")[\w-]{22}'),
    re.compile(r'(?<="last":)("[\w-]{22}"|null)'),  # null before the first one, as "done" tells too
    re.compile(r'(?<="next":)(null|\{[^}]*\})'),  # null at a block's end, which progress tells too
    re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)"),
    re.compile(r'(?<="done":)\d+|(?<="state":")(ready|finished)'),
]


def read_one(client: Client, reading: str) -> tuple[str, Showing]:
    """Open, look, mark, err, and submit what is next; returns its token and all that came back."""
    showing = Showing()

    def ask(step: str, method: str, address: str, body: object = None) -> HttpResponseBase:
        sent = {} if method == "get" else {"data": json.dumps(body)}
        start = time.perf_counter()
        answer: HttpResponseBase = getattr(client, method)(
            address, content_type="application/json", **sent
        )
        showing.note(step, answer, time.perf_counter() - start)
        return answer

    state = client.get(f"/api/v1/readings/{reading}/").json()
    token, mark = state["presentation"], uuid.UUID(int=1)
    address = f"/api/v1/presentations/{token}/"
    ask("state", "get", f"/api/v1/readings/{reading}/")
    ask("open", "post", f"{address}open/", {})
    ask("presentation", "get", address)
    for part in ("image", "mask", "t1"):
        ask(part, "get", f"{address}{part}/")
    ask("view", "put", f"{address}view/", a_view())
    ask("comment", "put", f"{address}comment/", {"comment": ""})
    ask("no such lesion", "put", f"{address}marks/{mark}/", a_mark(999))
    ask("mark of an unknown id", "delete", f"{address}marks/{mark}/")
    ask("other counts", "post", f"{address}submit/", an_answer(fp=1))
    ask("submit", "post", f"{address}submit/", an_answer())
    ask("submit again", "post", f"{address}submit/", an_answer())
    ask("image after submission", "get", f"{address}image/")
    return token, showing


def test_all_showings_of_a_mask_are_answered_alike(study: Study, people: dict[str, User]) -> None:
    """To both raters and on both occasions: byte by byte, but for what is random by design."""
    shown: dict[int, dict[tuple[str, int], Showing]] = {}
    for name in ("rita", "ravi"):
        client = signed_in(people[name])
        reading = client.get("/api/v1/readings/").json()[0]["reading"]
        client.get(f"/reading/{reading}/")  # the page itself sets the cookies
        for _ in range(8):
            token, showing = read_one(client, reading)
            row = Presentation.objects.get(token=token)
            shown.setdefault(row.item_id, {})[name, row.occasion] = showing
    for showings in shown.values():
        first, *others = showings.values()
        assert len(others) == 3
        for showing in others:
            for step, said in first.said.items():
                assert showing.said[step] == said, step
    steps = {step: set() for step in first.said}
    for showings in shown.values():
        for showing in showings.values():
            for step, said in showing.said.items():
                steps[step].add(re.sub(r"\d+", "#", said.split("}")[0]))  # status and headers
    assert all(len(kinds) == 1 for kinds in steps.values()), (
        "masks differ in what they contain only"
    )
    report(shown)


def report(shown: dict[int, dict[tuple[str, int], Showing]]) -> None:
    """Sizes and times of the answers by occasion, for the summary."""
    figures.append("Answers to a rater: bytes, and median ms on the first and second occasion")
    every = [(key, one) for showings in shown.values() for key, one in showings.items()]
    for step in every[0][1].said:
        sizes = sorted({one.bytes[step] for _, one in every})
        ms = {
            occasion: statistics.median(one.ms[step] for key, one in every if key[1] == occasion)
            for occasion in (1, 2)
        }
        figures.append(
            f"{step:24} {sizes[0]:>7} to {sizes[-1]:>7} bytes, {ms[1]:6.1f} and {ms[2]:6.1f} ms"
        )


def test_an_unfinished_reading_hides_its_cases_everywhere_else(
    study: Study, people: dict[str, User], cohort: Cohort
) -> None:
    rita = signed_in(people["rita"])
    cora = signed_in(people["cora"])
    free = Case.objects.get(subject="SUBJ-3")
    listed = [
        case["code"] for case in rita.get(f"/api/v1/cohorts/{cohort.slug}/cases/").json()["results"]
    ]
    assert listed == [free.code]
    assert rita.get("/api/v1/cohorts/").json()[0]["cases"] == 1
    for mask in Segmentation.objects.exclude(case=free):
        code = mask.case.code
        for address in [
            f"/cases/{code}/",
            f"/api/v1/cases/{code}/",
            f"/api/v1/cases/{code}/jobs/",
            f"/api/v1/cases/{code}/scans/FLAIR/volume/",
            f"/api/v1/cases/{code}/scans/FLAIR/original/",
            f"/api/v1/segmentations/{mask.pk}/",
            f"/api/v1/segmentations/{mask.pk}/labels/",
            f"/api/v1/segmentations/{mask.pk}/mask/",
        ]:
            assert rita.get(address).status_code == 404, address
            assert cora.get(address).status_code == 200, address
        for job in mask.case.jobs.all():
            assert rita.get(f"/api/v1/jobs/{job.pk}/").status_code == 404
            assert rita.post(f"/api/v1/jobs/{job.pk}/cancel/").status_code == 404
    assert rita.get(f"/cases/{free.code}/").status_code == 200
    for address in [f"/studies/{study.slug}/", f"/api/v1/studies/{study.slug}/"]:
        assert rita.get(address).status_code == 404
