"""What the columns about agreement and comparison mean."""

from __future__ import annotations

from rating.statistics.meanings import (
    COUNT,
    LESIONS,
    PROBABILITY,
    RATER,
    RULE,
    SHARE,
    TEXT,
    YES_NO,
    Meaning,
    bounds,
    coefficient,
)

KAPPA: dict[str, Meaning] = coefficient(
    "kappa", "Cohen's kappa", "percentiles over redrawn cases (2000)"
) | {
    "kappa_undefined_redraws": ("Redraws (of 2000) without a kappa", COUNT),
    "kappa_bca_low": ("Lower bound: bias-corrected and accelerated", "coefficient -1 to 1"),
    "kappa_bca_high": ("Upper bound: bias-corrected and accelerated", "coefficient -1 to 1"),
}
INTRA_RATER: dict[str, Meaning] = (
    RATER
    | RULE
    | {
        "masks": ("Masks that the rater rated twice", COUNT),
        "cases": ("Cases they are of", COUNT),
        "both_accepted": ("Masks accepted at both showings", COUNT),
        "only_first_accepted": ("Masks accepted at the first showing only", COUNT),
        "only_second_accepted": ("Masks accepted at the second showing only", COUNT),
        "both_rejected": ("Masks rejected at both showings", COUNT),
        "agreement": ("Share of masks answered alike", SHARE),
    }
    | bounds("agreement_", "Wilson over masks, effective number where cases have several")
    | {
        "is_below_95_percent": ("Is the agreement so low that it needs explaining?", YES_NO),
        "positive_agreement": ("Share of acceptances that were repeated", SHARE),
        "negative_agreement": ("Share of rejections that were repeated", SHARE),
    }
    | coefficient("ac1", "Gwet's AC1", "Gwet's variance, t")
    | {"pabak": ("Prevalence- and bias-adjusted kappa", "coefficient -1 to 1")}
    | KAPPA
    | {"mcnemar_p": ("Exact two-sided p of McNemar's test for a drift", PROBABILITY)}
)
INTER_RATER: dict[str, Meaning] = (
    {
        "rater": ("User name of one rater", TEXT),
        "other_rater": ("User name of the other rater", TEXT),
    }
    | RULE
    | {
        "masks": ("Masks that both rated", COUNT),
        "cases": ("Cases they are of", COUNT),
        "agreement": ("Mean over masks of the share of pairs of showings answered alike", SHARE),
    }
    | bounds("agreement_", "Korn-Graubard, the case as cluster")
    | {
        "positive_agreement": ("Of the acceptances, the share that the other shares", SHARE),
        "negative_agreement": ("Of the rejections, the share that the other shares", SHARE),
    }
    | coefficient("ac1", "Gwet's AC1", "percentiles over redrawn cases (2000)")
    | {"pabak": ("Prevalence- and bias-adjusted kappa", "coefficient -1 to 1")}
    | KAPPA
    | {
        "disagreement_ratio": ("Disagreement between raters over that within raters", "ratio"),
    }
)
COUNTS: dict[str, Meaning] = (
    {
        "rater": ("User name of the rater", TEXT),
        "other_rater": ("The rater compared with; empty: the rater's own second showing", TEXT),
        "count": ("fp: false positives; fn: missed lesions", TEXT),
        "masks": ("Masks with both counts", COUNT),
        "median_absolute_difference": ("Median absolute difference of the two counts", "lesions"),
        "share_identical": ("Share of masks with equal counts", SHARE),
        "share_within_1": ("Share of masks with counts that differ by 1 at most", SHARE),
        "repeatability": ("Repeatability coefficient, 1.96 sqrt(2) s_w", "lesions"),
    }
    | {
        "icc_agreement": ("ICC(A,1): absolute agreement of single counts", "coefficient -1 to 1"),
        "icc_low": ("Lower bound: F, McGraw and Wong", "coefficient -1 to 1"),
        "icc_high": ("Upper bound: F, McGraw and Wong", "coefficient -1 to 1"),
    }
    | {
        "icc_consistency": ("ICC(C,1): consistency of single counts", "coefficient -1 to 1"),
        "icc_consistency_low": ("Lower bound: F, McGraw and Wong", "coefficient -1 to 1"),
        "icc_consistency_high": ("Upper bound: F, McGraw and Wong", "coefficient -1 to 1"),
        "mean_difference": ("Second count less first, mean", LESIONS),
        "mean_difference_low": ("Lower bound: t", LESIONS),
        "mean_difference_high": ("Upper bound: t", LESIONS),
        "limit_below": ("Lower 95 % limit of agreement", LESIONS),
        "limit_below_low": ("Lower bound of it: exact, noncentral t", LESIONS),
        "limit_below_high": ("Upper bound of it: exact, noncentral t", LESIONS),
        "limit_above": ("Upper 95 % limit of agreement", LESIONS),
        "limit_above_low": ("Lower bound of it: exact, noncentral t", LESIONS),
        "limit_above_high": ("Upper bound of it: exact, noncentral t", LESIONS),
    }
)
SQUARED, OF_SHARES = "lesions squared", "difference of shares"
for _name, _what in (
    ("ccc", "Lin's concordance correlation of the two counts"),
    ("replicate_bias", "Mean difference of single counts, every showing used (other less one)"),
):
    _unit = "coefficient -1 to 1" if _name == "ccc" else LESIONS
    COUNTS |= {
        _name: (_what, _unit),
        f"{_name}_low": ("Lower bound of it", _unit),
        f"{_name}_high": ("Upper bound of it", _unit),
    }
for _name in ("below", "above"):
    COUNTS |= {
        f"replicate_{_name}": (f"Limit of agreement {_name}, of single counts", LESIONS),
        f"replicate_{_name}_low": ("Lower bound of it: MOVER", LESIONS),
        f"replicate_{_name}_high": ("Upper bound of it: MOVER", LESIONS),
    }
COUNT_PAIRS: dict[str, Meaning] = {
    "rater": ("User name of the rater", TEXT),
    "other_rater": ("The rater compared with; empty: the rater's own second showing", TEXT),
    "count": ("fp: false positives; fn: missed lesions", TEXT),
    "first": ("First count", LESIONS),
    "second": ("Second count, or that of the other rater at the first showing", LESIONS),
    "masks": ("Masks with these two counts", COUNT),
}
COUNT_COMPONENTS: dict[str, Meaning] = {
    "count": ("fp: false positives; fn: missed lesions", TEXT),
    "masks": ("Masks that every rater rated twice", COUNT),
    "raters": ("Raters", COUNT),
    "case_variance": ("Variance between masks", SQUARED),
    "rater_variance": ("Variance between raters", SQUARED),
    "interaction_variance": ("Variance of raters' differences between masks", SQUARED),
    "repeat_variance": ("Variance of a rater's repeats", SQUARED),
    "negative": ("Which of these were estimated below 0 and are set to 0", TEXT),
}
COMPARISONS: dict[str, Meaning] = (
    {
        "compared": ("occasions, raters or methods", TEXT),
        "first": ("The first of the two", TEXT),
        "second": ("The second of the two", TEXT),
        "rater": ("By which rater's answers; empty for all, and between raters", TEXT),
    }
    | RULE
    | {
        "pairs": ("Pairs of answers", COUNT),
        "cases": ("Cases they are of", COUNT),
        "only_first": ("Pairs of which only the first accepts", COUNT),
        "only_second": ("Pairs of which only the second accepts", COUNT),
        "first_rate": ("Share that the first accepts", SHARE),
        "second_rate": ("Share that the second accepts", SHARE),
        "difference": ("First share less second", OF_SHARES),
        "difference_low": ("Lower bound: t over cases; Tango for one pair each", OF_SHARES),
        "difference_high": ("Upper bound: t over cases; Tango for one pair each", OF_SHARES),
        "sign_flip_p": ("Exact sign-flip test over cases, two-sided", PROBABILITY),
        "mcnemar_p": ("Exact McNemar, for one pair per case", PROBABILITY),
        "obuchowski_p": ("Clustered McNemar of Obuchowski", PROBABILITY),
        "durkalski_p": ("Clustered McNemar of Durkalski", PROBABILITY),
        "yang_p": ("Clustered McNemar of Yang", PROBABILITY),
        "eliasziw_donner_p": ("McNemar deflated, Eliasziw and Donner", PROBABILITY),
        "holm_p": ("The sign-flip p adjusted for all pairs compared (Holm)", PROBABILITY),
    }
)
EQUIVALENCE: dict[str, Meaning] = {
    "compared": ("occasions, raters or methods", TEXT),
    "first": ("The first of the two", TEXT),
    "second": ("The second of the two", TEXT),
    "rater": ("By which rater's answers; empty for all, and between raters", TEXT),
    "margin": ("Difference that would matter, fixed in the design", SHARE),
    "cases": ("Cases with answers of both", COUNT),
    "difference": ("First share less second, by the primary analysis", OF_SHARES),
    "difference_low": ("Lower bound: t over cases", OF_SHARES),
    "difference_high": ("Upper bound: t over cases", OF_SHARES),
    "not_worse_p": ("One-sided p that the first is worse by the margin or more", PROBABILITY),
    "not_better_p": ("One-sided p that the first is better by the margin or more", PROBABILITY),
    "equivalent_p": ("The larger of both (TOST)", PROBABILITY),
}
SEVERAL_METHODS: dict[str, Meaning] = {
    "rater": ("User name of the rater; empty: all answers of all raters", TEXT),
    "occasion": ("1 for the first showing of a mask, 2 for the second, 0 for both", COUNT),
    "methods": ("Methods compared", COUNT),
    "cases": ("Cases compared; for Q those with one answer to a mask of every method", COUNT),
    "q": ("Cochran's Q, by the primary analysis", "chi-square"),
    "q_p": ("Its p: do all methods have the same rate?", PROBABILITY),
    "gee": ("Wald statistic of estimating equations with the case as cluster", "chi-square"),
    "gee_p": ("Its p: do all methods have the same rate?", PROBABILITY),
}
MARK_AGREEMENT: dict[str, Meaning] = {
    "rater": ("User name of the rater", TEXT),
    "other_rater": ("The rater compared with; empty: the rater's own second showing", TEXT),
    "kind": ("FP: marked drawn lesions; FN: places of missed lesions", TEXT),
    "masks": ("Masks with marks of both; typed counts have none", COUNT),
    "cases": ("Cases they are of", COUNT),
    "within_mm": ("Places pair off one to one within this distance; 0: same lesion", "mm"),
    "both": ("Marks of both; means over pairs of showings", "marks"),
    "only_first": ("Marks of the first only", "marks"),
    "only_second": ("Marks of the second only", "marks"),
    "neither": ("Drawn lesions that neither marked", "lesions"),
    "agreement": ("Share of marks that the other has too, 2 both / all", SHARE),
} | bounds("agreement_", "percentiles over redrawn cases (2000)")
