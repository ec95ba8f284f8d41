"""The design of a reference study: everything that is fixed before anybody draws."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from segmentation.refusals import Refusal

PAPER_DAYS = 183  # "more than 6 months"
MOST_SHAMS = 50


class InvalidReferenceDesign(Refusal):
    """The design cannot be carried out as it stands; `fields` lists every fault."""


@dataclass(frozen=True)
class ChosenMask:
    """The mask of a method whose lesions become candidates, by its case and its hash."""

    case: str
    method: str
    sha256: str


@dataclass(frozen=True)
class ReferenceDesign:
    """What is delineated, by whom, and between the two steps: which dots, after how many days.

    `reach_mm`: how near to a dot a drawn lesion has to come to belong to it. `shams_per_case`:
    dots where nobody drew anything, at least `sham_distance_mm` from every candidate. `proposals`:
    a lesion may be begun from the candidate's voxels; it is recorded where somebody did.
    """

    interval_days: int = PAPER_DAYS
    min_volume_mm3: float = 10.7
    connectivity: int = 26
    reach_mm: float = 5.0
    shams_per_case: int = 0
    sham_distance_mm: float = 10.0
    proposals: bool = False
    instructions: str = ""
    cases: tuple[str, ...] = ()
    delineators: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    masks: tuple[ChosenMask, ...] = ()


def validate(design: ReferenceDesign, *, titles: Mapping[str, str]) -> None:
    """This will raise InvalidReferenceDesign, faults by field, unless the design can be done.

    `titles` are what methods are called, by name.
    """
    faults: dict[str, list[str]] = {}
    for name, fault in _faults(design, titles):
        faults.setdefault(name, []).append(fault)
    if faults:
        sentences = [sentence for found in faults.values() for sentence in found]
        more = f" And {len(sentences) - 3} more." if len(sentences) > 3 else ""
        raise InvalidReferenceDesign(
            f"The design cannot be carried out yet: {' '.join(sentences[:3])}{more} Nothing was "
            "opened; correct the design and try again.",
            fields=faults,
        )


def _faults(design: ReferenceDesign, titles: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, chosen in (("cases", design.cases), ("delineators", design.delineators)):
        if not chosen:
            yield name, f"There is no {name.removesuffix('s')} yet."
    for name, chosen in (
        ("cases", design.cases),
        ("delineators", design.delineators),
        ("methods", design.methods),
    ):
        if len(set(chosen)) < len(chosen):
            yield name, f"One of the {name} is chosen twice."
    if design.interval_days < 0:
        yield "interval_days", "The interval is 0 days or more."
    if design.min_volume_mm3 < 0:
        yield "min_volume_mm3", "The smallest lesion has 0 mm3 or more."
    if not 0 < design.reach_mm <= 50:
        yield "reach_mm", "A dot reaches further than 0 and at most 50 mm."
    if not 0 <= design.shams_per_case <= MOST_SHAMS:
        yield "shams_per_case", f"There are 0 to {MOST_SHAMS} sham dots in a case."
    if design.proposals and design.shams_per_case:
        yield (
            "shams_per_case",
            "A sham dot has no proposal and would be known by that: choose one of the two.",
        )
    there = {(mask.case, mask.method) for mask in design.masks}
    for method in design.methods:
        lacking = [case for case in design.cases if (case, method) not in there]
        if lacking:
            title = titles.get(method, method)
            yield "methods", f"{title} has no mask of {', '.join(lacking)} by a job that succeeded."


def canonical_json(design: ReferenceDesign) -> str:
    """This will write the design as JSON (sorted keys, no spaces, ASCII): one text per design."""
    return json.dumps(
        vars(design), default=vars, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def design_sha256(text: str) -> str:
    """This will hash the canonical JSON of a design; hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def design_from_json(text: str) -> ReferenceDesign:
    """This will read back what `canonical_json` wrote."""
    return design_of_values(json.loads(text))


def design_of_values(values: dict[str, Any]) -> ReferenceDesign:
    """The design that values by name amount to; what is not among them has its default."""
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    masks = tuple(ChosenMask(**mask) for mask in given.pop("masks", ()))
    return ReferenceDesign(**given, masks=masks)
