"""What the API takes and says about delineating in a reference study.

Whatever a delineator gets is listed here field by field: nothing about the case's code, where a dot
came from, or others.
"""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from rating.models import Delineation, Dot, DotDecision
from rating.queries import reference as queries
from segmentation.models import Scan
from segmentation.serializers.drawings import EditSerializer
from segmentation.serializers.masks import POINT, PointField
from segmentation.serializers.requests import RequestSerializer

VOXEL = {"type": "array", "items": {"type": "integer"}, "minItems": 3, "maxItems": 3}


class TaskSerializer(serializers.Serializer[Any]):
    """One step of one case; nothing says which case it is."""

    delineation = serializers.CharField()
    number = serializers.IntegerField(help_text="Its place in the step, from 1.")
    state = serializers.ChoiceField(
        choices=["ready", "open", "submitted", "others", "interval", "left", "closed"],
        help_text="others: a colleague has not finished step 1; interval: see available_at; "
        "left: I left the study before.",
    )
    available_at = serializers.DateTimeField(allow_null=True)


class AssignmentSerializer(serializers.Serializer[Any]):
    """My share of a reference study."""

    assignment = serializers.CharField()
    title = serializers.CharField()
    instructions = serializers.CharField()
    state = serializers.ChoiceField(choices=["open", "finished", "left", "closed"])
    interval_days = serializers.IntegerField()
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    step_1 = TaskSerializer(many=True)
    step_2 = TaskSerializer(many=True)


class DelineatedScanSerializer(serializers.Serializer[Any]):
    """A scan of the case that is delineated, under the delineation's own address."""

    sequence = serializers.CharField()
    volume = serializers.CharField(help_text="RAS copy for the browser.")
    shape = serializers.ListField(child=serializers.IntegerField())
    spacing_mm = PointField()


class DotSerializer(serializers.ModelSerializer[Dot]):
    """A dot, where it lies, and what was decided about it last."""

    dot = serializers.CharField(source="token")
    voxel = serializers.SerializerMethodField(help_text="Of the RAS grid.")
    mm = serializers.SerializerMethodField()
    choice = serializers.SerializerMethodField()
    from_proposal = serializers.SerializerMethodField()
    proposal = serializers.SerializerMethodField(
        help_text="Runs of voxels to begin from; null where the design has no proposals."
    )

    class Meta:
        model = Dot
        fields = ["dot", "position", "voxel", "mm", "choice", "from_proposal", "proposal"]
        read_only_fields = fields

    @extend_schema_field(VOXEL)
    def get_voxel(self, dot: Dot) -> Any:
        return dot.candidate.voxel

    @extend_schema_field(POINT)
    def get_mm(self, dot: Dot) -> list[float]:
        return [dot.candidate.x_mm, dot.candidate.y_mm, dot.candidate.z_mm]

    @extend_schema_field(
        serializers.ChoiceField(choices=DotDecision.Choice.choices, allow_null=True)
    )
    def get_choice(self, dot: Dot) -> str | None:
        decisions = list(dot.decisions.all())
        return decisions[-1].choice if decisions else None

    def get_from_proposal(self, dot: Dot) -> bool:
        decisions = list(dot.decisions.all())
        return bool(decisions) and decisions[-1].from_proposal

    @extend_schema_field({"type": "array", "items": {"type": "integer"}, "nullable": True})
    def get_proposal(self, dot: Dot) -> Any:
        return dot.candidate.region if self.context["proposals"] else None


class DelineationSerializer(serializers.ModelSerializer[Delineation]):
    """A delineation with what its page needs: scans, every edit, and in step 2 the dots."""

    delineation = serializers.CharField(source="token")
    assignment = serializers.CharField(source="assignment.token")
    title = serializers.CharField(source="assignment.study.title")
    instructions = serializers.SerializerMethodField()
    number = serializers.IntegerField(source="position")
    of = serializers.IntegerField(source="cases", help_text="How many cases there are.")
    scans = serializers.SerializerMethodField()
    edits = EditSerializer(source="drawing.edits", many=True, default=[])
    active_ms = serializers.IntegerField(source="drawing.active_ms", default=0)
    saved_at = serializers.SerializerMethodField(help_text="When the last edit was stored.")
    min_volume_mm3 = serializers.SerializerMethodField(help_text="Smaller lesions do not count.")
    reach_mm = serializers.SerializerMethodField(
        help_text="How near to a dot a drawn lesion has to come to belong to it."
    )
    proposals = serializers.SerializerMethodField(
        help_text="Whether a lesion may be begun from a dot's proposal."
    )
    dots = serializers.SerializerMethodField(help_text="None before step 2 is opened.")

    class Meta:
        model = Delineation
        fields = [
            *("delineation", "assignment", "title", "instructions", "step", "number", "of"),
            *("opened_at", "submitted_at", "scans", "edits", "active_ms", "saved_at"),
            *("min_volume_mm3", "reach_mm", "proposals", "dots"),
        ]
        read_only_fields = fields

    def get_instructions(self, row: Delineation) -> str:
        return queries.design_of(row.assignment.study).instructions

    @extend_schema_field(DelineatedScanSerializer(many=True))
    def get_scans(self, row: Delineation) -> Any:
        return [
            {
                "sequence": scan.sequence,
                "volume": reverse("api:delineation-scan", args=[row.token, scan.sequence]),
                "shape": scan.shape,
                "spacing_mm": _spacing(scan),
            }
            for scan in row.of.case.scans.all()
        ]

    @extend_schema_field({"type": "string", "format": "date-time", "nullable": True})
    def get_saved_at(self, row: Delineation) -> Any:
        edits = list(row.drawing.edits.all()) if row.drawing else []
        return edits[-1].made_at if edits else None

    def get_min_volume_mm3(self, row: Delineation) -> float:
        return queries.design_of(row.assignment.study).min_volume_mm3

    def get_reach_mm(self, row: Delineation) -> float:
        return queries.design_of(row.assignment.study).reach_mm

    def get_proposals(self, row: Delineation) -> bool:
        return queries.design_of(row.assignment.study).proposals

    @extend_schema_field(DotSerializer(many=True))
    def get_dots(self, row: Delineation) -> Any:
        shown = list(row.dots.all()) if row.opened_at else []
        return DotSerializer(shown, many=True, context={"proposals": self.get_proposals(row)}).data


def _spacing(scan: Scan) -> list[float]:
    return [round(float(mm), 4) for mm in scan.grid.spacing_mm]


class DecisionSerializer(RequestSerializer):
    """What is decided about a dot. `from_proposal`: its lesion was begun from the proposal."""

    choice = serializers.ChoiceField(choices=DotDecision.Choice.choices)
    from_proposal = serializers.BooleanField(default=False)


class SavedDecisionSerializer(serializers.Serializer[Any]):
    """The acknowledgement that a decision is stored."""

    id = serializers.UUIDField()
    saved_at = serializers.DateTimeField()


class DelineationSubmissionSerializer(RequestSerializer):
    """What the page shows of the delineation to submit: how many edits and voxels, their digest."""

    edits = serializers.IntegerField(min_value=0, max_value=1_000_000)
    voxels = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    digest = serializers.IntegerField(min_value=0, max_value=2**32 - 1)
    active_ms = serializers.IntegerField(min_value=0, max_value=10**11)
