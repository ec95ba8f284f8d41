"""What the columns about single answers mean: rates, verdicts, what is missing, the order."""

from __future__ import annotations

from rating.statistics.meanings import (
    COUNT,
    POSITION,
    PROBABILITY,
    RATER,
    RULE,
    SHARE,
    TEXT,
    YES_NO,
    Meaning,
    bounds,
)

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
    | bounds("", "Korn-Graubard, the case as cluster")
    | bounds("wilson_", "Wilson on the adjusted effective number")
    | {
        "n_effective": ("Independent presentations that are worth as much", "presentations"),
        "n_adjusted": ("The same, adjusted for few cases; the intervals use it", "presentations"),
    }
    | bounds("naive_wilson_", "Wilson, ignores repeats")
    | bounds("naive_exact_", "Clopper-Pearson, ignores repeats")
    | bounds("naive_agresti_coull_", "Agresti-Coull, ignores repeats")
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
    | bounds("every_time_", "exact, or Korn-Graubard where cases have several masks")
    | {"rate_at_least_once": ("Share of masks accepted at least once", SHARE)}
    | bounds("at_least_once_", "exact, or Korn-Graubard where cases have several masks")
)
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
CONSISTENCY: dict[str, Meaning] = RATER | {
    "consistent": ("Does the verdict follow from the counts, as the rater says?", YES_NO),
    "rated": ("Presentations rated of which the rater said so", COUNT),
    "conflict_none": ("The rater's verdict is that of the counts", COUNT),
    "conflict_rater_accepts": ("The rater accepts what the counts reject", COUNT),
    "conflict_rater_rejects": ("The rater rejects what the counts accept", COUNT),
}
MISSING: dict[str, Meaning] = RATER | {
    "rate_as_rated": ("Primary rate over rated presentations", SHARE),
    "missing": ("Presentations without an answer", COUNT),
    "rate_if_missing_rejected": ("Primary rate had these been rejected", SHARE),
    "rate_if_missing_accepted": ("Primary rate had these been accepted", SHARE),
    "not_rated": ("Presentations without a rating, unreadable and wrong masks too", COUNT),
    "rate_if_not_rated_rejected": ("Primary rate had these been rejected", SHARE),
    "rate_if_not_rated_accepted": ("Primary rate had these been accepted", SHARE),
}
FLIPS: dict[str, Meaning] = {
    "rater": ("User name of the rater", TEXT),
    "item": ("The mask's name in the design", TEXT),
    "case": ("Code of the case", TEXT),
    "method": ("What made the mask", TEXT),
    "occasion": ("1 for the first showing, 2 for the second", COUNT),
    "lesions": ("Drawn lesions", COUNT),
    "fp": ("False positives", COUNT),
    "fn": ("Missed lesions", COUNT),
    "accepted_strict": ("Accepted where exactly on a threshold is rejected?", YES_NO),
    "accepted_lenient": ("Accepted where exactly on a threshold is accepted?", YES_NO),
    "accepted_combined": ("Accepted by the combined rule, the design's policy?", YES_NO),
}
MARK_REASONS: dict[str, Meaning] = RATER | {
    "kind": ("FP: a drawn lesion that is none; FN: a missed lesion", TEXT),
    "reason": ("The reason that the rater gave; empty for none", TEXT),
    "marks": ("Marks with it, every showing counting", COUNT),
    "of": ("All marks of the kind", COUNT),
    "share": ("Share of the marks of the kind", SHARE),
}
ORDER: dict[str, Meaning] = {
    "rater": ("User name of the rater", TEXT),
    "rated": ("Presentations rated", COUNT),
    "rejected_first_half": ("Rejections in the first block, by the primary rule", COUNT),
    "rejected_second_half": ("Rejections in the second block", COUNT),
    "halves_p": ("Exact McNemar of the same masks in both blocks, two-sided", PROBABILITY),
    "mean_position": ("Mean position of the rejections", POSITION),
    "expected_position": ("Where chance puts it: the middle of the blocks", POSITION),
    "order_p": ("Two-sided p of the randomisation test: early or late by chance?", PROBABILITY),
    "order_redraws": ("Orders drawn again, from the same sampler", COUNT),
    "time_factor": ("Reading time after 10 more positions, 0.97: 3 % less", "factor"),
    "time_factor_low": ("Lower bound: t, the case as cluster", "factor"),
    "time_factor_high": ("Upper bound: t, the case as cluster", "factor"),
    "timed": ("Readings with a time, the trend's", COUNT),
}
READING_TIME: dict[str, Meaning] = {
    "rater": ("User name of the rater", TEXT),
    "part": ("Tenth of the rater's schedule", COUNT),
    "first_position": ("Its first position", POSITION),
    "last_position": ("Its last position", POSITION),
    "rated": ("Presentations rated", COUNT),
    "rejected": ("Rejections among them, by the primary rule", COUNT),
    "timed": ("Readings with a time", COUNT),
    "median_seconds": ("Median active reading time", "seconds"),
}
LESION_RATES: dict[str, Meaning] = RATER | {
    "method": ("What made the masks; empty for all together", TEXT),
    "rated": ("Presentations rated", COUNT),
    "lesions": ("Drawn lesions, every showing counting", COUNT),
    "fp": ("False positives among them", COUNT),
    "fn": ("Missed lesions", COUNT),
}
for _name, _what in (
    ("precision", "drawn lesions that are true"),
    ("recall", "true lesions that are drawn, as the raters saw it"),
):
    LESION_RATES |= {f"{_name}_pooled": (f"Share of all {_what}", SHARE)}
    LESION_RATES |= bounds(f"{_name}_pooled_", "Korn-Graubard, the case as cluster")
    LESION_RATES |= {f"{_name}_mean": ("The same per presentation, mean", SHARE)}
