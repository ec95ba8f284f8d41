"""The cast of the segmentation stories: Cora coordinates, Dana delineates, Otto is a stranger."""

import pytest
from django.contrib.auth.models import User

from segmentation.models import Case, Cohort
from segmentation.operations.cases import NamedFile, create_cohort, import_case
from tests.segmentation.scans import NOON, flair_voxels, nifti, two_lesions


@pytest.fixture
def cora(db: None) -> User:
    return User.objects.create_user("cora", password="cora-12345")


@pytest.fixture
def dana(db: None) -> User:
    return User.objects.create_user("dana", password="dana-12345")


@pytest.fixture
def otto(db: None) -> User:
    return User.objects.create_user("otto", password="otto-12345")


@pytest.fixture
def cohort(cora: User, dana: User) -> Cohort:
    cohort = create_cohort(title="Clinic 2019", coordinators=[cora])
    cohort.memberships.create(user=dana, role="delineator")
    return cohort


@pytest.fixture
def case(cohort: Cohort) -> Case:
    files = [
        NamedFile("FLAIR.nii.gz", nifti(flair_voxels())),
        NamedFile("mask.nii.gz", nifti(two_lesions())),
    ]
    return import_case(cohort=cohort, files=files, now=NOON).case
