"""A list in pages."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class PageSerializer(serializers.Serializer[Any]):
    """One page of a list, and where the pages before and after it are."""

    count = serializers.IntegerField(help_text="Of the whole list.")
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
