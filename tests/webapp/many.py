"""Cohorts of any size, made quickly: rows without files, for what only lists them."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User

from accounts.models import Invitation
from rating.models import Item, Mark, Presentation, Rating, Study, StudyMembership
from segmentation.models import (
    AuditEntry,
    Case,
    Cohort,
    CohortMembership,
    Evaluation,
    InferenceJob,
    Scan,
    Segmentation,
)
from tests.rating.stage import NOON

AFFINE = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


def add_cases(cohort: Cohort, count: int) -> None:
    """This will add cases with two scans, a job and, but for every tenth, masks of two methods."""
    first = Case.objects.count() + 1
    cases = Case.objects.bulk_create(
        Case(code=f"C{n:04d}", subject=f"S{n // 2:04d}", cohort=cohort, imported_at=NOON)
        for n in range(first, first + count)
    )
    Scan.objects.bulk_create(
        Scan(case=case, sequence=sequence, shape=[2, 2, 2], affine=AFFINE, sha256=case.code)
        for case in cases
        for sequence in ("FLAIR", "T1")
    )
    Segmentation.objects.bulk_create(
        Segmentation(
            case=case,
            origin="prediction",
            method=method,
            title="Mask",
            created_at=NOON + timedelta(hours=later),
            probability="gone.nii.gz",
            probability_sha256=case.code,
            uncertainty=number % 97 / 97,
            disagreement=number % 89 / 89 if later else None,
        )
        for number, case in enumerate(cases)
        if number % 10
        for later, method in enumerate(("slim-unet", "li-unet"))
    )
    InferenceJob.objects.bulk_create(
        InferenceJob(
            case=case, method="slim-unet", queued_at=NOON, state="queued" if n % 2 else "failed"
        )
        for n, case in enumerate(cases)
    )


def add_studies(cohort: Cohort, coordinator: User, rater: User, count: int) -> None:
    """This will add open studies of one mask that a rater has yet to begin."""
    mask = Segmentation.objects.filter(case__cohort=cohort).latest("pk")
    first = Study.objects.count() + 1
    design = Study.objects.exclude(design_json="").values_list("design_json", flat=True)[0]
    studies = Study.objects.bulk_create(
        Study(
            slug=f"study-{n}",
            title=f"Study {n}",
            cohort=cohort,
            state="open",
            design_json=design,
            created_at=NOON,
            opened_at=NOON,
        )
        for n in range(first, first + count)
    )
    roles = StudyMembership.objects.bulk_create(
        StudyMembership(study=study, user=user, role=role)
        for study in studies
        for user, role in ((coordinator, "coordinator"), (rater, "rater"))
    )
    items = Item.objects.bulk_create(
        Item(study=study, segmentation=mask, key="1", lesions=1) for study in studies
    )
    item_of = {item.study_id: item for item in items}
    Presentation.objects.bulk_create(
        Presentation(reading=role, item=item_of[role.study_id], position=n, occasion=n)
        for role in roles
        if role.role == "rater"
        for n in (1, 2)
    )


def add_jobs(case: Case, count: int) -> None:
    """This will add failed jobs of one case."""
    InferenceJob.objects.bulk_create(
        InferenceJob(
            case=case,
            method="slim-unet",
            queued_at=NOON + timedelta(minutes=n),
            state="failed",
            reason="The worker's memory was full.",
        )
        for n in range(count)
    )


def add_items(study: Study, count: int) -> None:
    """This will add masks of other cases to an open study: two showings to each rater, one done."""
    readings = list(study.memberships.filter(role="rater"))
    taken = study.items.values("segmentation")
    masks = Segmentation.objects.filter(case__cohort=study.cohort).exclude(pk__in=taken)[:count]
    first = study.items.count() + 1
    items = Item.objects.bulk_create(
        Item(study=study, segmentation=mask, key=f"item-{n}", lesions=1)
        for n, mask in enumerate(masks, first)
    )
    assert len(items) == count
    Presentation.objects.bulk_create(
        Presentation(
            reading=reading,
            item=item,
            position=2 * n + occasion,
            occasion=occasion,
            opened_at=NOON if occasion == 1 else None,
            submitted_at=NOON if occasion == 1 else None,
        )
        for reading in readings
        for n, item in enumerate(items, first)
        for occasion in (1, 2)
    )


def add_people(cohort: Cohort, invited_by: User, count: int) -> None:
    """This will add delineators, raters who came by invitation, and invitations nobody took yet."""
    first = User.objects.count()
    people = User.objects.bulk_create(
        User(username=f"person-{n}", password="!") for n in range(first, first + count)
    )
    CohortMembership.objects.bulk_create(
        CohortMembership(cohort=cohort, user=person, role="delineator") for person in people
    )
    Invitation.objects.bulk_create(
        Invitation(
            cohort=cohort,
            address=f"{person.username}@clinic.example",
            role="rater",
            key_sha256=person.username,
            invited_by=invited_by,
            invited_at=NOON,
            expires_at=NOON,
            accepted_by=person if n % 2 else None,
            accepted_at=NOON if n % 2 else None,
        )
        for n, person in enumerate(people)
    )


def add_acts(cohort: Cohort, by: User, count: int) -> None:
    """This will fill the audit log: imports into the cohort, and logins."""
    AuditEntry.objects.bulk_create(
        AuditEntry(
            at=NOON + timedelta(minutes=n),
            actor=by.username,
            actor_id=by.pk,
            act="case-imported" if n % 2 else "signed-in",
            what=f"case C{n:04d}",
            cohort=cohort.slug if n % 2 else "",
        )
        for n in range(count)
    )


def add_evaluations(cohort: Cohort, by: User, count: int) -> None:
    """Evaluations that wait for a worker."""
    Evaluation.objects.bulk_create(
        Evaluation(
            title=f"Evaluation {number}",
            cohort=cohort,
            references=["delineation"],
            min_volume_mm3=10.7,
            profile="one-voxel",
            queued_at=NOON,
            requested_by=by,
        )
        for number in range(count)
    )


def add_study_in_full(cohort: Cohort, raters: int, masks: int, marks: int) -> Study:
    """This will add a closed study in which each rater answered twice to each mask, with marks.

    The cohort's cases have a mask each; rows of the longest tables are made a rater at a time.
    """
    segmentations = list(Segmentation.objects.filter(case__cohort=cohort)[:masks])
    assert len(segmentations) == masks
    slug = f"in-full-{cohort.pk}"
    study = Study.objects.create(
        slug=slug, title="In full", cohort=cohort, state="closed", created_at=NOON
    )
    items = Item.objects.bulk_create(
        Item(study=study, segmentation=mask, key=f"item-{n:05d}", lesions=40)
        for n, mask in enumerate(segmentations)
    )
    people = User.objects.bulk_create(
        User(username=f"{slug}-rater-{n:03d}", password="!") for n in range(raters)
    )
    readings = StudyMembership.objects.bulk_create(
        StudyMembership(study=study, user=one, role="rater", rater=one.username) for one in people
    )
    for reading in readings:
        shown = Presentation.objects.bulk_create(
            Presentation(
                reading=reading,
                item=item,
                position=n,
                occasion=1 + n // (masks + 1),
                opened_at=NOON,
                submitted_at=NOON,
            )
            for n, item in enumerate([*items, *items], 1)
        )
        Rating.objects.bulk_create(an_answer_to(one, marks) for one in shown)
        Mark.objects.bulk_create(
            Mark(presentation=one, kind="FN", x_mm=n, y_mm=-0.5, z_mm=61.25, made_at=NOON)
            for one in shown
            for n in range(marks)
        )
    return study


def an_answer_to(presentation: Presentation, missed: int) -> Rating:
    """An answer as long as most are: a time for each of 35 slices."""
    return Rating(
        presentation=presentation,
        outcome="rated",
        lesions=40,
        fp=1,
        fn=missed,
        fp_corrected=1,
        fn_corrected=missed,
        counted_by="marks" if missed else "typed",
        verdict_rater="acceptable",
        verdict_derived="acceptable",
        active_ms=81_000,
        slices_seen=35,
        slice_ms=[1500 + 37 * n for n in range(35)],
        software_version="1.0.0",
        submitted_at=NOON,
    )
