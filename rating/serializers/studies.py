"""What the API takes and says about acceptance studies, for coordinators."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from rating.models import (
    Amendment,
    Item,
    Study,
    StudyMembership,
)
from rating.protocol.meaning import meaning
from rating.queries.design import design_of, method_shown
from rating.queries.pace import Conduct, conduct, progress
from rating.queries.studies import pairing_of
from rating.serializers.design import LONGEST_TEXT, DesignSerializer, MeaningSerializer
from rating.serializers.drafts import DraftChangeSerializer
from segmentation.models import Cohort, Segmentation
from segmentation.queries import database_now
from segmentation.serializers.pages import PageSerializer
from segmentation.serializers.requests import RequestSerializer


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


class StudyChangeSerializer(DraftChangeSerializer):
    """A change of a draft; what is left out stays."""

    title = serializers.CharField(
        max_length=120, required=False, error_messages={"blank": "A study needs a title."}
    )
    design = DesignSerializer(required=False)
    items = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=5000)
    raters = serializers.ListField(
        child=serializers.CharField(max_length=150), required=False, max_length=100
    )
    practice = serializers.ListField(child=PracticePairSerializer(), required=False, max_length=20)


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
        return method_shown(item.segmentation)


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
        known = self.context["conduct"].get(reading.pk, Conduct())
        return ConductSerializer(known).data

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_last_activity(self, reading: Any) -> str | None:
        times = [at for at in (reading.last_opened, reading.last_submitted) if at]
        return serializers.DateTimeField().to_representation(max(times)) if times else None


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
            "revision",
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
        return DesignSerializer(design_of(study)).data

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
        told = {"conduct": conduct(study, now=database_now())}
        return RaterSerializer(progress(study), many=True, context=told).data

    @extend_schema_field(MeaningSerializer)
    def get_meaning(self, study: Study) -> Any:
        return MeaningSerializer(meaning(design_of(study))).data

    @extend_schema_field(PairingSerializer(allow_null=True))
    def get_pairing(self, study: Study) -> Any:
        pairing: Any = pairing_of(study)
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
        fields = ["segmentation", "case", "title", "method", "lesions", "created_at"]
        read_only_fields = fields


class CandidateRaterSerializer(serializers.Serializer[Any]):
    """A person who could rate."""

    username = serializers.CharField()
    name = serializers.CharField()


class CandidatesSerializer(serializers.Serializer[Any]):
    """What a draft can be made of."""

    segmentations = CandidateMaskSerializer(many=True)
    users = CandidateRaterSerializer(many=True)
