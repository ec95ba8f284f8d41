"""What drafts of both kinds of study have in common in the API."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from rating.serializers.drafts import SeenDraftSerializer
from segmentation.people import signed_in
from segmentation.queries import database_now


def seen_draft(request: Request) -> dict[str, Any]:
    """This will read which revision of a draft is meant, why, who asks, and when."""
    sent = SeenDraftSerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    return {
        "seen": sent.validated_data["revision"],
        "reason": sent.validated_data["reason"],
        "by": signed_in(request),
        "now": database_now(),
    }
