"""What the statistics are computed from: one row per submitted answer, and its marks."""

from __future__ import annotations

from dataclasses import dataclass

from rating.protocol.design import AcceptanceDesign

Undefined = dict[str, str]


@dataclass(frozen=True, slots=True)
class RatingRow:
    """The first submitted answer to one presentation.

    Counts, verdicts and conflict are None unless `outcome` is rated (else unreadable, wrong_mask).
    `verdict_derived` is three-valued: acceptable, boundary, unacceptable. `active_seconds` is None
    where no time was kept. The corrected counts are lesions as the rater counts them; None where
    they are `fp` and `fn`. `consistent` is whether the rater's verdict follows from the counts, as
    the rater says; None where the design does not ask.
    """

    study: str
    rater: str
    item: str
    case: str
    method: str
    position: int
    occasion: int
    n_lesions: int
    fp: int | None
    fn: int | None
    outcome: str
    verdict_rater: str | None
    verdict_derived: str | None
    conflict: str | None
    active_seconds: float | None = None
    fp_corrected: int | None = None
    fn_corrected: int | None = None
    consistent: bool | None = None


@dataclass(frozen=True, slots=True)
class MarkRow:
    """A mark that counted when its presentation was submitted.

    kind: FP (a drawn lesion, known by its id) or FN (a missed lesion; `lesion` is None). `mm` is
    its place in RAS+ millimetres, `reason` what the rater gave as such; "" for none.
    """

    rater: str
    item: str
    occasion: int
    kind: str
    lesion: int | None
    mm: tuple[float, float, float]
    reason: str = ""


@dataclass(frozen=True)
class Rule:
    """One way to say of an answer whether the mask is accepted.

    verdict: derived (from the counts), rater (the rater's own) or combined (the abstract's wording:
    all errors below a tenth of the true lesions), or corrected (derived from the lesions as the
    rater counts them). The rater's verdict has no boundary policy ("").
    """

    verdict: str
    boundary_policy: str
    is_primary: bool = False


def rules(design: AcceptanceDesign) -> tuple[Rule, ...]:
    """The design's rule and the sensitivity analyses, always in the same order."""
    own = design.boundary_policy
    other = "lenient" if own == "strict" else "strict"
    return (
        Rule("derived", own, is_primary=design.primary_analysis == "derived"),
        Rule("derived", other),
        Rule("rater", "", is_primary=design.primary_analysis == "rater"),
        Rule("combined", own),
    )


def undefined(reason: str) -> Undefined:
    """What stands for a value that the data leave undefined."""
    return {"undefined": reason}
