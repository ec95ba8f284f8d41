"""What the API takes and says about reference studies, to those who coordinate them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from rating.dots.design import MOST_SHAMS
from rating.models import ReferenceStudy
from rating.queries import reference as queries
from rating.serializers.design import LONGEST_TEXT
from rating.serializers.drafts import DraftChangeSerializer
from segmentation.models import Cohort, Segmentation
from segmentation.serializers.pages import PageSerializer
from segmentation.serializers.requests import RequestSerializer


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
    cases = serializers.ListField(
        child=serializers.CharField(max_length=20), required=False, max_length=2000
    )
    delineators = serializers.ListField(
        child=serializers.CharField(max_length=150), required=False, max_length=50
    )
    methods = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, max_length=50
    )


class NewReferenceSerializer(RequestSerializer):
    """A new reference study; delineators see its title, and references carry it."""

    title = serializers.CharField(max_length=80)


class ReferenceChangeSerializer(DraftChangeSerializer):
    """A change of a draft; what is left out stays."""

    title = serializers.CharField(
        max_length=80, required=False, error_messages={"blank": "A study needs a title."}
    )
    design = ReferenceDesignSerializer(required=False)


class ReferenceReasonSerializer(RequestSerializer):
    """Why something is done, for the audit log."""

    reason = serializers.CharField(
        max_length=LONGEST_TEXT, allow_blank=True, required=False, default=""
    )


class JoinsOrLeavesSerializer(RequestSerializer):
    """Who joins or leaves an open study, by user name, and why."""

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


class MakeReferencesSerializer(RequestSerializer):
    """After which case to go on; from the first one without it."""

    after = serializers.CharField(default="", allow_blank=True, max_length=20)


class ReferencesMadeSerializer(serializers.Serializer[Any]):
    """What was said when references were made: cases that were left out, and why."""

    notes = serializers.ListField(child=serializers.CharField())
    after = serializers.CharField(help_text="The case to go on after while some are left.")
    left = serializers.IntegerField(help_text="How many cases are still to be made.")


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
    left_at = serializers.DateTimeField(allow_null=True, help_text="When they left the study.")


class CaseInReferenceSerializer(serializers.Serializer[Any]):
    """A case of a study that was opened: where it is between the two steps."""

    code = serializers.CharField()
    step_1_left = serializers.IntegerField(help_text="Delineators who are waited for.")
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
            *("revision", "design_sha256", "commitment", "created_at", "opened_at", "closed_at"),
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
