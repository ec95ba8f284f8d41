"""The summary as flat tables, with the meaning and unit of every column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Meaning = tuple[str, str]
SHARE, COUNT, TEXT, YES_NO = "share 0 to 1", "count", "text", "true or false"

RATER: dict[str, Meaning] = {"rater": ("User name of the rater; empty for all together", TEXT)}
RULE: dict[str, Meaning] = {
    "verdict": (
        "derived from the counts, of the rater, or combined (wording of the abstract)",
        TEXT,
    ),
    "boundary_policy": ("What exactly on a threshold means: strict rejects, lenient accepts", TEXT),
    "is_primary": ("Is this the primary analysis of the design?", YES_NO),
}


def _bounds(name: str, what: str) -> dict[str, Meaning]:
    """The two columns of a 95 % interval."""
    return {
        f"{name}low": (f"Lower bound: {what}", SHARE),
        f"{name}high": (f"Upper bound: {what}", SHARE),
    }


def _coefficient(name: str, what: str, interval: str) -> dict[str, Meaning]:
    """A coefficient of agreement and its 95 % interval."""
    unit = "coefficient -1 to 1"
    return {
        name: (what, unit),
        f"{name}_low": (f"Lower bound: {interval}", unit),
        f"{name}_high": (f"Upper bound: {interval}", unit),
    }


PRESENTATIONS: dict[str, Meaning] = RATER | {
    "planned": ("Presentations in the schedule", COUNT),
    "rated": ("Presentations with a rating", COUNT),
    "unreadable": ("Presentations answered: the scan is unreadable", COUNT),
    "wrong_mask": ("Presentations answered: the mask does not belong to the scan", COUNT),
    "missing": ("Presentations without an answer", COUNT),
    "submitted_first_block": ("Answers in the first block", COUNT),
    "submitted_second_block": ("Answers in the second block", COUNT),
}
ACCEPTANCE: dict[str, Meaning] = (
    RATER
    | {
        "group": ("all, or the kind of group: method, occasion, lesions (drawn)", TEXT),
        "name": ("Which group of that kind", TEXT),
    }
    | RULE
    | {
        "accepted": ("Presentations accepted", COUNT),
        "rated": ("Presentations rated, the denominator", COUNT),
        "cases": ("Cases they are of, the clusters", COUNT),
        "rate": ("Share of rated presentations that were accepted", SHARE),
    }
    | _bounds("", "Korn-Graubard, the case as cluster")
    | _bounds("wilson_", "Wilson on the adjusted effective number")
    | {
        "n_effective": ("Independent presentations that are worth as much", "presentations"),
        "n_adjusted": ("The same, adjusted for few cases; the intervals use it", "presentations"),
    }
    | _bounds("naive_wilson_", "Wilson, ignores repeats")
    | _bounds("naive_exact_", "Clopper-Pearson, ignores repeats")
    | _bounds("naive_agresti_coull_", "Agresti-Coull, ignores repeats")
)
MASKS: dict[str, Meaning] = (
    RATER
    | RULE
    | {
        "masks": ("Masks with all their presentations rated, the denominator", COUNT),
        "every_time": ("Masks accepted at every presentation", COUNT),
        "sometimes": ("Masks accepted at some presentations and rejected at others", COUNT),
        "never": ("Masks rejected at every presentation", COUNT),
        "rate_every_time": ("Share of masks accepted every time", SHARE),
    }
    | _bounds("every_time_", "exact, or Korn-Graubard where cases have several masks")
    | {"rate_at_least_once": ("Share of masks accepted at least once", SHARE)}
    | _bounds("at_least_once_", "exact, or Korn-Graubard where cases have several masks")
)
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
    | _bounds("agreement_", "Wilson over masks, effective number where cases have several")
    | {
        "is_below_95_percent": ("Is the agreement so low that it needs explaining?", YES_NO),
        "positive_agreement": ("Share of acceptances that were repeated", SHARE),
        "negative_agreement": ("Share of rejections that were repeated", SHARE),
    }
    | _coefficient("ac1", "Gwet's AC1", "Gwet's variance, t")
    | {"pabak": ("Prevalence- and bias-adjusted kappa", "coefficient -1 to 1")}
    | _coefficient("kappa", "Cohen's kappa", "percentiles over redrawn cases")
    | {
        "kappa_undefined_redraws": ("Redraws (of 2000) without a kappa", COUNT),
        "mcnemar_p": ("Exact two-sided p of McNemar's test for a drift", "probability"),
    }
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
    | _bounds("agreement_", "Korn-Graubard, the case as cluster")
    | _coefficient("ac1", "Gwet's AC1", "percentiles over redrawn cases")
    | _coefficient("kappa", "Cohen's kappa", "percentiles over redrawn cases")
    | {
        "kappa_undefined_redraws": ("Redraws (of 2000) without a kappa", COUNT),
        "disagreement_ratio": ("Disagreement between raters over that within raters", "ratio"),
    }
)
COUNTS: dict[str, Meaning] = {
    "rater": ("User name of the rater", TEXT),
    "other_rater": ("The rater compared with; empty: the rater's own second showing", TEXT),
    "count": ("fp: false positives; fn: missed lesions", TEXT),
    "masks": ("Masks with both counts", COUNT),
    "median_absolute_difference": ("Median absolute difference of the two counts", "lesions"),
    "share_identical": ("Share of masks with equal counts", SHARE),
    "share_within_1": ("Share of masks with counts that differ by 1 at most", SHARE),
    "repeatability": ("Repeatability coefficient, 1.96 sqrt(2) s_w", "lesions"),
} | {
    "icc_agreement": ("ICC(A,1): absolute agreement of single counts", "coefficient -1 to 1"),
    "icc_low": ("Lower bound: F, McGraw and Wong", "coefficient -1 to 1"),
    "icc_high": ("Upper bound: F, McGraw and Wong", "coefficient -1 to 1"),
}
VERDICTS: dict[str, Meaning] = (
    RATER
    | {"rated": ("Presentations rated", COUNT)}
    | {
        f"derived_{derived}_rater_{said}": (f"Derived verdict {derived}, rater's {said}", COUNT)
        for derived in ("acceptable", "boundary", "unacceptable")
        for said in ("acceptable", "unacceptable")
    }
    | {
        "conflict_rater_accepts": ("The rater accepts what the counts reject", COUNT),
        "conflict_rater_rejects": ("The rater rejects what the counts accept", COUNT),
        "boundary": ("Presentations exactly on a threshold", COUNT),
        "vacuous": ("Presentations of an empty mask with nothing missed", COUNT),
    }
)
MISSING: dict[str, Meaning] = RATER | {
    "rate_as_rated": ("Primary rate over rated presentations", SHARE),
    "missing": ("Presentations without an answer", COUNT),
    "rate_if_missing_rejected": ("Primary rate had these been rejected", SHARE),
    "rate_if_missing_accepted": ("Primary rate had these been accepted", SHARE),
    "not_rated": ("Presentations without a rating, unreadable and wrong masks too", COUNT),
    "rate_if_not_rated_rejected": ("Primary rate had these been rejected", SHARE),
    "rate_if_not_rated_accepted": ("Primary rate had these been accepted", SHARE),
}

COLUMNS: Mapping[str, Mapping[str, Meaning]] = {
    "presentations": PRESENTATIONS,
    "acceptance": ACCEPTANCE,
    "masks": MASKS,
    "intra_rater": INTRA_RATER,
    "inter_rater": INTER_RATER,
    "counts": COUNTS,
    "verdicts": VERDICTS,
    "missing": MISSING,
}


def tables(summary: Mapping[str, Any]) -> dict[str, list[list[Any]]]:
    """This will lay out a summary as tables by name: a header, then the rows.

    An undefined value becomes the text "undefined: reason". A table without rows is its header.
    """
    return {
        name: [
            list(columns),
            *([_cell(line[column]) for column in columns] for line in summary[name]),
        ]
        for name, columns in COLUMNS.items()
    }


def data_dictionary() -> list[tuple[str, str, str, str]]:
    """This will list table, column, meaning and unit of everything that `tables` gives."""
    return [
        (table, column, meaning, unit)
        for table, columns in COLUMNS.items()
        for column, (meaning, unit) in columns.items()
    ]


def _cell(value: Any) -> Any:
    return f"undefined: {value['undefined']}" if isinstance(value, Mapping) else value
