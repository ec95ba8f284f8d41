"""From masks to a new version in the browser: start a training, watch it, run what it made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Page, expect

from segmentation.methods import DEFAULT_METHOD
from segmentation.models import Case, Cohort, Segmentation, Training
from segmentation.operations import adapting
from segmentation.operations.cases import create_cohort
from segmentation.operations.jobs import request_segmentation
from segmentation.operations.running import run_next_job
from segmentation.training.course import Course
from segmentation.training.settings import TrainingSettings
from tests.browser.conftest import Visitor
from tests.segmentation.scans import nifti
from tests.segmentation.taught import teach
from tests.segmentation.test_training_jobs import tiny_version

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cora(transactional_db: None) -> User:
    return User.objects.create_user("cora", password="cora-8chars")


@pytest.fixture
def cohort(cora: User) -> Cohort:
    return create_cohort(title="Clinic", coordinators=[cora])


@pytest.fixture
def person(visitor: Callable[[], Visitor], cora: User) -> Visitor:
    one = visitor()
    one.log_in(cora, "cora-8chars")
    return one


@contextmanager
def a_worker_that_waits(patch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A worker that stops after the first epoch until the event is set, so that it can be seen."""
    go_on = threading.Event()

    class Waiting(adapting._Reports):
        def epoch(self, course: Course, settings: TrainingSettings) -> None:
            super().epoch(course, settings)
            if course.epoch == 1:
                self.lease.report(0.5, course.said(settings))
                assert go_on.wait(120)

    def work() -> None:
        try:
            run_next_job(clock=timezone.now)
        finally:
            connection.close()

    patch.setattr(adapting, "_Reports", Waiting)
    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield go_on
    finally:
        go_on.set()
        worker.join()


def segmented(page: Page, case: Case, method: str) -> Segmentation:
    """The mask that a method makes when it is chosen on the case's page."""
    before = case.segmentations.filter(method=method).count()
    page.get_by_label("Method").select_option(method)
    page.get_by_role("button", name="Segment", exact=True).click()
    expect(page.locator('.job-list [data-state="queued"]')).to_have_count(1)
    assert run_next_job(clock=timezone.now) is True
    expect(page.locator('.job-list [data-state="queued"]')).to_have_count(0)
    made = case.segmentations.filter(method=method)
    assert made.count() == before + 1
    return made.latest("created_at")


def test_a_network_is_fine_tuned_and_what_it_became_is_run(
    person: Visitor, cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = person.page
    person.go("/trainings/")
    expect(page.get_by_role("heading", name="No training yet")).to_be_visible()
    expect(page.get_by_text("None of your cohorts has such masks")).to_be_visible()
    case = teach(cohort, 81, 82, 83)[0]
    tiny = tiny_version(cohort, tmp_path)
    request_segmentation(case=case, method=DEFAULT_METHOD, by=None, now=timezone.now())
    run_next_job(clock=timezone.now)
    old = case.segmentations.get(method=DEFAULT_METHOD)

    page.reload()
    page.get_by_label("Title").fill("From our masks")
    page.get_by_label("What is learned").select_option("paper")
    expect(page.get_by_text("No worker with a GPU is here.")).to_be_visible()
    page.get_by_label("What is learned").select_option("short")
    page.get_by_label("Begins from").select_option(tiny.name)
    page.get_by_label("Subjects to validate on").fill("3")
    page.get_by_role("button", name="Start the training").click()
    expect(page.get_by_text("leaves none to train on")).to_be_visible()
    expect(page.get_by_label("Subjects to validate on")).to_be_focused()
    person.troubles.clear()  # the refusal
    page.get_by_label("Subjects to validate on").fill("1")
    page.get_by_role("button", name="Start the training").click()
    expect(page.get_by_text("Waiting for a free worker").last).to_be_visible()

    with a_worker_that_waits(monkeypatch) as go_on:
        expect(page.get_by_text("50 %, Epoch 1 of 2: loss").last).to_be_visible()
        expect(page.get_by_role("progressbar")).to_have_attribute("value", "0.5")
        dice = page.get_by_role("img", name="Validation Dice by epoch")
        expect(dice.locator("circle")).to_have_count(1)
        go_on.set()
        expect(dice.locator("circle")).to_have_count(2)
    name = "slim-unet-v3"
    expect(page.get_by_text(f"Done: {name} can be used from now on.").last).to_be_visible()
    expect(page.get_by_role("heading", name="Slim U-Net v3: From our masks")).to_be_visible()
    expect(page.get_by_text("A training that has ended is not made longer")).to_be_visible()
    page.get_by_text("As a table").click()
    expect(page.get_by_role("region", name="Log").get_by_role("row")).to_have_count(3)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the log").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("epoch,loss,validation_dice")
    assert len(lines) == 3
    expect(page.get_by_text("2 cases of 2 subjects")).to_be_visible()

    person.go(f"/cases/{case.code}/")
    person.wait_for_viewer()
    new = segmented(page, case, name)
    assert new.provenance["checkpoint_sha256"] == Training.objects.get().version.sha256
    again = segmented(page, case, DEFAULT_METHOD)
    assert (again.sha256, again.probability_sha256) == (old.sha256, old.probability_sha256)


def test_a_running_training_is_cancelled_and_keeps_its_best(
    person: Visitor, cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = person.page
    teach(cohort, 81, 82)
    tiny_version(cohort, tmp_path)
    person.go("/trainings/?preset=short&start=slim-unet-v2")
    page.get_by_label("Title").fill("Too long")
    page.get_by_label("Epochs, at most").fill("40")
    page.get_by_role("button", name="Start the training").click()
    expect(page.get_by_text("Waiting for a free worker").last).to_be_visible()
    with a_worker_that_waits(monkeypatch) as go_on:
        expect(page.get_by_text("Epoch 1 of 40: loss").last).to_be_visible()
        page.get_by_role("button", name="Cancel the training").click()
        expect(page.locator(".notice")).to_contain_text("Cancelled.")
        go_on.set()
    expect(page.get_by_text("What it had learned is kept as slim-unet-v3.").last).to_be_visible()
    page.get_by_role("link", name="Trainings").last.click()
    row = page.locator('tr[data-state="cancelled"]')
    expect(row).to_contain_text("slim-unet-v3")


def test_the_brain_is_corrected_by_a_file_and_the_correction_taken_back(
    person: Visitor, cohort: Cohort
) -> None:
    page = person.page
    case = teach(cohort, 81)[0]
    person.go(f"/cases/{case.code}/")
    person.wait_for_viewer()
    part = page.get_by_role("region", name="Brain mask")
    expect(part).to_contain_text("came with the case")
    grid = case.scans.get(sequence="FLAIR").grid
    brain = np.zeros(grid.shape, np.uint8)
    brain[8:20, 10:30, 1:5] = 1

    def send(voxels: np.ndarray) -> None:
        file = {"name": "mine.nii.gz", "mimeType": "", "buffer": nifti(voxels, grid.affine)}
        chosen = part.locator('[data-action="brain-file"]')
        chosen.set_input_files([file])  # type: ignore[list-item]  # a dict is a FilePayload

    send(brain[:-1])
    expect(part.get_by_role("alert")).to_contain_text("another grid than the FLAIR")
    person.troubles.clear()  # the refusal
    send(brain)
    expect(part).to_contain_text("corrected")
    expect(page.locator("[data-brain]").get_by_role("radio")).to_be_checked()
    person.wait_for_viewer()
    with page.expect_download() as download:
        page.locator("[data-brain]").get_by_role("link", name="Download").click()
    assert "brainmask" in download.value.suggested_filename
    part.get_by_role("button", name="Take the correction back").click()
    expect(part.get_by_role("button", name="Take the correction back")).to_be_hidden()
    expect(part).not_to_contain_text("corrected")
