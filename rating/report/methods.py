"""The Methods paragraph of a paper, written from the frozen design and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rating.protocol.design import AcceptanceDesign
from rating.report.facts import Facts
from rating.report.wording import Names, plural, threshold


def methods(
    results: Mapping[str, Any], design: AcceptanceDesign, names: Names, facts: Facts
) -> tuple[str, ...]:
    """This will write how the study was done, as paragraphs in English."""
    return (
        _reading(design, names),
        *_sampling(design),
        _rule(design),
        _statistics(design),
        _record(results, facts),
        *_before(design, facts),
        *_deviations(facts),
        f"Instructions to raters: {design.instructions or 'none'}",
        f"Diffusely abnormal white matter: {design.dawm_instruction or 'no instruction'}",
    )


def _before(design: AcceptanceDesign, facts: Facts) -> tuple[str, ...]:
    """What came before the first presentation, and what came after an answer."""
    said = []
    if facts.signed:
        said.append(f"{plural(facts.signed, 'rater')} signed the instructions before they began.")
    if design.practice:
        said.append(
            f"They practised on {plural(len(design.practice), 'case')} outside the study; after "
            "each they were told how their marks compare with a reference. Practice is in no "
            "analysis."
        )
    if facts.raters:
        said.append(f"Raters: {'; '.join(facts.raters)}.")
    if facts.corrected:
        said.append(
            f"{plural(facts.corrected, 'answer')} corrected later, with a reason; the analysis "
            "uses what was submitted first."
        )
    return (" ".join(said),) if said else ()


def _deviations(facts: Facts) -> tuple[str, ...]:
    if not facts.deviations:
        return ("Nothing was amended after the opening.",)
    return (f"Deviations from the frozen design. {' '.join(facts.deviations)}",)


def _reading(design: AcceptanceDesign, names: Names) -> str:
    cases = len({item.case for item in design.items})
    apart = " and no two masks of one case in a row" * (cases < len(design.items)) + ", and stored"
    typed = ", or typed how many of each there are" * design.allow_typed_counts
    how_made = ", ".join(sorted({names.method(item.method) for item in design.items}))
    washout = (
        f"the second block opened {plural(design.washout_days, 'day')} after a rater's first one"
        if design.washout_days
        else "without a fixed pause between the blocks"
    )
    return (
        f"{plural(len(design.items), 'mask')} of {plural(cases, 'case')} ({how_made}) were judged "
        f"by {plural(len(design.raters), 'rater')}, each mask twice, in two blocks; {washout}. "
        "Each rater's order was drawn at random before the first reading, uniformly from all "
        f"orders in which a mask comes again at least {plural(design.gap, 'position')} later"
        f"{apart}. Raters were blind to case, method, occasion, earlier answers and each other. "
        "They saw the mask "
        f"on {shown(design)} and were told nothing of the patient. They marked every drawn lesion "
        f"that is none (false positive) and every lesion that is not drawn (missed){typed}, and "
        "then gave their verdict; percentages and the derived verdict were not shown to them."
    )


def _sampling(design: AcceptanceDesign) -> tuple[str, ...]:
    """How the cases were found, in the words of the design; nothing where it does not say."""
    said = design.case_sampling.strip()
    return (f"How the cases were found: {said}",) if said else ()


def shown(design: AcceptanceDesign) -> str:
    """The scans that raters saw, in words: FLAIR, or FLAIR with T1 beside it where there is one."""
    beside = ", with the T1 beside it where there is one"
    return "the FLAIR" + beside * ("T1" in design.shown_sequences)


def _rule(design: AcceptanceDesign) -> str:
    more = "more than" if design.boundary_policy == "strict" else "at least"
    thresholds = " and ".join(
        f"{kind} of {more} {threshold(over)}"
        for kind, over in (
            ("precision", design.precision_threshold),
            ("recall", design.recall_threshold),
        )
    )
    primary = {"derived": "the derived verdict", "rater": "the rater's own verdict"}
    asked = (
        " With every verdict raters said whether it followed from the counts."
        if design.ask_consistency
        else ""
    )
    least = f"at least {design.min_volume_mm3} mm³" if design.min_volume_mm3 else "any size"
    return (
        f"A lesion is a connected component (connectivity {design.connectivity}) of {least}. "
        f"The derived verdict is acceptable with {thresholds}, by "
        f"whole numbers. The primary analysis uses {primary[design.primary_analysis]}.{asked}"
    )


def _statistics(design: AcceptanceDesign) -> str:
    several = len({item.method for item in design.items}) > 1
    compared = (
        " Methods were compared over the same cases by the exact sign-flip test, with Holm's "
        "adjustment." * several
    )
    margin = (
        f" Equivalence was tested against a margin of {design.equivalence_margin:g}, "
        "fixed beforehand."
        if design.equivalence_margin
        else ""
    )
    return (
        "Acceptance is the share of rated presentations, with Korn-Graubard 95 % intervals that "
        "take the case for the cluster. Agreement of a rater's two answers, and of two raters, is "
        "given as two-by-two tables, percent and specific agreement, Gwet's AC1, PABAK and Cohen's "
        "kappa, with intervals from 2,000 redraws of cases where no formula holds; counts as "
        f"intraclass correlations, repeatability and limits of agreement.{compared}{margin}"
    )


def _record(results: Mapping[str, Any], facts: Facts) -> str:
    total = next(line for line in results["presentations"] if line["rater"] == "")
    submitted = total["planned"] - total["missing"]
    versions = f" Answers were stored by Plaque {', '.join(facts.versions)}." * bool(facts.versions)
    return (
        f"Of {total['planned']} presentations {submitted} were submitted.{versions} Design "
        f"SHA-256: {results['design_sha256']}. SHA-256 of secret and design, published at opening: "
        f"{facts.commitment}."
    )
