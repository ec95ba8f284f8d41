"""Who accepts more: methods, raters, or first and second showings, over the same masks."""

from __future__ import annotations

from typing import Any

from rating.protocol.design import AcceptanceDesign
from rating.statistics.acceptance import ONE_CASE, named
from rating.statistics.agreement import count_pairs, mcnemar_exact
from rating.statistics.clustered_mcnemar import durkalski, eliasziw_donner, obuchowski, yang
from rating.statistics.columns import Columns
from rating.statistics.paired_difference import clustered_difference, tango
from rating.statistics.pairings import Pairing, pairings
from rating.statistics.rows import rules, undefined
from rating.statistics.several_methods import holm
from rating.statistics.sign_flip import sign_flip

NAMES = (
    *("first_rate", "second_rate", "difference", "difference_low", "difference_high"),
    *("sign_flip_p", "mcnemar_p", "obuchowski_p", "durkalski_p"),
    *("yang_p", "eliasziw_donner_p"),
)
NO_DIFFERENCE = "no case was answered differently"
ALL_EVEN = "what was answered differently is even within every case"
REPEATED = "cases have several pairs, which this test takes for independent"
SINGLE = "cases have single pairs, so that nothing goes together within them"
FEW_SPLIT = "too few cases were answered differently to tell how such answers go together"
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
        lines += [
            pairing.names() | named(rule) | _compared(pairing)
            for pairing in pairings(answers, given)
        ]
    return _with_holm(lines)


def _compared(pairing: Pairing) -> dict[str, Any]:
    """One comparison: how many pairs, the shares, their difference, and tests."""
    one, two = pairing.one, pairing.two
    both, only_first, only_second, neither = pairing.by_case()
    pairs = both + only_first + only_second + neither
    line: dict[str, Any] = {
        "pairs": len(one),
        "cases": len(pairs),
        "only_first": int(only_first.sum()),
        "only_second": int(only_second.sum()),
    }
    if not len(one):
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
        yang(first_only=only_first, second_only=only_second, pairs=pairs),
    )
    inflated = eliasziw_donner(
        both=both, first_only=only_first, second_only=only_second, neither=neither
    )
    tests = [sign_flip(differences), *(test.p if test else None for test in by_case)]
    untested = ONE_CASE if differences.any() else ALL_EVEN if only_first.any() else NO_DIFFERENCE
    shown = [undefined(untested) if p is None else p for p in tests]
    donner = inflated.p if inflated else undefined(SINGLE if is_single else FEW_SPLIT)
    values = (*rates, rates[0] - rates[1], *interval, shown[0], exact, *shown[1:], donner)
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
