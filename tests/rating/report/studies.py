"""Results to lay out: a study of two raters, with names of methods that nobody should see."""

from __future__ import annotations

import dataclasses
import random
from functools import lru_cache
from typing import Any

from rating.protocol.design import AcceptanceDesign
from rating.report import Facts, Names, Report, lay_out
from rating.statistics import summarise
from tests.rating.statistics.answers import a_design, all_answers

FACTS = Facts(
    title="A finished study",
    opened="2026-03-02",
    closed="2026-04-01",
    closing_reason="Everything is rated.",
    commitment="c0ffee",
    versions=("0.1.0",),
)
NAMES = Names({"m0": "Slim U-Net", "m1": "Imported mask", "m2": "LST-LPA"})
LOADS = (0, 4, 12, 30, 60)


def a_study(cases: int = 8, *, methods: int = 2, **change: Any) -> AcceptanceDesign:
    """A design whose masks have between 0 and 60 lesions."""
    design = a_design(cases, methods=methods, **change)
    items = [
        dataclasses.replace(item, lesion_count=LOADS[number % len(LOADS)])
        for number, item in enumerate(design.items)
    ]
    return dataclasses.replace(design, items=tuple(items))


@lru_cache(maxsize=16)
def results_of(design: AcceptanceDesign, *, share: float = 1.0, seed: int = 3) -> dict[str, Any]:
    """The results when this share of presentations was answered, with seeded errors."""
    chance = random.Random(seed)  # noqa: S311  # to be had again, not secret
    rows = all_answers(
        design,
        lambda _, __, number: {
            "fp": min(design.items[number].lesion_count, chance.choice([0, 0, 1, 3])),
            "fn": chance.choice([0, 0, 0, 1, 2]),
            "seconds": chance.uniform(20, 200),
        },
    )
    return summarise(rows[: round(share * len(rows))], design)


@lru_cache(maxsize=16)
def laid_out(design: AcceptanceDesign, share: float = 1.0) -> Report:
    """The report of a study of which this share of presentations was answered."""
    return lay_out(results_of(design, share=share), design, NAMES, FACTS)
