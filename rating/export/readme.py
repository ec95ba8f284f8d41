"""The bundle's first page: how the study was done, what it cannot show, what the files are."""

from __future__ import annotations

from rating import queries
from rating.models import Presentation, Study
from rating.protocol.design import AcceptanceDesign

FILES = """\
Files
  design.json          the design, frozen when the study opened; its SHA-256 is the design's hash
  study.json           hashes, times, and the secret that the schedule was drawn from
  cases.csv            subject, demographics and acquisition of every case that was shown
  schedule.csv         the order drawn for every rater
  presentations.csv    what was shown when
  ratings.csv          every version of every answer; the statistics use version 1
  marks.csv            every mark ever stored, removed ones too
  statistics.json      all statistics; tables/ holds the same as CSV
  data_dictionary.csv  the meaning of every column
  manifest.csv         size and SHA-256 of every file
Text that begins with = + - @ has an apostrophe before it in the CSV files, so that no spreadsheet
takes it for a formula.
"""

LIMITS = """\
Limits of this design
  - Raters saw the mask while they searched for missed lesions and had no independent reference, so
    missed lesions are probably under-counted.
  - The raters are taken as they are: the intervals speak about these raters and other cases, not
    about other raters.
  - The derived verdict depends on the number of drawn lesions: with few lesions a single error
    decides. Compare acceptance within strata of lesion load.
  - Precision is over drawn lesions and recall over true ones (drawn and confirmed, or missed). The
    rule "more than 10 % of true lesions" for both is another one and is not used.
  - Values that the data leave undefined are reported as undefined with the reason, never as a
    number.
  - Plaque is research software and not a medical device.
"""


def readme(study: Study) -> str:
    """This will write the first page of a closed study's bundle, in English."""
    design = queries.design_of(study)
    return "\n".join(
        [study.title, "=" * len(study.title), "", methods(study, design), LIMITS, FILES]
    )


def methods(study: Study, design: AcceptanceDesign) -> str:
    """This will write the Methods paragraph, with what the design fixed and what came of it."""
    shown = Presentation.objects.filter(reading__study=study)
    done, total = shown.filter(submitted_at__isnull=False).count(), shown.count()
    cases = len({item.case for item in design.items})
    how_made = sorted({item.method for item in design.items})
    thresholds = " and ".join(
        f"{kind} of more than {over[0]}/{over[1]}"
        if design.boundary_policy == "strict"
        else f"{kind} of at least {over[0]}/{over[1]}"
        for kind, over in (
            ("precision", design.precision_threshold),
            ("recall", design.recall_threshold),
        )
    )
    washout = (
        f"the second block opened {design.washout_days} days after a rater's first one"
        if design.washout_days
        else "without a fixed pause between the blocks"
    )
    primary = {"derived": "the derived verdict", "rater": "the rater's own verdict"}
    reading = (
        f"{len(design.items)} masks of {cases} cases ({', '.join(how_made)}) were judged by "
        f"{len(design.raters)} raters, each mask twice, in two blocks; {washout}. Each rater's "
        "order was drawn at random before the first reading, uniformly from all orders with at "
        f"least {design.gap} positions between the two showings of a mask, and stored. Raters were "
        "blind to case, method, occasion, earlier answers and each other. They marked every drawn "
        "lesion that is none (false positive) and every lesion that is not drawn (missed), and "
        "then gave their verdict; percentages and the derived verdict were not shown to them."
    )
    rule = (
        f"A lesion is a connected component (connectivity {design.connectivity}) of at least "
        f"{design.min_volume_mm3} mm3. The derived verdict is acceptable with {thresholds}, by "
        f"whole numbers. The primary analysis uses {primary[design.primary_analysis]}."
    )
    record = (
        f"Of {total} presentations {done} were submitted. Design SHA-256: {study.design_sha256}. "
        f"SHA-256 of secret and design, published at opening: {study.commitment}."
    )
    told = (
        f"Instructions to raters: {design.instructions or 'none'}\n"
        f"Diffusely abnormal white matter: {design.dawm_instruction or 'no instruction'}"
    )
    return "\n".join(["Methods", reading, rule, record, told, ""])
