"""Amendments of an open study: a rater joins or leaves, a mask is withdrawn; each with a reason.

The frozen design and the orders that were drawn stay untouched, and everything that was answered is
kept. What is not submitted and will not be shown any more is withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from rating.models import Amendment, Presentation, Study, StudyMembership
from rating.operations.study import (
    CoordinatorCannotRate,
    StudyNotOpen,
    UnknownRater,
    UnknownSegmentation,
    note,
    presentations_in_order,
    refuse_delineators,
)
from rating.protocol.sequence import order_commitment
from rating.queries.studies import candidate_raters, study_in_full
from segmentation.operations.audit import Act
from segmentation.operations.members import hold_cohort
from segmentation.refusals import ReasonMissing, Refusal

Kind = Amendment.Kind


class AlreadyInStudy(Refusal):
    """The person rates in the study, or has left it."""


class LastOneLeft(Refusal):
    """Without this rater or mask nothing would be left to read."""


@dataclass(frozen=True)
class Amending:
    """What is to be amended: `rater` (user name) or `segmentation`, as the kind asks."""

    kind: str
    reason: str
    rater: str = ""
    segmentation: UUID | None = None


def amend(*, study: Study, amending: Amending, by: User | None, now: datetime) -> Amendment:
    """This will amend an open study. Raises as `join_rater`, `let_rater_go`, `withdraw_item`."""
    why = amending.reason
    if amending.segmentation and amending.kind == Kind.ITEM_WITHDRAWN:
        mask = amending.segmentation
        return withdraw_item(study=study, segmentation=mask, reason=why, by=by, now=now)
    act = join_rater if amending.kind == Kind.RATER_JOINED else let_rater_go
    return act(study=study, username=amending.rater, reason=why, by=by, now=now)


@transaction.atomic
def join_rater(
    *, study: Study, username: str, reason: str, by: User | None, now: datetime
) -> Amendment:
    """This will let another rater into an open study.

    Their order follows from the study's secret by the scheme that was committed to at the opening,
    and a hash of it is published; nobody else's changes. Masks that were withdrawn have their place
    in it and are not shown. A coordinator lets in only whom they may ask in a draft, too. Raises
    StudyNotOpen, ReasonMissing, CoordinatorCannotRate, AlreadyInStudy, UnknownRater.
    """
    held = _held_open(study, reason)
    hold_cohort(held.cohort_id)
    known = held.memberships.filter(user__username=username).first()
    if known is not None and known.role == StudyMembership.Role.COORDINATOR:
        raise CoordinatorCannotRate(
            f"{username} coordinates this study and cannot rate in it. Nothing was changed.",
            fields={"rater": [f"{username} coordinates this study."]},
        )
    if known is not None:
        raise AlreadyInStudy(
            f"{username} is or was a rater of this study already. Nothing was changed.",
            fields={"rater": [f"{username} is or was a rater already."]},
        )
    there = User.objects.filter(is_active=True)
    may_be_asked = there if by is None else candidate_raters(study=held, user=by)
    person = may_be_asked.filter(username=username).first()
    if person is None or any(sign.isspace() or sign == "|" for sign in username):
        raise UnknownRater(
            f"Among those whom you may ask there is no active account called {username} that could "
            "rate. Nothing was changed; check the spelling, or invite them as a rater first "
            "(Cases, People).",
            fields={"rater": [f"{username}: nobody whom you may ask."]},
        )
    refuse_delineators(held, [person])
    reading = held.memberships.create(
        user=person, role=StudyMembership.Role.RATER, rater=username, joined_at=now
    )
    order, rows = presentations_in_order(held, reading)
    Presentation.objects.bulk_create(rows)
    _withdraw(Presentation.objects.filter(reading=reading, item__withdrawn_at__isnull=False), now)
    commitment = order_commitment(bytes.fromhex(held.secret), username, order)
    amendment = _amendment(held, Kind.RATER_JOINED, reason, by, now)
    amendment.reading, amendment.commitment = reading, commitment
    return _kept(amendment, by)


@transaction.atomic
def let_rater_go(
    *, study: Study, username: str, reason: str, by: User | None, now: datetime
) -> Amendment:
    """This will end one rater's reading for good.

    What they submitted stays and is analysed; what they did not counts as missing. Raises
    StudyNotOpen, ReasonMissing, UnknownRater, LastOneLeft.
    """
    held = _held_open(study, reason)
    there = held.memberships.filter(role=StudyMembership.Role.RATER, left_at=None)
    reading = there.filter(rater=username).first()
    if reading is None:
        raise UnknownRater(
            f"{username} does not rate in this study. Nothing was changed.",
            fields={"rater": [f"{username} does not rate in this study."]},
        )
    if there.count() == 1:
        raise LastOneLeft(
            f"{username} is the only rater left. Nothing was changed; close the study instead.",
            fields={"rater": ["Nobody else is left."]},
        )
    _withdraw(reading.presentations.all(), now)
    reading.left_at = now
    reading.save(update_fields=["left_at"])
    amendment = _amendment(held, Kind.RATER_LEFT, reason, by, now)
    amendment.reading = reading
    return _kept(amendment, by)


@transaction.atomic
def withdraw_item(
    *, study: Study, segmentation: UUID, reason: str, by: User | None, now: datetime
) -> Amendment:
    """This will take a mask out of an open study: shown no more, and left out of every analysis.

    Answers about it are kept and exported. The place it had in every order stays empty, so that
    two showings of another mask can come closer by it. Raises StudyNotOpen, ReasonMissing,
    UnknownSegmentation, LastOneLeft.
    """
    held = _held_open(study, reason)
    there = held.items.filter(withdrawn_at=None, reference=None)
    item = there.filter(segmentation=segmentation).select_related("segmentation").first()
    if item is None:
        raise UnknownSegmentation(
            "This mask is not, or no longer, judged in this study. Nothing was changed.",
            fields={"segmentation": ["No mask of this study."]},
        )
    if there.count() == 1:
        raise LastOneLeft(
            "This is the only mask left. Nothing was changed; close the study instead.",
            fields={"segmentation": ["No other mask is left."]},
        )
    _withdraw(item.presentations.all(), now)
    item.withdrawn_at = now
    item.save(update_fields=["withdrawn_at"])
    amendment = _amendment(held, Kind.ITEM_WITHDRAWN, reason, by, now)
    amendment.item = item
    return _kept(amendment, by)


def _held_open(study: Study, reason: str) -> Study:
    """The open study with its items, held until the transaction ends."""
    Study.objects.select_for_update().get(pk=study.pk)
    held = study_in_full(study.slug)
    if held.state != Study.State.OPEN:
        raise StudyNotOpen(
            f"{held.title} is {held.state}; only an open study is amended. Nothing was changed."
        )
    if not reason.strip():
        raise ReasonMissing(
            "An amendment is a deviation from the frozen design, so it asks for a reason. Nothing "
            "was changed; write one sentence and try again.",
            fields={"reason": ["Write why the study is amended."]},
        )
    return held


def _withdraw(presentations: QuerySet[Presentation], now: datetime) -> None:
    """Whoever is storing a mark or an answer holds their presentation: this waits for them."""
    presentations.filter(submitted_at=None).update(withdrawn_at=now)


def _amendment(study: Study, kind: Kind, reason: str, by: User | None, now: datetime) -> Amendment:
    who = by.get_username() if by else ""
    return Amendment(study=study, kind=kind, reason=reason.strip(), by=who, at=now)


def _kept(amendment: Amendment, by: User | None) -> Amendment:
    """This will store an amendment, in the audit log too."""
    amendment.save(force_insert=True)
    note(
        Act.STUDY_AMENDED,
        amendment.study,
        by=by,
        now=amendment.at,
        why=amendment.reason,
        detail=f"{amendment.get_kind_display().lower()}: {_about(amendment)}",
    )
    return amendment


def _about(amendment: Amendment) -> str:
    """Who or what an amendment is about, by the names of the design."""
    if amendment.reading:
        return amendment.reading.rater
    return amendment.item.key if amendment.item else ""
