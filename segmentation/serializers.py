"""What the API says about cases, masks and jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from segmentation.description import FIELDS
from segmentation.evaluation.comparison import LEAST_MM3
from segmentation.evaluation.lesion_matching import ONE_VOXEL, PROFILES
from segmentation.imaging.consensus import RULES
from segmentation.imaging.geometry import Grid
from segmentation.models import (
    BrainMask,
    Case,
    Cohort,
    Drawing,
    Edit,
    Evaluation,
    InferenceJob,
    Scan,
    Segmentation,
    Training,
    Version,
)
from segmentation.networks.header import trained_on
from segmentation.operations.cases import MASK_ORIGINS
from segmentation.operations.planning import MEASURES, MOST_EPOCHS
from segmentation.operations.training_jobs import is_settled
from segmentation.queries import method_titles, saved_meanwhile


class RequestSerializer(serializers.Serializer[Any]):
    """What a request sends. A field that is not known is refused by name, never passed over."""

    def to_internal_value(self, data: Any) -> Any:
        known = {field.field_name for field in self._writable_fields}
        unknown = [name for name in data if name not in known] if isinstance(data, Mapping) else []
        if unknown:
            fault = "There is no such field, or it cannot be set."
            raise serializers.ValidationError({str(name)[:60]: [fault] for name in unknown[:20]})
        return super().to_internal_value(data)


class CohortSerializer(serializers.ModelSerializer[Cohort]):
    """A cohort as one of its members sees it."""

    role = serializers.CharField()
    cases = serializers.IntegerField(source="visible")

    class Meta:
        model = Cohort
        fields = ["slug", "title", "role", "cases"]


def description_schema() -> dict[str, Any]:
    """What a description looks like in the schema of the API."""
    kinds: dict[str, Any] = {
        "number": lambda field: {"type": "number", "minimum": field.low, "maximum": field.high},
        "choice": lambda field: {"type": "string", "enum": list(field.choices)},
        "text": lambda _: {"type": "string", "maxLength": 60},
    }
    return {
        "type": "object",
        "properties": {
            field.name: {**kinds[field.kind](field), "nullable": True, "description": field.meaning}
            for field in FIELDS
        },
    }


@extend_schema_field(description_schema())
class DescriptionField(serializers.Field):  # type: ignore[type-arg]
    """What is known about subject and acquisition; `segmentation.description` checks the values."""

    def to_representation(self, value: Any) -> Any:
        return value

    def to_internal_value(self, data: Any) -> Any:
        """JSON, or text that holds JSON (in a form with files)."""
        try:
            read = json.loads(data) if isinstance(data, str) else data
        except (ValueError, RecursionError):
            read = None
        if not isinstance(read, dict):
            raise serializers.ValidationError("A description is a JSON object.")
        return read


class CaseInListSerializer(serializers.ModelSerializer[Case]):
    """A case as a row of a list."""

    cohort = serializers.SlugRelatedField[Cohort](slug_field="slug", read_only=True)
    sequences = serializers.SerializerMethodField()
    segmentations = serializers.IntegerField(source="mask_count")

    class Meta:
        model = Case
        fields = ["code", "subject", "cohort", "sequences", "segmentations", "imported_at"]

    def get_sequences(self, case: Case) -> list[str]:
        return [scan.sequence for scan in case.scans.all()]


class PageSerializer(serializers.Serializer[Any]):
    """One page of a list, and where the pages before and after it are."""

    count = serializers.IntegerField(help_text="Of the whole list.")
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class CasesPageSerializer(PageSerializer):
    """A page of cases."""

    results = CaseInListSerializer(many=True)


MOST_SIDES = 30
POINT = {
    "type": "array",
    "items": {"type": "number", "format": "double"},
    "minItems": 3,
    "maxItems": 3,
}


@extend_schema_field(POINT)
class PointField(serializers.ListField):
    """Three numbers along x, y and z, as they are told."""

    child = serializers.FloatField()


class ScanSerializer(serializers.ModelSerializer[Scan]):
    """A scan: what it is and where its bytes are."""

    volume = serializers.SerializerMethodField(help_text="RAS copy for the browser.")
    original = serializers.SerializerMethodField(help_text="As imported, header text emptied.")
    shape = serializers.ListField(child=serializers.IntegerField())
    spacing_mm = serializers.SerializerMethodField()
    removed = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Scan
        fields = ["sequence", "volume", "original", "shape", "spacing_mm", "sha256", "removed"]
        read_only_fields = fields

    def get_volume(self, scan: Scan) -> str:
        return reverse("api:scan-volume", args=[scan.case.code, scan.sequence])

    def get_original(self, scan: Scan) -> str:
        return reverse("api:scan-original", args=[scan.case.code, scan.sequence])

    @extend_schema_field(POINT)
    def get_spacing_mm(self, scan: Scan) -> list[float]:
        grid: Grid = scan.grid
        return [round(float(mm), 4) for mm in grid.spacing_mm]


class LesionSerializer(serializers.Serializer[Any]):
    """One lesion of a mask; its id is its value in the labels file."""

    id = serializers.IntegerField()
    voxels = serializers.IntegerField()
    volume_mm3 = serializers.FloatField()
    centre_mm = PointField()
    voxel_mm = PointField()


class SegmentationSerializer(serializers.ModelSerializer[Segmentation]):
    """A stored mask with its origin and its lesions."""

    lesions = serializers.SerializerMethodField()
    volume_ml = serializers.SerializerMethodField()
    empty = serializers.SerializerMethodField()
    lesion_list = LesionSerializer(many=True)
    provenance = serializers.DictField()
    labels = serializers.SerializerMethodField(help_text="Lesion ids on the RAS grid, uint16.")
    download = serializers.SerializerMethodField(help_text="The mask on the scan's own grid.")
    corrects = serializers.UUIDField(
        source="parent_id", allow_null=True, help_text="The mask that it was made from."
    )
    author = serializers.SerializerMethodField(help_text="Who drew it; empty for a method.")

    class Meta:
        model = Segmentation
        fields = [
            "id",
            "origin",
            "title",
            "method",
            "corrects",
            "author",
            "created_at",
            "sha256",
            "lesions",
            "volume_ml",
            "empty",
            "lesion_list",
            "provenance",
            "labels",
            "download",
        ]
        read_only_fields = fields

    def get_lesions(self, segmentation: Segmentation) -> int:
        return len(segmentation.lesion_list)

    def get_volume_ml(self, segmentation: Segmentation) -> float:
        return round(segmentation.volume_ml, 4)

    def get_author(self, segmentation: Segmentation) -> str:
        author = segmentation.author
        return (author.get_full_name() or author.get_username()) if author else ""

    def get_empty(self, segmentation: Segmentation) -> bool:
        return not segmentation.lesion_list

    def get_labels(self, segmentation: Segmentation) -> str:
        return reverse("api:segmentation-labels", args=[segmentation.pk])

    def get_download(self, segmentation: Segmentation) -> str:
        return reverse("api:segmentation-mask", args=[segmentation.pk])


class JobSerializer(serializers.ModelSerializer[InferenceJob]):
    """An inference job and how it goes."""

    case = serializers.SlugRelatedField[Case](slug_field="code", read_only=True)

    class Meta:
        model = InferenceJob
        fields = [
            "id",
            "case",
            "method",
            "state",
            "progress",
            "stage",
            "reason",
            "queued_at",
            "started_at",
            "finished_at",
            "segmentation",
        ]
        read_only_fields = fields


class JobsPageSerializer(PageSerializer):
    """A page of jobs."""

    results = JobSerializer(many=True)


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


class QueuedSerializer(serializers.Serializer[Any]):
    """How many jobs were queued."""

    queued = serializers.IntegerField()


class BrainMaskSerializer(serializers.ModelSerializer[BrainMask]):
    """The brain mask of a case: one that came with it ("imported"), or a method's, or a correction.

    `origin` is what lies below a correction; empty where there is nothing else.
    """

    sha256 = serializers.CharField(source="shown_sha256")
    method = serializers.SerializerMethodField(help_text="The title of the method that found it.")
    is_corrected = serializers.SerializerMethodField()
    labels = serializers.SerializerMethodField(help_text="Its parts on the RAS grid, uint16.")
    download = serializers.SerializerMethodField(help_text="The mask on the scan's own grid.")

    class Meta:
        model = BrainMask
        fields = [
            *("origin", "method", "is_corrected", "corrected_at", "sha256", "labels", "download"),
        ]
        read_only_fields = fields

    def get_method(self, brain: BrainMask) -> str:
        return method_titles([brain.origin]).get(brain.origin, brain.origin)

    def get_is_corrected(self, brain: BrainMask) -> bool:
        return bool(brain.correction)

    def get_labels(self, brain: BrainMask) -> str:
        return reverse("api:case-brain", args=[brain.case.code])

    def get_download(self, brain: BrainMask) -> str:
        return reverse("api:case-brain-mask", args=[brain.case.code])


class BrainCorrectionSerializer(RequestSerializer):
    """A brain mask on the FLAIR's grid that is to count from now on."""

    file = serializers.FileField(allow_empty_file=True)


class CaseSerializer(serializers.ModelSerializer[Case]):
    """A case with everything that its page shows."""

    cohort = serializers.SlugRelatedField[Cohort](slug_field="slug", read_only=True)
    description = DescriptionField()
    scans = ScanSerializer(many=True)
    segmentations = SegmentationSerializer(many=True)
    jobs = JobSerializer(many=True)
    brain_mask = serializers.SerializerMethodField(help_text="Null where there is none.")

    class Meta:
        model = Case
        fields = [
            *("code", "subject", "cohort", "imported_at", "description"),
            *("scans", "segmentations", "jobs", "brain_mask"),
        ]
        read_only_fields = fields

    @extend_schema_field(BrainMaskSerializer(allow_null=True))
    def get_brain_mask(self, case: Case) -> dict[str, Any] | None:
        brain = getattr(case, "brain_mask", None)
        return None if brain is None else dict(BrainMaskSerializer(brain).data)


class DrawingRequestSerializer(RequestSerializer):
    """What to draw on: the mask to correct, or null to begin from empty."""

    corrects = serializers.UUIDField(allow_null=True)


VOXELS = {"type": "array", "items": {"type": "integer"}}
MOST_NUMBERS = 2_000_000


@extend_schema_field(VOXELS)
class VoxelsField(serializers.ListField):
    """Whole numbers that count voxels."""

    child = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    max_length = MOST_NUMBERS


class EditBodySerializer(RequestSerializer):
    """An edit as the browser made it: runs of voxels on the RAS grid, x fastest.

    `added` and `removed`: first voxel, how many, and so on. `accepted`: voxels whose lesions were
    accepted, or no longer are.
    """

    number = serializers.IntegerField(min_value=1, max_value=1_000_000)
    kind = serializers.ChoiceField(choices=Edit.Kind.choices)
    tool = serializers.CharField(max_length=20, allow_blank=True)
    added = VoxelsField()
    removed = VoxelsField()
    accepted = VoxelsField()
    active_ms = serializers.IntegerField(min_value=0, max_value=10**11)


class SavedEditSerializer(serializers.Serializer[Any]):
    """The acknowledgement that an edit is stored."""

    id = serializers.UUIDField()
    saved_at = serializers.DateTimeField()


class EditSerializer(serializers.ModelSerializer[Edit]):
    """A stored edit."""

    added = VoxelsField()
    removed = VoxelsField()
    accepted = VoxelsField()

    class Meta:
        model = Edit
        fields = ["id", "number", "kind", "tool", "added", "removed", "accepted", "made_at"]
        read_only_fields = fields


class ForkSerializer(RequestSerializer):
    """How many edits of a drawing another one begins with."""

    edits = serializers.IntegerField(min_value=0, max_value=1_000_000)


class DrawingSaveSerializer(RequestSerializer):
    """What the page shows of the drawing to save: how many edits, how many voxels, their digest.

    `beside`: although somebody else has saved a correction of the same mask meanwhile.
    """

    edits = serializers.IntegerField(min_value=0, max_value=1_000_000)
    voxels = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    digest = serializers.IntegerField(min_value=0, max_value=2**32 - 1)
    active_ms = serializers.IntegerField(min_value=0, max_value=10**11)
    beside = serializers.BooleanField(default=False)


class DrawingSerializer(serializers.ModelSerializer[Drawing]):
    """A drawing with what its page needs: scans, the mask it began from, its edits."""

    case = serializers.CharField(source="case.code")
    scans = ScanSerializer(source="case.scans", many=True)
    parent = SegmentationSerializer(allow_null=True)
    saved_as = serializers.UUIDField(source="segmentation_id", allow_null=True)
    probability = serializers.SerializerMethodField(
        help_text="The map of the method that made the mask, RAS; null where there is none."
    )
    edits = EditSerializer(many=True)
    saved_at = serializers.SerializerMethodField(help_text="When the last edit was stored.")
    meanwhile = serializers.SerializerMethodField(
        help_text="Corrections of the same mask that others saved since it began."
    )
    min_volume_mm3 = serializers.SerializerMethodField(help_text="Smaller lesions do not count.")

    class Meta:
        model = Drawing
        fields = [
            *("id", "case", "scans", "parent", "saved_as", "probability", "begun_at"),
            *("active_ms", "edits", "saved_at", "meanwhile", "min_volume_mm3"),
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "nullable": True})
    def get_probability(self, drawing: Drawing) -> str | None:
        has_map = drawing.parent is not None and bool(drawing.parent.probability)
        return reverse("api:drawing-probability", args=[drawing.pk]) if has_map else None

    @extend_schema_field({"type": "string", "format": "date-time", "nullable": True})
    def get_saved_at(self, drawing: Drawing) -> datetime | None:
        edits = list(drawing.edits.all())
        return edits[-1].made_at if edits else None

    @extend_schema_field(SegmentationSerializer(many=True))
    def get_meanwhile(self, drawing: Drawing) -> Any:
        return SegmentationSerializer(saved_meanwhile(drawing), many=True).data

    def get_min_volume_mm3(self, drawing: Drawing) -> float:
        return LEAST_MM3


class CaseChangeSerializer(RequestSerializer):
    """What is to be changed about a case; null empties a field, what is left out stays."""

    subject = serializers.CharField(required=False, max_length=20)
    description = DescriptionField(required=False)


class AnnouncedCaseSerializer(RequestSerializer):
    """A case that a browser is about to send."""

    folder = serializers.CharField(
        max_length=2000, trim_whitespace=False, help_text="As seen from the manifest."
    )
    flair_sha256 = serializers.RegexField(
        r"^[0-9a-f]{64}$", required=False, allow_blank=True, default=""
    )


class AnnouncementSerializer(RequestSerializer):
    """Cases that a browser is about to send, and the text of the files that describe them."""

    cases = serializers.ListField(child=AnnouncedCaseSerializer(), max_length=5000)
    manifest = serializers.CharField(
        required=False, allow_blank=True, default="", trim_whitespace=False
    )
    participants = serializers.CharField(
        required=False, allow_blank=True, default="", trim_whitespace=False
    )


class ForeseenCaseSerializer(serializers.Serializer[Any]):
    """What would become of a case that was announced."""

    folder = serializers.CharField()
    known = serializers.BooleanField(help_text="The cohort has this FLAIR.")
    code = serializers.CharField(allow_null=True)
    subject = serializers.CharField(allow_blank=True)
    description = DescriptionField()


class ForeseenSerializer(serializers.Serializer[Any]):
    """What would become of the cases that were announced."""

    cases = ForeseenCaseSerializer(many=True)
    notes = serializers.ListField(child=serializers.CharField())


class UploadSerializer(RequestSerializer):
    """The files of one case. A file's name says what it is: FLAIR, T1, T2, mask, brainmask."""

    files = serializers.ListField(child=serializers.FileField(allow_empty_file=True), min_length=1)
    subject = serializers.CharField(required=False, allow_blank=True, default="", max_length=20)
    mask_origin = serializers.ChoiceField(
        choices=sorted(MASK_ORIGINS), required=False, default="imported"
    )
    description = DescriptionField(required=False)


class TakenSerializer(serializers.Serializer[Any]):
    """One file that was taken in, and the header text that was emptied."""

    sequence = serializers.CharField()
    removed = serializers.ListField(child=serializers.CharField())


class ImportedCaseSerializer(serializers.Serializer[Any]):
    """What became of the files of one case."""

    code = serializers.CharField()
    subject = serializers.CharField()
    taken = TakenSerializer(many=True)
    described = serializers.ListField(child=serializers.CharField())
    ignored = serializers.ListField(child=serializers.CharField())
    warnings = serializers.ListField(child=serializers.CharField())


class DeletionSerializer(RequestSerializer):
    """Why something is deleted."""

    reason = serializers.CharField(allow_blank=True, max_length=2000)


class JobRequestSerializer(RequestSerializer):
    """A request to segment a case."""

    method = serializers.CharField(max_length=60)


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class NeedsField(serializers.Field):  # type: ignore[type-arg]
    """The sequences that a method needs."""

    def to_representation(self, value: Any) -> list[str]:
        return list(value)


class MethodSerializer(serializers.Serializer[Any]):
    """A method that can be run here."""

    name = serializers.CharField()
    title = serializers.CharField()
    needs = NeedsField()
    summary = serializers.CharField()


class CellSerializer(serializers.Serializer[Any]):
    """A value as text; an undefined one says why."""

    text = serializers.CharField()
    is_undefined = serializers.BooleanField()


class RowSerializer(serializers.Serializer[Any]):
    """Cells in the order of the heads."""

    cells = CellSerializer(many=True)
    is_primary = serializers.BooleanField(help_text="Of the design's primary analysis.")


class HeadSerializer(serializers.Serializer[Any]):
    """What a column is called."""

    text = serializers.CharField()
    is_number = serializers.BooleanField()


class ReportTableSerializer(serializers.Serializer[Any]):
    """A table that is ready to be read."""

    caption = serializers.CharField()
    heads = HeadSerializer(many=True)
    rows = RowSerializer(many=True)
    more = serializers.CharField(help_text="Where further rows are; empty if these are all.")


class SectionSerializer(serializers.Serializer[Any]):
    """Tables about one thing; the folded ones are for whoever looks closer."""

    id = serializers.CharField()
    title = serializers.CharField()
    hint = serializers.CharField()
    tables = ReportTableSerializer(many=True)
    folded_title = serializers.CharField()
    folded = ReportTableSerializer(many=True)
    files = serializers.ListField(child=serializers.CharField())


class GroupSerializer(serializers.Serializer[Any]):
    """Sections that answer one question."""

    id = serializers.CharField()
    title = serializers.CharField()
    sections = SectionSerializer(many=True)


class FigureSerializer(serializers.Serializer[Any]):
    """A figure: its Vega-Lite specification, and the section that has its numbers."""

    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    section = serializers.CharField()
    spec = serializers.DictField(help_text="Vega-Lite 6.")


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
        required=False, default=LEAST_MM3, min_value=0, max_value=10_000
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
