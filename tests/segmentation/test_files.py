"""No file is left over: what a killed process wrote is announced, and swept."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from segmentation.imaging.nifti import read_volume
from segmentation.models import Case, FileDraft, Segmentation
from segmentation.operations.deletion import delete_case
from segmentation.operations.files import (
    DraftSwept,
    check_files,
    delete_files,
    keep,
    names_in,
    sweep_drafts,
)
from segmentation.operations.masks import NewMask, is_saved, may_save, store_mask
from tests.segmentation.scans import NOON, two_lesions


@pytest.fixture
def written(case: Case) -> Segmentation:
    """A mask whose files are written and whose row is not saved: here a process may be killed."""
    with case.scans.get().original.open("rb") as stored:
        like = read_volume(stored.read(), name="FLAIR")
    origin = Segmentation.Origin.PREDICTION
    new = NewMask(case=case, origin=origin, title="A mask", mask=two_lesions() > 0)
    return store_mask(new, like=like, now=NOON, commit=False)


@transaction.atomic
def save(written: Segmentation) -> None:
    written.save(force_insert=True)
    keep(written)


def test_what_is_kept_is_announced_no_more(case: Case, written: Segmentation) -> None:
    assert check_files().drafts == 2
    save(written)
    report = check_files()
    assert (report.sound, report.drafts, report.orphans) == (6, 0, ())
    assert sweep_drafts(now=timezone.now() + timedelta(hours=2)) == 0
    assert check_files() == report


def test_what_a_killed_process_left_is_swept_after_an_hour(
    case: Case, written: Segmentation
) -> None:
    before = set(names_in(default_storage))
    assert sweep_drafts(now=timezone.now() + timedelta(minutes=59)) == 0
    assert set(names_in(default_storage)) == before
    assert sweep_drafts(now=timezone.now() + timedelta(minutes=61)) == 2
    assert before - set(names_in(default_storage)) == {written.mask.name, written.labels.name}
    assert (check_files().sound, check_files().drafts) == (4, 0)


def test_a_row_is_not_saved_without_its_files(case: Case, written: Segmentation) -> None:
    """Its process was slower than the sweep."""
    sweep_drafts(now=timezone.now() + timedelta(hours=2))
    with pytest.raises(DraftSwept):
        save(written)
    assert not Segmentation.objects.filter(pk=written.pk).exists()


def test_what_is_not_saved_after_all_leaves_nothing(case: Case, written: Segmentation) -> None:
    delete_files(written)
    assert not FileDraft.objects.exists()
    assert check_files().orphans == ()
    assert check_files().sound == 4


def test_files_of_a_deleted_case_are_announced_until_they_are_gone(case: Case) -> None:
    """A process that is killed after the rows went leaves them to the sweep."""
    delete_case(case=case, reason="Withdrawn.", by=None, now=NOON)  # not committed in this test
    assert (check_files().sound, check_files().drafts) == (0, 4)
    assert sweep_drafts(now=timezone.now() + timedelta(hours=2)) == 4
    assert list(names_in(default_storage)) == []


@pytest.mark.once
def test_before_the_first_migration_the_command_says_what_to_do(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    told = subprocess.run(
        [sys.executable, "manage.py", "verify_files"],
        env=kept | {"PLAQUE_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert told.stderr.strip() == (
        "The database is not migrated. Run `manage.py migrate`, then this again."
    )


def test_a_mask_is_kept_with_its_row_or_leaves_nothing(case: Case, written: Segmentation) -> None:
    def save_and_fail() -> None:
        with may_save(written):
            written.save(force_insert=True)
            raise RuntimeError("in between")

    with pytest.raises(RuntimeError, match="in between"):
        save_and_fail()
    assert not Segmentation.objects.filter(pk=written.pk).exists()
    assert (check_files().sound, check_files().drafts, check_files().orphans) == (4, 0, ())


def test_a_mask_that_somebody_else_has_made_leaves_nothing(
    case: Case, written: Segmentation
) -> None:
    with may_save(written):
        pass
    assert not is_saved(written)
    assert (check_files().sound, check_files().drafts, check_files().orphans) == (4, 0, ())


def test_a_mask_that_is_saved_is_swept_by_nobody(case: Case, written: Segmentation) -> None:
    with may_save(written):
        written.save(force_insert=True)
    assert is_saved(written)
    assert (check_files().sound, check_files().drafts) == (6, 0)
