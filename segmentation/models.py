"""Cohorts of cases, their scans and masks, the jobs that make masks, and trained versions.

Bytes live in the file storage under random names; rows hold what is known about them. A row's
state changes through its named methods or through `segmentation.operations`, nowhere else.
"""

from __future__ import annotations

import uuid

import numpy as np
from django.conf import settings
from django.db import models
from django.db.models import Q

from segmentation.imaging.geometry import Grid
from segmentation.imaging.lesions import Lesion


class Cohort(models.Model):
    """A collection of cases that the same people work on."""

    slug = models.SlugField(unique=True, max_length=60)
    title = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class CohortMembership(models.Model):
    """What one person may do in one cohort."""

    class Role(models.TextChoices):
        COORDINATOR = "coordinator"
        DELINEATOR = "delineator"

    cohort = models.ForeignKey(Cohort, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="cohort_memberships"
    )
    role = models.CharField(max_length=20, choices=Role)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cohort", "user"], name="one_role_per_cohort_member")
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.cohort}"


class Case(models.Model):
    """One MRI examination of one subject, known by a pseudonymous code such as C0007."""

    code = models.CharField(max_length=20, unique=True)
    subject = models.CharField(max_length=20, help_text="Two time points of a person share it.")
    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="cases")
    imported_at = models.DateTimeField()
    description = models.JSONField(
        default=dict, blank=True, help_text="Subject and acquisition (`segmentation.description`)."
    )

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class LastCaseNumber(models.Model):
    """The number of the newest case code. One row: a deleted case's code is never given again."""

    number = models.PositiveIntegerField()

    def __str__(self) -> str:
        return str(self.number)


class Scan(models.Model):
    """One sequence of a case, as it came (header text removed) and as the browser gets it."""

    class Sequence(models.TextChoices):
        FLAIR = "FLAIR"
        T1 = "T1"
        T2 = "T2"

    case = models.ForeignKey(Case, models.CASCADE, related_name="scans")
    sequence = models.CharField(max_length=10, choices=Sequence)
    original = models.FileField(upload_to="scans/", max_length=200)
    browser = models.FileField(upload_to="scans/", max_length=200)
    sha256 = models.CharField(max_length=64, help_text="Of the voxels and the geometry.")
    original_sha256 = models.CharField(max_length=64, help_text="Of the stored original file.")
    browser_sha256 = models.CharField(max_length=64, help_text="Of the stored browser copy.")
    sent_sha256 = models.CharField(
        max_length=64,
        blank=True,
        db_index=True,
        help_text="Of the file as it was sent, by which it is known again before it is sent.",
    )
    removed = models.JSONField(default=list, help_text="Header fields that were emptied.")
    shape = models.JSONField(help_text="Voxels along the stored axes.")
    affine = models.JSONField(help_text="Voxel to RAS+ millimetres, 4 x 4.")

    class Meta:
        ordering = ["case", "sequence"]
        constraints = [
            models.UniqueConstraint(fields=["case", "sequence"], name="one_scan_per_sequence")
        ]

    def __str__(self) -> str:
        return f"{self.sequence} of {self.case_id}"

    @property
    def hashes(self) -> frozenset[str]:
        """Every SHA-256 that a checkpoint's record may know it by; `sha256` is the same everywhere.

        The stored original is packed anew at import, so its hash may differ from site to site.
        """
        return frozenset({self.sha256, self.sent_sha256, self.original_sha256} - {""})

    @property
    def grid(self) -> Grid:
        """The grid of the stored original."""
        return Grid(shape=tuple(self.shape), affine=np.array(self.affine, dtype=float))


class Segmentation(models.Model):
    """A stored mask of a case, with its origin. Never edited: a correction is a new row.

    What is measured of it (`operations.ranking`) comes later.
    """

    class Origin(models.TextChoices):
        PREDICTION = "prediction"
        DELINEATION = "delineation"
        CORRECTION = "correction"
        CONSENSUS = "consensus"
        IMPORTED = "imported"
        PRACTICE = "practice"  # with errors that were put in, for raters to find

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, models.CASCADE, related_name="segmentations")
    origin = models.CharField(max_length=20, choices=Origin)
    title = models.CharField(max_length=120)
    method = models.CharField(max_length=60, blank=True)
    mask = models.FileField(upload_to="masks/", max_length=200, help_text="On the scan's grid.")
    labels = models.FileField(upload_to="masks/", max_length=200, help_text="Lesion ids, RAS.")
    probability = models.FileField(upload_to="masks/", max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, help_text="Of the stored mask file.")
    labels_sha256 = models.CharField(max_length=64)
    probability_sha256 = models.CharField(max_length=64, blank=True)
    lesion_list = models.JSONField(default=list)
    provenance = models.JSONField(default=dict, help_text="Input, checkpoint, code, settings.")
    created_at = models.DateTimeField()
    parent = models.ForeignKey(
        "self", models.RESTRICT, null=True, related_name="corrections", help_text="Corrected mask."
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    uncertainty = models.FloatField(null=True, help_text="Of its probabilities, once measured.")
    disagreement = models.FloatField(
        null=True, help_text="Of the methods that had a mask by then, once measured."
    )

    class Meta:
        ordering = ["case", "created_at", "id"]

    def __str__(self) -> str:
        return self.title

    @property
    def lesions(self) -> tuple[Lesion, ...]:
        """The mask's lesions in the order of their ids; empty for an empty mask."""
        return tuple(
            Lesion(
                id=entry["id"],
                voxels=entry["voxels"],
                volume_mm3=entry["volume_mm3"],
                centre_mm=tuple(entry["centre_mm"]),
                voxel_mm=tuple(entry["voxel_mm"]),
            )
            for entry in self.lesion_list
        )

    @property
    def volume_ml(self) -> float:
        """Total lesion volume in millilitres."""
        return sum(lesion.volume_mm3 for lesion in self.lesions) / 1000


class Drawing(models.Model):
    """What one person draws of one case: from empty, or from the mask `parent`.

    Its mask is what its edits make (`segmentation.imaging.drawing`). Saving it makes `segmentation`
    and ends it; going on from there is another drawing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, models.CASCADE, related_name="drawings")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="drawings")
    parent = models.ForeignKey(Segmentation, models.RESTRICT, null=True, related_name="drawings")
    segmentation = models.OneToOneField(
        Segmentation, models.RESTRICT, null=True, related_name="drawing"
    )
    begun_at = models.DateTimeField()
    told_since = models.DateTimeField(
        help_text="Corrections of the same mask that others saved since then are told of."
    )
    active_ms = models.PositiveBigIntegerField(default=0, help_text="How long it was worked on.")
    is_set_aside = models.BooleanField(
        default=False, help_text="It belongs to a study and is reached from nowhere else."
    )

    class Meta:
        ordering = ["-begun_at", "id"]

    def __str__(self) -> str:
        return f"Drawing of {self.case_id} by {self.author}"


class Edit(models.Model):
    """One edit of a drawing, under an id that the browser made. Rows are only ever added.

    `added` and `removed` are runs of voxels. `accepted` names voxels whose lesions were accepted,
    or no longer are.
    """

    class Kind(models.TextChoices):
        CHANGE = "change"
        UNDO = "undo"
        REDO = "redo"

    id = models.UUIDField(primary_key=True, editable=False)
    drawing = models.ForeignKey(Drawing, models.CASCADE, related_name="edits")
    number = models.PositiveIntegerField(help_text="Its place in the drawing, from 1.")
    kind = models.CharField(max_length=10, choices=Kind)
    tool = models.CharField(max_length=20, blank=True)
    added = models.JSONField(default=list)
    removed = models.JSONField(default=list)
    accepted = models.JSONField(default=list)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["drawing", "number"]
        constraints = [
            models.UniqueConstraint(fields=["drawing", "number"], name="one_edit_per_number")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number} of {self.drawing_id}"


class BrainMask(models.Model):
    """The brain of a case: the mask that came with it or that a method derived, or a correction.

    `origin` is IMPORTED, the name of the method, or empty where there is nothing but a correction.
    One that came with the case is never replaced. A correction lies over `mask` until it is taken
    back; `correction` is empty where there is none.
    """

    IMPORTED = "imported"

    case = models.OneToOneField(Case, models.CASCADE, related_name="brain_mask")
    mask = models.FileField(upload_to="masks/", max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    origin = models.CharField(max_length=60, blank=True)
    correction = models.FileField(upload_to="masks/", max_length=200, blank=True)
    correction_sha256 = models.CharField(max_length=64, blank=True)
    corrected_at = models.DateTimeField(null=True)
    corrected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"Brain mask of {self.case_id}"

    @property
    def shown(self) -> models.fields.files.FieldFile:
        """The mask that counts."""
        return self.correction or self.mask

    @property
    def shown_sha256(self) -> str:
        """The hash of the mask that counts."""
        return self.correction_sha256 if self.correction else self.sha256

    @property
    def is_given(self) -> bool:
        """Whether a person or the import said where the brain is, rather than a method."""
        return bool(self.correction) or self.origin == self.IMPORTED


class Job(models.Model):
    """Work that a worker does: asked for, claimed, reported on, and ended or taken over.

    The row is the truth; a message to the worker only rings the bell. A worker holds a running job
    by its `lease`: whoever lost the lease can no longer change the row, so a job that two workers
    ran by mistake still ends once. `WORKS_ON` and `SAFE` are words for the reader of a reason.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    UNFINISHED = (State.QUEUED, State.RUNNING)
    WORKS_ON = "this job"
    SAFE = "Nothing was changed."

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    progress = models.FloatField(default=0, help_text="From 0 to 1.")
    stage = models.CharField(max_length=120, blank=True)
    reason = models.TextField(blank=True, help_text="Why it failed, for a reader.")
    attempts = models.PositiveIntegerField(default=0)
    lease = models.UUIDField(null=True, editable=False)
    heartbeat_at = models.DateTimeField(null=True)
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        abstract = True

    @property
    def is_finished(self) -> bool:
        """Whether nothing will change about this job any more."""
        return self.state not in self.UNFINISHED


class InferenceJob(Job):
    """One request to segment one case by one method, and how it went."""

    WORKS_ON = "this case"
    SAFE = "The case is unharmed."

    case = models.ForeignKey(Case, models.CASCADE, related_name="jobs")
    method = models.CharField(max_length=60)
    segmentation = models.OneToOneField(
        Segmentation, models.SET_NULL, null=True, related_name="job"
    )

    class Meta:
        ordering = ["-queued_at", "id"]
        indexes = [
            models.Index(fields=["state", "heartbeat_at"]),
            models.Index(fields=["case", "method", "queued_at"]),  # was it asked for again?
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "method"],
                condition=Q(state__in=["queued", "running"]),
                name="one_unfinished_job_per_case_and_method",
            ),
            models.CheckConstraint(
                condition=Q(progress__gte=0, progress__lte=1), name="progress_from_0_to_1"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} on {self.case_id}: {self.state}"


class Training(Job):
    """One request to adapt a method to the cases of cohorts, and how it went.

    `start` names the method or version that it begins from; empty: random weights. `split` is fixed
    when it is asked for: for each side (training, validation) the ids of the masks, one a case, and
    how many subjects they are of. `log` has a row for each epoch or threshold, `settings_used` is
    what shaped it.
    """

    WORKS_ON = "this training"
    SAFE = "What it had learned up to its last whole epoch is kept."

    title = models.CharField(max_length=60)
    cohorts = models.ManyToManyField(Cohort, related_name="trainings")
    preset = models.CharField(max_length=20, help_text="One of `segmentation.operations.planning`.")
    method = models.CharField(max_length=60, help_text="That it makes a version of.")
    start = models.CharField(max_length=60, blank=True)
    seed = models.PositiveIntegerField(default=1)
    epochs = models.PositiveIntegerField(help_text="At most; of a threshold, how many are tried.")
    measure = models.CharField(max_length=20, blank=True, help_text="What a threshold is best by.")
    split = models.JSONField(default=dict)
    settings_used = models.JSONField(default=dict)
    log = models.JSONField(default=list)
    best_epoch = models.PositiveIntegerField(default=0)
    best_score = models.FloatField(null=True)

    class Meta:
        ordering = ["-queued_at", "id"]
        indexes = [models.Index(fields=["state", "heartbeat_at"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(progress__gte=0, progress__lte=1),
                name="training_progress_from_0_to_1",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Evaluation(Job):
    """One request to compare methods with references on a cohort, and what was found.

    `methods` (none: all) and `references` are names as they were asked for. `found` is empty until
    it has succeeded; then it has what the tables are made of (`asked`, `records`, `facts`), and the
    ids of the `masks` that were compared.
    `slices` are those that were chosen to be drawn: case, axial slice from 1 at the bottom, and one
    method and reference where only those two are.
    """

    WORKS_ON = "this evaluation"
    SAFE = "No mask was changed."

    title = models.CharField(max_length=120)
    cohort = models.ForeignKey(Cohort, models.CASCADE, related_name="evaluations")
    methods = models.JSONField(default=list)
    references = models.JSONField(default=list)
    min_volume_mm3 = models.FloatField()
    profile = models.CharField(max_length=20, help_text="How lesions match.")
    found = models.JSONField(default=dict)
    slices = models.JSONField(default=list)

    class Meta:
        ordering = ["-queued_at", "id"]
        indexes = [models.Index(fields=["state", "heartbeat_at"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(progress__gte=0, progress__lte=1),
                name="evaluation_progress_from_0_to_1",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Version(models.Model):
    """A checkpoint that was made here, as a version of its method: run by its name like a method.

    Never changed: another threshold is another version, with the same weights. Version 1 of a
    method is what ships or was installed. `record` is what the file's own header says.
    """

    name = models.CharField(max_length=60, unique=True)
    method = models.CharField(max_length=60)
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    cohorts = models.ManyToManyField(Cohort, related_name="versions")
    training = models.OneToOneField(
        Training, models.SET_NULL, null=True, related_name="version", help_text="Null: a command."
    )
    checkpoint = models.FileField(upload_to="checkpoints/", max_length=200)
    sha256 = models.CharField(max_length=64)
    record = models.JSONField(default=dict)
    threshold = models.FloatField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["method", "number"]
        constraints = [
            models.UniqueConstraint(fields=["method", "number"], name="one_version_per_number")
        ]

    def __str__(self) -> str:
        return self.title


class FileDraft(models.Model):
    """A file that is about to be stored: no row names it yet (`segmentation.operations.files`)."""

    name = models.CharField(max_length=200, unique=True)
    begun_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return self.name


class Worker(models.Model):
    """A worker process by its name, and when it last said that it is there."""

    name = models.CharField(max_length=200, unique=True)
    seen_at = models.DateTimeField(db_index=True)
    has_gpu = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name


class AuditEntry(models.Model):
    """One sensitive act: who did what, when and why. Rows are only ever added.

    The database itself refuses to change or delete one (migration 0002). There are no foreign keys:
    an entry outlives the people and things that it is about.
    """

    class Act(models.TextChoices):
        SIGNED_IN = "signed-in"
        SIGNED_OUT = "signed-out"
        LOCKED_OUT = "locked-out", "account locked after failed sign-ins"
        PASSWORD_CHANGED = "password-changed"  # noqa: S105
        PASSWORD_RESET = "password-reset", "password chosen by a mailed link"
        EMAIL_CHANGED = "email-changed", "e-mail address changed"
        TOKEN_MADE = "token-made", "token for scripts made"
        TOKEN_REVOKED = "token-revoked", "token for scripts revoked"
        INVITED = "invited"
        INVITATION_ACCEPTED = "invitation-accepted"
        INVITATION_REVOKED = "invitation-revoked"
        MEMBER_REMOVED = "member-removed"
        MEMBER_ADDED = "member-added"
        MEMBER_CHANGED = "member-changed", "member's role changed"
        COHORT_CREATED = "cohort-created"
        COHORT_CHANGED = "cohort-changed"
        COHORT_DELETED = "cohort-deleted"
        ACCOUNT_CREATED = "account-created"
        ACCOUNT_CHANGED = "account-changed", "account or its rights changed"
        ACCOUNT_DELETED = "account-deleted"
        GROUP_CHANGED = "group-changed", "group of rights made, changed or deleted"
        RECOVERY_CODES_MADE = "recovery-codes-made"
        TWO_FACTOR_ON = "two-factor-on", "two-factor authentication switched on"
        TWO_FACTOR_OFF = "two-factor-off", "two-factor authentication switched off"
        CASE_IMPORTED = "case-imported"
        CASE_DESCRIBED = "case-described", "case described or its subject changed"
        CASE_DELETED = "case-deleted"
        SCAN_DOWNLOADED = "scan-downloaded"
        MASK_DOWNLOADED = "mask-downloaded"
        PROBABILITY_DOWNLOADED = "probability-downloaded", "probability map downloaded"
        MASK_DRAWN = "mask-drawn", "mask drawn or corrected"
        BRAIN_CORRECTED = "brain-corrected", "brain mask corrected"
        BRAIN_REVERTED = "brain-reverted", "correction of a brain mask taken back"
        TRAINING_STARTED = "training-started"
        TRAINING_CANCELLED = "training-cancelled"
        CHECKPOINT_DOWNLOADED = "checkpoint-downloaded"
        REFERENCE_MADE = "reference-made", "reference made from several delineations"
        EVALUATION_STARTED = "evaluation-started"
        EVALUATION_CANCELLED = "evaluation-cancelled"
        EVALUATION_CHANGED = "evaluation-changed", "slices of an evaluation chosen"
        EVALUATION_EXPORTED = "evaluation-exported"
        EVALUATION_DELETED = "evaluation-deleted"
        STUDY_OPENED = "study-opened"
        STUDY_AMENDED = "study-amended"
        RATER_REMINDED = "rater-reminded"
        STUDY_CLOSED = "study-closed", "study closed and unblinded"
        STUDY_DELETED = "study-deleted"
        EXAMPLES_CHOSEN = "examples-chosen", "example slices of a study chosen"
        STUDY_EXPORTED = "study-exported"
        AUDIT_EXPORTED = "audit-exported"
        BACKED_UP = "backed-up"
        RESTORED = "restored"

    # Acts that concern a person's account and no cohort.
    OF_PERSON = (
        Act.SIGNED_IN,
        Act.SIGNED_OUT,
        Act.LOCKED_OUT,
        Act.PASSWORD_CHANGED,
        Act.PASSWORD_RESET,
        Act.EMAIL_CHANGED,
        Act.ACCOUNT_CREATED,
        Act.ACCOUNT_CHANGED,
        Act.ACCOUNT_DELETED,
        Act.RECOVERY_CODES_MADE,
        Act.TWO_FACTOR_ON,
        Act.TWO_FACTOR_OFF,
        Act.TOKEN_MADE,
        Act.TOKEN_REVOKED,
    )

    at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=150, help_text="User name; empty for a command.")
    actor_id = models.PositiveBigIntegerField(null=True)
    about_id = models.PositiveBigIntegerField(
        null=True, help_text="Whose account it was done to, where that is another's."
    )
    act = models.CharField(max_length=40, help_text="One of Act.")
    what = models.CharField(max_length=300)
    why = models.TextField(blank=True)
    cohort = models.CharField(max_length=60, blank=True, db_index=True, help_text="Its slug.")

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "audit log"

    def __str__(self) -> str:
        return f"{self.actor or 'a command'}: {self.words}, {self.what}"

    @property
    def words(self) -> str:
        """The act in words."""
        return self.Act(self.act).label.lower()
