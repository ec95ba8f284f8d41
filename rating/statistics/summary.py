"""All statistics of an acceptance study as one document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rating.protocol.amendments import UNAMENDED, Amendments, amended
from rating.protocol.design import AcceptanceDesign, design_sha256
from rating.statistics.acceptance import acceptance, masks
from rating.statistics.along_order import order, reading_time
from rating.statistics.columns import columns
from rating.statistics.comparisons import comparisons
from rating.statistics.completeness import (
    consistency,
    flips,
    missing,
    presentations,
    verdicts,
)
from rating.statistics.concordance import inter_rater, intra_rater
from rating.statistics.count_concordance import components, count_pairs, counts
from rating.statistics.equivalence import equivalence, several_methods
from rating.statistics.lesion_rates import lesion_rates
from rating.statistics.mark_agreement import mark_agreement
from rating.statistics.mark_reasons import mark_reasons
from rating.statistics.rows import MarkRow, RatingRow

DECIMALS = 10
NOTES = """\
Raters are taken as they are: intervals speak about these raters and other cases.

A presentation is one showing of a mask to a rater. Rates over masks combine the repeats and say
how: accepted every time, or at least once; only masks with all presentations rated count.

Answers that the scan is unreadable or that the mask belongs to another scan are in no rate; they
are counted under presentations.

Intervals are 95 %. Those from redrawn cases use 2,000 redraws; those of rates over presentations
are Korn-Graubard with the case as cluster; columns that begin with naive ignore that presentations
repeat and are there to compare with published tables.

Where nearly every mask is accepted, AC1 is nearly forced upwards and kappa is unstable: read both
beside the two-by-two table.

The combined rule (all errors below a tenth of the true lesions) follows the wording of the abstract
of Hindsholm et al. 2021 and is a sensitivity analysis.

Places of missed lesions in two readings are the same lesion when they pair off, one to one, within
5 mm. Learning and fatigue are looked for by drawing the orders again, from the sampler that drew
them; with few rejections nothing more is fitted."""


def summarise(
    rows: Sequence[RatingRow],
    design: AcceptanceDesign,
    marks: Sequence[MarkRow] = (),
    *,
    amendments: Amendments = UNAMENDED,
) -> dict[str, Any]:
    """This will compute every statistic from the first answers to the presentations of a study.

    `marks` are those that counted when the answers were submitted; `design` is the frozen one, and
    of masks that `amendments` withdraw there are no rows. Any number of rows will do, none
    included; what they leave undefined is {"undefined": reason}.
    Every table is a list of lines with the same columns, in an order that does not depend on the
    order of the rows. In a column `rater`, "" stands for all raters together. Raises ValueError
    when a presentation has two answers.
    """
    answered = {(row.rater, row.item, row.occasion) for row in rows}
    if len(answered) < len(rows):
        raise ValueError("a presentation has two answers; give the first version of each only")
    drawn, design = design, amended(design, amendments)
    answers = columns(rows, design, sorted({*design.raters, *(row.rater for row in rows)}))
    summary = {
        "design_sha256": design_sha256(drawn),
        "primary_analysis": design.primary_analysis,
        "boundary_policy": design.boundary_policy,
        "notes": [" ".join(note.split()) for note in NOTES.split("\n\n")],
        "presentations": presentations(answers, design),
        "acceptance": acceptance(answers, design),
        "masks": masks(answers, design),
        "flips": flips(answers, design),
        "lesion_rates": lesion_rates(answers),
        "intra_rater": intra_rater(answers, design),
        "inter_rater": inter_rater(answers, design),
        "comparisons": comparisons(answers, design),
        "equivalence": equivalence(answers, design),
        "several_methods": several_methods(answers, design),
        "counts": counts(answers),
        "count_pairs": count_pairs(answers),
        "count_components": components(answers),
        "mark_agreement": mark_agreement(answers, marks),
        "mark_reasons": mark_reasons(answers, marks),
        "order": order(answers, design, drawn),
        "reading_time": reading_time(answers, design, drawn),
        "verdicts": verdicts(answers),
        "consistency": consistency(answers, design),
        "missing": missing(answers, design),
    }
    return {name: _rounded(value) for name, value in summary.items()}


def _rounded(value: Any) -> Any:
    """Numbers to 10 decimals, so that the last bits of a processor's arithmetic do not show."""
    if isinstance(value, float):
        return round(value, DECIMALS)
    if isinstance(value, list):
        return [_rounded(entry) for entry in value]
    if isinstance(value, dict):
        return {name: _rounded(entry) for name, entry in value.items()}
    return value
