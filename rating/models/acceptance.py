"""Acceptance studies: who rates what, in which order, and what they said.

The design is a frozen JSON document (`rating.protocol.design`), the schedule is drawn once and
stored row by row, marks are never deleted (only removed, with a time), and a rating is a version.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from rating.models.study import FrozenStudy, new_token
from segmentation.models import Cohort, Segmentation


class Study(FrozenStudy):
    """One rating experiment under a frozen protocol."""

    title = models.CharField(max_length=120, help_text="Raters see it.")
    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="studies")
    pairing = models.JSONField(
        default=dict, help_text="Of a draft of two methods: them, the cases, what is waited for."
    )

    class Meta(FrozenStudy.Meta):
        verbose_name_plural = "studies"


class StudyMembership(models.Model):
    """What one person does in one study. For a rater this is their *reading*."""

    class Role(models.TextChoices):
        COORDINATOR = "coordinator"
        RATER = "rater"

    study = models.ForeignKey(Study, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="study_memberships"
    )
    role = models.CharField(max_length=20, choices=Role)
    token = models.CharField(max_length=40, unique=True, default=new_token)
    rater = models.CharField(
        max_length=150, blank=True, help_text="The rater's name in the design, frozen at opening."
    )
    joined_at = models.DateTimeField(null=True, help_text="When they joined an open study.")
    left_at = models.DateTimeField(null=True, help_text="When they left an open study.")
    qualification = models.JSONField(null=True, help_text="What the rater said of themself.")
    signed_at = models.DateTimeField(null=True, help_text="When they signed the instructions.")
    signed_sha256 = models.CharField(max_length=64, blank=True, help_text="Of the text signed.")
    reminded_at = models.DateTimeField(null=True, help_text="When a coordinator last wrote.")

    class Meta:
        ordering = ["study", "role", "user"]
        constraints = [
            # One role per person: a coordinator never rates in a study they coordinate.
            models.UniqueConstraint(fields=["study", "user"], name="one_role_per_study_member")
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.study}"


class Sitting(models.Model):
    """Under which conditions a rater began to read, where the design asks."""

    reading = models.ForeignKey(StudyMembership, models.PROTECT, related_name="sittings")
    room_light = models.CharField(max_length=20)
    screen = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        ordering = ["reading", "at", "pk"]

    def __str__(self) -> str:
        return f"{self.screen}, {self.room_light}"


class ReadingKeys(models.Model):
    """One person's keys for the reading room and how they are shown; without a row, as usual."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="reading_keys"
    )
    keys = models.JSONField(default=dict, help_text="The name of what it does, and the key.")
    summary_folded = models.BooleanField(
        default=False, help_text="Whether the short list of keys beside the scan is folded away."
    )

    class Meta:
        verbose_name_plural = "reading keys"

    def __str__(self) -> str:
        return f"Keys of {self.user}"


class Item(models.Model):
    """One segmentation to be judged in a study, or to practise on: then the truth is known."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="items")
    segmentation = models.ForeignKey(Segmentation, models.PROTECT, related_name="items")
    key = models.CharField(max_length=40, help_text="Its name in the design and the export.")
    lesions = models.PositiveIntegerField(help_text="Drawn lesions; a stored mask never changes.")
    reference = models.ForeignKey(
        Segmentation, models.PROTECT, null=True, related_name="+", help_text="For practice only."
    )
    truth = models.JSONField(
        null=True, help_text="For practice: false lesions by id, places of missed ones in mm."
    )
    withdrawn_at = models.DateTimeField(
        null=True, help_text="When it was taken out of an open study; no analysis counts it."
    )

    class Meta:
        ordering = ["study", "key"]
        constraints = [
            models.UniqueConstraint(fields=["study", "segmentation"], name="item_once_per_study"),
            models.UniqueConstraint(fields=["study", "key"], name="one_item_per_key"),
        ]

    def __str__(self) -> str:
        return self.key


class Presentation(models.Model):
    """One showing of one mask to one rater, at a stored position, under a random token."""

    token = models.CharField(max_length=40, unique=True, default=new_token)
    reading = models.ForeignKey(StudyMembership, models.PROTECT, related_name="presentations")
    item = models.ForeignKey(Item, models.PROTECT, related_name="presentations")
    position = models.IntegerField(help_text="From 1; practice comes before, below 0.")
    occasion = models.PositiveSmallIntegerField(help_text="1 or 2; 0 for practice.")
    opened_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(
        null=True, help_text="When it was decided that this, not submitted, is shown no more."
    )
    comment = models.TextField(blank=True)
    comment_saved_at = models.DateTimeField(null=True)
    view = models.JSONField(
        null=True, help_text="Where the rater stands in it, to go on from any machine."
    )

    class Meta:
        ordering = ["reading", "position"]
        constraints = [
            models.UniqueConstraint(fields=["reading", "position"], name="one_per_position"),
            models.UniqueConstraint(
                fields=["reading", "item", "occasion"], name="item_once_per_occasion"
            ),
            models.CheckConstraint(
                condition=Q(occasion__in=[1, 2], position__gt=0) | Q(occasion=0, position__lt=0),
                name="occasion_is_1_or_2_or_practice",
            ),
            models.CheckConstraint(
                condition=Q(submitted_at=None) | Q(withdrawn_at=None),
                name="submitted_or_withdrawn",
            ),
        ]

    def __str__(self) -> str:
        return f"Position {self.position}"


class Amendment(models.Model):
    """A deviation from the frozen design, with its reason. Rows are only ever added."""

    class Kind(models.TextChoices):
        RATER_JOINED = "rater_joined"
        RATER_LEFT = "rater_left"
        ITEM_WITHDRAWN = "item_withdrawn"

    study = models.ForeignKey(Study, models.PROTECT, related_name="amendments")
    kind = models.CharField(max_length=20, choices=Kind)
    reading = models.ForeignKey(StudyMembership, models.PROTECT, null=True, related_name="+")
    item = models.ForeignKey(Item, models.PROTECT, null=True, related_name="+")
    reason = models.TextField()
    commitment = models.CharField(
        max_length=64, blank=True, help_text="To the order of a rater who joined."
    )
    by = models.CharField(max_length=150, blank=True, help_text="User name; empty for a command.")
    at = models.DateTimeField()

    class Meta:
        ordering = ["study", "at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="item_withdrawn", item__isnull=False, reading__isnull=True)
                | Q(kind__in=["rater_joined", "rater_left"], item__isnull=True)
                & Q(reading__isnull=False),
                name="an_amendment_names_what_it_is_about",
            )
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class ExampleSlice(models.Model):
    """A reading that a coordinator shows as the example of its kind, in place of one by chance."""

    class Kind(models.TextChoices):
        ACCEPTED = "accepted"
        IMPERFECT = "accepted with errors"
        REJECTED = "rejected"

    study = models.ForeignKey(Study, models.CASCADE, related_name="example_slices")
    kind = models.CharField(max_length=20, choices=Kind)
    presentation = models.ForeignKey(Presentation, models.PROTECT, related_name="+")
    slice = models.PositiveIntegerField(
        null=True, help_text="From 1 at the bottom; without, the one with most marks."
    )
    by = models.CharField(max_length=150, blank=True, help_text="User name; empty for a command.")
    at = models.DateTimeField()

    class Meta:
        ordering = ["study", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["study", "kind"], name="one_example_of_each_kind")
        ]

    def __str__(self) -> str:
        return self.kind


class Mark(models.Model):
    """One false positive or missed lesion that a rater marked. Removing it keeps the row."""

    class Kind(models.TextChoices):
        FALSE_POSITIVE = "FP"
        MISSED = "FN"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, help_text="Made by the browser.")
    presentation = models.ForeignKey(Presentation, models.PROTECT, related_name="marks")
    kind = models.CharField(max_length=2, choices=Kind)
    lesion = models.PositiveIntegerField(null=True, help_text="The marked lesion's id (FP only).")
    x_mm = models.FloatField()
    y_mm = models.FloatField()
    z_mm = models.FloatField()
    reason = models.CharField(max_length=40, blank=True)
    counts_as = models.PositiveSmallIntegerField(
        default=1, help_text="How many lesions the mark is to the rater."
    )
    joined = models.UUIDField(
        null=True, help_text="Marks of one kind that share this are one lesion to the rater."
    )
    made_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["presentation", "made_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["presentation", "lesion"],
                condition=Q(removed_at__isnull=True, lesion__isnull=False),
                name="a_lesion_is_marked_once",
            ),
            models.CheckConstraint(
                condition=Q(kind="FP", lesion__isnull=False) | Q(kind="FN", lesion__isnull=True),
                name="false_positives_name_a_lesion",
            ),
            models.CheckConstraint(
                condition=Q(counts_as=1) | Q(counts_as__gt=1, joined=None),
                name="several_lesions_or_a_part_of_one",
            ),
        ]

    def __str__(self) -> str:
        return self.kind


class MarkChange(models.Model):
    """What a mark said before its rater changed it."""

    mark = models.ForeignKey(Mark, models.PROTECT, related_name="changes")
    reason = models.CharField(max_length=40, blank=True)
    counts_as = models.PositiveSmallIntegerField()
    joined = models.UUIDField(null=True)
    replaced_at = models.DateTimeField()

    class Meta:
        ordering = ["mark", "replaced_at", "pk"]

    def __str__(self) -> str:
        return f"Until {self.replaced_at}"


class Rating(models.Model):
    """The stored answer to one presentation. Version 1 is what was submitted first."""

    class Outcome(models.TextChoices):
        RATED = "rated"
        UNREADABLE = "unreadable"
        WRONG_MASK = "wrong_mask"

    presentation = models.ForeignKey(Presentation, models.PROTECT, related_name="ratings")
    version = models.PositiveIntegerField(default=1)
    outcome = models.CharField(max_length=20, choices=Outcome)
    reason = models.TextField(blank=True)
    lesions = models.PositiveIntegerField(help_text="Drawn lesions in the mask.")
    fp = models.PositiveIntegerField(null=True)
    fn = models.PositiveIntegerField(null=True)
    fp_corrected = models.PositiveIntegerField(
        null=True, help_text="False positives as the rater counts lesions."
    )
    fn_corrected = models.PositiveIntegerField(
        null=True, help_text="Missed lesions as the rater counts them."
    )
    counted_by = models.CharField(max_length=10, blank=True, help_text="marks or typed")
    verdict_rater = models.CharField(max_length=20, blank=True)
    verdict_derived = models.CharField(max_length=20, blank=True)
    conflict = models.CharField(max_length=20, blank=True)
    consistent = models.BooleanField(
        null=True, help_text="Whether the verdict follows from the counts, where the design asks."
    )
    comment = models.TextField(blank=True)
    correction = models.TextField(blank=True, help_text="Why there is a version after the first.")
    active_ms = models.PositiveBigIntegerField(default=0)
    slices_seen = models.PositiveIntegerField(default=0)
    slice_ms = models.JSONField(
        default=list, help_text="Milliseconds of active reading by slice, from the lowest."
    )
    software_version = models.CharField(max_length=40)
    submitted_at = models.DateTimeField()

    class Meta:
        ordering = ["presentation", "version"]
        constraints = [
            models.UniqueConstraint(fields=["presentation", "version"], name="one_per_version")
        ]

    def __str__(self) -> str:
        return f"Version {self.version}"
