"""How many dots of which source were accepted, known when the study is closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from rating.statistics.intervals import cluster_proportion, korn_graubard

OWN, COLLEAGUE, SHAM = "own", "colleague", "sham"
LESION, NOT_A_LESION, UNSURE = "lesion", "not_a_lesion", "unsure"


@dataclass(frozen=True)
class DecidedDot:
    """One decision. `sources` are OWN, COLLEAGUE and names of methods; of a sham dot, SHAM."""

    delineator: str
    case: str
    sources: frozenset[str]
    choice: str


@dataclass(frozen=True)
class Accepted:
    """One row: the decisions of a delineator (empty: of all) about dots of a source.

    `only`: dots that nobody and nothing else found. `share` is what was called a lesion of all that
    were decided, `low` and `high` its interval (Korn and Graubard, cases as clusters); None where
    that is undefined, and `undefined` says why.
    """

    delineator: str
    source: str
    only: bool
    dots: int
    lesion: int
    not_a_lesion: int
    unsure: int
    share: float | None
    low: float | None
    high: float | None
    undefined: str


def accepted(
    dots: Iterable[DecidedDot], *, sources: Iterable[str], left: Iterable[str] = ()
) -> tuple[Accepted, ...]:
    """This will count decisions by delineator and source, in the order of `sources`.

    A dot counts for every source that it comes from, and once more for its only source. Everybody
    together comes last. A source without a dot has no share: undefined, never 0. Whoever `left` has
    rows of their own, also without a decision.
    """
    decided, ordered, gone = list(dots), list(sources), frozenset(left)
    people = sorted({dot.delineator for dot in decided} | gone)
    return tuple(
        _row(person, source, only, decided, gone)
        for person in [*people, ""]
        for source in ordered
        for only in ((False,) if source == SHAM else (False, True))
    )


def _row(
    person: str, source: str, only: bool, decided: list[DecidedDot], left: Collection[str]
) -> Accepted:
    counted = [
        dot
        for dot in decided
        if person in ("", dot.delineator)
        and source in dot.sources
        and (not only or len(dot.sources) == 1)
    ]
    choices = Counter(dot.choice for dot in counted)
    dots, lesions = (
        Counter(dot.case for dot in counted),
        Counter(dot.case for dot in counted if dot.choice == LESION),
    )
    estimate = cluster_proportion([lesions[case] for case in dots], list(dots.values()))
    low, high = korn_graubard(estimate) if estimate else (None, None)
    before = " before they left" if person in left else ""
    return Accepted(
        delineator=person,
        source=source,
        only=only,
        dots=len(counted),
        lesion=choices[LESION],
        not_a_lesion=choices[NOT_A_LESION],
        unsure=choices[UNSURE],
        share=estimate.proportion if estimate else None,
        low=low,
        high=high,
        undefined="" if estimate else f"no such dot was decided{before}",
    )
