"""What the API takes and says about trainings and the versions that they make."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from segmentation.models import (
    Cohort,
    Training,
    Version,
)
from segmentation.networks.header import trained_on
from segmentation.operations.planning import MEASURES, MOST_EPOCHS
from segmentation.operations.training_jobs import is_settled
from segmentation.serializers.pages import PageSerializer
from segmentation.serializers.requests import RequestSerializer


class TrainingRequestSerializer(RequestSerializer):
    """A request to adapt a method to the cases of a cohort, and of others (`also`)."""

    title = serializers.CharField(max_length=60)
    preset = serializers.CharField(max_length=20)
    also = serializers.ListField(
        child=serializers.SlugField(max_length=60),
        required=False,
        default=list,
        max_length=100,
        help_text="Further cohorts, each of which I coordinate.",
    )
    start = serializers.CharField(
        max_length=60, required=False, allow_blank=True, default="", help_text="Empty: none."
    )
    reference = serializers.CharField(
        max_length=120, required=False, default="imported", help_text="A mask's origin or title."
    )
    masks = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        default=list,
        max_length=10_000,
        help_text="Segmentations to learn from, instead of those that answer to the reference.",
    )
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False, default=1)
    epochs = serializers.IntegerField(
        min_value=1, max_value=MOST_EPOCHS, required=False, allow_null=True, default=None
    )
    validation = serializers.IntegerField(
        min_value=0,
        max_value=1000,
        required=False,
        allow_null=True,
        default=None,
        help_text="Subjects of each cohort; null: a fifth of them.",
    )
    measure = serializers.ChoiceField(choices=list(MEASURES), required=False, default="DSC")


class VersionSerializer(serializers.ModelSerializer[Version]):
    """A version of a method, with what its model card says of how it was made."""

    learned_sha256 = serializers.SerializerMethodField(
        help_text="Of the FLAIR of every case that trained it, in this and in earlier trainings."
    )
    download = serializers.SerializerMethodField(help_text="Its checkpoint (safetensors).")

    class Meta:
        model = Version
        fields = [
            *("name", "method", "title", "threshold", "sha256", "created_at"),
            *("learned_sha256", "download"),
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_learned_sha256(self, version: Version) -> list[str]:
        return sorted(trained_on(version.record))

    @extend_schema_field({"type": "string", "nullable": True})
    def get_download(self, version: Version) -> str | None:
        if version.training_id is None:
            return None
        return reverse("api:training-checkpoint", args=[version.training_id])


class EpochSerializer(serializers.Serializer[Any]):
    """One epoch of a training: its loss, and how well the network validates after it."""

    epoch = serializers.IntegerField()
    loss = serializers.FloatField()
    validation_dice = serializers.FloatField(allow_null=True)
    seconds = serializers.FloatField()


class TriedThresholdSerializer(serializers.Serializer[Any]):
    """One threshold that was tried, with the mean scores of subjects; null: undefined."""

    threshold = serializers.FloatField()
    dsc = serializers.FloatField(allow_null=True)
    lesion_f1 = serializers.FloatField(allow_null=True)


class TrainingInListSerializer(serializers.ModelSerializer[Training]):
    """A training as a row of a list."""

    cohorts = serializers.SlugRelatedField[Cohort](slug_field="title", many=True, read_only=True)
    version = serializers.SerializerMethodField(help_text="The name of the version that it made.")
    is_settled = serializers.SerializerMethodField(
        help_text="Nothing will change any more; what it had learned is a version."
    )

    class Meta:
        model = Training
        fields = [
            *("id", "title", "cohorts", "preset", "method", "start", "state", "progress", "stage"),
            *("reason", "queued_at", "started_at", "finished_at", "epochs", "best_epoch"),
            *("best_score", "version", "is_settled"),
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "nullable": True})
    def get_version(self, training: Training) -> str | None:
        version = getattr(training, "version", None)
        return None if version is None else str(version.name)

    def get_is_settled(self, training: Training) -> bool:
        return is_settled(training)


class TrainingsPageSerializer(PageSerializer):
    """A page of trainings."""

    results = TrainingInListSerializer(many=True)


class SideSerializer(serializers.Serializer[Any]):
    """How many take part in one side of a split."""

    cases = serializers.IntegerField()
    subjects = serializers.IntegerField()


class SplitSerializer(serializers.Serializer[Any]):
    """Who trains (or chooses the threshold) and who validates; by subject, so nobody does both."""

    training = SideSerializer()
    validation = SideSerializer()


class TrainingSerializer(TrainingInListSerializer):
    """A training with everything that its page shows."""

    version = serializers.SerializerMethodField()
    asked_by = serializers.SerializerMethodField(help_text="Empty for a command.")
    split = serializers.SerializerMethodField()
    epochs_log = serializers.SerializerMethodField()
    thresholds_log = serializers.SerializerMethodField()
    settings_used = serializers.DictField()

    class Meta:
        model = Training
        fields = [
            *TrainingInListSerializer.Meta.fields,
            *("asked_by", "seed", "measure", "split", "epochs_log", "thresholds_log"),
            "settings_used",
        ]
        read_only_fields = fields

    @extend_schema_field(VersionSerializer(allow_null=True))
    def get_version(self, training: Training) -> Any:
        version = getattr(training, "version", None)
        return None if version is None else dict(VersionSerializer(version).data)

    def get_asked_by(self, training: Training) -> str:
        return training.requested_by.get_username() if training.requested_by else ""

    @extend_schema_field(SplitSerializer)
    def get_split(self, training: Training) -> dict[str, Any]:
        return {
            side: {"cases": len(drawn["masks"]), "subjects": drawn["subjects"]}
            for side, drawn in training.split.items()
        }

    @extend_schema_field(EpochSerializer(many=True))
    def get_epochs_log(self, training: Training) -> list[dict[str, Any]]:
        return [row for row in training.log if "epoch" in row]

    @extend_schema_field(TriedThresholdSerializer(many=True))
    def get_thresholds_log(self, training: Training) -> list[dict[str, Any]]:
        return [row for row in training.log if "threshold" in row]
