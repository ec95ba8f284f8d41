"""Reporting check lists, answered as far as a study's data answer them.

The items are named in our own words; the lists themselves say more. What Plaque does not collect is
left open and shown as "not collected", so that a paper's authors see what is theirs to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rating.protocol.design import AcceptanceDesign
from rating.report.document import CheckItem, CheckList
from rating.report.facts import Facts
from rating.report.methods import shown
from rating.report.wording import Names, plural

NOT_COLLECTED = "not collected"


def checklists(
    results: Mapping[str, Any], design: AcceptanceDesign, names: Names, facts: Facts
) -> tuple[CheckList, ...]:
    """This will fill GRRAS and CLAIM; items without an answer are "not collected"."""
    known = _answers(results, design, names, facts)
    return (
        CheckList(
            "GRRAS",
            "Guidelines for Reporting Reliability and Agreement Studies: Kottner et al. 2011, "
            "Journal of Clinical Epidemiology 64:96",
            _items(GRRAS, known),
        ),
        CheckList(
            "CLAIM",
            "Checklist for Artificial Intelligence in Medical Imaging: Mongan, Moy and Kahn 2020, "
            "Radiology: Artificial Intelligence 2:e200029",
            _items(CLAIM, known),
        ),
    )


def _items(asked: str, known: Mapping[str, str]) -> tuple[CheckItem, ...]:
    items = []
    for line in asked.strip().splitlines():
        number, what, key = (part.strip() for part in line.split("|"))
        items.append(CheckItem(number, what, known.get(key, NOT_COLLECTED)))
    return tuple(items)


def _answers(
    results: Mapping[str, Any], design: AcceptanceDesign, names: Names, facts: Facts
) -> dict[str, str]:
    """What the study's own data say, by topic."""
    cases = len({item.case for item in design.items})
    total = next(line for line in results["presentations"] if line["rater"] == "")
    how_made = ", ".join(sorted({names.method(item.method) for item in design.items}))
    pause = f"{design.washout_days} days" if design.washout_days else "none fixed"
    planned = f"{plural(len(design.raters), 'rater')}, {plural(cases, 'case')}"
    answers = {
        "aim": "Acceptance of masks, and agreement within and between raters (Methods)"
        + f"; equivalence by a margin of {design.equivalence_margin or 0:g}"
        * bool(design.equivalence_margin),
        "device": f"Masks of {how_made}; drawn with Plaque {', '.join(facts.versions)}".rstrip(),
        "numbers": f"Planned: {planned}, {plural(len(design.items), 'mask')}, "
        f"{design.presentations_per_item} showings each; why so many: {NOT_COLLECTED}",
        "process": f"Pause between blocks: {pause}; a mask comes again at least "
        f"{plural(design.gap, 'position')} later; blind to case, method, showing and other raters; "
        f"they saw the mask on {shown(design)}, and nothing of the patient (Methods)",
        "independent": "Yes: own order for every rater, nobody saw another's answers",
        "statistics": "Methods; notes on reading the tables",
        "done": f"{planned}, {total['rated']} rated of {total['planned']} presentations (What is "
        "missing)",
        "estimates": "Agreement; Do counts repeat?, each with 95 % intervals",
        "details": "The bundle: every answer and mark, tables, design, schedule",
        "missing": f"{total['planned'] - total['rated']} presentations are without a rating; "
        "bounds under What is missing",
        "reference": "None: raters judged the mask itself, which under-counts missed lesions",
        "tool": f"Plaque {', '.join(facts.versions)}, marks by click on the scan".replace(
            " ,", ","
        ),
        "variability": "Agreement: same rater twice, and between raters; what differed was left as "
        "it is, no consensus was sought",
        "pseudonyms": "Header text of scans is emptied on import; codes stand for names",
        "metrics": "Acceptance; Lesion precision and recall",
        "uncertainty": "95 % intervals by case; exact tests (notes)",
        "sensitivity": "Under every rule; Masks that flip; By lesion load, showing and method",
        "flow": f"{total['planned']} planned, {total['rated']} rated, {total['unreadable']} "
        f"unreadable, {total['wrong_mask']} wrong mask, {total['missing']} without an answer"
        + f"; amendments: {len(facts.deviations)} (Methods)"
        * bool(facts.deviations),
        "failures": "Example slices; every false positive and missed lesion is in marks.csv, with "
        "its place and reason",
        "limits": "Limits of this design",
        "protocol": f"design.json of the bundle, SHA-256 {results['design_sha256']}",
    }
    if design.practice:
        answers["process"] += f"; practice cases with feedback beforehand: {len(design.practice)}"
    if said := design.case_sampling.strip():
        answers["eligible"] = f"{said} (Methods)"
        answers["sampling"] = f"Cases: {said}; raters: {NOT_COLLECTED}"
    if facts.raters:
        answers["raters"] = f"{'; '.join(facts.raters)} (raters.csv)"
        answers["people"] = "raters.csv; of subjects what cases.csv has"
    if facts.signed:
        answers["process"] += f"; {facts.signed} raters signed the written instructions beforehand"
    if facts.sittings:
        answers["process"] += "; room light and screen of every sitting are in sittings.csv"
    if facts.described_cases:
        answers["demographics"] = (
            f"cases.csv of the bundle, for {facts.described_cases} of {cases} cases"
        )
    return answers


GRRAS = """
1 | Title or abstract says that reliability or agreement was investigated | aim
2 | The device or measurement | device
3 | The population of subjects | demographics
4 | The population of raters | raters
5 | What is known already, and why the study |
6 | How the sample size was chosen; raters, subjects, repeats | numbers
7 | How subjects and raters were sampled | sampling
8 | The rating process: interval, clinical information, blinding | process
9 | Whether ratings were independent | independent
10 | The statistical analysis | statistics
11 | Actual numbers of raters, subjects and repeats | done
12 | Characteristics of raters and subjects | people
13 | Estimates of reliability and agreement with uncertainty | estimates
14 | Practical relevance |
15 | Detailed results | details
"""
CLAIM = """
1 | Title or abstract names the AI method |
2 | Structured summary |
3 | Background, intended use and clinical role |
4 | Aims and hypotheses |
5 | Prospective or retrospective |
6 | Goal of the study | aim
7 | Sources of data |
8 | Who was eligible: how, where and when | eligible
9 | Preprocessing of data |
10 | Selection of subsets of data |
11 | Definitions of data elements | details
12 | De-identification | pseudonyms
13 | Missing data | missing
14 | Definition of the reference standard | reference
15 | Why this reference standard |
16 | Who annotated, with which qualification | raters
17 | Tools of annotation | tool
18 | Variability between and within raters | variability
19 | Intended sample size and how it was chosen | numbers
20 | How data were assigned to partitions |
21 | At which level partitions are disjoint |
22 | The model in detail |
23 | Software libraries |
24 | Initial parameters |
25 | Training in detail |
26 | How the final model was chosen |
27 | Ensembles |
28 | Metrics of performance | metrics
29 | Measures of significance and uncertainty | uncertainty
30 | Robustness and sensitivity | sensitivity
31 | Explainability |
32 | Testing on external data |
33 | Flow of participants or cases | flow
34 | Demographics and clinical characteristics | demographics
35 | Performance on all partitions |
36 | Estimates of accuracy and their precision | metrics
37 | Failure analysis | failures
38 | Limitations | limits
39 | Implications for practice |
40 | Registration |
41 | Where the full protocol is | protocol
42 | Funding |
"""
