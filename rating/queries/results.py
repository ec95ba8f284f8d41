"""What a closed study says: its answers, their statistics and its report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from sys import intern
from typing import Any

from django.db.models import QuerySet

from rating.models import Amendment, Mark, Rating, Sitting, Study, StudyMembership
from rating.protocol.amendments import amended
from rating.queries.design import amendments_of, design_of, method_shown, titles_of
from rating.queries.roles import RATER
from rating.report import Facts, Names, Report, lay_out
from rating.statistics import MarkRow, RatingRow, summarise
from segmentation.refusals import Refusal


class StudyNotClosed(Refusal):
    """The study still runs: its answers are shown to nobody."""


def refuse_unclosed(study: Study) -> None:
    """This will raise StudyNotClosed while anybody must stay blind."""
    if study.state != Study.State.CLOSED:
        raise StudyNotClosed(
            f"{study.title} is {study.state}. Answers are shown to nobody before the study is "
            "closed; close it first."
        )


def rating_rows(study: Study) -> tuple[RatingRow, ...]:
    """The first submitted answer to every presentation, by rater and position.

    Those about masks that were withdrawn are left out: they are kept, but no analysis counts them.
    """
    item = "presentation__item__"
    first = (
        Rating.objects.filter(
            presentation__reading__study=study,
            presentation__occasion__gt=0,
            presentation__item__withdrawn_at=None,
            version=1,
        )
        .order_by("presentation__reading__rater", "presentation__position")
        .values_list(
            *("presentation__reading__rater", f"{item}key", f"{item}segmentation__case__code"),
            *(f"{item}segmentation__method", f"{item}segmentation__origin"),
            *("presentation__position", "presentation__occasion", "lesions", "fp", "fn"),
            *("outcome", "verdict_rater", "verdict_derived", "conflict", "active_ms"),
            *("fp_corrected", "fn_corrected", "consistent"),
        )
    )
    return tuple(_rating_row(study.slug, *values) for values in first.iterator(chunk_size=2000))


def _rating_row(study: str, *values: Any) -> RatingRow:
    """A row of values; names come once per row and are kept once, so that a million rows fit."""
    rater, key, case, method, origin, position, occasion, lesions, fp, fn, *answer = values
    outcome, said, derived, conflict, active_ms, fp_corrected, fn_corrected, consistent = answer
    return RatingRow(
        study=study,
        rater=intern(rater),
        item=intern(key),
        case=intern(case),
        method=intern(method or origin),
        position=position,
        occasion=occasion,
        n_lesions=lesions,
        fp=fp,
        fn=fn,
        outcome=intern(outcome),
        verdict_rater=intern(said) or None,
        verdict_derived=intern(derived) or None,
        conflict=intern(conflict) or None,
        active_seconds=active_ms / 1000 if active_ms else None,
        fp_corrected=fp_corrected,
        fn_corrected=fn_corrected,
        consistent=consistent,
    )


def mark_rows(study: Study) -> tuple[MarkRow, ...]:
    """The marks that stood when their presentation was submitted; none of typed counts."""
    standing = Mark.objects.filter(
        presentation__reading__study=study,
        removed_at=None,
        presentation__occasion__gt=0,
        presentation__item__withdrawn_at=None,
        presentation__ratings__version=1,
        presentation__ratings__counted_by="marks",
    ).order_by("presentation__reading__rater", "presentation__position", "pk")
    values = standing.values_list(
        *("presentation__reading__rater", "presentation__item__key", "presentation__occasion"),
        *("kind", "lesion", "x_mm", "y_mm", "z_mm", "reason"),
    )
    return tuple(
        MarkRow(
            intern(rater), intern(item), occasion, intern(kind), lesion, (x, y, z), intern(reason)
        )
        for rater, item, occasion, kind, lesion, x, y, z, reason in values.iterator(chunk_size=2000)
    )


def results_of(study: Study) -> dict[str, Any]:
    """The statistics of a closed study; raises StudyNotClosed while anybody must stay blind."""
    refuse_unclosed(study)
    return summarise(
        rating_rows(study), design_of(study), mark_rows(study), amendments=amendments_of(study)
    )


def report_of(study: Study, results: Mapping[str, Any]) -> Report:
    """The results of a closed study (`results_of`), laid out to be read."""
    amendments = amendments_of(study)
    items = study.items.filter(reference=None).select_related("segmentation__case")
    answered = Rating.objects.filter(presentation__reading__study=study)
    members = list(study.memberships.filter(role=RATER).order_by("rater"))
    return lay_out(
        results,
        amended(design_of(study), amendments),
        Names(titles_of({method_shown(item.segmentation) for item in items})),
        Facts(
            title=study.title,
            opened=_day(study.opened_at),
            closed=_day(study.closed_at),
            closing_reason=study.closing_reason,
            commitment=study.commitment,
            raters=tuple(filter(None, map(_said_of_rater, members))),
            signed=sum(one.signed_at is not None for one in members),
            sittings=Sitting.objects.filter(reading__study=study).count(),
            corrected=answered.filter(version__gt=1, presentation__occasion__gt=0).count(),
            deviations=tuple(deviation(one) for one in _amendments(study)),
            versions=tuple(
                answered.order_by("software_version")
                .values_list("software_version", flat=True)
                .distinct()
            ),
            described_cases=len(
                {item.segmentation.case_id for item in items if item.segmentation.case.description}
            ),
        ),
    )


def _said_of_rater(reading: StudyMembership) -> str:
    """What a rater said of themself; empty where nothing was asked."""
    said = reading.qualification
    if not said:
        return ""
    years = f"{said['years']} year{'' if said['years'] == 1 else 's'} of experience"
    return f"{reading.rater}: {said['specialty']}, {said['training']}, {years}"


def _amendments(study: Study) -> QuerySet[Amendment]:
    """The amendments of a study with what they are about, in order."""
    return study.amendments.select_related("reading", "item").order_by("at", "pk")


def deviation(amendment: Amendment) -> str:
    """An amendment as a sentence of a report."""
    day, why = _day(amendment.at), amendment.reason
    rater = amendment.reading.rater if amendment.reading else ""
    item = amendment.item.key if amendment.item else ""
    said = {
        Amendment.Kind.RATER_JOINED: f"{rater} joined as a rater; the order was drawn by the "
        "scheme that was committed to at the opening",
        Amendment.Kind.RATER_LEFT: f"{rater} left; what was submitted is analysed, the rest counts "
        "as missing",
        Amendment.Kind.ITEM_WITHDRAWN: f"{item} was withdrawn; it is in no analysis, and answers "
        "about it are kept",
    }
    return f"{day}: {said[Amendment.Kind(amendment.kind)]}. Reason: {why}"


def _day(at: datetime | None) -> str:
    """A time as its day in UTC; empty for None."""
    return at.astimezone(UTC).date().isoformat() if at else ""
