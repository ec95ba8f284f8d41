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
    """A case that can be used: its name, whose it is, where from, and the hash of its FLAIR.

    `sha256` is what a checkpoint's record keeps; records from elsewhere may know it by `others`.
    """

    name: str
    subject: str
    cohort: str
    sha256: str
    others: frozenset[str] = frozenset()

    @property
    def hashes(self) -> frozenset[str]:
        """All hashes that the FLAIR is known by."""
        return self.others | {self.sha256}


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


def subjects_in(members: Iterable[Member], hashes: Collection[str]) -> set[str]:
    """The subjects of whom any case is known by one of the hashes."""
    return {one.subject for one in members if not one.hashes.isdisjoint(hashes)}


def split_by_subject(
    members: Sequence[Member],
    *,
    validation: int | None,
    test: int,
    test_from: str | None,
    seed: int,
    learned_before: Collection[str] = (),
) -> Split:
    """This will set subjects aside at random: `validation` of each cohort, `test` of one.

    As in the paper: 5 and 5 for validation, the test from one cohort only. `validation` None: a
    fifth of a cohort's subjects, at least 1 and at most 5. All cases of a subject go the same way;
    a subject of two cohorts counts in the first. Whom the starting checkpoint has learned
    (`learned_before`, hashes of their FLAIR) is never set aside. Raises NotEnoughSubjects.
    """
    learned = subjects_in(members, learned_before)
    subjects: dict[str, list[str]] = defaultdict(list)
    for one in sorted(members, key=lambda member: (member.cohort, member.subject)):
        if not any(one.subject in found for found in subjects.values()):
            subjects[one.cohort].append(one.subject)
    rng = np.random.default_rng(seed)
    validating: set[str] = set()
    testing: set[str] = set()
    for cohort, found in sorted(subjects.items()):
        tested = test if cohort == test_from else 0
        wanted = min(5, max(1, len(found) // 5)) if validation is None else validation
        drawn = [found[n] for n in rng.permutation(len(found))]
        new = [subject for subject in drawn if subject not in learned]
        if len(found) <= wanted + tested or len(new) < wanted + tested:
            raise _not_enough(cohort, len(found), wanted, tested, len(found) - len(new))
        validating |= set(new[:wanted])
        testing |= set(new[wanted : wanted + tested])
    if test and test_from not in subjects:
        raise NotEnoughSubjects(f"No case to test on comes from {test_from!r}.")
    return split_as_named(
        members,
        validation={one.name for one in members if one.subject in validating},
        test={one.name for one in members if one.subject in testing},
    )


def _not_enough(
    cohort: str, subjects: int, validation: int, test: int, learned: int
) -> NotEnoughSubjects:
    """What to say when a cohort has too few subjects, all in all or such as are still new."""
    said = (
        f"{cohort} has {subjects} subject{'s' * (subjects != 1)} with a reference; {validation} "
        f"{'is' if validation == 1 else 'are'} to validate and {test} to test"
    )
    if subjects <= validation + test:
        return NotEnoughSubjects(
            f"{said}, which leaves none to train on. Add cases of other subjects."
        )
    return NotEnoughSubjects(
        f"{said}, but the starting checkpoint has learned from {learned} of them already. Choose "
        "another checkpoint to begin with, or add cases of other subjects."
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


def require_no_leakage(
    split: Split, *, learned_before: Collection[str] = (), seen_before: Collection[str] = ()
) -> None:
    """This will raise Leakage when somebody is on two sides, or was learned from before.

    `learned_before` are the FLAIR hashes that the starting checkpoint was trained on; who chose it
    (`seen_before`) may choose again, but no longer tests.
    """
    sides = {"training": split.training, "validation": split.validation, "test": split.test}
    names = list(sides)
    for n, one in enumerate(names):
        for other in names[n + 1 :]:
            for a in sides[one]:
                for b in sides[other]:
                    if a.subject == b.subject or a.hashes & b.hashes:
                        raise Leakage(
                            f"{a.name} ({one}) and {b.name} ({other}) show the same subject. All "
                            "cases of a subject must be on one side."
                        )
    everybody = [one for side in sides.values() for one in side]
    learned, seen = (subjects_in(everybody, before) for before in (learned_before, seen_before))
    for side in ("validation", "test"):
        for member in sides[side]:
            is_chooser = side == "test" and member.subject in seen - learned
            if member.subject in learned or is_chooser:
                raise Leakage(
                    f"The starting checkpoint was {'chosen by' if is_chooser else 'trained on'} "
                    f"{member.name}, so it cannot be used for {side}. Choose another case or "
                    "another checkpoint."
                )
