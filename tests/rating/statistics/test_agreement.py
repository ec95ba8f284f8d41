"""Agreement against published tables and statsmodels, with its undefined values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa

from rating.statistics.agreement import (
    CaseSums,
    Table,
    ac1_interval,
    case_sums,
    cohen_kappa,
    count_pairs,
    gwet_ac1,
    mcnemar_exact,
    negative_agreement,
    percent_agreement,
    positive_agreement,
    redrawn_ac1,
    redrawn_kappa,
)
from rating.statistics.intervals import t_quantile

Answers = dict[str, list[tuple[list[bool], list[bool]]]]
cell = st.integers(0, 60)


def answers_of(a: int, b: int, c: int, d: int) -> Answers:
    """One case per mask: a accepted both times, b only first, c only second, d rejected."""
    pairs = [(True, True)] * a + [(True, False)] * b + [(False, True)] * c + [(False, False)] * d
    return {f"{n:04d}": [([one], [two])] for n, (one, two) in enumerate(pairs)}


def sums_of(a: int, b: int, c: int, d: int) -> CaseSums:
    return case_sums(answers_of(a, b, c, d))


def test_the_paradox_of_kappa() -> None:
    """Both tables agree in 85 %; only the prevalence differs."""
    balanced, skewed = sums_of(40, 9, 6, 45), sums_of(80, 10, 5, 5)
    assert percent_agreement(balanced) == percent_agreement(skewed) == 0.85
    kappas, ac1s = ([f(t) for t in (balanced, skewed)] for f in (cohen_kappa, gwet_ac1))
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
    sums = sums_of(*table)
    assert percent_agreement(sums) == pytest.approx(agreement, abs=0.0005)
    assert cohen_kappa(sums) == pytest.approx(kappa, abs=0.008)


@given(cell, cell, cell, cell)
def test_kappa_and_mcnemar_are_those_of_statsmodels(a: int, b: int, c: int, d: int) -> None:
    if a + b + c + d == 0:
        return
    table = np.array([[a, b], [c, d]])
    kappa = cohen_kappa(sums_of(a, b, c, d))
    one_answer = a + b + c == 0 or b + c + d == 0
    assert (kappa is None) == one_answer
    if kappa is not None:
        assert kappa == pytest.approx(cohens_kappa(table, return_results=False), abs=1e-9)
    drift = mcnemar_exact(Table(a, b, c, d))
    if b + c == 0:
        assert drift is None
    else:
        assert drift == pytest.approx(mcnemar(table, exact=True).pvalue, abs=1e-9)


@given(cell, cell, cell, cell)
def test_ac1_is_its_definition_and_stays_above_pabak(a: int, b: int, c: int, d: int) -> None:
    n = a + b + c + d
    if n == 0:
        return
    ac1 = gwet_ac1(sums_of(a, b, c, d))
    pi = (2 * a + b + c) / (2 * n)
    chance, agreement = 2 * pi * (1 - pi), (a + d) / n
    assert ac1 == pytest.approx((agreement - chance) / (1 - chance), abs=1e-12)
    assert ac1 >= 2 * agreement - 1 - 1e-12


def test_the_variance_of_ac1_is_close_to_leaving_out_one_mask_at_a_time() -> None:
    cells = (80, 10, 5, 5)
    low, high = ac1_interval(answers_of(*cells)) or (math.nan, math.nan)
    left_out = [
        gwet_ac1(sums_of(*(count - (at == cut) for at, count in enumerate(cells))))
        for cut, times in enumerate(cells)
        for _ in range(times)
    ]
    jackknife = 99 / 100 * sum((value - np.mean(left_out)) ** 2 for value in left_out)
    half = t_quantile(99) * math.sqrt(jackknife)
    assert (high - low) / 2 == pytest.approx(half, rel=0.03)
    assert (high + low) / 2 == pytest.approx(gwet_ac1(sums_of(*cells)))


def test_masks_of_one_case_do_not_count_as_independent() -> None:
    single = answers_of(40, 5, 5, 0)
    doubled = {case: masks * 2 for case, masks in single.items()}
    assert gwet_ac1(case_sums(doubled)) == pytest.approx(gwet_ac1(case_sums(single)))
    assert ac1_interval(doubled) == pytest.approx(ac1_interval(single))


def test_one_case_has_no_interval_of_ac1() -> None:
    assert ac1_interval(answers_of(1, 0, 0, 0)) is None


def test_specific_agreement_by_hand() -> None:
    table = Table(both=80, first_only=10, second_only=5, neither=5)
    assert positive_agreement(table) == 160 / 175
    assert negative_agreement(table) == 10 / 25
    assert negative_agreement(Table(3, 0, 0, 0)) is None
    assert positive_agreement(Table(0, 0, 0, 3)) is None


def test_pairs_are_counted_by_which_answer_was_yes() -> None:
    pairs = [(True, True), (True, False), (True, False), (False, True), (False, False)]
    assert count_pairs(pairs) == Table(both=1, first_only=2, second_only=1, neither=1)
    assert count_pairs([]).n == 0


def test_agreement_between_raters_is_the_mean_over_pairs_of_showings() -> None:
    answers: Answers = {
        "one": [([True, True], [True, False])],  # 2 of 4 pairs alike
        "two": [([True, False], [True])],  # a showing is missing: 1 of 2
        "three": [([False, False], [False, False])],
    }
    sums = case_sums(answers)
    assert percent_agreement(sums) == pytest.approx((0.5 + 0.5 + 1) / 3)
    first, second = 3 / 6, 2 / 5
    chance = first * second + (1 - first) * (1 - second)
    assert cohen_kappa(sums) == pytest.approx((2 / 3 - chance) / (1 - chance))


def test_redrawing_is_repeatable_and_counts_what_it_left_undefined() -> None:
    sums = sums_of(51, 1, 0, 1)
    found = redrawn_kappa(sums)
    assert found is not None
    assert found == redrawn_kappa(sums)
    low, high = found.interval
    assert low <= (cohen_kappa(sums) or 0) <= high
    # Neither of the two masks that were ever rejected is drawn with probability (51/53)^53 = 13 %.
    assert found.undefined_redraws / 2000 == pytest.approx((51 / 53) ** 53, abs=0.03)
    ac1 = redrawn_ac1(sums)
    assert ac1 is not None
    assert ac1.undefined_redraws == 0


def test_without_any_difference_kappa_is_undefined_everywhere() -> None:
    assert cohen_kappa(sums_of(53, 0, 0, 0)) is None
    assert redrawn_kappa(sums_of(53, 0, 0, 0)) is None
    assert gwet_ac1(sums_of(53, 0, 0, 0)) == 1
