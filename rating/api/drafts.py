"""What drafts of both kinds of study have in common in the API."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from rating.serializers.drafts import SeenDraftSerializer, follows_in
from segmentation.people import signed_in
from segmentation.queries import database_now


def seen_draft(request: Request) -> dict[str, Any]:
    """This will read which revisions of a draft are meant, why, who asks, and when."""
    sent = SeenDraftSerializer(data=request.data)
    sent.is_valid(raise_exception=True)
    return {
        "follows": follows_in(sent.validated_data),
        "reason": sent.validated_data["reason"],
        "by": signed_in(request),
        "now": database_now(),
    }
