"""Which readings stand as examples in the report of a closed study, where chance shall not say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from rating.models import ExampleSlice, Study
from rating.operations.study import note
from rating.queries.examples import Example, ExampleChoice, chosen_examples, example_candidates
from segmentation.operations.audit import Act


@transaction.atomic
def choose_examples(
    *, study: Study, choices: Sequence[ExampleChoice], by: User | None, now: datetime
) -> None:
    """This will show these readings, each as the example of its kind, in place of those before.

    Kinds of which none is chosen are drawn by chance again; with no choice all are. What stays as
    it is keeps who chose it and when. Raises StudyNotClosed, UnknownExample.
    """
    held = Study.objects.select_for_update().select_related("cohort").get(pk=study.pk)
    found = chosen_examples(example_candidates(held), choices)
    chosen = {one.kind: one for one in found}
    kept = {row.kind: row for row in held.example_slices.all()}
    for kind in ExampleSlice.Kind.values:
        one, row = chosen.get(kind), kept.get(kind)
        wanted = one and (one.rating.presentation_id, one.slice)
        if wanted == (row and (row.presentation_id, row.slice)):
            continue
        if row is not None:
            row.delete()
        if one is not None:
            held.example_slices.create(
                kind=kind,
                presentation=one.rating.presentation,
                slice=one.slice,
                by=by.get_username() if by else "",
                at=now,
            )
        said = _said(one) if one else "by chance"
        note(Act.EXAMPLES_CHOSEN, held, by=by, now=now, detail=f"{kind}: {said}")


def _said(example: Example) -> str:
    """What was chosen, for the audit log."""
    name = example.name
    where = f"slice {name.slice}" if name.slice else "the slice with most marks"
    return f"{name.item} by {name.rater}, showing {name.occasion}, {where}"
