"""Who accepts more: methods, raters, or first and second showings, over the same masks."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from rating.protocol.design import AcceptanceDesign
from rating.statistics.acceptance import ONE_CASE, named
from rating.statistics.agreement import count_pairs, mcnemar_exact
from rating.statistics.clustered_mcnemar import durkalski, obuchowski
from rating.statistics.columns import Columns, Ints
from rating.statistics.paired_difference import clustered_difference, tango
from rating.statistics.rows import rules, undefined
from rating.statistics.several_methods import holm
from rating.statistics.sign_flip import sign_flip

NAMES = (
    *("first_rate", "second_rate", "difference", "difference_low", "difference_high"),
    *("sign_flip_p", "mcnemar_p", "obuchowski_p", "durkalski_p"),
)
NO_DIFFERENCE = "no case was answered differently"
REPEATED = "cases have several pairs, which this test takes for independent"
NO_WIDTH = "the cases do not differ in it: this interval would have no width"


def comparisons(answers: Columns, design: AcceptanceDesign) -> list[dict[str, Any]]:
    """This will compare the shares accepted: occasions, raters, and methods, for every rule.

    Occasions: the first showing of a mask with the second, per rater. Raters: the same showing of
    the same mask. Methods: the same showing of the same case to the same rater, per rater and all
    together (rater ""), over cases with one mask of each method. Pairs with both answers count.
    """
    lines = []
    for rule in rules(design):
        given = answers.answers(rule)
        for number, rater in enumerate(answers.raters):
            head = {"compared": "occasions", "first": "1", "second": "2", "rater": rater}
            pairs = given[number]
            lines.append(head | named(rule) | _sides(answers.item_case, pairs[:, 0], pairs[:, 1]))
        for one, two in combinations(range(len(answers.raters)), 2):
            names = answers.raters[one], answers.raters[two]
            head = {"compared": "raters", "first": names[0], "second": names[1], "rater": ""}
            case = np.repeat(answers.item_case, 2)
            sides = given[one].ravel(), given[two].ravel()
            lines.append(head | named(rule) | _sides(case, *sides))
        lines += _methods(answers, given, named(rule))
    return _with_holm(lines)


def _methods(answers: Columns, given: Ints, rule: dict[str, Any]) -> list[dict[str, Any]]:
    lines = []
    of_method = [_only_items(answers, method) for method in range(len(answers.methods))]
    for one, two in combinations(range(len(answers.methods)), 2):
        first, second = of_method[one], of_method[two]
        names = answers.methods[one], answers.methods[two]
        cases = np.array(sorted(first.keys() & second.keys()), dtype=np.int64)
        items = [[side[case] for case in cases.tolist()] for side in (first, second)]
        for number, rater in (*enumerate(answers.raters), (-1, "")):
            who = [number] if rater else list(range(len(answers.raters)))
            sides = [given[who][:, own].ravel() for own in items]
            case = np.tile(np.repeat(cases, 2), len(who))
            head = {"compared": "methods", "first": names[0], "second": names[1], "rater": rater}
            lines.append(head | rule | _sides(case, sides[0], sides[1]))
    return lines


def _only_items(answers: Columns, method: int) -> dict[int, int]:
    """The item of every case that has exactly one mask of a method."""
    own = np.flatnonzero(answers.item_method == method)
    cases, first, masks = np.unique(answers.item_case[own], return_index=True, return_counts=True)
    single = masks == 1
    return dict(zip(cases[single].tolist(), own[first[single]].tolist(), strict=True))


def _sides(case: Ints, first: Ints, second: Ints) -> dict[str, Any]:
    """One comparison: a case number and two answers (1, 0, or -1 for none) per pair."""
    has_both = (first >= 0) & (second >= 0)
    one, two = first[has_both] == 1, second[has_both] == 1
    size = int(case.max(initial=-1)) + 1
    numbers = case[has_both]
    pairs = np.bincount(numbers, minlength=size)
    present = pairs > 0
    only_first, only_second = (
        np.bincount(numbers, weights=only, minlength=size)[present]
        for only in (one & ~two, two & ~one)
    )
    pairs = pairs[present]
    line: dict[str, Any] = {
        "pairs": len(numbers),
        "cases": len(pairs),
        "only_first": int(only_first.sum()),
        "only_second": int(only_second.sum()),
    }
    if not len(numbers):
        return line | dict.fromkeys(NAMES, undefined("no mask has both answers"))
    differences = only_first - only_second
    rates = float(one.mean()), float(two.mean())
    is_single = int(pairs.max()) == 1
    exact: Any = undefined(REPEATED)
    table = count_pairs(one, two)
    if is_single:
        p = mcnemar_exact(table)
        exact = undefined(NO_DIFFERENCE) if p is None else p
        interval: tuple[Any, Any] = tango(table)
    else:
        found = clustered_difference(differences=differences, pairs=pairs)
        reason = ONE_CASE if len(pairs) < 2 else NO_WIDTH
        interval = found.interval if found else (undefined(reason),) * 2
    by_case = (
        obuchowski(first_only=only_first, second_only=only_second),
        durkalski(first_only=only_first, second_only=only_second, pairs=pairs),
    )
    tests = [sign_flip(differences), *(test.p if test else None for test in by_case)]
    shown = [undefined(NO_DIFFERENCE) if p is None else p for p in tests]
    values = (*rates, rates[0] - rates[1], *interval, shown[0], exact, *shown[1:])
    return line | dict(zip(NAMES, values, strict=True))


def _with_holm(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Adds the sign-flip p adjusted within lines of the same kind, rater and rule."""
    families: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for line in lines:
        rater = line["rater"] if line["compared"] == "methods" else ""
        family = (line["compared"], rater, line["verdict"], line["boundary_policy"])
        families.setdefault(family, []).append(line)
    for family_lines in families.values():
        raw = [line["sign_flip_p"] for line in family_lines]
        adjusted = holm([p if isinstance(p, float) else None for p in raw])
        for line, p, own in zip(family_lines, raw, adjusted, strict=True):
            line["holm_p"] = p if own is None else own
    return lines
