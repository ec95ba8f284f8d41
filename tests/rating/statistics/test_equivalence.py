"""Equivalence by the margin of a design, several methods at once, and counts of both showings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.genmod import families
from statsmodels.genmod.cov_struct import Independence
from statsmodels.genmod.generalized_estimating_equations import GEE
from statsmodels.stats.contingency_tables import cochrans_q

from rating.statistics import summarise
from rating.statistics.replicate_limits import replicate_limits
from rating.statistics.several_methods import gee_wald
from segmentation.evaluation.statistics.concordance_correlation import concordance_correlation
from tests.rating.statistics.answers import a_design, all_answers

WORSE = {("m1", 1): {0, 1, 2, 3}, ("m1", 2): {0, 1, 2}, ("m2", 1): {0, 5}, ("m2", 2): {0}}


def of_methods(**change: Any) -> dict[str, Any]:
    """Twelve cases by three methods: m1 is rejected often, m2 seldom, m0 never."""
    design = a_design(12, methods=3, raters=("rita",), **change)
    rows = all_answers(
        design,
        lambda _, occasion, n: {"fn": 5 * (n // 3 in WORSE.get((f"m{n % 3}", occasion), set()))},
    )
    return summarise(rows, design)


def test_equivalence_is_tested_against_the_margin_of_the_design() -> None:
    found = of_methods(equivalence_margin=0.1)
    line = next(
        line
        for line in found["equivalence"]
        if (line["compared"], line["first"], line["second"], line["rater"])
        == ("methods", "m0", "m1", "rita")
    )
    shares = [1.0] * 3 + [0.5] + [0.0] * 8  # how much more often m0 is accepted, case by case
    low, high = stats.t.interval(0.95, 11, sum(shares) / 12, stats.sem(shares))
    assert line["cases"] == 12
    assert (line["difference"], line["difference_low"], line["difference_high"]) == pytest.approx(
        (sum(shares) / 12, low, high)
    )
    worse = stats.ttest_1samp(shares, -0.1, alternative="greater").pvalue
    better = stats.ttest_1samp(shares, 0.1, alternative="less").pvalue
    assert (line["not_worse_p"], line["not_better_p"]) == pytest.approx((worse, better))
    assert line["equivalent_p"] == pytest.approx(max(worse, better))
    same = next(line for line in found["equivalence"] if line["compared"] == "occasions")
    assert same["margin"] == 0.1


def test_without_a_margin_nothing_is_tested_and_without_answers_it_is_undefined() -> None:
    assert of_methods()["equivalence"] == []
    design = a_design(3, equivalence_margin=0.1)
    for line in summarise([], design)["equivalence"]:
        assert line["equivalent_p"] == {"undefined": "no mask has both answers"}


def test_several_methods_are_cochran_s_q() -> None:
    lines = of_methods()["several_methods"]
    assert [(line["rater"], line["occasion"]) for line in lines] == [
        *(("rita", 1), ("rita", 2), ("", 0)),
    ]
    table = [
        [int(case not in WORSE.get((f"m{method}", 1), set())) for method in range(3)]
        for case in range(12)
    ]
    expected = cochrans_q(table)
    assert (lines[0]["methods"], lines[0]["cases"]) == (3, 12)
    assert (lines[0]["q"], lines[0]["q_p"]) == pytest.approx((expected.statistic, expected.pvalue))
    design = a_design(4, methods=3)
    assert "undefined" in summarise([], design)["several_methods"][0]["q"]
    assert summarise([], a_design(4, methods=2))["several_methods"] == []


def test_estimating_equations_are_those_of_statsmodels() -> None:
    rows = [
        (case, method, int((case * 7 + method * 5 + reading * 3 + case * method) % 11 > 2 + method))
        for case in range(12)
        for method in range(3)
        for reading in range(4)
        if (case + method + reading) % 6
    ]
    case, method, accepted = np.array(rows).T
    design = np.column_stack([np.ones(len(rows)), method == 1, method == 2]).astype(float)
    model = GEE(
        accepted, design, groups=case, family=families.Binomial(), cov_struct=Independence()
    )
    wald = model.fit().wald_test(np.eye(3)[1:], scalar=True)
    found = gee_wald(case=case, method=method, accepted=accepted, methods=3)
    assert found is not None
    assert (found.statistic, found.p) == pytest.approx((wald.statistic, wald.pvalue), rel=1e-6)
    assert found.statistic == pytest.approx(10.352990117019683)  # statsmodels 0.15.0
    mixed = np.random.default_rng(1).permutation(len(rows))
    again = gee_wald(case=case[mixed], method=method[mixed], accepted=accepted[mixed], methods=3)
    assert again is not None
    assert again.statistic == pytest.approx(found.statistic)


def test_estimating_equations_are_undefined_without_a_rejection_or_with_one_case() -> None:
    both, one = [0, 0, 1, 1], [0, 0, 0, 0]
    for case, accepted in ((both, [1, 1, 1, 0]), (both, [0, 1, 0, 1]), (one, [1, 0, 1, 0])):
        method = [0, 1, 0, 1]
        assert gee_wald(case=case, method=method, accepted=accepted, methods=2) is None
    assert gee_wald(case=[], method=[], accepted=[], methods=3) is None


def test_counts_of_two_raters_use_both_showings() -> None:
    design = a_design(6)
    given = {"ravi": ([0, 1, 3, 0, 2, 4], [0, 2, 3, 1, 2, 3])}
    given["rita"] = ([0, 1, 2, 1, 2, 5], [1, 1, 3, 0, 1, 5])
    rows = all_answers(design, lambda rater, turn, n: {"fn": given[rater][turn - 1][n]})
    found = summarise(rows, design)
    (line,) = (line for line in found["counts"] if line["other_rater"] and line["count"] == "fn")
    both = {rater: list(zip(*shown, strict=True)) for rater, shown in given.items()}
    limits = replicate_limits(first=both["rita"], second=both["ravi"])
    assert limits is not None
    assert line["replicate_bias"] == pytest.approx(limits.bias)
    assert (line["replicate_below_low"], line["replicate_above_high"]) == pytest.approx(
        (limits.low_interval[0], limits.high_interval[1])
    )
    ccc = concordance_correlation(given["ravi"][0], given["rita"][0])
    assert ccc is not None
    assert line["ccc"] == pytest.approx(ccc.value)
    pairs = [line for line in found["count_pairs"] if line["count"] == "fn" and line["other_rater"]]
    assert {(one["first"], one["second"]): one["masks"] for one in pairs} == {
        (0, 0): 1,
        (0, 1): 1,
        (1, 1): 1,
        (2, 2): 1,
        (3, 2): 1,
        (4, 5): 1,
    }
    own = next(line for line in found["counts"] if not line["other_rater"])
    assert own["replicate_bias"] == {"undefined": "it is about two raters"}
