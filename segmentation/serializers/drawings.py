"""What the API takes and says about drawings and their edits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from segmentation.evaluation.comparison import LEAST_MM3
from segmentation.models import (
    Drawing,
    Edit,
)
from segmentation.queries import saved_meanwhile, unsaved_drawings
from segmentation.serializers.cases import ScanSerializer
from segmentation.serializers.masks import SegmentationSerializer
from segmentation.serializers.requests import RequestSerializer


class DrawingRequestSerializer(RequestSerializer):
    """What to draw on: the mask to correct, or null to begin from empty."""

    corrects = serializers.UUIDField(allow_null=True)


VOXELS = {"type": "array", "items": {"type": "integer"}}
MOST_NUMBERS = 2_000_000


@extend_schema_field(VOXELS)
class VoxelsField(serializers.ListField):
    """Whole numbers that count voxels."""

    child = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    max_length = MOST_NUMBERS


class EditBodySerializer(RequestSerializer):
    """An edit as the browser made it: runs of voxels on the RAS grid, x fastest.

    `added` and `removed`: first voxel, how many, and so on. `accepted`: voxels whose lesions were
    accepted, or no longer are.
    """

    number = serializers.IntegerField(min_value=1, max_value=1_000_000)
    kind = serializers.ChoiceField(choices=Edit.Kind.choices)
    tool = serializers.CharField(max_length=20, allow_blank=True)
    added = VoxelsField()
    removed = VoxelsField()
    accepted = VoxelsField()
    active_ms = serializers.IntegerField(min_value=0, max_value=10**11)


class SavedEditSerializer(serializers.Serializer[Any]):
    """The acknowledgement that an edit is stored."""

    id = serializers.UUIDField()
    saved_at = serializers.DateTimeField()


class EditSerializer(serializers.ModelSerializer[Edit]):
    """A stored edit."""

    added = VoxelsField()
    removed = VoxelsField()
    accepted = VoxelsField()

    class Meta:
        model = Edit
        fields = ["id", "number", "kind", "tool", "added", "removed", "accepted", "made_at"]
        read_only_fields = fields


class ForkSerializer(RequestSerializer):
    """How many edits of a drawing another one begins with."""

    edits = serializers.IntegerField(min_value=0, max_value=1_000_000)


class DrawingSaveSerializer(RequestSerializer):
    """What the page shows of the drawing to save: how many edits, how many voxels, their digest.

    `others`: the corrections of the same mask that others saved meanwhile, as far as it shows them.
    """

    edits = serializers.IntegerField(min_value=0, max_value=1_000_000)
    voxels = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    digest = serializers.IntegerField(min_value=0, max_value=2**32 - 1)
    active_ms = serializers.IntegerField(min_value=0, max_value=10**11)
    others = serializers.ListField(child=serializers.UUIDField(), max_length=10_000, default=list)


class UnsavedDrawingSerializer(serializers.ModelSerializer[Drawing]):
    """Another drawing of mine of the same case and from the same mask, not saved as a mask yet."""

    class Meta:
        model = Drawing
        fields = ["id", "begun_at"]
        read_only_fields = fields


class DrawingSerializer(serializers.ModelSerializer[Drawing]):
    """A drawing with what its page needs: scans, the mask it began from, its edits."""

    case = serializers.CharField(source="case.code")
    scans = ScanSerializer(source="case.scans", many=True)
    parent = SegmentationSerializer(allow_null=True)
    saved_as = serializers.UUIDField(source="segmentation_id", allow_null=True)
    probability = serializers.SerializerMethodField(
        help_text="The map of the method that made the mask, RAS; null where there is none."
    )
    edits = EditSerializer(many=True)
    saved_at = serializers.SerializerMethodField(help_text="When the last edit was stored.")
    meanwhile = serializers.SerializerMethodField(
        help_text="Corrections of the same mask that others saved since it began."
    )
    unsaved = serializers.SerializerMethodField(
        help_text="My other drawings from the same mask that I have not saved, oldest first."
    )
    min_volume_mm3 = serializers.SerializerMethodField(help_text="Smaller lesions do not count.")

    class Meta:
        model = Drawing
        fields = [
            *("id", "case", "scans", "parent", "saved_as", "probability", "begun_at"),
            *("active_ms", "edits", "saved_at", "meanwhile", "unsaved", "min_volume_mm3"),
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "nullable": True})
    def get_probability(self, drawing: Drawing) -> str | None:
        has_map = drawing.parent is not None and bool(drawing.parent.probability)
        return reverse("api:drawing-probability", args=[drawing.pk]) if has_map else None

    @extend_schema_field({"type": "string", "format": "date-time", "nullable": True})
    def get_saved_at(self, drawing: Drawing) -> datetime | None:
        edits = list(drawing.edits.all())
        return edits[-1].made_at if edits else None

    @extend_schema_field(SegmentationSerializer(many=True))
    def get_meanwhile(self, drawing: Drawing) -> Any:
        return SegmentationSerializer(saved_meanwhile(drawing), many=True).data

    @extend_schema_field(UnsavedDrawingSerializer(many=True))
    def get_unsaved(self, drawing: Drawing) -> Any:
        mine = unsaved_drawings(case=drawing.case, parent=drawing.parent, by=drawing.author)
        return UnsavedDrawingSerializer(mine.exclude(pk=drawing.pk), many=True).data

    def get_min_volume_mm3(self, drawing: Drawing) -> float:
        return LEAST_MM3
