"""What an acceptance study is designed to be, what was amended since, and who made its masks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rating.models import Amendment, Study
from rating.protocol.amendments import Amendments
from rating.protocol.design import (
    AcceptanceDesign,
    DesignItem,
    PracticeCase,
    default_gap,
    design_from_json,
)
from rating.queries.roles import RATER
from segmentation.models import Segmentation
from segmentation.queries import method_titles


def method_shown(segmentation: Segmentation) -> str:
    """What made a mask, in a word: its method, or its origin when no method did."""
    return segmentation.method or segmentation.origin


def titles_of(names: Iterable[str]) -> dict[str, str]:
    """What people call that which made masks, by the names of `method_shown`.

    Methods, versions of them that were made here, and origins; others are left out.
    """
    origins = {origin.value: f"{origin.label} mask" for origin in Segmentation.Origin}
    return {**origins, **method_titles(names)}


def design_of(study: Study) -> AcceptanceDesign:
    """The study's design: the frozen one, or what a draft amounts to so far (not validated)."""
    if study.design_json:
        return design_from_json(study.design_json)
    items = tuple(
        DesignItem(
            key=item.key,
            case=item.segmentation.case.code,
            method=method_shown(item.segmentation),
            mask_sha256=item.segmentation.sha256,
            lesion_count=item.lesions,
        )
        for item in study.items.all()
        if item.reference is None
    )
    practice = tuple(
        PracticeCase(
            key=item.key,
            case=item.segmentation.case.code,
            mask_sha256=item.segmentation.sha256,
            reference_sha256=item.reference.sha256,
            lesion_count=item.lesions,
            false_positives=tuple(item.truth["false"]),
            missed_mm=tuple((x, y, z) for x, y, z in item.truth["missed"]),
        )
        for item in study.items.all()
        if item.reference is not None and item.truth is not None
    )
    raters = study.memberships.filter(role=RATER).order_by("user__username")
    return design_with(
        study.settings,
        items=items,
        raters=tuple(raters.values_list("user__username", flat=True)),
        practice=practice,
    )


def design_with(
    settings: Mapping[str, Any],
    *,
    items: tuple[DesignItem, ...],
    raters: tuple[str, ...],
    practice: tuple[PracticeCase, ...] = (),
) -> AcceptanceDesign:
    """The design that a draft's settings amount to; what is not set has its default."""
    chosen: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in settings.items()
        if value is not None
    }
    if "gap" not in chosen:
        chosen["gap"] = default_gap(len(items), chosen.get("washout_days", 0))
    return AcceptanceDesign(**chosen, items=items, raters=raters, practice=practice)


def amendments_of(study: Study) -> Amendments:
    """What was amended after the opening."""
    kinds: dict[str, list[str]] = {}
    told = study.amendments.order_by("at", "pk").values_list("kind", "reading__rater", "item__key")
    for kind, rater, item in told:
        kinds.setdefault(kind, []).append(item or rater)
    return Amendments(
        joined=tuple(kinds.get(Amendment.Kind.RATER_JOINED, ())),
        left=tuple(kinds.get(Amendment.Kind.RATER_LEFT, ())),
        withdrawn=frozenset(kinds.get(Amendment.Kind.ITEM_WITHDRAWN, ())),
    )
