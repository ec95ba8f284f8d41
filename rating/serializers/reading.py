"""What the API takes from raters, and what it tells them."""

from __future__ import annotations

import re
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from rating.models import (
    Mark,
    Presentation,
    Rating,
)
from rating.queries.design import design_of
from rating.queries.reading import following, t1_of
from rating.serializers.design import LONGEST_TEXT
from segmentation.serializers.masks import POINT, PointField
from segmentation.serializers.requests import RequestSerializer

FURTHEST_MM = 10_000.0
MOST_SLICES = 4_000
MOST_KEYS = 60
MOST_LESIONS = 99  # that one mark may count as


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
        if t1_of(presentation) is None:
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
        after = following(presentation)
        return after and FollowingSerializer(after).data

    @extend_schema_field(WindowSerializer(allow_null=True))
    def get_window(self, _: Presentation) -> None:
        return None

    def get_allow_typed_counts(self, presentation: Presentation) -> bool:
        return design_of(presentation.reading.study).allow_typed_counts

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
        child=serializers.CharField(min_length=1, max_length=1, trim_whitespace=False),
        required=False,
        help_text="All that are not as usual; left out, they stay as they are.",
    )
    summary_folded = serializers.BooleanField(
        required=False, help_text="Whether their short list beside the scan is folded away."
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
