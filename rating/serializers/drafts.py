"""What is sent to change a draft, and to open it, of either kind of study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from rest_framework import serializers

from rating.operations.drafts import Change, Revisions
from rating.serializers.design import LONGEST_TEXT
from segmentation.serializers.requests import RequestSerializer


def follows_field(told: str) -> serializers.ListField:
    """The revisions that something may follow."""
    return serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=1000, help_text=told
    )


class DraftChangeSerializer(RequestSerializer):
    """Which change of a draft this is, and which it follows."""

    revision = serializers.UUIDField(
        required=False,
        help_text="Of this change, made up by whoever sends it, who may send it again.",
    )
    follows = follows_field(
        "The revisions it may follow: refused where the draft has another by now."
    )

    @property
    def change(self) -> Change:
        """Of a valid one."""
        data = self.validated_data
        return Change(data.get("revision") or uuid4(), follows_in(data))


class SeenDraftSerializer(RequestSerializer):
    """Which draft is opened or deleted, and why, for the audit log."""

    reason = serializers.CharField(
        max_length=LONGEST_TEXT, allow_blank=True, required=False, default=""
    )
    follows = follows_field(
        "The revisions of the draft as it was seen: refused where it has another by now."
    )


def follows_in(data: Mapping[str, Any]) -> Revisions:
    """The revisions that were named; None where none were asked for."""
    return frozenset(data["follows"]) if "follows" in data else None
