"""The cast of the rating stories, and a study that Cora made for Rita and Ravi."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from rating.models import Study
from segmentation.models import Case, Cohort, Segmentation
from segmentation.operations.cases import create_cohort
from segmentation.queries import clock_given
from tests.rating.reference_stage import Clock
from tests.rating.stage import Browser, a_case, a_mask, invited

LESIONS = (3, 0, 12)


def person(name: str) -> User:
    return User.objects.create_user(name, password=f"{name}-12345", first_name=name.capitalize())


@pytest.fixture
def people(db: None) -> dict[str, User]:
    return {name: person(name) for name in ("rita", "ravi", "cora", "dana", "otto")}


@pytest.fixture
def rita(people: dict[str, User]) -> Browser:
    return Browser(people["rita"])


@pytest.fixture
def ravi(people: dict[str, User]) -> Browser:
    return Browser(people["ravi"])


@pytest.fixture
def cora(people: dict[str, User]) -> Browser:
    return Browser(people["cora"])


@pytest.fixture
def dana(people: dict[str, User]) -> Browser:
    return Browser(people["dana"])


@pytest.fixture
def otto(people: dict[str, User]) -> Browser:
    return Browser(people["otto"])


@pytest.fixture
def cohort(people: dict[str, User]) -> Cohort:
    cohort = create_cohort(title="Clinic 2019", coordinators=[people["cora"]])
    invited(cohort, people["rita"], people["ravi"])
    cohort.memberships.create(user=people["dana"], role="delineator")
    return cohort


@pytest.fixture
def cases(cohort: Cohort) -> list[Case]:
    """The first has no T1."""
    return [a_case(cohort, seed, has_t1=seed > 0) for seed in range(len(LESIONS))]


@pytest.fixture
def masks(cases: list[Case]) -> list[Segmentation]:
    """Masks with 3, 0 and 12 lesions."""
    return [a_mask(case, lesions=n) for case, n in zip(cases, LESIONS, strict=True)]


@pytest.fixture
def draft(cora: Browser, cohort: Cohort, masks: list[Segmentation]) -> dict[str, Any]:
    """A draft with all masks for Rita and Ravi, gap 1 and no washout."""
    made = cora.post(f"cohorts/{cohort.slug}/studies/", {"title": "First reading"})
    change = {
        "items": [str(mask.pk) for mask in masks],
        "raters": ["rita", "ravi"],
        "design": {
            "gap": 1,
            "washout_days": 0,
            "instructions": "Mark what is wrong.",
            "shown_sequences": ["FLAIR", "T1"],
        },
    }
    return cora.patch(f"studies/{made['id']}/", change)


@pytest.fixture
def opened(cora: Browser, draft: dict[str, Any]) -> dict[str, Any]:
    return cora.post(f"studies/{draft['id']}/open/")


@pytest.fixture
def clock() -> Iterator[Clock]:
    """For reference studies: it stands still until days pass."""
    clock = Clock()
    with clock_given(clock):
        yield clock


@pytest.fixture
def study(opened: dict[str, Any]) -> Study:
    return Study.objects.get(slug=opened["id"])
