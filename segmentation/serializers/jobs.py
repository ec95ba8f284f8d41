"""What the API says about inference jobs and methods."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from segmentation.models import (
    Case,
    InferenceJob,
)
from segmentation.serializers.pages import PageSerializer
from segmentation.serializers.requests import RequestSerializer


class JobSerializer(serializers.ModelSerializer[InferenceJob]):
    """An inference job and how it goes."""

    case = serializers.SlugRelatedField[Case](slug_field="code", read_only=True)

    class Meta:
        model = InferenceJob
        fields = [
            "id",
            "case",
            "method",
            "state",
            "progress",
            "stage",
            "reason",
            "queued_at",
            "started_at",
            "finished_at",
            "segmentation",
        ]
        read_only_fields = fields


class JobsPageSerializer(PageSerializer):
    """A page of jobs."""

    results = JobSerializer(many=True)


class QueuedSerializer(serializers.Serializer[Any]):
    """How many jobs were queued."""

    queued = serializers.IntegerField()


class JobRequestSerializer(RequestSerializer):
    """A request to segment a case."""

    method = serializers.CharField(max_length=60)


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class NeedsField(serializers.Field):  # type: ignore[type-arg]  # generic in stubs only
    """The sequences that a method needs."""

    def to_representation(self, value: Any) -> list[str]:
        return list(value)


class MethodSerializer(serializers.Serializer[Any]):
    """A method that can be run here."""

    name = serializers.CharField()
    title = serializers.CharField()
    needs = NeedsField()
    summary = serializers.CharField()
