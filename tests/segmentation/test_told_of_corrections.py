"""Ravi corrects the mask that Dana corrects: he is told of hers, however he came to his drawing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from segmentation.imaging.drawing import digest
from segmentation.models import Case, Segmentation
from segmentation.operations.cases import create_cohort
from segmentation.operations.drawings import Seen, save_drawing
from segmentation.queries import database_now
from tests.rating.stage import a_case, a_mask
from tests.segmentation.test_drawings import Delineator, with_block


@pytest.fixture
def case(db: None) -> Case:
    cohort = create_cohort(title="Clinic", coordinators=[User.objects.create_user("cora")])
    for name in ("dana", "ravi"):
        cohort.memberships.create(user=User.objects.create_user(name), role="delineator")
    return a_case(cohort, 1)


@pytest.fixture
def mask(case: Case) -> Segmentation:
    return a_mask(case, lesions=3)


def by(name: str) -> Delineator:
    return Delineator(User.objects.get(username=name))


def told(drawing: dict[str, Any]) -> list[str]:
    return [one["id"] for one in drawing["meanwhile"]]


def test_a_part_of_a_drawing_that_is_saved_is_told_of_what_came_since(
    case: Case, mask: Segmentation
) -> None:
    ravi, dana = by("ravi").begin(case, mask), by("dana").begin(case, mask)
    ravi.draw(with_block(ravi.shown, 12, 14, 5))
    dana.draw(with_block(dana.shown, 18, 20, 7))
    own = ravi.save()
    hers = dana.save(others=[own["id"]])
    ravi.drawing = ravi.post(f"{ravi.address}fork/", {"edits": 1})
    assert told(ravi.drawing) == [hers["id"]]
    save = f"{ravi.address}save/"
    assert ravi.refused("post", save, ravi.seen()) == (409, "SavedMeanwhile")
    assert ravi.save(others=[hers["id"]])["corrects"] == str(mask.pk)


def test_who_begins_after_a_correction_began_to_be_saved_is_told(
    case: Case, mask: Segmentation
) -> None:
    dana = by("dana").begin(case, mask)
    dana.draw(with_block(dana.shown, 18, 20, 7))
    pressed = database_now()
    ravi = by("ravi").begin(case, mask)
    voxels = int(dana.shown.sum())
    hers = save_drawing(
        drawing_id=UUID(dana.drawing["id"]),
        seen=Seen(edits=1, voxels=voxels, digest=digest(dana.shown), others=frozenset()),
        active_ms=0,
        by=User.objects.get(username="dana"),
        now=pressed,
    )
    assert told(ravi.get(ravi.address)) == [str(hers.pk)]


@pytest.mark.django_db(transaction=True)
def test_who_begins_while_a_correction_is_being_saved_is_told(
    case: Case, mask: Segmentation
) -> None:
    dana, ravi = by("dana").begin(case, mask), by("ravi")
    dana.draw(with_block(dana.shown, 18, 20, 7))
    has_looked = Event()

    def sign(execute: Callable[..., Any], sql: str, *more: Any) -> Any:
        answer = execute(sql, *more)
        if '"parent_id" = ' in sql:
            has_looked.set()
        return answer

    def begin() -> dict[str, Any]:
        try:
            with connection.execute_wrapper(sign):
                return ravi.begin(case, mask).drawing
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as another:
        with transaction.atomic():
            Case.objects.select_for_update().get(pk=case.pk)
            drawing = another.submit(begin)
            assert has_looked.wait(30)
            saved = dana.save()
        assert told(drawing.result(60)) == [saved["id"]]
    save = f"{ravi.address}save/"
    assert ravi.refused("post", save, ravi.seen()) == (409, "SavedMeanwhile")
