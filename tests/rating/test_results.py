"""What the API says about results and designs is all that there is, described value by value."""

from __future__ import annotations

import pytest

from rating.protocol.meaning import meaning
from rating.queries.design import titles_of
from rating.serializers.design import MeaningSerializer
from rating.serializers.results import ResultsSerializer
from rating.statistics.summary import summarise
from rating.statistics.tables import COLUMNS, TEXT, YES_NO
from segmentation.models import Version
from tests.rating.stage import NOON
from tests.rating.statistics.answers import RATERS, a_design, an_answer


@pytest.mark.parametrize("answered", [0, 3, 24])
def test_results_are_passed_on_whole_and_are_of_the_kinds_described(answered: int) -> None:
    design = a_design(3, methods=2)
    showings = [(rater, turn, item) for rater in RATERS for turn in (1, 2) for item in design.items]
    rows = [
        an_answer(item, rater=rater, occasion=turn, fp=number % 4, fn=number % 3)
        for number, (rater, turn, item) in enumerate(showings[:answered])
    ]
    results = summarise(rows, design)
    assert ResultsSerializer(results).data == results
    kinds = {TEXT: str, YES_NO: bool}
    for table, columns in COLUMNS.items():
        for line in results[table]:
            for name, (_, unit) in columns.items():
                value = line[name]
                is_as_described = isinstance(value, kinds.get(unit, int | float))
                assert is_as_described or (unit != TEXT and set(value) == {"undefined"})


@pytest.mark.parametrize("cases", [0, 1, 40])
def test_the_meaning_of_a_design_is_passed_on_whole(cases: int) -> None:
    found = meaning(a_design(cases))
    assert MeaningSerializer(found).data == found


@pytest.mark.django_db
def test_methods_versions_and_origins_have_titles() -> None:
    Version.objects.create(
        name="slim-unet-v2",
        method="slim-unet",
        number=2,
        title="Slim U-Net, version 2",
        sha256="0" * 64,
        threshold=0.5,
        created_at=NOON,
    )
    titles = titles_of({"slim-unet", "slim-unet-v2", "imported", "unheard-of"})
    assert titles["slim-unet"] == "Slim U-Net"
    assert titles["slim-unet-v2"] == "Slim U-Net, version 2"
    assert titles["imported"] == "Imported mask"
    assert "unheard-of" not in titles
