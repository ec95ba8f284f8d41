"""The paper's acceptance study, held again: its two rates, and every reading through the API."""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from rating.export import bundle_files
from rating.models import Presentation, Study
from rating.protocol.design import AcceptanceDesign, DesignItem
from rating.protocol.verdict import derive_verdict
from rating.statistics import RatingRow, summarise
from tests.rating.statistics.answers import an_answer
from webapp.reproduction import (
    CASES,
    REJECTED,
    Chance,
    Ticking,
    errors,
    rejections,
    reproduce,
    told,
)

# What R 4.2.2 (Debian) says with recompute.R in the bundle of `reproduce_acceptance --out`.
R_SAYS = {
    "expert1": (101, 106, 0.952830, 0.861148, 0.991377),
    "expert2": (99, 106, 0.933962, 0.833039, 0.983232),
    "": (200, 212, 0.943396, 0.885050, 0.977564),
}


def planned_rows(seed: int) -> tuple[AcceptanceDesign, list[RatingRow]]:
    """The answers that the command's experts give, without the phantoms."""
    chance = Chance(seed)
    items = tuple(DesignItem(f"item-{n:03d}", f"c{n}", "m", "0" * 64, 12) for n in range(CASES))
    design = AcceptanceDesign(items=items, raters=tuple(REJECTED), gap=0)
    rows = []
    for expert in REJECTED:
        rejected = rejections(expert, cases=CASES, chance=chance)
        for number, item in enumerate(items):
            for occasion in (1, 2):
                draw = chance.of("marks", expert, number, occasion)
                fp, fn = errors(drawn=12, rejects=(number, occasion) in rejected, draw=draw)
                position = (occasion - 1) * CASES + number + 1
                rows.append(
                    an_answer(
                        item, rater=expert, occasion=occasion, position=position, fp=fp, fn=fn
                    )
                )
    return design, rows


@pytest.mark.parametrize("seed", [1, 7])
def test_53_masks_twice_give_the_rates_of_the_paper_and_the_intervals_of_r(seed: int) -> None:
    design, rows = planned_rows(seed)
    found = summarise(rows, design)
    for line in found["acceptance"]:
        if line["is_primary"] and line["group"] == "all":
            accepted, rated, *numbers = R_SAYS[line["rater"]]
            assert (line["accepted"], line["rated"]) == (accepted, rated)
            own = [line["rate"], line["low"], line["high"]]
            if line["rater"] or seed == 1:  # both together hang on which masks they share
                assert own == pytest.approx(numbers, abs=1e-6)
    tables = {
        line["rater"]: (
            line["both_accepted"],
            line["only_first_accepted"] + line["only_second_accepted"],
            line["both_rejected"],
        )
        for line in found["intra_rater"]
        if line["is_primary"]
    }
    assert tables == {"expert1": (50, 1, 2), "expert2": (49, 1, 3)}


@pytest.mark.parametrize("rejects", [False, True])
def test_errors_lead_to_the_verdict_that_is_wanted(rejects: bool) -> None:
    for drawn in range(1, 130):
        for seed in range(5):
            draw = random.Random(seed)  # noqa: S311  # to be had again, not secret
            fp, fn = errors(drawn=drawn, rejects=rejects, draw=draw)
            verdict = derive_verdict(n=drawn, fp=fp, fn=fn).verdict
            assert verdict == ("unacceptable" if rejects else "acceptable")


def held() -> tuple[Study, dict[str, bytes]]:
    """A small one and its bundle."""
    clock = Ticking(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    study = reproduce(seed=1, cases=4, clock=clock, say=lambda _: None)
    return study, dict(bundle_files(study=study))


@pytest.mark.django_db
def test_a_small_one_is_read_through_the_api_and_told() -> None:
    with transaction.atomic():
        _, earlier = held()
        transaction.set_rollback(True)
    study, files = held()
    assert files == earlier, "seed and clock make every byte"
    assert b"2026-03-02T09:0" in files["ratings.csv"]
    assert study.state == Study.State.CLOSED
    assert Presentation.objects.filter(submitted_at__isnull=False).count() == 2 * 2 * 4
    lines = told(study).splitlines()
    assert lines[2].split()[:5] == ["expert1", "95.3", "%", "37.5", "%"]  # 3 of 8 are accepted
    assert "(3/8)" in lines[2]
    assert "(1/8)" in lines[3]
    assert any(line.split()[:5] == ["expert1", "1", "0", "1", "2"] for line in lines) or any(
        line.split()[:5] == ["expert1", "1", "1", "0", "2"] for line in lines
    )


@pytest.mark.django_db
def test_the_command_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="3 cases are too few"):
        call_command("reproduce_acceptance", "--cases", "3")
    with pytest.raises(CommandError, match="is there already"):
        call_command("reproduce_acceptance", "--out", str(tmp_path), stdout=io.StringIO())
    assert not Study.objects.exists()
