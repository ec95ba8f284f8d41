"""The readings of a closed study that are shown as examples of what raters decided."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rating.models import ExampleSlice, Rating, Study
from rating.protocol.design import AcceptanceDesign
from rating.protocol.verdict import is_accepted
from rating.queries.design import design_of
from rating.queries.results import refuse_unclosed
from rating.queries.studies import slice_counts
from segmentation.models import Segmentation
from segmentation.refusals import Refusal


class UnknownExample(Refusal):
    """No reading of the study that could be shown as an example, or no slice of it."""


@dataclass(frozen=True)
class ExampleChoice:
    """A reading to be shown as an example, by the names of the design.

    `slice` counts from 1 at the bottom; None: the one with most marks.
    """

    rater: str
    item: str
    occasion: int
    slice: int | None = None


@dataclass(frozen=True)
class Example:
    """A reading that is, or could be, shown as an example of its kind; its scan has `slices`.

    `chosen_at` is None where chance chose it, and for a choice that is not kept.
    """

    kind: str
    rating: Rating
    slices: int
    slice: int | None = None
    is_chosen: bool = False
    chosen_by: str = ""
    chosen_at: datetime | None = None

    @property
    def segmentation(self) -> Segmentation:
        """The mask."""
        return self.rating.presentation.item.segmentation

    @property
    def name(self) -> ExampleChoice:
        """The reading and the slice, by the names of the design."""
        shown = self.rating.presentation
        return ExampleChoice(shown.reading.rater, shown.item.key, shown.occasion, self.slice)


def example_candidates(study: Study) -> tuple[Example, ...]:
    """The readings that can be examples, by rater and position: first answers, rated by marks.

    Of masks with lesions, none withdrawn. Raises StudyNotClosed.
    """
    refuse_unclosed(study)
    design = design_of(study)
    rated = Rating.objects.filter(
        presentation__reading__study=study,
        presentation__occasion__gt=0,
        presentation__item__withdrawn_at=None,
        version=1,
        outcome=Rating.Outcome.RATED,
        counted_by="marks",
        lesions__gt=0,
    ).select_related("presentation__item__segmentation__case", "presentation__reading")
    slices = slice_counts(study)
    return tuple(
        Example(
            kind=_example_kind(rating, design),
            rating=rating,
            slices=slices[rating.presentation.item.segmentation.case_id],
        )
        for rating in rated.order_by("presentation__reading__rater", "presentation__position")
    )


def _example_kind(rating: Rating, design: AcceptanceDesign) -> str:
    """What a reading is an example of, by the primary analysis of the design."""
    if design.primary_analysis == "rater":
        accepts = rating.verdict_rater == "acceptable"
    else:
        accepts = is_accepted(rating.verdict_derived, design.boundary_policy)
    if not accepts:
        return ExampleSlice.Kind.REJECTED
    has_errors = bool(rating.fp or rating.fn)
    return ExampleSlice.Kind.IMPERFECT if has_errors else ExampleSlice.Kind.ACCEPTED


def examples_of(
    study: Study,
    candidates: Sequence[Example],
    choices: Sequence[ExampleChoice] | None = None,
) -> tuple[Example, ...]:
    """One reading of each kind that there is: those chosen, else by chance, the same every time.

    Chosen are `choices`, or what is kept where that is None. Chance depends on the hash of the
    design alone. Raises UnknownExample.
    """
    if choices is None:
        chosen = {one.kind: one for one in _kept_examples(study, candidates)}
    else:
        chosen = {one.kind: one for one in chosen_examples(candidates, choices)}
    chance = random.Random(study.design_sha256)  # noqa: S311  # to be had again, not secret
    shown = []
    for kind in ExampleSlice.Kind.values:
        if found := [one for one in candidates if one.kind == kind]:
            drawn = chance.choice(found)
            shown.append(chosen.get(kind, drawn))
    return tuple(shown)


def chosen_examples(
    candidates: Sequence[Example], choices: Sequence[ExampleChoice]
) -> tuple[Example, ...]:
    """The candidates that choices name, with their slices; raises UnknownExample."""
    known = {replace(one.name, slice=None): one for one in candidates}
    chosen = []
    for choice in choices:
        found = known.get(replace(choice, slice=None))
        if found is None:
            raise _no_example(
                f"{choice.rater} has no answer with marks about {choice.item}, showing "
                f"{choice.occasion}, that could be shown."
            )
        if choice.slice is not None and not 1 <= choice.slice <= found.slices:
            raise _no_example(f"The scan of {choice.item} has slices 1 to {found.slices}.")
        chosen.append(replace(found, slice=choice.slice, is_chosen=True))
    twice = [kind for kind, n in Counter(one.kind for one in chosen).items() if n > 1]
    if twice:
        raise _no_example(f"Choose one mask that is {twice[0]}, not several.")
    return tuple(chosen)


def _no_example(fault: str) -> UnknownExample:
    return UnknownExample(
        f"{fault} Nothing was changed; choose from the list again.", fields={"examples": [fault]}
    )


def _kept_examples(study: Study, candidates: Sequence[Example]) -> list[Example]:
    """The candidates that a coordinator chose to be shown."""
    kept = {one.presentation_id: one for one in study.example_slices.all()}
    return [
        replace(one, slice=row.slice, is_chosen=True, chosen_by=row.by, chosen_at=row.at)
        for one in candidates
        if (row := kept.get(one.rating.presentation_id)) is not None
    ]
