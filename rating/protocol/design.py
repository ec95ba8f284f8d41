"""The design of an acceptance study: everything that is fixed before the first reading."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Literal

from segmentation.refusals import Refusal

BoundaryPolicy = Literal["strict", "lenient"]
PrimaryAnalysis = Literal["derived", "rater"]
Fraction = tuple[int, int]
LATER = frozenset(
    {
        "case_sampling",
        "equivalence_margin",
        "practice",
        "sign_instructions",
        "ask_qualification",
        "ask_conditions",
        "ask_consistency",
    }
)


class InvalidDesign(Refusal):
    """The design cannot be carried out as it stands; `fields` lists every fault."""


@dataclass(frozen=True)
class DesignItem:
    """A mask to be judged: its name in the study, its case, what made it, its hash and size."""

    key: str
    case: str
    method: str
    mask_sha256: str
    lesion_count: int


@dataclass(frozen=True)
class PracticeCase:
    """A mask to practise on, and what is wrong with it by a reference mask of the same case.

    `false_positives` are ids of drawn lesions, `missed_mm` places in RAS+ millimetres.
    """

    key: str
    case: str
    mask_sha256: str
    reference_sha256: str
    lesion_count: int
    false_positives: tuple[int, ...]
    missed_mm: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class AcceptanceDesign:
    """What is asked, of whom, about what. `gap` counts positions, thresholds are to be exceeded.

    `equivalence_margin` is the difference of acceptance rates (a share) that would matter; None
    where nothing is to be shown equivalent. `case_sampling`: in words, how the cases were found
    (consecutive, random or chosen; when; where); raters never see it. `practice` is read first,
    with feedback, and is in no analysis. `sign_instructions`, `ask_qualification` (years, training,
    specialty) and `ask_conditions` (room light and screen, once per sitting) come before the first
    presentation. `ask_consistency`: with every verdict, whether it follows from the counts; asked
    always, so that the question says nothing of the derived verdict.
    """

    presentations_per_item: int = 2
    gap: int = 1
    washout_days: int = 0
    precision_threshold: Fraction = (9, 10)
    recall_threshold: Fraction = (9, 10)
    boundary_policy: BoundaryPolicy = "strict"
    connectivity: int = 26
    min_volume_mm3: float = 10.7
    dawm_instruction: str = ""
    instructions: str = ""
    shown_sequences: tuple[str, ...] = ("FLAIR",)
    allow_typed_counts: bool = False
    primary_analysis: PrimaryAnalysis = "derived"
    equivalence_margin: float | None = None
    case_sampling: str = ""
    items: tuple[DesignItem, ...] = ()
    raters: tuple[str, ...] = ()
    practice: tuple[PracticeCase, ...] = ()
    sign_instructions: bool = False
    ask_qualification: bool = False
    ask_conditions: bool = False
    ask_consistency: bool = False


def default_gap(n_items: int, washout_days: int) -> int:
    """This will choose the gap for a number of items, in positions; 0 for fewer than two items.

    A third of the items when both blocks may fall into one sitting: larger gaps tie an item's two
    positions together (correlation .16 at a third, .74 at three quarters). A calendar washout does
    the forgetting itself, so that 1 is enough and the orders stay freest.
    """
    wanted = 1 if washout_days > 0 else math.ceil(n_items / 3)
    return max(0, min(wanted, n_items - 1))


def validate(design: AcceptanceDesign) -> None:
    """This will raise InvalidDesign, with all faults by field, unless the design can be done."""
    faults: dict[str, list[str]] = {}
    for name, fault in faults_of(design):
        faults.setdefault(name, []).append(fault)
    if faults:
        sentences = [sentence for found in faults.values() for sentence in found]
        more = f" And {len(sentences) - 3} more." if len(sentences) > 3 else ""
        raise InvalidDesign(
            f"The design cannot be carried out yet: {' '.join(sentences[:3])}{more} Nothing was "
            "changed; correct the design and try again.",
            fields=faults,
        )


def canonical_json(design: AcceptanceDesign) -> str:
    """This will write the design as JSON (sorted keys, no spaces, ASCII): one text per design.

    What was added to designs later (LATER) is left out where it is not set, so that the text and
    the hash of a design that was frozen before stay what they were.
    """
    values = {name: value for name, value in vars(design).items() if name not in LATER or value}
    return json.dumps(values, default=vars, sort_keys=True, separators=(",", ":"), allow_nan=False)


def design_sha256(design: AcceptanceDesign) -> str:
    """This will hash the canonical JSON; hexadecimal."""
    return hashlib.sha256(canonical_json(design).encode()).hexdigest()


def design_from_json(text: str) -> AcceptanceDesign:
    """This will read a design back; raises InvalidDesign for text that is no design."""
    try:
        values: dict[str, Any] = json.loads(text)
        values["items"] = tuple(DesignItem(**item) for item in values["items"])
        values["practice"] = tuple(map(_practice_case, values.get("practice", [])))
        for name in ("precision_threshold", "recall_threshold", "shown_sequences", "raters"):
            values[name] = tuple(values[name])
        names = {field.name for field in fields(AcceptanceDesign)} - (LATER - values.keys())
        return AcceptanceDesign(**{name: values.pop(name) for name in sorted(names)}, **values)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidDesign(
            "This text is not the design of an acceptance study. Nothing was changed; take "
            "design.json of an export, unedited."
        ) from error


def _practice_case(values: dict[str, Any]) -> PracticeCase:
    missed = tuple((x, y, z) for x, y, z in values["missed_mm"])
    false = tuple(values["false_positives"])
    return PracticeCase(**values | {"false_positives": false, "missed_mm": missed})


def instructions_sha256(design: AcceptanceDesign) -> str:
    """This will hash what a rater signs: both instructions as UTF-8, a line feed between; hex."""
    return hashlib.sha256(f"{design.instructions}\n{design.dawm_instruction}".encode()).hexdigest()


def faults_of(design: AcceptanceDesign) -> Iterator[tuple[str, str]]:
    """Every reason why the design cannot be carried out, with the field it is about."""
    yield from _faults_of_criterion(design)
    yield from _faults_of_schedule(design)
    yield from _faults_of_items(design)
    yield from _faults_of_practice(design)
    if not design.raters:
        yield "raters", "There is no rater."
    if len(set(design.raters)) < len(design.raters):
        yield "raters", "A rater is listed twice."
    for rater in design.raters:
        if not re.fullmatch(r"[^|\s]+", rater):
            yield "raters", f"The name {rater!r} is empty or has spaces or the sign | in it."


def _faults_of_practice(design: AcceptanceDesign) -> Iterator[tuple[str, str]]:
    judged = {item.case for item in design.items}
    for one in design.practice:
        if one.case in judged:
            yield "practice", f"Case {one.case} is to be judged and cannot be practised on."
    if design.sign_instructions and not design.instructions.strip():
        yield "instructions", "There are no instructions to sign."


def _faults_of_criterion(design: AcceptanceDesign) -> Iterator[tuple[str, str]]:
    for name, (num, den) in (
        ("precision_threshold", design.precision_threshold),
        ("recall_threshold", design.recall_threshold),
    ):
        if not 0 < num < den:
            yield name, f"The threshold {num}/{den} does not lie between 0 and 1."
    if design.boundary_policy not in ("strict", "lenient"):
        yield "boundary_policy", "The boundary policy is strict or lenient."
    if design.primary_analysis not in ("derived", "rater"):
        yield "primary_analysis", "The primary analysis is derived or rater."
    margin = design.equivalence_margin
    if margin is not None and not 0 < margin < 1:
        yield "equivalence_margin", f"The margin {margin:g} does not lie between 0 and 1."
    if design.connectivity not in (6, 18, 26):
        yield "connectivity", "The connectivity is 6, 18 or 26."
    if not (math.isfinite(design.min_volume_mm3) and design.min_volume_mm3 >= 0):
        yield "min_volume_mm3", "The smallest lesion volume is 0 mm³ or more."
    if "FLAIR" not in design.shown_sequences:
        yield "shown_sequences", "FLAIR has to be shown."
    if set(design.shown_sequences) - {"FLAIR", "T1"}:
        yield "shown_sequences", "Beside the FLAIR only the T1 can be shown."


def _faults_of_schedule(design: AcceptanceDesign) -> Iterator[tuple[str, str]]:
    n = len(design.items)
    if design.presentations_per_item != 2:
        yield "presentations_per_item", "Every item is presented twice."
    if design.washout_days < 0:
        yield "washout_days", "The washout is 0 days or more."
    if design.gap < 0:
        yield "gap", "The gap is 0 positions or more."
    elif n and design.gap > n - 1:
        yield "gap", f"The gap is at most {n - 1}, one less than there are masks, not {design.gap}."


def _faults_of_items(design: AcceptanceDesign) -> Iterator[tuple[str, str]]:
    n = len(design.items)
    if n == 0:
        yield "items", "There is no mask to judge."
    if len({item.key for item in design.items}) < n:
        yield "items", "Two items have the same name."
    if any(item.lesion_count < 0 for item in design.items):
        yield "items", "An item has a negative number of lesions."
    for case, masks in sorted(Counter(item.case for item in design.items).items()):
        if masks > 1 and 2 * masks > n:
            follow = "some would follow each other. At most half of the masks may be of one case."
            yield "items", f"{masks} of {n} masks are of case {case}: {follow}"
