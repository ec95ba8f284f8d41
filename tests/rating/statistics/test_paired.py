"""Two sides that judged the same masks, against published values, R, SciPy and statsmodels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import cochrans_q, mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from rating.statistics.agreement import Table
from rating.statistics.clustered_mcnemar import (
    durkalski,
    eliasziw_donner,
    obuchowski,
    yang,
)
from rating.statistics.intervals import cluster_proportion
from rating.statistics.paired_difference import (
    clustered_difference,
    tango,
    two_one_sided,
)
from rating.statistics.several_methods import cochran_q, holm
from rating.statistics.sign_flip import sign_flip

cell = st.integers(0, 40)
differences = st.lists(st.integers(-3, 3), min_size=2, max_size=9)

# Obuchowski 1998, PET against SPECT in 21 patients with 2 or 3 glands each (R clust.bin.pair 0.1.2,
# data `thyroids`). The six patients with discordant glands are those that its first rows and the
# three published values, 4.5 (McNemar), 2.86 and 2.32, leave possible.
ONLY_PET = [0, 0, 0, 0, 0, 1] + [0] * 15
ONLY_SPECT = [2, 1, 1, 2, 1, 0] + [0] * 15
GLANDS = [3, 3, 3, 2, 3, 2] + [3] * 15


def test_clustered_mcnemar_of_the_thyroid_study() -> None:
    b, c = sum(ONLY_PET), sum(ONLY_SPECT)
    assert mcnemar([[0, b], [c, 0]], exact=False, correction=False).statistic == 4.5
    first = obuchowski(first_only=ONLY_PET, second_only=ONLY_SPECT)
    second = durkalski(first_only=ONLY_PET, second_only=ONLY_SPECT, pairs=GLANDS)
    assert first is not None
    assert second is not None
    assert first.statistic == pytest.approx(2.86, abs=0.005)
    assert second.statistic == pytest.approx(2.32, abs=0.005)
    assert first.p == pytest.approx(stats.chi2.sf(first.statistic, 1))


# Twelve cases with one to five pairs; values by oracles/clustered.R, R 4.2.2.
BOTH = [0, 2, 3, 1, 2, 1, 4, 0, 2, 3, 1, 2]
ONLY_FIRST = [2, 1, 0, 0, 1, 0, 0, 3, 0, 0, 1, 0]
ONLY_SECOND = [0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0]
NEITHER = [1, 0, 1, 0, 0, 1, 0, 0, 2, 0, 0, 1]
ALL_PAIRS = [sum(own) for own in zip(BOTH, ONLY_FIRST, ONLY_SECOND, NEITHER, strict=True)]


def test_yang_and_eliasziw_donner_are_what_r_says() -> None:
    changed = yang(first_only=ONLY_FIRST, second_only=ONLY_SECOND, pairs=ALL_PAIRS)
    inflated = eliasziw_donner(
        both=BOTH, first_only=ONLY_FIRST, second_only=ONLY_SECOND, neither=NEITHER
    )
    assert changed is not None
    assert inflated is not None
    assert changed.statistic == pytest.approx(1.255803069, abs=1e-8)
    assert inflated.statistic == pytest.approx(1.866593091, abs=1e-8)
    assert inflated.p == pytest.approx(stats.chi2.sf(inflated.statistic, 1))
    turned = eliasziw_donner(
        both=NEITHER, first_only=ONLY_SECOND, second_only=ONLY_FIRST, neither=BOTH
    )
    assert turned is not None
    assert turned.statistic == pytest.approx(inflated.statistic)


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 4)] * 4), min_size=1, max_size=8))
def test_clustered_tests_never_fail_and_lie_between_bounds(
    cells: list[tuple[int, int, int, int]],
) -> None:
    both, first, second, neither = (list(side) for side in zip(*cells, strict=True))
    found = eliasziw_donner(both=both, first_only=first, second_only=second, neither=neither)
    changed = yang(first_only=first, second_only=second, pairs=[sum(own) for own in cells])
    plain = obuchowski(
        first_only=[own[1] for own in cells if sum(own)],
        second_only=[own[2] for own in cells if sum(own)],
    )
    for test in (found, changed):
        assert test is None or (test.statistic >= 0 and 0 <= test.p <= 1)
    assert (changed is None) == (plain is None)


def test_eliasziw_donner_needs_cases_with_several_pairs_that_differ() -> None:
    assert eliasziw_donner(both=[1], first_only=[2], second_only=[0], neither=[0]) is None
    assert eliasziw_donner(both=[], first_only=[], second_only=[], neither=[]) is None
    single = {"both": [0, 1, 0], "first_only": [1, 0, 0], "second_only": [0, 0, 1]}
    assert eliasziw_donner(**single, neither=[0, 0, 0]) is None


@settings(deadline=None)
@given(cell, cell, cell)
def test_one_pair_per_case_is_mcnemar_s_test(b: int, c: int, same: int) -> None:
    n = b + c + same
    first_only, second_only = [1] * b + [0] * (n - b), [0] * b + [1] * c + [0] * same
    each = durkalski(first_only=first_only, second_only=second_only, pairs=[1] * n)
    whole = obuchowski(first_only=first_only, second_only=second_only)
    if b + c == 0:
        assert each is whole is None
        return
    plain = mcnemar([[same, b], [c, 0]], exact=False, correction=False)
    assert each is not None
    assert each.statistic == pytest.approx(plain.statistic)
    assert each.p == pytest.approx(plain.pvalue)
    if n > 1:
        assert whole is not None
        assert whole.statistic == pytest.approx(plain.statistic * (n - 1) / n)


def test_repeating_every_pair_does_not_make_the_clustered_tests_surer() -> None:
    once = obuchowski(first_only=[1, 1, 1, 0, 0], second_only=[0, 0, 0, 1, 0])
    assert obuchowski(first_only=[4, 4, 4, 0, 0], second_only=[0, 0, 0, 4, 0]) == once


def test_clustered_tests_are_undefined_where_no_case_differs() -> None:
    assert obuchowski(first_only=[1, 0], second_only=[1, 0]) is None
    assert obuchowski(first_only=[1], second_only=[0]) is None
    assert durkalski(first_only=[], second_only=[], pairs=[]) is None
    assert durkalski(first_only=[0], second_only=[0], pairs=[0]) is None


@settings(deadline=None)
@given(differences)
def test_the_sign_flip_test_is_scipy_s_exact_permutation_test(values: list[int]) -> None:
    p = sign_flip(values)
    if not any(values):
        assert p is None
        return
    expected = stats.permutation_test(
        (np.array(values, dtype=float),),
        lambda x, axis: np.abs(x.sum(axis=axis)),
        permutation_type="samples",
        alternative="greater",
        vectorized=True,
        n_resamples=np.inf,
    )
    assert p == pytest.approx(expected.pvalue, abs=1e-12)
    assert sign_flip([-value for value in values]) == pytest.approx(p, abs=1e-12)
    assert sign_flip(sorted(values)) == pytest.approx(p, abs=1e-12)


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(0, 30))
def test_with_single_pairs_the_sign_flip_test_is_exact_mcnemar(b: int, c: int) -> None:
    if b + c:
        expected = mcnemar([[0, b], [c, 0]], exact=True).pvalue
        assert sign_flip([1] * b + [-1] * c) == pytest.approx(expected, abs=1e-12)


def test_the_sign_flip_test_takes_whole_numbers_and_many_of_them() -> None:
    with pytest.raises(ValueError, match="whole"):
        sign_flip([0.5])
    many = np.random.default_rng(1).integers(-4, 5, 100_000)
    z = abs(many.sum()) / math.sqrt(float(np.square(many).sum()))
    assert sign_flip(many) == pytest.approx(2 * stats.norm.sf(z), abs=0.001)


# R 4.2.2, survey 4.1.1 svyratio, and t.test; oracles/oracles.R.
D, PAIRS = [1, 0, 0, -1, 2, 0, 1, 0, 0, 3], [2, 2, 4, 2, 4, 1, 2, 2, 2, 4]
HALVES = [1, 0, 0, -1, 2, 0, 1, 0, 0, 2]


def test_a_difference_over_cases_is_that_of_r() -> None:
    found = clustered_difference(differences=D, pairs=PAIRS)
    assert found is not None
    assert (found.value, found.error) == pytest.approx((0.24, 0.1309439235))
    equal = clustered_difference(differences=HALVES, pairs=[2] * 10)
    assert equal is not None
    assert equal.interval == pytest.approx((-0.09760097553, 0.5976009755))


def test_two_one_sided_tests_are_those_of_r_and_statsmodels() -> None:
    found = clustered_difference(differences=HALVES, pairs=[2] * 10)
    assert found is not None
    tenth, half = two_one_sided(found, margin=0.1), two_one_sided(found, margin=0.5)
    assert tenth.p_not_worse == pytest.approx(0.02436995937)
    assert half.p_not_better == pytest.approx(0.06909237768)
    assert half.p_not_worse == pytest.approx(0.0004351280932)
    shares = np.array(HALVES) / 2
    p, lower, upper = ttost_paired(shares, np.zeros(10), -0.5, 0.5)
    assert (half.p_not_worse, half.p_not_better) == pytest.approx((lower[1], upper[1]))
    assert half.p_equivalent == pytest.approx(p)
    # The 95 % interval reaches to the margin exactly where one one-sided test gives .025.
    margin = -found.interval[0]
    assert two_one_sided(found, margin=margin).p_not_worse == pytest.approx(0.025)
    for wrong in (0, 1, -0.1):
        with pytest.raises(ValueError, match="margin"):
            two_one_sided(found, margin=wrong)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=20))
def test_against_a_side_that_accepts_nothing_the_difference_is_a_rate(
    cases: list[tuple[int, int]],
) -> None:
    accepted, sizes = [min(x, m) for x, m in cases], [m for _, m in cases]
    found = clustered_difference(differences=accepted, pairs=sizes)
    rate = cluster_proportion(accepted, sizes)
    if rate is None or rate.variance == 0:
        assert found is None
        return
    assert found is not None
    assert found.value == pytest.approx(rate.proportion)
    assert found.error**2 == pytest.approx(rate.variance)
    low, high = found.interval
    assert -1 <= low <= found.value <= high <= 1


def test_a_difference_without_scatter_is_undefined() -> None:
    assert clustered_difference(differences=[0, 0], pairs=[2, 2]) is None
    assert clustered_difference(differences=[1], pairs=[2]) is None
    assert clustered_difference(differences=[1, 0], pairs=[2, 0]) is None


@pytest.mark.parametrize(
    ("table", "by_tango"),
    [
        # R 4.2.2, oracles/base.R; PropCIs 0.3 scoreci.mp says the same.
        ((36, 12, 2, 0), (0.0611124062, 0.344708748)),
        ((59, 23, 3, 37), (0.0899868453, 0.247054557)),
        ((30, 1, 1, 0), (-0.132167012, 0.132167012)),
        # Published: Fagerland, Lydersen and Laake 2014, Bentur's data: -.517 to -.026.
        ((1, 1, 7, 12), (-0.517232276, -0.0260030325)),
    ],
)
def test_score_intervals_of_single_pairs(table: Any, by_tango: tuple[float, float]) -> None:
    assert tango(Table(*table)) == pytest.approx(by_tango, abs=1e-8)


@settings(deadline=None)
@given(cell, cell, cell, cell)
def test_score_intervals_hold_the_estimate_and_turn_with_the_sides(
    a: int, b: int, c: int, d: int
) -> None:
    n = a + b + c + d
    if n == 0:
        return
    low, high = tango(Table(a, b, c, d))
    assert -1 <= low <= (b - c) / n + 1e-9
    assert (b - c) / n - 1e-9 <= high <= 1
    assert low < high
    assert tango(Table(a, c, b, d)) == pytest.approx((-high, -low), abs=1e-8)


@settings(deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=15))
def test_cochran_s_q_is_that_of_statsmodels(answers: list[list[bool]]) -> None:
    found = cochran_q(answers)
    if all(len(set(row)) == 1 for row in answers):
        assert found is None
        return
    expected = cochrans_q(np.array(answers, dtype=int))
    assert found is not None
    assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.pvalue))


def test_cochran_s_q_needs_two_methods() -> None:
    assert cochran_q([[True], [False]]) is None
    assert cochran_q([]) is None


@pytest.mark.parametrize(
    "p_values", [[0.01], [0.04, 0.01, 0.03], [0.5, 0.9, 0.2, 0.02], [0.02, 0.02, 1.0, 0.0]]
)
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    expected = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(list(expected))
    assert holm([None, *p_values])[1:] == holm(p_values)
