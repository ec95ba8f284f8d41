"""What the API says about masks and their lesions."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from segmentation.models import (
    Segmentation,
)

MOST_SIDES = 30
POINT = {
    "type": "array",
    "items": {"type": "number", "format": "double"},
    "minItems": 3,
    "maxItems": 3,
}


@extend_schema_field(POINT)
class PointField(serializers.ListField):
    """Three numbers along x, y and z, as they are told."""

    child = serializers.FloatField()


class LesionSerializer(serializers.Serializer[Any]):
    """One lesion of a mask; its id is its value in the labels file."""

    id = serializers.IntegerField()
    voxels = serializers.IntegerField()
    volume_mm3 = serializers.FloatField()
    centre_mm = PointField()
    voxel_mm = PointField()


class SegmentationSerializer(serializers.ModelSerializer[Segmentation]):
    """A stored mask with its origin and its lesions."""

    lesions = serializers.SerializerMethodField()
    volume_ml = serializers.SerializerMethodField()
    empty = serializers.SerializerMethodField()
    lesion_list = LesionSerializer(many=True)
    provenance = serializers.DictField()
    labels = serializers.SerializerMethodField(help_text="Lesion ids on the RAS grid, uint16.")
    download = serializers.SerializerMethodField(help_text="The mask on the scan's own grid.")
    corrects = serializers.UUIDField(
        source="parent_id", allow_null=True, help_text="The mask that it was made from."
    )
    author = serializers.SerializerMethodField(help_text="Who drew it; empty for a method.")

    class Meta:
        model = Segmentation
        fields = [
            "id",
            "origin",
            "title",
            "method",
            "corrects",
            "author",
            "created_at",
            "sha256",
            "lesions",
            "volume_ml",
            "empty",
            "lesion_list",
            "provenance",
            "labels",
            "download",
        ]
        read_only_fields = fields

    def get_lesions(self, segmentation: Segmentation) -> int:
        return len(segmentation.lesion_list)

    def get_volume_ml(self, segmentation: Segmentation) -> float:
        return round(segmentation.volume_ml, 4)

    def get_author(self, segmentation: Segmentation) -> str:
        author = segmentation.author
        return (author.get_full_name() or author.get_username()) if author else ""

    def get_empty(self, segmentation: Segmentation) -> bool:
        return not segmentation.lesion_list

    def get_labels(self, segmentation: Segmentation) -> str:
        return reverse("api:segmentation-labels", args=[segmentation.pk])

    def get_download(self, segmentation: Segmentation) -> str:
        return reverse("api:segmentation-mask", args=[segmentation.pk])
