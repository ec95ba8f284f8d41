"""What the API says of a closed study: statistics, report, examples, what to correct."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from rating.models import (
    ExampleSlice,
    Mark,
)
from rating.queries.design import method_shown
from rating.queries.examples import Example
from rating.statistics.tables import COLUMNS, TEXT, YES_NO
from segmentation.serializers.masks import PointField
from segmentation.serializers.requests import RequestSerializer
from segmentation.serializers.tables import FigureSerializer, GroupSerializer

UNDEFINED = {
    "type": "object",
    "description": "Why the data leave the value undefined.",
    "properties": {"undefined": {"type": "string"}},
    "required": ["undefined"],
}


class StatisticField(serializers.Field):  # type: ignore[type-arg]  # generic in stubs only
    """A value of a statistics table; what the data leave undefined says why."""

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field({"oneOf": [{"type": "number"}, UNDEFINED]})
class FigureField(StatisticField):
    """A number, if it is defined."""


@extend_schema_field({"oneOf": [{"type": "boolean"}, UNDEFINED]})
class YesNoField(StatisticField):
    """True or false, if it is defined."""


def line_serializer(table: str) -> type[serializers.Serializer[Any]]:
    """This will describe the lines of a statistics table by `rating.statistics.tables.COLUMNS`."""
    kinds: dict[str, type[serializers.Field[Any, Any, Any, Any]]] = {
        TEXT: serializers.CharField,
        YES_NO: YesNoField,
    }
    columns = {
        name: kinds.get(unit, FigureField)(help_text=f"{meaning} ({unit})")
        for name, (meaning, unit) in COLUMNS[table].items()
    }
    name = "".join(word.title() for word in table.split("_"))
    return type(f"{name}LineSerializer", (serializers.Serializer,), columns)


class ResultsSerializer(serializers.Serializer[Any]):
    """The statistics of a closed study, table by table. In `rater`, "" is all raters together."""

    design_sha256 = serializers.CharField()
    primary_analysis = serializers.ChoiceField(choices=["derived", "rater"])
    boundary_policy = serializers.ChoiceField(choices=["strict", "lenient"])
    notes = serializers.ListField(child=serializers.CharField())
    presentations = line_serializer("presentations")(many=True)
    acceptance = line_serializer("acceptance")(many=True)
    masks = line_serializer("masks")(many=True)
    flips = line_serializer("flips")(many=True)
    lesion_rates = line_serializer("lesion_rates")(many=True)
    intra_rater = line_serializer("intra_rater")(many=True)
    inter_rater = line_serializer("inter_rater")(many=True)
    comparisons = line_serializer("comparisons")(many=True)
    equivalence = line_serializer("equivalence")(many=True)
    several_methods = line_serializer("several_methods")(many=True)
    counts = line_serializer("counts")(many=True)
    count_pairs = line_serializer("count_pairs")(many=True)
    count_components = line_serializer("count_components")(many=True)
    mark_agreement = line_serializer("mark_agreement")(many=True)
    mark_reasons = line_serializer("mark_reasons")(many=True)
    order = line_serializer("order")(many=True)
    reading_time = line_serializer("reading_time")(many=True)
    verdicts = line_serializer("verdicts")(many=True)
    consistency = line_serializer("consistency")(many=True)
    missing = line_serializer("missing")(many=True)


class ExampleChoiceSerializer(RequestSerializer):
    """A reading to be shown as an example; `slice` from 1 at the bottom, none for most marks."""

    rater = serializers.CharField(max_length=150)
    item = serializers.CharField(max_length=40)
    occasion = serializers.IntegerField(min_value=1, max_value=2)
    slice = serializers.IntegerField(
        min_value=1, max_value=100_000, required=False, allow_null=True, default=None
    )


class ChosenExamplesSerializer(RequestSerializer):
    """The examples that are chosen, at most one of each kind; chance draws the others."""

    examples = ExampleChoiceSerializer(many=True)

    def validate_examples(self, examples: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """This will refuse more than there are kinds."""
        if len(examples) > len(ExampleSlice.Kind):
            raise serializers.ValidationError("Choose at most one of each kind.")
        return examples


class ExampleSerializer(serializers.Serializer[Any]):
    """A reading that is, or could be, shown as an example."""

    kind = serializers.ChoiceField(choices=ExampleSlice.Kind.choices)
    rater = serializers.CharField(source="name.rater")
    item = serializers.CharField(source="name.item")
    occasion = serializers.IntegerField(source="name.occasion")
    slice = serializers.IntegerField(
        allow_null=True, help_text="From 1 at the bottom; null for the one with most marks."
    )
    case = serializers.CharField(source="segmentation.case.code")
    method = serializers.SerializerMethodField()
    lesions = serializers.IntegerField(source="rating.lesions")
    fp = serializers.IntegerField(source="rating.fp")
    fn = serializers.IntegerField(source="rating.fn")
    slices = serializers.IntegerField(help_text="How many the scan has.")
    is_chosen = serializers.BooleanField()
    chosen_by = serializers.CharField(allow_blank=True)
    chosen_at = serializers.DateTimeField(allow_null=True)

    def get_method(self, example: Example) -> str:
        """What people call that which made the mask."""
        name = method_shown(example.segmentation)
        return str(self.context["titles"].get(name, name))


class ExamplesSerializer(serializers.Serializer[Any]):
    """The examples of a closed study: those that are shown, and those that could be."""

    description = serializers.CharField()
    shown = ExampleSerializer(many=True)
    candidates = ExampleSerializer(many=True)


class CheckItemSerializer(serializers.Serializer[Any]):
    """An item of a reporting check list and what the study's data answer."""

    item = serializers.CharField()
    asked = serializers.CharField()
    answer = serializers.CharField()


class CheckListSerializer(serializers.Serializer[Any]):
    """A reporting check list."""

    title = serializers.CharField()
    published = serializers.CharField()
    items = CheckItemSerializer(many=True)


class ReportSerializer(serializers.Serializer[Any]):
    """A closed study's results, laid out to be read; see `rating.report`."""

    headline = serializers.CharField()
    headline_rest = serializers.CharField()
    groups = GroupSerializer(many=True)
    figures = FigureSerializer(many=True)
    methods = serializers.ListField(child=serializers.CharField())
    limits = serializers.ListField(child=serializers.CharField())
    notes = serializers.ListField(child=serializers.CharField())
    checklists = CheckListSerializer(many=True)


class ToCorrectSerializer(serializers.Serializer[Any]):
    """A false positive or a missed lesion that raters marked, and in how many showings."""

    kind = serializers.ChoiceField(choices=Mark.Kind.choices)
    lesion = serializers.IntegerField(allow_null=True)
    mm = PointField()
    showings = serializers.IntegerField()
