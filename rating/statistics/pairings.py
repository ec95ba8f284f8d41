"""Which answers are set against each other: showings, raters and methods, over the same masks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from rating.statistics.columns import Bools, Columns, Ints

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pairing:
    """Pairs of answers that both sides gave: the number of the case, and who accepted.

    compared: occasions (first and second showing of a mask), raters (the same showing of the same
    mask) or methods (the same showing of the same case to the same rater). `rater` is "" for all.
    """

    compared: str
    first: str
    second: str
    rater: str
    case: Ints
    one: Bools
    two: Bools

    def names(self) -> dict[str, str]:
        """The columns that say what is compared."""
        return {
            "compared": self.compared,
            "first": self.first,
            "second": self.second,
            "rater": self.rater,
        }

    def by_case(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Pairs per case: accepted by both, only the first, only the second, neither."""
        if not len(self.case):
            none = np.zeros(0)
            return none, none, none, none
        _, number = np.unique(self.case, return_inverse=True)
        one, two = self.one, self.two
        both, first, second, neither = (
            np.bincount(number, weights=cell).astype(np.float64)
            for cell in (one & two, one & ~two, two & ~one, ~one & ~two)
        )
        return both, first, second, neither


def pairings(answers: Columns, given: Ints) -> Iterator[Pairing]:
    """This will pair answers (by rater, item and occasion: 1, 0, or -1 for none).

    Occasions and methods per rater, methods for all together too, over cases with one mask of each
    method. What has no pair comes as well, empty.
    """
    for number, rater in enumerate(answers.raters):
        shown = given[number]
        yield _paired(("occasions", "1", "2", rater), answers.item_case, shown[:, 0], shown[:, 1])
    for one, two in combinations(range(len(answers.raters)), 2):
        names = ("raters", answers.raters[one], answers.raters[two], "")
        case = np.repeat(answers.item_case, 2)
        yield _paired(names, case, given[one].ravel(), given[two].ravel())
    yield from _methods(answers, given)


def only_items(answers: Columns, method: int) -> dict[int, int]:
    """The item of every case that has exactly one mask of a method."""
    own = np.flatnonzero(answers.item_method == method)
    cases, first, masks = np.unique(answers.item_case[own], return_index=True, return_counts=True)
    single = masks == 1
    return dict(zip(cases[single].tolist(), own[first[single]].tolist(), strict=True))


def _methods(answers: Columns, given: Ints) -> Iterator[Pairing]:
    of_method = [only_items(answers, method) for method in range(len(answers.methods))]
    for one, two in combinations(range(len(answers.methods)), 2):
        first, second = of_method[one], of_method[two]
        cases = np.array(sorted(first.keys() & second.keys()), dtype=np.int64)
        items = [[side[case] for case in cases.tolist()] for side in (first, second)]
        for number, rater in (*enumerate(answers.raters), (-1, "")):
            who = [number] if rater else list(range(len(answers.raters)))
            sides = [given[who][:, own].ravel() for own in items]
            case = np.tile(np.repeat(cases, 2), len(who))
            names = ("methods", answers.methods[one], answers.methods[two], rater)
            yield _paired(names, case, sides[0], sides[1])


def _paired(names: tuple[str, str, str, str], case: Ints, first: Ints, second: Ints) -> Pairing:
    has_both = (first >= 0) & (second >= 0)
    return Pairing(*names, case[has_both], first[has_both] == 1, second[has_both] == 1)
