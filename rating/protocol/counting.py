"""From marks to counts: of drawn components and dots, and of lesions as the rater counts them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

FALSE_POSITIVE = "FP"


@dataclass(frozen=True)
class Counts:
    """False positives and missed lesions, as somebody counted them."""

    fp: int
    fn: int


@dataclass(frozen=True)
class CountedMark:
    """A mark that stands: FP or FN, how many lesions it counts as, what it is one lesion with."""

    kind: str
    counts_as: int = 1
    joined: UUID | None = None


def count_components(marks: Iterable[CountedMark]) -> Counts:
    """This will count every mark once: the counts of the primary analysis. None gives 0 and 0."""
    kinds = [mark.kind for mark in marks]
    false = kinds.count(FALSE_POSITIVE)
    return Counts(fp=false, fn=len(kinds) - false)


def count_lesions(marks: Iterable[CountedMark]) -> Counts:
    """This will count lesions as the rater does: the counts of the sensitivity analysis.

    A mark counts as `counts_as` lesions; marks of one kind with the same `joined` are one together.
    None gives 0 and 0.
    """
    totals = {"FP": 0, "FN": 0}
    groups: set[tuple[str, UUID]] = set()
    for mark in marks:
        if mark.joined is None:
            totals[mark.kind] += mark.counts_as
        else:
            groups.add((mark.kind, mark.joined))
    for kind, _ in groups:
        totals[kind] += 1
    return Counts(fp=totals["FP"], fn=totals["FN"])


def corrected_drawn(*, drawn: int, components: Counts, lesions: Counts) -> int:
    """This will tell how many lesions are drawn as the rater counts them.

    The components that are no false positives stay what they are; the others are those the rater
    counted.
    """
    return drawn - components.fp + lesions.fp
