"""What the API takes and says about reference studies.

Whatever a delineator gets is listed here field by field: nothing about the case's code, where a dot
came from, or others.
"""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from rating.dots.design import MOST_SHAMS
from rating.models import Delineation, Dot, DotDecision, ReferenceStudy
from rating.queries import reference as queries
from rating.serializers.acceptance import LONGEST_TEXT
from segmentation.models import Cohort, Scan, Segmentation
from segmentation.serializers import (
    POINT,
    EditSerializer,
    PageSerializer,
    PointField,
    RequestSerializer,
)

VOXEL = {"type": "array", "items": {"type": "integer"}, "minItems": 3, "maxItems": 3}
Names = serializers.ListField

# --- Coordinator ----------------------------------------------------------------------------------


class ReferenceDesignSerializer(RequestSerializer):
    """What a coordinator may set of a draft; null goes back to the default."""

    interval_days = serializers.IntegerField(
        min_value=0, max_value=3650, required=False, allow_null=True
    )
    min_volume_mm3 = serializers.FloatField(
        min_value=0, max_value=10_000, required=False, allow_null=True
    )
    reach_mm = serializers.FloatField(
        min_value=0,
        max_value=50,
        required=False,
        allow_null=True,
        help_text="How near to a dot a drawn lesion has to come to belong to it.",
    )
    shams_per_case = serializers.IntegerField(
        min_value=0,
        max_value=MOST_SHAMS,
        required=False,
        allow_null=True,
        help_text="Dots where nobody drew anything.",
    )
    proposals = serializers.BooleanField(
        required=False, help_text="Whether a lesion may be begun from the candidate's voxels."
    )
    instructions = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True, required=False)
    cases = Names(child=serializers.CharField(max_length=20), required=False, max_length=2000)
    delineators = Names(child=serializers.CharField(max_length=150), required=False, max_length=50)
    methods = Names(child=serializers.CharField(max_length=60), required=False, max_length=50)


class NewReferenceSerializer(RequestSerializer):
    """A new reference study; delineators see its title, and references carry it."""

    title = serializers.CharField(max_length=80)


class ReferenceChangeSerializer(RequestSerializer):
    """A change of a draft; what is left out stays."""

    title = serializers.CharField(max_length=80, required=False)
    design = ReferenceDesignSerializer(required=False)


class ReferenceReasonSerializer(RequestSerializer):
    """Why something is done, for the audit log."""

    reason = serializers.CharField(
        max_length=LONGEST_TEXT, allow_blank=True, required=False, default=""
    )


class JoiningSerializer(RequestSerializer):
    """Who joins an open study, by user name, and why."""

    delineator = serializers.CharField(max_length=150)
    reason = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True)


class RadiusSerializer(RequestSerializer):
    """How large the balls of a dot mask are."""

    radius_mm = serializers.FloatField(min_value=0, max_value=20)


class AcceptedSerializer(serializers.Serializer[Any]):
    """How many dots of a source somebody accepted."""

    delineator = serializers.CharField(help_text="User name; empty for all together.")
    dots_of = serializers.CharField(
        source="source", help_text="own, colleague, sham, or the name of a method."
    )
    only = serializers.BooleanField(help_text="Dots that come from nothing else.")
    dots = serializers.IntegerField()
    lesion = serializers.IntegerField()
    not_a_lesion = serializers.IntegerField()
    unsure = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    undefined = serializers.CharField(help_text="Why there is no share.")


class ReferenceMadeSerializer(serializers.Serializer[Any]):
    """A mask that came of a closed study."""

    case = serializers.CharField(source="case.code")
    segmentation = serializers.UUIDField(source="pk")
    title = serializers.CharField()
    lesions = serializers.SerializerMethodField()
    volume_ml = serializers.FloatField()

    def get_lesions(self, mask: Segmentation) -> int:
        return len(mask.lesion_list)


class ReferenceResultsSerializer(serializers.Serializer[Any]):
    """What a closed study found."""

    acceptance = AcceptedSerializer(many=True)
    references = ReferenceMadeSerializer(many=True)
    method_titles = serializers.DictField(child=serializers.CharField())
    secret = serializers.CharField(help_text="Behind the commitment; hexadecimal.")


class ReferencesMadeSerializer(serializers.Serializer[Any]):
    """What was said when references were made: cases that were left out, and why."""

    notes = serializers.ListField(child=serializers.CharField())


class ReferenceInListSerializer(serializers.ModelSerializer[ReferenceStudy]):
    """A reference study as a row of a list."""

    id = serializers.CharField(source="slug")
    cohort = serializers.SlugRelatedField[Cohort](slug_field="slug", read_only=True)
    cases = serializers.IntegerField(source="case_count")
    delineators = serializers.IntegerField(source="delineator_count")
    done = serializers.IntegerField()
    total = serializers.IntegerField()

    class Meta:
        model = ReferenceStudy
        fields = [
            *("id", "title", "state", "cohort", "cases", "delineators", "done", "total"),
            *("created_at", "opened_at", "closed_at"),
        ]
        read_only_fields = fields


class ReferencesPageSerializer(PageSerializer):
    """A page of reference studies."""

    results = ReferenceInListSerializer(many=True)


class PaceSerializer(serializers.Serializer[Any]):
    """How far a delineator is: never what they drew or decided."""

    username = serializers.CharField()
    name = serializers.CharField()
    cases = serializers.IntegerField()
    step_1 = serializers.IntegerField(help_text="Cases submitted.")
    step_2 = serializers.IntegerField(help_text="Cases submitted.")
    last_activity = serializers.DateTimeField(allow_null=True)


class CaseInReferenceSerializer(serializers.Serializer[Any]):
    """A case of a study that was opened: where it is between the two steps."""

    code = serializers.CharField()
    step_1_left = serializers.IntegerField(help_text="Delineators who have not submitted.")
    step_2_left = serializers.IntegerField()
    dots_from = serializers.DateTimeField(
        allow_null=True, help_text="When the interval is over; null before step 1 is."
    )
    built_at = serializers.DateTimeField(allow_null=True)
    candidates = serializers.IntegerField(help_text="Without sham dots.")


class ReferenceStudySerializer(serializers.ModelSerializer[ReferenceStudy]):
    """One reference study: its design, its delineators' pace, and where its cases are."""

    id = serializers.CharField(source="slug")
    cohort = serializers.SlugRelatedField[Cohort](slug_field="slug", read_only=True)
    design = serializers.SerializerMethodField()
    delineators = serializers.SerializerMethodField()
    cases = serializers.SerializerMethodField()

    class Meta:
        model = ReferenceStudy
        fields = [
            *("id", "title", "state", "cohort", "design", "delineators", "cases"),
            *("design_sha256", "commitment", "created_at", "opened_at", "closed_at"),
            "closing_reason",
        ]
        read_only_fields = fields

    @extend_schema_field(ReferenceDesignSerializer)
    def get_design(self, study: ReferenceStudy) -> Any:
        return ReferenceDesignSerializer(queries.design_of(study)).data

    @extend_schema_field(PaceSerializer(many=True))
    def get_delineators(self, study: ReferenceStudy) -> Any:
        return PaceSerializer(queries.paces(study), many=True).data

    @extend_schema_field(CaseInReferenceSerializer(many=True))
    def get_cases(self, study: ReferenceStudy) -> Any:
        return CaseInReferenceSerializer(queries.cases_of(study), many=True).data


class CaseChoiceSerializer(serializers.Serializer[Any]):
    """A case that a draft can have, and the methods that have a mask of it."""

    code = serializers.CharField()
    subject = serializers.CharField()
    methods = serializers.ListField(child=serializers.CharField())


class MethodChoiceSerializer(serializers.Serializer[Any]):
    """A method whose lesions can become candidates."""

    name = serializers.CharField()
    title = serializers.CharField()


class DelineatorChoiceSerializer(serializers.Serializer[Any]):
    """Somebody who can be asked to delineate."""

    username = serializers.CharField()
    name = serializers.CharField()


class ReferenceChoicesSerializer(serializers.Serializer[Any]):
    """What a draft can be made of."""

    cases = CaseChoiceSerializer(many=True)
    methods = MethodChoiceSerializer(many=True)
    people = DelineatorChoiceSerializer(many=True)


# --- Delineator -----------------------------------------------------------------------------------


class TaskSerializer(serializers.Serializer[Any]):
    """One step of one case; nothing says which case it is."""

    delineation = serializers.CharField()
    number = serializers.IntegerField(help_text="Its place in the step, from 1.")
    state = serializers.ChoiceField(
        choices=["ready", "open", "submitted", "others", "interval", "closed"],
        help_text="others: a colleague has not finished step 1; interval: see available_at.",
    )
    available_at = serializers.DateTimeField(allow_null=True)


class AssignmentSerializer(serializers.Serializer[Any]):
    """My share of a reference study."""

    assignment = serializers.CharField()
    title = serializers.CharField()
    instructions = serializers.CharField()
    state = serializers.ChoiceField(choices=["open", "finished", "closed"])
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
