"""What the API takes and says about studies and readings.

Whatever a rater gets is listed here field by field: nothing about case, method, occasion or others.
"""

from __future__ import annotations

import re
from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from rating.models import (
    Amendment,
    ExampleSlice,
    Item,
    Mark,
    Presentation,
    Rating,
    Study,
    StudyMembership,
)
from rating.protocol.meaning import meaning
from rating.queries import acceptance as queries
from rating.statistics.tables import COLUMNS, TEXT, YES_NO
from segmentation.models import Cohort, Segmentation
from segmentation.queries import database_now
from segmentation.serializers.masks import POINT, PointField
from segmentation.serializers.pages import PageSerializer
from segmentation.serializers.requests import RequestSerializer
from segmentation.serializers.tables import FigureSerializer, GroupSerializer

FURTHEST_MM = 10_000.0
LONGEST_TEXT = 4_000
MOST_SLICES = 4_000
MOST_KEYS = 60
MOST_LESIONS = 99  # that one mark may count as

# --- Coordinator ----------------------------------------------------------------------------------


class ThresholdField(serializers.ListField):
    """A fraction as two whole numbers, such as [9, 10]: what must be exceeded."""

    child = serializers.IntegerField(min_value=1, max_value=1000)

    def __init__(self, **options: Any) -> None:
        super().__init__(min_length=2, max_length=2, **options)


class DesignSerializer(RequestSerializer):
    """What a coordinator may set of a design. In a draft, null goes back to the default."""

    gap = serializers.IntegerField(
        min_value=0,
        max_value=10_000,
        required=False,
        allow_null=True,
        help_text="Positions between the two presentations of an item, at least.",
    )
    washout_days = serializers.IntegerField(
        min_value=0, max_value=3650, required=False, allow_null=True
    )
    boundary_policy = serializers.ChoiceField(choices=["strict", "lenient"], required=False)
    precision_threshold = ThresholdField(required=False)
    recall_threshold = ThresholdField(required=False)
    min_volume_mm3 = serializers.FloatField(min_value=0, max_value=10_000, required=False)
    connectivity = serializers.IntegerField(read_only=True)
    dawm_instruction = serializers.CharField(
        max_length=LONGEST_TEXT, allow_blank=True, required=False
    )
    instructions = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True, required=False)
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
        help_text="Difference of acceptance rates that would matter, a share; null for none.",
    )
    sign_instructions = serializers.BooleanField(required=False)
    ask_qualification = serializers.BooleanField(required=False)
    ask_conditions = serializers.BooleanField(required=False)
    ask_consistency = serializers.BooleanField(
        required=False, help_text="With every verdict, whether it follows from the counts."
    )


class PracticePairSerializer(RequestSerializer):
    """A mask to practise on, and a mask of the same case that tells the truth."""

    segmentation = serializers.UUIDField()
    reference = serializers.UUIDField()


class NewStudySerializer(RequestSerializer):
    """A new study; raters see its title."""

    title = serializers.CharField(max_length=120)
    methods = serializers.ListField(
        child=serializers.CharField(max_length=60),
        required=False,
        min_length=2,
        max_length=2,
        help_text="Two methods whose masks of the same cases are to be judged; those that are "
        "not there yet are made first.",
    )


class StudyChangeSerializer(RequestSerializer):
    """A change of a draft; what is left out stays."""

    title = serializers.CharField(max_length=120, required=False)
    design = DesignSerializer(required=False)
    items = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=5000)
    raters = serializers.ListField(
        child=serializers.CharField(max_length=150), required=False, max_length=100
    )
    practice = serializers.ListField(child=PracticePairSerializer(), required=False, max_length=20)


class OpeningSerializer(RequestSerializer):
    """Why a study is opened, for the audit log, if anybody says it."""

    reason = serializers.CharField(
        max_length=LONGEST_TEXT, allow_blank=True, required=False, default=""
    )


class StudyDeletionSerializer(RequestSerializer):
    """Why a draft is deleted."""

    reason = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True)


class ClosingSerializer(RequestSerializer):
    """Why a study is closed."""

    reason = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True)


class AmendingSerializer(RequestSerializer):
    """An amendment of an open study: who joins or leaves (by user name), or which mask goes."""

    kind = serializers.ChoiceField(choices=Amendment.Kind.choices)
    rater = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)
    segmentation = serializers.UUIDField(required=False, allow_null=True, default=None)
    reason = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """This will ask for what the kind is about."""
        needed = "segmentation" if attrs["kind"] == Amendment.Kind.ITEM_WITHDRAWN else "rater"
        if not attrs[needed]:
            raise serializers.ValidationError({needed: ["This is what the amendment is about."]})
        return attrs


class AmendmentSerializer(serializers.ModelSerializer[Amendment]):
    """A deviation from the frozen design, and why."""

    rater = serializers.CharField(source="reading.rater", default="")
    item = serializers.CharField(source="item.key", default="")

    class Meta:
        model = Amendment
        fields = ["kind", "rater", "item", "reason", "commitment", "by", "at"]
        read_only_fields = fields


class ReminderSerializer(RequestSerializer):
    """Whom to remind, by user name."""

    rater = serializers.CharField(max_length=150)


class StudyInListSerializer(serializers.ModelSerializer[Study]):
    """A study as a row of a list."""

    id = serializers.CharField(source="slug")
    cohort = serializers.SlugRelatedField[Cohort](slug_field="slug", read_only=True)
    items = serializers.IntegerField(source="item_count")
    raters = serializers.IntegerField(source="rater_count")
    done = serializers.IntegerField()
    total = serializers.IntegerField()

    class Meta:
        model = Study
        fields = [
            "id",
            "title",
            "state",
            "cohort",
            "items",
            "raters",
            "done",
            "total",
            "created_at",
            "opened_at",
            "closed_at",
        ]
        read_only_fields = fields


class StudiesPageSerializer(PageSerializer):
    """A page of studies."""

    results = StudyInListSerializer(many=True)


class ItemSerializer(serializers.ModelSerializer[Item]):
    """A mask to be judged."""

    case = serializers.CharField(source="segmentation.case.code")
    title = serializers.CharField(source="segmentation.title")
    method = serializers.SerializerMethodField()

    class Meta:
        model = Item
        fields = ["segmentation", "key", "case", "title", "method", "lesions", "withdrawn_at"]
        read_only_fields = fields

    def get_method(self, item: Item) -> str:
        return queries.method_shown(item.segmentation)


class PracticeItemSerializer(ItemSerializer):
    """A mask to practise on, and how many errors it has by its reference."""

    false_positives = serializers.SerializerMethodField()
    missed = serializers.SerializerMethodField()
    reference_title = serializers.CharField(source="reference.title")

    class Meta(ItemSerializer.Meta):
        fields = [
            *("segmentation", "reference", "key", "case", "title", "reference_title"),
            *("lesions", "false_positives", "missed"),
        ]
        read_only_fields = fields

    def get_false_positives(self, item: Item) -> int:
        return len(item.truth["false"]) if item.truth else 0

    def get_missed(self, item: Item) -> int:
        return len(item.truth["missed"]) if item.truth else 0


class ConductSerializer(serializers.Serializer[Any]):
    """How a rater reads, as far as it tells nothing of the answers."""

    unrated = serializers.IntegerField(help_text="Presentations that could not be rated.")
    quick = serializers.IntegerField(help_text="Presentations read for less than 10 s.")
    low_coverage = serializers.IntegerField(help_text="Less than 80 % of the slices seen.")
    median_seconds = serializers.FloatField(allow_null=True)
    open_since = serializers.DateTimeField(allow_null=True)
    idle_days = serializers.IntegerField(allow_null=True)
    after_washout = serializers.BooleanField()


class RaterSerializer(serializers.ModelSerializer[StudyMembership]):
    """A rater's pace: never answers."""

    username = serializers.CharField(source="user.username")
    name = serializers.CharField(source="user.get_full_name")
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    last_activity = serializers.SerializerMethodField()
    conduct = serializers.SerializerMethodField()

    class Meta:
        model = StudyMembership
        fields = [
            *("username", "name", "done", "total", "last_activity", "joined_at", "left_at"),
            *("reminded_at", "conduct"),
        ]

    @extend_schema_field(ConductSerializer)
    def get_conduct(self, reading: StudyMembership) -> Any:
        known = self.context["conduct"].get(reading.pk, queries.Conduct())
        return ConductSerializer(known).data

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_last_activity(self, reading: Any) -> str | None:
        times = [at for at in (reading.last_opened, reading.last_submitted) if at]
        return serializers.DateTimeField().to_representation(max(times)) if times else None


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
    warnings = serializers.ListField(child=serializers.CharField())


class PairingSerializer(serializers.Serializer[Any]):
    """How far the masks are that a draft of two methods waits for."""

    methods = serializers.ListField(child=serializers.CharField())
    cases = serializers.IntegerField(help_text="Cases that are to be judged.")
    done = serializers.IntegerField(help_text="Cases with masks of both, while it waits.")
    is_waiting = serializers.BooleanField()
    reason = serializers.CharField(help_text="Which cases were left out, and why.")


class StudySerializer(serializers.ModelSerializer[Study]):
    """A study with everything that its page shows while it is blind."""

    id = serializers.CharField(source="slug")
    cohort = serializers.SlugRelatedField[Cohort](slug_field="slug", read_only=True)
    design = serializers.SerializerMethodField()
    items = serializers.SerializerMethodField()
    practice = serializers.SerializerMethodField()
    raters = serializers.SerializerMethodField()
    meaning = serializers.SerializerMethodField()
    pairing = serializers.SerializerMethodField()
    amendments = AmendmentSerializer(many=True)
    secret = serializers.SerializerMethodField(help_text="Hex; null until the study is closed.")

    class Meta:
        model = Study
        fields = [
            "id",
            "title",
            "state",
            "cohort",
            "design",
            "items",
            "practice",
            "raters",
            "meaning",
            "pairing",
            "amendments",
            "design_sha256",
            "commitment",
            "secret",
            "created_at",
            "opened_at",
            "closed_at",
            "closing_reason",
        ]
        read_only_fields = fields

    @extend_schema_field(DesignSerializer)
    def get_design(self, study: Study) -> Any:
        return DesignSerializer(queries.design_of(study)).data

    @extend_schema_field(ItemSerializer(many=True))
    def get_items(self, study: Study) -> Any:
        judged = [item for item in study.items.all() if item.reference is None]
        return ItemSerializer(judged, many=True).data

    @extend_schema_field(PracticeItemSerializer(many=True))
    def get_practice(self, study: Study) -> Any:
        practised = [item for item in study.items.all() if item.reference is not None]
        return PracticeItemSerializer(practised, many=True).data

    @extend_schema_field(RaterSerializer(many=True))
    def get_raters(self, study: Study) -> Any:
        told = {"conduct": queries.conduct(study, now=database_now())}
        return RaterSerializer(queries.progress(study), many=True, context=told).data

    @extend_schema_field(MeaningSerializer)
    def get_meaning(self, study: Study) -> Any:
        return MeaningSerializer(meaning(queries.design_of(study))).data

    @extend_schema_field(PairingSerializer(allow_null=True))
    def get_pairing(self, study: Study) -> Any:
        pairing: Any = queries.pairing_of(study)
        return pairing and PairingSerializer(pairing).data

    def get_secret(self, study: Study) -> str | None:
        return study.secret if study.state == Study.State.CLOSED else None


class CandidateMaskSerializer(serializers.ModelSerializer[Segmentation]):
    """A mask that could become an item, as `queries.candidate_rows` makes it."""

    segmentation = serializers.UUIDField(read_only=True)
    case = serializers.CharField(read_only=True)
    lesions = serializers.IntegerField(read_only=True)

    class Meta:
        model = Segmentation
        fields = ["segmentation", "case", "title", "method", "origin", "lesions", "created_at"]
        read_only_fields = fields


class CandidateRaterSerializer(serializers.ModelSerializer[User]):
    """A person who could rate."""

    name = serializers.CharField(source="get_full_name")

    class Meta:
        model = User
        fields = ["username", "name"]


class CandidatesSerializer(serializers.Serializer[Any]):
    """What a draft can be made of."""

    segmentations = CandidateMaskSerializer(many=True)
    users = CandidateRaterSerializer(many=True)


UNDEFINED = {
    "type": "object",
    "description": "Why the data leave the value undefined.",
    "properties": {"undefined": {"type": "string"}},
    "required": ["undefined"],
}


class StatisticField(serializers.Field):  # type: ignore[type-arg]
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

    def get_method(self, example: queries.Example) -> str:
        """What people call that which made the mask."""
        name = queries.method_shown(example.segmentation)
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


# --- Rater ----------------------------------------------------------------------------------------


class ReadingInListSerializer(serializers.Serializer[Any]):
    """A reading as a row of a list."""

    reading = serializers.CharField()
    title = serializers.CharField()
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    state = serializers.ChoiceField(choices=["ready", "waiting", "finished", "closed", "left"])


class ToldSerializer(serializers.Serializer[Any]):
    """An error of a practice mask that was marked or overlooked, or a mark where no error is."""

    kind = serializers.ChoiceField(choices=Mark.Kind.choices)
    said = serializers.ChoiceField(choices=["right", "overlooked", "wrong"])
    mm = PointField()


class FeedbackSerializer(serializers.Serializer[Any]):
    """After a practice case: how many errors the mask has, marked rightly, and marked wrongly."""

    false_positives = serializers.IntegerField()
    false_positives_found = serializers.IntegerField()
    false_positives_wrong = serializers.IntegerField()
    missed = serializers.IntegerField()
    missed_found = serializers.IntegerField()
    missed_wrong = serializers.IntegerField()
    places = ToldSerializer(many=True)


class QualificationSerializer(RequestSerializer):
    """What a rater says of themself, for the report."""

    years = serializers.IntegerField(min_value=0, max_value=80)
    training = serializers.CharField(max_length=200)
    specialty = serializers.CharField(max_length=200)


class ConditionsSerializer(RequestSerializer):
    """Under which conditions a sitting begins."""

    room_light = serializers.ChoiceField(choices=["dark", "dimmed", "bright"])
    screen = serializers.ChoiceField(choices=["diagnostic", "office", "laptop", "other"])


class DeclarationSerializer(RequestSerializer):
    """What a rater declares before reading; what is left out is not said."""

    signed_sha256 = serializers.CharField(
        max_length=64, required=False, allow_null=True, default=None
    )
    qualification = QualificationSerializer(required=False, allow_null=True, default=None)
    conditions = ConditionsSerializer(required=False, allow_null=True, default=None)


class ReadingSerializer(ReadingInListSerializer):
    """Where a rater stands, and the one presentation whose turn it is."""

    instructions = serializers.CharField()
    dawm_instruction = serializers.CharField()
    available_at = serializers.DateTimeField(allow_null=True)
    presentation = serializers.CharField(allow_null=True)
    opened = serializers.BooleanField()
    practice_left = serializers.IntegerField(help_text="Practice cases before the first reading.")
    instructions_sha256 = serializers.CharField(help_text="Of the text that a rater signs.")
    asks = serializers.ListField(
        child=serializers.ChoiceField(choices=["signature", "qualification", "conditions"])
    )
    ask_consistency = serializers.BooleanField(
        help_text="With every verdict, whether it follows from the counts."
    )
    last = serializers.CharField(
        allow_null=True, help_text="What was submitted last: its answer can be corrected."
    )
    feedback = FeedbackSerializer(allow_null=True, help_text="If that was practice.")


class ShownLesionSerializer(serializers.Serializer[Any]):
    """A drawn lesion; its id is its value in the mask file."""

    id = serializers.IntegerField()
    centre_mm = PointField()
    voxel_mm = PointField()


class WindowSerializer(RequestSerializer):
    """Grey levels shown black and white."""

    low = serializers.FloatField()
    high = serializers.FloatField()


class PlaceField(serializers.ListField):
    """A place in RAS+ world millimetres: three finite JSON numbers, not too far away."""

    child = serializers.FloatField(min_value=-FURTHEST_MM, max_value=FURTHEST_MM)

    def run_child_validation(self, data: list[Any]) -> list[float]:
        """This will take the numbers all at once; text, true and false are none."""
        for mm in data:
            is_number = isinstance(mm, int | float) and not isinstance(mm, bool)
            if not is_number or not abs(mm) <= FURTHEST_MM:
                raise serializers.ValidationError(
                    f"Each coordinate is a number of millimetres, at most {FURTHEST_MM:.0f}."
                )
        return [float(mm) for mm in data]


class SliceTimesField(serializers.ListField):
    """Milliseconds of active reading by slice, from the lowest; 0 for one that was never shown."""

    child = serializers.IntegerField(min_value=0, max_value=10**9)

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MOST_SLICES, **options)


class ViewSerializer(RequestSerializer):
    """Where a rater stands in a presentation: place, grey levels, tour, and what was looked at."""

    mm = PlaceField(min_length=3, max_length=3)
    window = WindowSerializer()
    lesion = serializers.IntegerField(
        min_value=1, allow_null=True, max_value=1_000_000, help_text="Where the tour stands."
    )
    toured = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=1_000_000),
        max_length=10_000,
        help_text="The lesions that the tour has shown.",
    )
    active_ms = serializers.IntegerField(min_value=0, max_value=10**12)
    slice_ms = SliceTimesField()


class ShownMarkSerializer(serializers.ModelSerializer[Mark]):
    """A stored mark."""

    mm = serializers.SerializerMethodField()

    class Meta:
        model = Mark
        fields = ["id", "kind", "lesion", "mm", "reason", "counts_as", "joined"]
        read_only_fields = fields

    @extend_schema_field(POINT)
    def get_mm(self, mark: Mark) -> list[float]:
        return [mark.x_mm, mark.y_mm, mark.z_mm]


class FollowingSerializer(serializers.ModelSerializer[Presentation]):
    """What may be fetched ahead of the next presentation."""

    presentation = serializers.CharField(source="token")
    image = serializers.SerializerMethodField(help_text="The FLAIR scan, RAS.")
    mask = serializers.SerializerMethodField(help_text="Lesion ids, RAS, uint16.")
    t1 = serializers.SerializerMethodField(
        help_text="The T1 scan, RAS; null where there is none or the design shows none."
    )

    class Meta:
        model = Presentation
        fields = ["presentation", "image", "mask", "t1"]

    def get_image(self, presentation: Presentation) -> str:
        return reverse("api:presentation-image", args=[presentation.token])

    def get_mask(self, presentation: Presentation) -> str:
        return reverse("api:presentation-mask", args=[presentation.token])

    def get_t1(self, presentation: Presentation) -> str | None:
        if queries.t1_of(presentation) is None:
            return None
        return reverse("api:presentation-t1", args=[presentation.token])


class PresentationSerializer(FollowingSerializer):
    """The open presentation."""

    lesion_count = serializers.IntegerField(source="item.lesions")
    lesions = ShownLesionSerializer(many=True, source="item.segmentation.lesions")
    window = serializers.SerializerMethodField(
        help_text="Null: the browser starts from percentiles of the scan, the same every time."
    )
    allow_typed_counts = serializers.SerializerMethodField()
    marks = serializers.SerializerMethodField()
    view = serializers.SerializerMethodField(
        help_text="Where the rater stood last; null at first, the same every time."
    )
    saved_at = serializers.SerializerMethodField(help_text="When anything was stored last.")
    next = serializers.SerializerMethodField(help_text="The next one of the block, to be fetched.")

    class Meta(FollowingSerializer.Meta):
        fields = [
            *FollowingSerializer.Meta.fields,
            "lesion_count",
            "lesions",
            "window",
            "allow_typed_counts",
            "marks",
            "comment",
            "view",
            "saved_at",
            "next",
        ]
        read_only_fields = fields

    @extend_schema_field(ViewSerializer(allow_null=True))
    def get_view(self, presentation: Presentation) -> Any:
        return presentation.view

    @extend_schema_field(FollowingSerializer(allow_null=True))
    def get_next(self, presentation: Presentation) -> Any:
        following = queries.following(presentation)
        return following and FollowingSerializer(following).data

    @extend_schema_field(WindowSerializer(allow_null=True))
    def get_window(self, _: Presentation) -> None:
        return None

    def get_allow_typed_counts(self, presentation: Presentation) -> bool:
        return queries.design_of(presentation.reading.study).allow_typed_counts

    @extend_schema_field(ShownMarkSerializer(many=True))
    def get_marks(self, presentation: Presentation) -> Any:
        there = [mark for mark in presentation.marks.all() if mark.removed_at is None]
        return ShownMarkSerializer(there, many=True).data

    @extend_schema_field(serializers.DateTimeField())
    def get_saved_at(self, presentation: Presentation) -> str:
        marked = [
            at
            for mark in presentation.marks.all()
            for at in (mark.made_at, mark.removed_at, *(c.replaced_at for c in mark.changes.all()))
        ]
        times = [presentation.opened_at, presentation.comment_saved_at, *marked]
        return serializers.DateTimeField().to_representation(max(at for at in times if at))


class ToCorrectSerializer(serializers.Serializer[Any]):
    """A false positive or a missed lesion that raters marked, and in how many showings."""

    kind = serializers.ChoiceField(choices=Mark.Kind.choices)
    lesion = serializers.IntegerField(allow_null=True)
    mm = PointField()
    showings = serializers.IntegerField()


class MarkSerializer(RequestSerializer):
    """A mark as the browser made it."""

    kind = serializers.ChoiceField(choices=Mark.Kind.choices)
    lesion = serializers.IntegerField(min_value=1, max_value=1_000_000, allow_null=True)
    mm = PlaceField(min_length=3, max_length=3)
    reason = serializers.CharField(
        max_length=40, allow_blank=True, allow_null=True, required=False, default=""
    )
    counts_as = serializers.IntegerField(
        min_value=1,
        max_value=MOST_LESIONS,
        required=False,
        default=1,
        help_text="How many lesions the mark is to the rater.",
    )
    joined = serializers.UUIDField(
        allow_null=True,
        required=False,
        default=None,
        help_text="Marks of one kind that share this are one lesion; each counts as 1 then.",
    )

    def validate(self, attrs: Any) -> Any:
        """This will refuse a part of one lesion that counts as several."""
        if attrs["joined"] and attrs["counts_as"] > 1:
            raise serializers.ValidationError(
                {"counts_as": ["A mark that is one lesion with others counts as 1."]}
            )
        return attrs


class KeysSerializer(RequestSerializer):
    """The keys that a rater has chosen, by the name of what they do; the others are as usual."""

    keys = serializers.DictField(
        child=serializers.CharField(min_length=1, max_length=1, trim_whitespace=False)
    )

    def validate_keys(self, keys: dict[str, str]) -> dict[str, str]:
        """This will refuse names that are none, and one key for two things."""
        if len(keys) > MOST_KEYS or not all(
            re.fullmatch(r"[a-z0-9-]{1,60}", name) for name in keys
        ):
            raise serializers.ValidationError("These are no names of what keys do.")
        if len(set(keys.values())) < len(keys):
            raise serializers.ValidationError("One key stands for two things. Choose another.")
        return keys


class SavedMarkSerializer(serializers.Serializer[Any]):
    """The acknowledgement that a mark is stored (or removed)."""

    id = serializers.UUIDField()
    saved_at = serializers.DateTimeField()


class CommentSerializer(RequestSerializer):
    """The comment on a presentation, the whole of it."""

    comment = serializers.CharField(
        max_length=LONGEST_TEXT, allow_blank=True, trim_whitespace=False
    )


class SavedSerializer(serializers.Serializer[Any]):
    """The acknowledgement that something is stored."""

    saved_at = serializers.DateTimeField()


class CountsSerializer(RequestSerializer):
    """False positives and missed lesions."""

    fp = serializers.IntegerField(min_value=0, max_value=100_000)
    fn = serializers.IntegerField(min_value=0, max_value=100_000)


class ConsistentField(serializers.BooleanField):
    """Whether the verdict follows from the counts; null where the design does not ask."""

    def __init__(self, **options: Any) -> None:
        told = "Whether the verdict follows from the counts; null where the design does not ask."
        super().__init__(allow_null=True, required=False, default=None, help_text=told, **options)


class CorrectionSerializer(RequestSerializer):
    """What the answer submitted last should have been, and why."""

    outcome = serializers.ChoiceField(choices=Rating.Outcome.choices)
    verdict = serializers.ChoiceField(
        choices=["acceptable", "unacceptable"], allow_null=True, required=False, default=None
    )
    reason = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True)
    why_not = serializers.CharField(
        max_length=LONGEST_TEXT, allow_blank=True, required=False, default=""
    )
    typed = CountsSerializer(allow_null=True, required=False, default=None)
    consistent = ConsistentField()


class AnswerSerializer(RequestSerializer):
    """What a rater submits; `counts` are those their page shows."""

    outcome = serializers.ChoiceField(choices=Rating.Outcome.choices)
    verdict = serializers.ChoiceField(
        choices=["acceptable", "unacceptable"], allow_null=True, required=False, default=None
    )
    reason = serializers.CharField(
        max_length=LONGEST_TEXT, allow_blank=True, required=False, default=""
    )
    comment = serializers.CharField(
        max_length=LONGEST_TEXT,
        allow_blank=True,
        trim_whitespace=False,
        required=False,
        allow_null=True,
        default=None,
        help_text="Left out: what is stored stays.",
    )
    counts = CountsSerializer()
    corrected = CountsSerializer(
        allow_null=True,
        required=False,
        default=None,
        help_text="Lesions as the rater counts them: marks that count as several, or are one.",
    )
    typed = CountsSerializer(allow_null=True, required=False, default=None)
    consistent = ConsistentField()
    active_ms = serializers.IntegerField(min_value=0, max_value=10**12, required=False, default=0)
    slices_seen = serializers.IntegerField(min_value=0, max_value=10**6, required=False, default=0)
    slice_ms = SliceTimesField(required=False, default=list)
