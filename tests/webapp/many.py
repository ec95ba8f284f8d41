"""Cohorts of any size, made quickly: rows without files, for what only lists them."""

from __future__ import annotations

from django.contrib.auth.models import User

from rating.models import Item, Presentation, Study, StudyMembership
from segmentation.models import Case, Cohort, InferenceJob, Scan, Segmentation
from tests.rating.stage import NOON


def add_cases(cohort: Cohort, count: int) -> None:
    """This will add cases with two scans, a mask each but for every tenth, and a failed job."""
    first = Case.objects.count() + 1
    cases = Case.objects.bulk_create(
        Case(code=f"C{n:04d}", subject=f"S{n // 2:04d}", cohort=cohort, imported_at=NOON)
        for n in range(first, first + count)
    )
    Scan.objects.bulk_create(
        Scan(case=case, sequence=sequence, shape=[2, 2, 2], affine=[], sha256=case.code)
        for case in cases
        for sequence in ("FLAIR", "T1")
    )
    Segmentation.objects.bulk_create(
        Segmentation(
            case=case, origin="prediction", method="slim-unet", title="Mask", created_at=NOON
        )
        for number, case in enumerate(cases)
        if number % 10
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
