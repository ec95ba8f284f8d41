"""Who trains, who validates, who tests: by subject, so that nobody is on two sides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from segmentation.refusals import Refusal


class Leakage(Refusal):
    """A subject would be learned from and measured on."""


class NotEnoughSubjects(Refusal):
    """A cohort has fewer subjects than are to be set aside."""


@dataclass(frozen=True)
class Member:
    """A case that can be used: its name, whose it is, where from, and the hash of its FLAIR."""

    name: str
    subject: str
    cohort: str
    sha256: str


@dataclass(frozen=True)
class Split:
    """The cases of the three sides."""

    training: tuple[Member, ...]
    validation: tuple[Member, ...]
    test: tuple[Member, ...]

    def hashes(self) -> dict[str, list[str]]:
        """What a checkpoint's record keeps of it."""
        return {
            f"{side}_sha256": sorted(one.sha256 for one in getattr(self, side))
            for side in ("training", "validation", "test")
        }


def split_by_subject(
    members: Sequence[Member], *, validation: int, test: int, test_from: str | None, seed: int
) -> Split:
    """This will set subjects aside at random: `validation` of each cohort, `test` of one.

    As in the paper: 5 and 5 for validation, the test from one cohort only. All cases of a subject
    go the same way; a subject of two cohorts counts in the first. Raises NotEnoughSubjects.
    """
    subjects: dict[str, list[str]] = defaultdict(list)
    for one in sorted(members, key=lambda member: (member.cohort, member.subject)):
        if not any(one.subject in found for found in subjects.values()):
            subjects[one.cohort].append(one.subject)
    rng = np.random.default_rng(seed)
    validating: set[str] = set()
    testing: set[str] = set()
    for cohort, found in sorted(subjects.items()):
        tested = test if cohort == test_from else 0
        if len(found) <= validation + tested:
            raise NotEnoughSubjects(
                f"{cohort} has {len(found)} subjects with a reference; {validation} are to validate"
                f" and {tested} to test, which leaves none to train on."
            )
        drawn = [found[n] for n in rng.permutation(len(found))]
        validating |= set(drawn[:validation])
        testing |= set(drawn[validation : validation + tested])
    if test and test_from not in subjects:
        raise NotEnoughSubjects(f"No case to test on comes from {test_from!r}.")
    return split_as_named(
        members,
        validation={one.name for one in members if one.subject in validating},
        test={one.name for one in members if one.subject in testing},
    )


def split_as_named(
    members: Iterable[Member], *, validation: Collection[str], test: Collection[str]
) -> Split:
    """This will split by the names of cases; the rest trains. Raises Leakage."""
    sides: dict[str, list[Member]] = {"training": [], "validation": [], "test": []}
    for one in members:
        side = "validation" if one.name in validation else "training"
        sides["test" if one.name in test else side].append(one)
    split = Split(*(tuple(sides[name]) for name in ("training", "validation", "test")))
    require_no_leakage(split)
    return split


def require_no_leakage(split: Split, *, learned_before: Collection[str] = ()) -> None:
    """This will raise Leakage when somebody is on two sides, or was learned from before.

    `learned_before` are the FLAIR hashes that the starting checkpoint was trained on.
    """
    sides = {"training": split.training, "validation": split.validation, "test": split.test}
    names = list(sides)
    for n, one in enumerate(names):
        for other in names[n + 1 :]:
            for a in sides[one]:
                for b in sides[other]:
                    if a.subject == b.subject or a.sha256 == b.sha256:
                        raise Leakage(
                            f"{a.name} ({one}) and {b.name} ({other}) show the same subject. All "
                            "cases of a subject must be on one side."
                        )
    for side in ("validation", "test"):
        for member in sides[side]:
            if member.sha256 in learned_before:
                raise Leakage(
                    f"The starting checkpoint was trained on {member.name}, so it cannot be used "
                    f"for {side}. Choose another case or another checkpoint."
                )
