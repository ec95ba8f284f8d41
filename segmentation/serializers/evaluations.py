"""What the API takes and says about references and evaluations."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from segmentation.evaluation.comparison import LEAST_MM3, MOST_MM3
from segmentation.evaluation.lesion_matching import ONE_VOXEL, PROFILES
from segmentation.imaging.consensus import RULES
from segmentation.models import (
    Cohort,
    Evaluation,
)
from segmentation.serializers.masks import MOST_SIDES
from segmentation.serializers.pages import PageSerializer
from segmentation.serializers.requests import RequestSerializer
from segmentation.serializers.tables import FigureSerializer, GroupSerializer


class EvaluationRequestSerializer(RequestSerializer):
    """Which methods are compared with which references, and how."""

    title = serializers.CharField(max_length=120, allow_blank=True)
    references = serializers.ListField(
        child=serializers.CharField(max_length=120), max_length=MOST_SIDES
    )
    methods = serializers.ListField(
        child=serializers.CharField(max_length=60),
        max_length=MOST_SIDES,
        required=False,
        default=list,
        help_text="None: all that made a mask.",
    )
    min_volume_mm3 = serializers.FloatField(
        required=False, default=LEAST_MM3, min_value=0, max_value=MOST_MM3
    )
    profile = serializers.ChoiceField(
        choices=sorted(PROFILES), required=False, default=ONE_VOXEL.name
    )


class ChosenSliceSerializer(RequestSerializer):
    """An axial slice of a case, from 1 at the bottom: with all masks, or with those of a pair."""

    case = serializers.CharField(max_length=20)
    slice = serializers.IntegerField(min_value=1, max_value=100_000)
    method = serializers.CharField(max_length=60, default="", allow_blank=True)
    reference = serializers.CharField(max_length=120, default="", allow_blank=True)


class ChosenSlicesSerializer(RequestSerializer):
    """The slices that are drawn, in order."""

    slices = ChosenSliceSerializer(many=True)


class NamedSerializer(serializers.Serializer[Any]):
    """A method by its name, and what people call it."""

    name = serializers.CharField()
    title = serializers.CharField()


class EvaluationInListSerializer(serializers.ModelSerializer[Evaluation]):
    """An evaluation as a row of a list."""

    cohort = serializers.SlugRelatedField[Cohort](slug_field="title", read_only=True)
    references = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Evaluation
        fields = [
            *("id", "title", "cohort", "references", "state", "progress", "stage", "reason"),
            *("queued_at", "finished_at"),
        ]
        read_only_fields = fields


class EvaluationsPageSerializer(PageSerializer):
    """A page of evaluations."""

    results = EvaluationInListSerializer(many=True)


class EvaluationSerializer(EvaluationInListSerializer):
    """An evaluation with the cases that slices can be chosen of, and the methods compared."""

    cases = serializers.SerializerMethodField()
    methods = serializers.SerializerMethodField()
    slices = ChosenSliceSerializer(many=True)

    class Meta:
        model = Evaluation
        fields = [*EvaluationInListSerializer.Meta.fields, "cases", "methods", "slices"]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_cases(self, evaluation: Evaluation) -> list[str]:
        return [one["case"] for one in evaluation.found.get("records", [])]

    @extend_schema_field(NamedSerializer(many=True))
    def get_methods(self, evaluation: Evaluation) -> list[dict[str, str]]:
        compared = evaluation.found.get("asked", {}).get("methods", [])
        return [{"name": name, "title": title} for name, title in compared]


class FindingsSerializer(serializers.Serializer[Any]):
    """What an evaluation found, laid out to be read; see `segmentation.evaluation.findings`."""

    groups = GroupSerializer(many=True)
    figures = FigureSerializer(many=True)
    methods = serializers.ListField(child=serializers.CharField())
    notes = serializers.ListField(child=serializers.CharField())


class ReferenceRequestSerializer(RequestSerializer):
    """Which masks become one, and by which rule."""

    of = serializers.ListField(child=serializers.CharField(max_length=120), max_length=MOST_SIDES)
    rule = serializers.ChoiceField(choices=sorted(RULES))


class ReferenceSerializer(serializers.Serializer[Any]):
    """The reference that was made: its name, in how many cases, and what was left out."""

    title = serializers.CharField()
    cases = serializers.IntegerField()
    notes = serializers.ListField(child=serializers.CharField())
