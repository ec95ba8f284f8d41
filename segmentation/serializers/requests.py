"""What requests send: a field that is not known is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


class RequestSerializer(serializers.Serializer[Any]):
    """What a request sends. A field that is not known is refused by name, never passed over."""

    def to_internal_value(self, data: Any) -> Any:
        known = {field.field_name for field in self._writable_fields}
        unknown = [name for name in data if name not in known] if isinstance(data, Mapping) else []
        if unknown:
            fault = "There is no such field, or it cannot be set."
            raise serializers.ValidationError({str(name)[:60]: [fault] for name in unknown[:20]})
        return super().to_internal_value(data)


class DeletionSerializer(RequestSerializer):
    """Why something is deleted."""

    reason = serializers.CharField(allow_blank=True, max_length=2000)
