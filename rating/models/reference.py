"""Reference studies: what is delineated twice, by whom, and what was found between the two steps.

The design is a frozen JSON document (`rating.dots.design`); drawings are the edits of
`segmentation.models.Drawing`; decisions about dots are rows that are only ever added. No mask of a
study becomes a segmentation before the study closes: nobody can come across one.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from rating.models.study import FrozenStudy, new_token
from segmentation.models import Case, Cohort, Drawing, InferenceJob, Segmentation


class ReferenceStudy(FrozenStudy):
    """One reference in two steps: own work first, then every dot decided."""

    title = models.CharField(max_length=80, help_text="Delineators see it; references carry it.")
    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="reference_studies")

    class Meta(FrozenStudy.Meta):
        verbose_name_plural = "reference studies"
        constraints = [
            # The references are found by titles that begin with it.
            models.UniqueConstraint(fields=["cohort", "title"], name="reference_title_in_cohort")
        ]


class ReferenceCase(models.Model):
    """One case of a reference study that was opened. Its candidates are built once."""

    study = models.ForeignKey(ReferenceStudy, models.CASCADE, related_name="cases")
    case = models.ForeignKey(Case, models.PROTECT, related_name="reference_cases")
    built_at = models.DateTimeField(null=True, help_text="When its candidates were built.")

    class Meta:
        ordering = ["study", "case__code"]
        constraints = [
            models.UniqueConstraint(fields=["study", "case"], name="case_once_per_reference_study")
        ]

    def __str__(self) -> str:
        return f"{self.case_id} in {self.study_id}"


class MethodMask(models.Model):
    """The mask of a method that lends its lesions to the candidates, and the job it came from."""

    of = models.ForeignKey(ReferenceCase, models.CASCADE, related_name="method_masks")
    method = models.CharField(max_length=60)
    segmentation = models.ForeignKey(Segmentation, models.PROTECT, related_name="dotted_in")
    job = models.ForeignKey(InferenceJob, models.SET_NULL, null=True, related_name="dotted_in")

    class Meta:
        ordering = ["of", "method"]
        constraints = [
            models.UniqueConstraint(fields=["of", "method"], name="one_mask_per_method_and_case")
        ]

    def __str__(self) -> str:
        return self.method


class Assignment(models.Model):
    """One delineator's share of a reference study."""

    study = models.ForeignKey(ReferenceStudy, models.CASCADE, related_name="assignments")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="delineation_assignments"
    )
    token = models.CharField(max_length=40, unique=True, default=new_token)
    delineator = models.CharField(max_length=150, help_text="Their name in the design, frozen.")
    left_at = models.DateTimeField(null=True, help_text="When they left an open study.")

    class Meta:
        ordering = ["study", "delineator"]
        constraints = [
            models.UniqueConstraint(fields=["study", "user"], name="one_assignment_per_delineator")
        ]

    def __str__(self) -> str:
        return self.delineator


class Delineation(models.Model):
    """One step of one case by one delineator, under a random token.

    Without a drawing it was not opened yet; with `submitted_at` it is locked.
    """

    class Step(models.IntegerChoices):
        OWN = 1
        DOTS = 2

    token = models.CharField(max_length=40, unique=True, default=new_token)
    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="delineations")
    of = models.ForeignKey(ReferenceCase, models.CASCADE, related_name="delineations")
    step = models.PositiveSmallIntegerField(choices=Step)
    position = models.PositiveIntegerField(help_text="Its place in the step, from 1.")
    drawing = models.OneToOneField(Drawing, models.PROTECT, null=True, related_name="delineation")
    opened_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    voxels = models.PositiveIntegerField(null=True, help_text="Drawn, when it was submitted.")
    digest = models.PositiveBigIntegerField(null=True, help_text="Of the mask submitted.")
    segmentation = models.OneToOneField(
        Segmentation,
        models.PROTECT,
        null=True,
        related_name="delineation",
        help_text="The mask that was made of it when the study had closed.",
    )

    class Meta:
        ordering = ["assignment", "step", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "of", "step"], name="each_step_once_per_case"
            ),
            models.UniqueConstraint(
                fields=["assignment", "step", "position"], name="one_delineation_per_position"
            ),
            models.CheckConstraint(condition=Q(step__in=[1, 2]), name="step_is_1_or_2"),
            models.CheckConstraint(
                condition=Q(submitted_at=None) | Q(drawing__isnull=False),
                name="what_is_submitted_was_drawn",
            ),
        ]

    def __str__(self) -> str:
        return f"Step {self.step}, {self.position}"


class Candidate(models.Model):
    """A possible lesion: overlapping lesions of any source, fused; or a sham dot (no voxels).

    The dot is the centre of mass, moved to the nearest voxel of the candidate. Voxels are counted
    through the RAS grid; `region` are runs, x fastest (`segmentation.imaging.drawing`).
    """

    of = models.ForeignKey(ReferenceCase, models.CASCADE, related_name="candidates")
    number = models.PositiveIntegerField(help_text="From 1, in the order of first voxels.")
    is_sham = models.BooleanField(default=False)
    voxels = models.PositiveIntegerField()
    region = models.JSONField(default=list)
    voxel = models.JSONField(help_text="The dot: x, y, z in the RAS grid.")
    x_mm = models.FloatField()
    y_mm = models.FloatField()
    z_mm = models.FloatField()

    class Meta:
        ordering = ["of", "number"]
        constraints = [
            models.UniqueConstraint(fields=["of", "number"], name="one_candidate_per_number"),
            models.CheckConstraint(
                condition=Q(is_sham=True, voxels=0) | Q(is_sham=False, voxels__gt=0),
                name="only_shams_have_no_voxels",
            ),
        ]

    def __str__(self) -> str:
        return f"Candidate {self.number}"


class CandidateOrigin(models.Model):
    """Whose lesions a candidate is made of: a delineator's first step, or a method's mask."""

    candidate = models.ForeignKey(Candidate, models.CASCADE, related_name="origins")
    delineation = models.ForeignKey(Delineation, models.PROTECT, null=True, related_name="+")
    mask = models.ForeignKey(MethodMask, models.PROTECT, null=True, related_name="origins")
    lesions = models.JSONField(help_text="Ids of the lesions in that mask.")
    voxels = models.PositiveIntegerField(help_text="How many of the candidate's are its own.")

    class Meta:
        ordering = ["candidate", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(delineation__isnull=True, mask__isnull=False)
                | Q(delineation__isnull=False, mask__isnull=True),
                name="an_origin_is_a_delineation_or_a_mask",
            )
        ]

    def __str__(self) -> str:
        return f"Origin of {self.candidate_id}"


class Dot(models.Model):
    """A candidate as one delineator meets it: at a stored random position, under its own token."""

    token = models.CharField(max_length=40, unique=True, default=new_token)
    delineation = models.ForeignKey(Delineation, models.CASCADE, related_name="dots")
    candidate = models.ForeignKey(Candidate, models.CASCADE, related_name="dots")
    position = models.PositiveIntegerField(help_text="From 1.")

    class Meta:
        ordering = ["delineation", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["delineation", "candidate"], name="each_candidate_once_per_delineator"
            ),
            models.UniqueConstraint(
                fields=["delineation", "position"], name="one_dot_per_position"
            ),
        ]

    def __str__(self) -> str:
        return f"Dot {self.position}"


class DotDecision(models.Model):
    """What a delineator decided about a dot. Rows are only ever added: the newest counts."""

    class Choice(models.TextChoices):
        LESION = "lesion"
        NOT_A_LESION = "not_a_lesion"
        UNSURE = "unsure"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, help_text="Made by the browser.")
    dot = models.ForeignKey(Dot, models.PROTECT, related_name="decisions")
    version = models.PositiveIntegerField()
    choice = models.CharField(max_length=20, choices=Choice)
    from_proposal = models.BooleanField(
        default=False, help_text="Whether the lesion was drawn from the proposal."
    )
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["dot", "version"]
        constraints = [
            models.UniqueConstraint(fields=["dot", "version"], name="one_decision_per_version"),
            models.CheckConstraint(
                condition=Q(from_proposal=False) | Q(choice="lesion"),
                name="only_lesions_are_drawn_from_proposals",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.choice}, version {self.version}"
