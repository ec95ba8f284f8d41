"""What raters say before they read, and the keys that they choose to read with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from rating.models import ReadingKeys, Study, StudyMembership
from rating.operations.study import StudyNotOpen
from rating.protocol.design import instructions_sha256
from rating.queries.design import design_of
from rating.queries.reading import ReadingState, reading_state
from segmentation.refusals import Refusal


class OtherInstructions(Refusal):
    """What is signed is not the text of the design."""


@dataclass(frozen=True)
class Declaration:
    """What a rater says before reading; what is None was not asked or is said later."""

    signed_sha256: str | None = None
    qualification: Mapping[str, Any] | None = None
    conditions: Mapping[str, str] | None = None


@transaction.atomic
def declare(*, reading: str, declaration: Declaration, now: datetime) -> ReadingState:
    """This will store what a rater declares, with the time; what was said before stays said.

    Conditions (`room_light`, `screen`) begin a new sitting. Raises StudyNotOpen, and
    OtherInstructions when the text that was signed is not the design's.
    """
    rows = StudyMembership.objects.select_for_update(of=("self",)).select_related("study")
    held = rows.get(token=reading)
    if held.study.state != Study.State.OPEN or held.left_at is not None:
        raise StudyNotOpen("Nothing is read in this study any more. Nothing was stored.")
    signed = declaration.signed_sha256
    if signed is not None and signed != instructions_sha256(design_of(held.study)):
        raise OtherInstructions(
            "The instructions that were signed are not those of this study. Nothing was stored; "
            "reload the page and read them again."
        )
    if signed is not None and held.signed_at is None:
        held.signed_at, held.signed_sha256 = now, signed
    if declaration.qualification is not None and held.qualification is None:
        held.qualification = dict(declaration.qualification)
    held.save(update_fields=["signed_at", "signed_sha256", "qualification"])
    if declaration.conditions is not None:
        held.sittings.create(at=now, **declaration.conditions)
    return reading_state(token=reading, now=now)


def choose_keys(
    *, user: User, keys: dict[str, str] | None = None, summary_folded: bool | None = None
) -> ReadingKeys:
    """This will keep a rater's own keys, and whether their short list is folded; None: as before.

    `keys` replace those before; none in it: the usual ones.
    """
    chosen = {"keys": keys, "summary_folded": summary_folded}
    changed = {name: value for name, value in chosen.items() if value is not None}
    return ReadingKeys.objects.update_or_create(user=user, defaults=changed)[0]
