"""What the API says about cohorts, cases, scans and brain masks."""

from __future__ import annotations

import json
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from segmentation.description import FIELDS
from segmentation.imaging.geometry import Grid
from segmentation.models import (
    BrainMask,
    Case,
    Cohort,
    Scan,
)
from segmentation.queries import CASE_JOBS, method_titles
from segmentation.serializers.jobs import JobSerializer
from segmentation.serializers.masks import POINT, SegmentationSerializer
from segmentation.serializers.pages import PageSerializer
from segmentation.serializers.requests import RequestSerializer


class CohortSerializer(serializers.ModelSerializer[Cohort]):
    """A cohort as one of its members sees it."""

    role = serializers.CharField()
    cases = serializers.IntegerField(source="visible")

    class Meta:
        model = Cohort
        fields = ["slug", "title", "role", "cases"]


def description_schema() -> dict[str, Any]:
    """What a description looks like in the schema of the API."""
    kinds: dict[str, Any] = {
        "number": lambda field: {"type": "number", "minimum": field.low, "maximum": field.high},
        "choice": lambda field: {"type": "string", "enum": list(field.choices)},
        "text": lambda _: {"type": "string", "maxLength": 60},
    }
    return {
        "type": "object",
        "properties": {
            field.name: {**kinds[field.kind](field), "nullable": True, "description": field.meaning}
            for field in FIELDS
        },
    }


@extend_schema_field(description_schema())
class DescriptionField(serializers.Field):  # type: ignore[type-arg]  # generic in stubs only
    """What is known about subject and acquisition; `segmentation.description` checks the values."""

    def to_representation(self, value: Any) -> Any:
        return value

    def to_internal_value(self, data: Any) -> Any:
        """JSON, or text that holds JSON (in a form with files)."""
        try:
            read = json.loads(data) if isinstance(data, str) else data
        except (ValueError, RecursionError):
            read = None
        if not isinstance(read, dict):
            raise serializers.ValidationError("A description is a JSON object.")
        return read


class CaseInListSerializer(serializers.ModelSerializer[Case]):
    """A case as a row of a list."""

    cohort = serializers.SlugRelatedField[Cohort](slug_field="slug", read_only=True)
    sequences = serializers.SerializerMethodField()
    segmentations = serializers.IntegerField(source="mask_count")

    class Meta:
        model = Case
        fields = ["code", "subject", "cohort", "sequences", "segmentations", "imported_at"]

    def get_sequences(self, case: Case) -> list[str]:
        return [scan.sequence for scan in case.scans.all()]


class CasesPageSerializer(PageSerializer):
    """A page of cases."""

    results = CaseInListSerializer(many=True)


class ScanSerializer(serializers.ModelSerializer[Scan]):
    """A scan: what it is and where its bytes are."""

    volume = serializers.SerializerMethodField(help_text="RAS copy for the browser.")
    original = serializers.SerializerMethodField(help_text="As imported, header text emptied.")
    shape = serializers.ListField(child=serializers.IntegerField())
    spacing_mm = serializers.SerializerMethodField()
    removed = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Scan
        fields = ["sequence", "volume", "original", "shape", "spacing_mm", "sha256", "removed"]
        read_only_fields = fields

    def get_volume(self, scan: Scan) -> str:
        return reverse("api:scan-volume", args=[scan.case.code, scan.sequence])

    def get_original(self, scan: Scan) -> str:
        return reverse("api:scan-original", args=[scan.case.code, scan.sequence])

    @extend_schema_field(POINT)
    def get_spacing_mm(self, scan: Scan) -> list[float]:
        grid: Grid = scan.grid
        return [round(float(mm), 4) for mm in grid.spacing_mm]


class BrainMaskSerializer(serializers.ModelSerializer[BrainMask]):
    """The brain mask of a case: one that came with it ("imported"), or a method's, or a correction.

    `origin` is what lies below a correction; empty where there is nothing else.
    """

    sha256 = serializers.CharField(source="shown_sha256")
    method = serializers.SerializerMethodField(help_text="The title of the method that found it.")
    is_corrected = serializers.SerializerMethodField()
    labels = serializers.SerializerMethodField(help_text="Its parts on the RAS grid, uint16.")
    download = serializers.SerializerMethodField(help_text="The mask on the scan's own grid.")

    class Meta:
        model = BrainMask
        fields = [
            *("origin", "method", "is_corrected", "corrected_at", "sha256", "labels", "download"),
        ]
        read_only_fields = fields

    def get_method(self, brain: BrainMask) -> str:
        return method_titles([brain.origin]).get(brain.origin, brain.origin)

    def get_is_corrected(self, brain: BrainMask) -> bool:
        return bool(brain.correction)

    def get_labels(self, brain: BrainMask) -> str:
        return reverse("api:case-brain", args=[brain.case.code])

    def get_download(self, brain: BrainMask) -> str:
        return reverse("api:case-brain-mask", args=[brain.case.code])


class BrainCorrectionSerializer(RequestSerializer):
    """A brain mask on the FLAIR's grid that is to count from now on."""

    file = serializers.FileField(allow_empty_file=True)


class CaseSerializer(serializers.ModelSerializer[Case]):
    """A case with everything that its page shows."""

    cohort = serializers.SlugRelatedField[Cohort](slug_field="slug", read_only=True)
    description = DescriptionField()
    scans = ScanSerializer(many=True)
    segmentations = SegmentationSerializer(many=True)
    jobs = JobSerializer(source="newest_jobs", many=True, help_text=f"The newest {CASE_JOBS}.")
    brain_mask = serializers.SerializerMethodField(help_text="Null where there is none.")

    class Meta:
        model = Case
        fields = [
            *("code", "subject", "cohort", "imported_at", "description"),
            *("scans", "segmentations", "jobs", "brain_mask"),
        ]
        read_only_fields = fields

    @extend_schema_field(BrainMaskSerializer(allow_null=True))
    def get_brain_mask(self, case: Case) -> dict[str, Any] | None:
        brain = getattr(case, "brain_mask", None)
        return None if brain is None else dict(BrainMaskSerializer(brain).data)


class CaseChangeSerializer(RequestSerializer):
    """What is to be changed about a case; null empties a field, what is left out stays."""

    subject = serializers.CharField(required=False, max_length=20)
    description = DescriptionField(required=False)
