"""The paper's acceptance study, done again with phantoms and scripted raters.

The paper prints 95.3 % and 93.4 % for two experts who saw 53 masks twice: of 106 presentations
each, 101 and 99 were acceptable, the only whole numbers that give both. Both experts therefore
contradicted themselves at least once. Here expert 1 rejects two masks twice and one once, expert 2
three twice and one once; which masks, and what is marked on them, follows from a seed. Everything
is read through the API, so that this is also a load like that of a study.

Source: Hindsholm et al., Clinical Neuroradiology 2021, doi 10.1007/s00062-021-01089-z.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.contrib.auth.models import User

from accounts.operations.invitations import add_person
from rating.models import Presentation, Study, StudyMembership
from rating.operations import study as studies
from rating.queries.results import results_of
from rating.report.wording import share
from segmentation.models import Cohort, Segmentation
from segmentation.operations.cases import NamedFile, create_cohort, import_case
from segmentation.publication.cells import decimal
from segmentation.queries import clock_given
from segmentation.training.phantoms import make_phantom
from webapp.demonstration import nifti_bytes
from webapp.scripted_reading import ScriptedAnswer, ScriptedReader

TITLE = "Acceptance of 53 masks, each rated twice by two experts"
CASES = 53
SHAPE, SPACING_MM = (48, 56, 14), (3.0, 3.0, 5.0)
REJECTED = {"expert1": (2, 1), "expert2": (3, 1)}  # masks rejected twice, and once
PRINTED = {"expert1": "95.3 %", "expert2": "93.4 %"}

Clock = Callable[[], datetime]
Say = Callable[[str], None]
Showings = frozenset[tuple[int, int]]


@dataclass(frozen=True)
class Chance:
    """Numbers of a study that follow from its seed."""

    seed: int

    def of(self, *what: object) -> random.Random:
        """Chance for one purpose; the same words, the same numbers."""
        text = "|".join(map(str, (self.seed, *what)))
        return random.Random(text)  # noqa: S311  # to be had again, not secret


def rejections(expert: str, *, cases: int, chance: Chance) -> Showings:
    """This will choose the showings that an expert rejects: (number of the case, occasion).

    `cases` is at least 4, so that every mask is chosen once at most.
    """
    twice, once = REJECTED[expert]
    draw = chance.of("rejections", expert)
    chosen = draw.sample(range(cases), twice + once)
    both = {(case, occasion) for case in chosen[:twice] for occasion in (1, 2)}
    return frozenset(both | {(case, draw.choice((1, 2))) for case in chosen[twice:]})


def errors(*, drawn: int, rejects: bool, draw: random.Random) -> tuple[int, int]:
    """This will choose counts of false and missed lesions that lead to the verdict wanted.

    For a mask of `drawn` lesions, 1 or more. Acceptable masks have errors too where they tolerate
    them: less than a tenth of what is drawn, and of what is true.
    """
    if rejects:
        most_true = drawn - (drawn // 10 + 1)
        return drawn // 10 + 1, draw.randint(0, min(2, most_true))
    fp = draw.randint(0, (drawn - 1) // 10)
    true = drawn - fp
    return fp, draw.randint(0, min(2, (true - 1) // 9))


class Expert(ScriptedReader):
    """Marks as many lesions as the plan wants, which ones by chance."""

    def __init__(self, person: User, reading: str, *, rejected: Showings, chance: Chance) -> None:
        super().__init__(person, reading)
        self.rejected, self.seeded = rejected, chance
        self.name = person.get_username()

    def answer(self, token: str, shown: dict[str, Any]) -> ScriptedAnswer:
        """What the plan says of this case and occasion."""
        of = Presentation.objects.select_related("item").get(token=token)
        case = int(of.item.key.removeprefix("item-")) - 1
        draw = self.seeded.of("marks", self.name, case, of.occasion)
        rejects = (case, of.occasion) in self.rejected
        lesions = shown["lesions"]
        fp, fn = errors(drawn=len(lesions), rejects=rejects, draw=draw)
        right, front, up = lesions[0]["voxel_mm"]
        return ScriptedAnswer(
            false=sorted(draw.sample([lesion["id"] for lesion in lesions], fp)),
            missed=[(right + 6.0, front - 9.0 * number, up) for number in range(1, fn + 1)],
            verdict="unacceptable" if rejects else "acceptable",
            active_ms=draw.randint(40_000, 240_000),
        )


@dataclass
class Ticking:
    """A clock that goes on by a second whenever it is asked."""

    now: datetime

    def __call__(self) -> datetime:
        """The next second."""
        self.now += timedelta(seconds=1)
        return self.now


def reproduce(*, seed: int, cases: int, clock: Clock, say: Say) -> Study:
    """This will make the phantoms, hold the study, and close it; needs a database without it.

    Every time in it is told by `clock`, so that seed and clock make the bundle, byte by byte.
    """
    with clock_given(clock):
        return _reproduce(seed=seed, cases=cases, clock=clock, say=say)


def _reproduce(*, seed: int, cases: int, clock: Clock, say: Say) -> Study:
    chance = Chance(seed)
    names = ("coordinator", *REJECTED)
    people = {name: User.objects.create_user(name, first_name=name) for name in names}
    cohort = create_cohort(title="Phantoms of the paper", coordinators=[people["coordinator"]])
    for name in REJECTED:
        add_person(cohort=cohort, user=people[name], by=people["coordinator"], now=clock())
    say(f"{cases} phantoms")
    for number in range(cases):
        _phantom(cohort, number, chance, clock)
    study = studies.create_study(title=TITLE, cohort=cohort, by=people["coordinator"], now=clock())
    studies.edit_study(
        study=study,
        by=people["coordinator"],
        items=list(Segmentation.objects.filter(case__cohort=cohort).values_list("pk", flat=True)),
        raters=list(REJECTED),
        settings={"min_volume_mm3": 0, "dawm_instruction": "It does not count as a lesion."},
    )
    studies.open_study(
        study=study,
        by=people["coordinator"],
        now=clock(),
        draw_secret=chance.of("secret").randbytes,
    )
    for reading in study.memberships.filter(role=StudyMembership.Role.RATER).order_by("rater"):
        say(f"{2 * cases} presentations to {reading.rater}")
        rejected = rejections(reading.rater, cases=cases, chance=chance)
        Expert(people[reading.rater], reading.token, rejected=rejected, chance=chance).read_all()
    return studies.close_study(
        study=study,
        reason="All presentations are rated.",
        by=people["coordinator"],
        now=clock(),
    )


def _phantom(cohort: Cohort, number: int, chance: Chance, clock: Clock) -> None:
    """A small phantom with its known lesions as the mask that is judged."""
    phantom = make_phantom(
        seed=53_000 + number,
        lesions=chance.of("lesions", number).randint(3, 24),
        shape=SHAPE,
        spacing_mm=SPACING_MM,
        flair_only=True,
    )
    mask = phantom.mask.astype(np.uint8)
    import_case(
        cohort=cohort,
        files=[
            NamedFile("FLAIR.nii.gz", nifti_bytes(phantom.flair, phantom.affine)),
            NamedFile("mask.nii.gz", nifti_bytes(mask, phantom.affine)),
        ],
        now=clock(),
    )


def told(study: Study) -> str:
    """This will set the paper's line beside what the study found, with intervals and tables."""
    results = results_of(study)
    lines = [
        "Acceptance (the paper's mean of both: 50 of 53)",
        _row("", "paper", "here", "Korn-Graubard, by case", "naive Wilson", "naive exact"),
    ]
    for line in results["acceptance"]:
        if line["is_primary"] and line["group"] == "all":
            rate = f"{share(line['rate'])} ({line['accepted']}/{line['rated']})"
            intervals = (_interval(line, kind) for kind in ("", "naive_wilson_", "naive_exact_"))
            who = line["rater"] or "both"
            lines.append(_row(who, PRINTED.get(who, ""), rate, *intervals))
    lines += [
        "",
        "Same mask, shown twice (the paper gives no such table)",
        _row("", "accepted twice", "first only", "second only", "rejected twice", "agreement")
        + "  AC1, kappa",
    ]
    for line in results["intra_rater"]:
        if line["is_primary"]:
            names = ("both_accepted", "only_first_accepted", "only_second_accepted")
            counted = [str(line[name]) for name in (*names, "both_rejected")]
            agree = f"{share(line['agreement'])} {_interval(line, 'agreement_')}"
            row = _row(line["rater"], *counted, agree)
            lines.append(f"{row}  {decimal(line['ac1'])}, {decimal(line['kappa'])}")
    lines += [
        "",
        "Naive intervals take every presentation for a new case, as the paper's counts invite.",
        "Which masks were rejected is not known; here a seed chose them.",
    ]
    return "\n".join(lines)


def _row(*cells: str) -> str:
    widths = (10, 16, 18, 24, 18, 26)
    return "".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()


def _interval(line: dict[str, Any], prefix: str) -> str:
    return f"[{100 * line[f'{prefix}low']:.1f}, {100 * line[f'{prefix}high']:.1f}]"
