"""What the API takes and says about the design of an acceptance study, and what it amounts to."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from segmentation.serializers.requests import RequestSerializer

LONGEST_TEXT = 4_000
A_SHARE = "A share lies between 0 and 1, such as 0.05 for five percentage points."


class ThresholdField(serializers.ListField):
    """A fraction between 0 and 1 as two whole numbers, such as [9, 10]: what must be exceeded."""

    child = serializers.IntegerField(min_value=1, max_value=1000)
    default_error_messages = {
        "threshold": "A threshold lies above 0 % and below 100 %, to one decimal (a fraction of "
        "whole numbers up to 1000, such as 37/40 for 92.5 %)."
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(min_length=2, max_length=2, **options)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """This will refuse whatever is no such fraction with one reason, at the field itself."""
        try:
            part, whole = super().run_validation(data)
        except serializers.ValidationError:
            self.fail("threshold")
        if part >= whole:
            self.fail("threshold")
        return [part, whole]


class DesignSerializer(RequestSerializer):
    """What a coordinator may set of a design. In a draft, null goes back to the default."""

    gap = serializers.IntegerField(
        min_value=0,
        max_value=10_000,
        required=False,
        allow_null=True,
        help_text="An item is presented again at least so many positions later.",
    )
    washout_days = serializers.IntegerField(
        min_value=0, max_value=3650, required=False, allow_null=True
    )
    boundary_policy = serializers.ChoiceField(choices=["strict", "lenient"], required=False)
    precision_threshold = ThresholdField(required=False)
    recall_threshold = ThresholdField(required=False)
    min_volume_mm3 = serializers.FloatField(
        min_value=0, max_value=10_000, required=False, allow_null=True
    )
    connectivity = serializers.IntegerField(read_only=True)
    dawm_instruction = serializers.CharField(
        max_length=LONGEST_TEXT, allow_blank=True, required=False
    )
    instructions = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True, required=False)
    case_sampling = serializers.CharField(
        max_length=LONGEST_TEXT,
        allow_blank=True,
        required=False,
        help_text="How the cases were found: consecutive, random or chosen; when; where.",
    )
    shown_sequences = serializers.ListField(
        child=serializers.ChoiceField(choices=["FLAIR", "T1"]),
        required=False,
        help_text="T1: beside the FLAIR, where a case has one.",
    )
    allow_typed_counts = serializers.BooleanField(required=False)
    primary_analysis = serializers.ChoiceField(choices=["derived", "rater"], required=False)
    equivalence_margin = serializers.FloatField(
        min_value=0,
        max_value=1,
        required=False,
        allow_null=True,
        error_messages={"min_value": A_SHARE, "max_value": A_SHARE},
        help_text="Difference of acceptance rates that would matter, a share; null for none.",
    )
    sign_instructions = serializers.BooleanField(required=False)
    ask_qualification = serializers.BooleanField(required=False)
    ask_conditions = serializers.BooleanField(required=False)
    ask_consistency = serializers.BooleanField(
        required=False, help_text="With every verdict, whether it follows from the counts."
    )


class HoursSerializer(serializers.Serializer[Any]):
    """How long a rater's share takes at a pace."""

    minutes_each = serializers.IntegerField()
    hours = serializers.FloatField()


class ToleranceSerializer(serializers.Serializer[Any]):
    """The most errors of one kind, none of the other, that leave a mask acceptable."""

    lesions = serializers.IntegerField(help_text="Drawn lesions of the mask.")
    false_positives = serializers.IntegerField(allow_null=True, help_text="Null: not even 0.")
    missed = serializers.IntegerField(allow_null=True, help_text="Null: not even 0.")


class ExpectedIntervalSerializer(serializers.Serializer[Any]):
    """The interval to expect at a true rate, if the readings of a case correlate so."""

    of = serializers.CharField()
    rate = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    width = serializers.FloatField()
    correlation = serializers.FloatField()


class ClaimSerializer(serializers.Serializer[Any]):
    """How many cases show that the acceptance rate exceeds a claim, if the true rate is higher."""

    claim = serializers.FloatField()
    truth = serializers.FloatField()
    power = serializers.FloatField()
    cases_read_once = serializers.IntegerField()
    cases = serializers.IntegerField(help_text="With every case read as often as here.")
    correlation = serializers.FloatField()


class MeaningSerializer(serializers.Serializer[Any]):
    """What a design amounts to, see `rating.protocol.meaning`."""

    items = serializers.IntegerField()
    cases = serializers.IntegerField()
    methods = serializers.ListField(child=serializers.CharField())
    raters = serializers.IntegerField()
    presentations_per_rater = serializers.IntegerField()
    presentations = serializers.IntegerField()
    hours_per_rater = HoursSerializer(many=True)
    washout_days = serializers.IntegerField()
    gap = serializers.IntegerField()
    tolerance = ToleranceSerializer(many=True)
    items_tolerating_no_error = serializers.IntegerField()
    expected_interval = ExpectedIntervalSerializer(many=True)
    claims = ClaimSerializer(many=True)
    faults = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="What keeps it from being opened, by the field of the design.",
    )
    warnings = serializers.ListField(child=serializers.CharField())
