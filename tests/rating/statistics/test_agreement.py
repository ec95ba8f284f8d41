"""Agreement against published tables, irrCAC and statsmodels, with its undefined values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa

from rating.statistics.agreement import (
    CaseSums,
    Floats,
    Table,
    ac1_interval,
    case_sums,
    cohen_kappa,
    count_pairs,
    defined,
    gwet_ac1,
    mcnemar_exact,
    negative_agreement,
    pabak,
    percent_agreement,
    positive_agreement,
)
from segmentation.evaluation.statistics.quantiles import t_quantile

cell = st.integers(0, 60)
showings = st.lists(st.sampled_from([-1, 0, 1]), min_size=2, max_size=2)


def sums_of(a: int, b: int, c: int, d: int) -> CaseSums:
    """One case per mask: a accepted both times, b only first, c only second, d rejected."""
    first = [1] * a + [1] * b + [0] * c + [0] * d
    second = [1] * a + [0] * b + [1] * c + [0] * d
    return case_sums(case=range(len(first)), first=first, second=second)


def the(values: Floats) -> float:
    (value,) = values
    return float(value)


def test_the_paradox_of_kappa() -> None:
    """Both tables agree in 85 %; only the prevalence differs."""
    balanced, skewed = sums_of(40, 9, 6, 45).total(), sums_of(80, 10, 5, 5).total()
    assert the(percent_agreement(balanced)) == the(percent_agreement(skewed)) == 0.85
    kappas, ac1s = ([the(f(t)) for t in (balanced, skewed)] for f in (cohen_kappa, gwet_ac1))
    assert kappas == pytest.approx([0.70, 0.32], abs=0.005)
    assert ac1s == pytest.approx([0.70, 0.81], abs=0.005)


@pytest.mark.parametrize(
    ("table", "agreement", "kappa"),
    [
        ((50, 1, 0, 2), 0.981, 0.79),
        ((49, 2, 1, 1), 0.943, 0.37),
        ((49, 3, 0, 1), 0.943, 0.38),
        ((48, 3, 2, 0), 0.906, -0.05),
        ((48, 5, 0, 0), 0.906, 0.0),
    ],
)
def test_what_the_paper_s_first_expert_may_have_answered(
    table: tuple[int, int, int, int], agreement: float, kappa: float
) -> None:
    sums = sums_of(*table).total()
    assert the(percent_agreement(sums)) == pytest.approx(agreement, abs=0.0005)
    assert the(cohen_kappa(sums)) == pytest.approx(kappa, abs=0.008)


@pytest.mark.parametrize(
    ("table", "ac1", "low", "high", "adjusted"),
    [  # irrCAC 0.4.4, which rounds to 5 places; oracles/irrcac.py
        ((40, 9, 6, 45), 0.70075, 0.55846, 0.84304, 0.7),
        ((80, 10, 5, 5), 0.808, 0.70404, 0.91196, 0.7),
        ((50, 1, 0, 2), 0.97927, 0.93689, 1, 0.96226),
        ((48, 3, 2, 0), 0.89634, 0.79858, 0.99411, 0.81132),
    ],
)
def test_ac1_and_pabak_are_those_of_irrcac(
    table: tuple[int, int, int, int], ac1: float, low: float, high: float, adjusted: float
) -> None:
    sums = sums_of(*table)
    assert the(gwet_ac1(sums.total())) == pytest.approx(ac1, abs=6e-6)
    assert ac1_interval(sums) == pytest.approx((low, high), abs=6e-6)
    assert the(pabak(sums.total())) == pytest.approx(adjusted, abs=6e-6)


@settings(deadline=None)
@given(cell, cell, cell, cell)
def test_kappa_and_mcnemar_are_those_of_statsmodels(a: int, b: int, c: int, d: int) -> None:
    if a + b + c + d == 0:
        return
    table = np.array([[a, b], [c, d]])
    kappa = defined(cohen_kappa(sums_of(a, b, c, d).total()))
    one_answer = a + b + c == 0 or b + c + d == 0
    assert (kappa is None) == one_answer
    if kappa is not None:
        assert kappa == pytest.approx(cohens_kappa(table, return_results=False), abs=1e-9)
    drift = mcnemar_exact(Table(a, b, c, d))
    if b + c == 0:
        assert drift is None
    else:
        assert drift == pytest.approx(mcnemar(table, exact=True).pvalue, abs=1e-9)


@settings(deadline=None)
@given(cell, cell, cell, cell)
def test_ac1_is_its_definition_and_stays_above_pabak(a: int, b: int, c: int, d: int) -> None:
    n = a + b + c + d
    if n == 0:
        return
    ac1 = the(gwet_ac1(sums_of(a, b, c, d).total()))
    pi = (2 * a + b + c) / (2 * n)
    chance, agreement = 2 * pi * (1 - pi), (a + d) / n
    assert ac1 == pytest.approx((agreement - chance) / (1 - chance), abs=1e-12)
    assert ac1 >= 2 * agreement - 1 - 1e-12


def test_the_variance_of_ac1_is_close_to_leaving_out_one_mask_at_a_time() -> None:
    cells = (80, 10, 5, 5)
    low, high = ac1_interval(sums_of(*cells)) or (math.nan, math.nan)
    left_out = [
        the(gwet_ac1(sums_of(*(count - (at == cut) for at, count in enumerate(cells))).total()))
        for cut, times in enumerate(cells)
        for _ in range(times)
    ]
    jackknife = 99 / 100 * sum((value - np.mean(left_out)) ** 2 for value in left_out)
    half = t_quantile(99) * math.sqrt(jackknife)
    assert (high - low) / 2 == pytest.approx(half, rel=0.03)
    assert (high + low) / 2 == pytest.approx(the(gwet_ac1(sums_of(*cells).total())))


def test_masks_of_one_case_do_not_count_as_independent() -> None:
    first, second = [1] * 45 + [0] * 5, [1] * 40 + [0] * 5 + [1] * 5
    once = case_sums(case=range(50), first=first, second=second)
    twice = case_sums(case=[*range(50)] * 2, first=first * 2, second=second * 2)
    assert the(gwet_ac1(twice.total())) == pytest.approx(the(gwet_ac1(once.total())))
    assert ac1_interval(twice) == pytest.approx(ac1_interval(once))


def test_one_case_has_no_interval_of_ac1() -> None:
    assert ac1_interval(sums_of(1, 0, 0, 0)) is None


def test_specific_agreement_by_hand() -> None:
    sums = sums_of(80, 10, 5, 5).total()
    assert the(positive_agreement(sums)) == 160 / 175
    assert the(negative_agreement(sums)) == 10 / 25
    assert defined(negative_agreement(sums_of(3, 0, 0, 0).total())) is None
    assert defined(positive_agreement(sums_of(0, 0, 0, 3).total())) is None


def test_pairs_are_counted_by_which_answer_was_yes() -> None:
    first, second = [True, True, True, False, False], [True, False, False, True, False]
    assert count_pairs(first, second) == Table(both=1, first_only=2, second_only=1, neither=1)
    assert count_pairs([], []).n == 0


def test_agreement_between_raters_is_the_mean_over_pairs_of_showings() -> None:
    sums = case_sums(
        case=[0, 1, 2, 3],
        first=[[1, 1], [1, 0], [0, 0], [1, 1]],
        second=[[1, 0], [1, -1], [0, 0], [-1, -1]],
    )
    # 2 of 4 pairs alike; a showing is missing: 1 of 2; all; the fourth mask was never answered.
    assert sums.alike.tolist() == [0.5, 0.5, 1]
    assert the(percent_agreement(sums.total())) == pytest.approx((0.5 + 0.5 + 1) / 3)
    first, second = (1 + 0.5 + 0) / 3, (0.5 + 1 + 0) / 3
    chance = first * second + (1 - first) * (1 - second)
    assert the(cohen_kappa(sums.total())) == pytest.approx((2 / 3 - chance) / (1 - chance))


def test_kappa_stays_within_its_bounds_where_showings_are_missing() -> None:
    sums = case_sums(case=[0, 1], first=[[-1, 1], [0, 0]], second=[[0, 0], [-1, 1]])
    assert the(cohen_kappa(sums.total())) == pytest.approx(-1)  # -1.25 by shares of all answers


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), showings, showings), max_size=12))
def test_sums_are_those_of_counting_pair_by_pair(
    masks: list[tuple[int, list[int], list[int]]],
) -> None:
    case, first, second = (
        zip(*masks, strict=True) if masks else ((), np.zeros((0, 2)), np.zeros((0, 2)))
    )
    sums = case_sums(case=case, first=first, second=second)
    alike = both = n = 0.0
    for _, one, two in masks:
        pairs = [(a, b) for a in one for b in two if a >= 0 and b >= 0]
        if pairs:
            alike += sum(a == b for a, b in pairs) / len(pairs)
            both += sum(a == b == 1 for a, b in pairs) / len(pairs)
            n += 1
    assert sums.masks.sum() == n
    assert sums.alike.sum() == pytest.approx(alike)
    assert sums.both.sum() == pytest.approx(both)
    if not n:
        return
    turned = case_sums(case=case[::-1], first=second[::-1], second=first[::-1])
    for measure in (
        *(percent_agreement, positive_agreement, negative_agreement),
        *(gwet_ac1, cohen_kappa, pabak),
    ):
        value, other = defined(measure(sums.total())), defined(measure(turned.total()))
        assert (value is None) == (other is None)
        if value is not None:
            assert other == pytest.approx(value)
            assert -1 - 1e-9 <= value <= 1 + 1e-9


def test_without_any_difference_kappa_is_undefined() -> None:
    same = sums_of(53, 0, 0, 0).total()
    assert defined(cohen_kappa(same)) is None
    assert the(gwet_ac1(same)) == 1
