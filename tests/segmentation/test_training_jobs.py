"""A training is a job: it survives its worker, ends once, and makes a version beside the others."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
import torch
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from segmentation.evaluation.comparison import scores_of
from segmentation.evaluation.thresholds import THRESHOLDS
from segmentation.imaging.nifti import Volume
from segmentation.inference.cleaning import without_rim
from segmentation.methods import DEFAULT_METHOD, Prediction, UnknownMethod
from segmentation.methods.slim_unet import CHECKPOINT
from segmentation.models import (
    AuditEntry,
    Cohort,
    InferenceJob,
    Scan,
    Segmentation,
    Training,
    Version,
)
from segmentation.networks.checkpoint import checkpoint_in, load_checkpoint, save_checkpoint
from segmentation.networks.unet import UNet, UNetSettings
from segmentation.operations import adapting, running
from segmentation.operations.calibration import curves_of
from segmentation.operations.cases import NamedFile, create_cohort, import_case
from segmentation.operations.deletion import delete_case
from segmentation.operations.jobs import AlreadyFinished, request_segmentation, say_present
from segmentation.operations.planning import PRESETS
from segmentation.operations.training_jobs import (
    Request,
    cancel_training,
    is_settled,
    request_training,
)
from segmentation.operations.versions import add_version
from segmentation.operations.voxels import mask_of, scans_of
from segmentation.queries import training_in_full
from segmentation.refusals import Refusal
from segmentation.training.course import Course
from segmentation.training.settings import TrainingSettings, paper, short, small
from segmentation.training.splits import NotEnoughSubjects
from tests.segmentation.scans import NOON, signed_in
from tests.segmentation.taught import teach

pytestmark = pytest.mark.django_db(transaction=True)


WIDTHS = (4, 4, 6, 6, 6)


@pytest.fixture
def taught(cohort: Cohort) -> Cohort:
    """Three cases to learn from, and a version of few features to begin with."""
    teach(cohort, 81, 82, 83)
    return cohort


@pytest.fixture
def tiny(taught: Cohort, tmp_path: Path) -> Version:
    return tiny_version(taught, tmp_path)


def tiny_version(cohort: Cohort, folder: Path, **record: Any) -> Version:
    """A version of the default method that trains in a moment."""
    torch.manual_seed(1)
    file = folder / "tiny.safetensors"
    save_checkpoint(file, UNet(UNetSettings(3, WIDTHS, 3, 3, True, 0.0, 2)), record)
    return add_version(
        method=DEFAULT_METHOD, title="Tiny", content=file.read_bytes(), cohorts=[cohort], now=NOON
    )


def asked(cohort: Cohort, by: User | None = None, **more: Any) -> Training:
    """A short training; it begins from the tiny version, which is the second of the default."""
    values: dict[str, Any] = {"title": "First", "preset": "short", "start": "slim-unet-v2"} | more
    return request_training(Request(cohorts=[cohort], **values), by=by, now=NOON)


def work() -> None:
    assert running.run_next_job(clock=timezone.now) is True


def ended(training: Training) -> Training:
    """What became of it."""
    return training_in_full(training.pk)


def weights_of(version: Version) -> dict[str, torch.Tensor]:
    with version.checkpoint.open("rb") as stored:
        weights: dict[str, torch.Tensor] = checkpoint_in(
            stored.read(), name=version.name
        ).network.state_dict()
    return weights


def equal(one: Version, other: Version) -> bool:
    pairs = zip(weights_of(one).values(), weights_of(other).values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_a_training_makes_a_version_and_leaves_the_old_one_as_it_was(
    taught: Cohort, cora: User
) -> None:
    case = taught.cases.first()
    assert case is not None

    def segmented(method: str) -> Segmentation:
        request_segmentation(case=case, method=method, by=cora, now=NOON)
        work()
        return case.segmentations.filter(method=method).latest("created_at")

    before = segmented(DEFAULT_METHOD)
    training = asked(taught, cora, start=DEFAULT_METHOD, epochs=1)
    work()
    training = ended(training)
    assert (training.state, training.reason) == ("succeeded", "")
    assert [row["epoch"] for row in training.log] == [1]
    assert training.best_score is not None
    assert training.settings_used["batch"] == 4
    version = training.version
    assert (version.name, version.title) == ("slim-unet-v2", "Slim U-Net v2: First")
    assert len(version.record["training_sha256"]) == 2
    assert len(version.record["validation_sha256"]) == 1
    assert not any(settings.TRAININGS.iterdir())
    new = segmented(version.name)
    assert new.title == version.title
    assert new.provenance["checkpoint_sha256"] == version.sha256
    again = segmented(DEFAULT_METHOD)
    assert (again.sha256, again.probability_sha256) == (before.sha256, before.probability_sha256)
    assert new.probability_sha256 != before.probability_sha256


def test_who_was_learned_stays_known_and_who_validated_may_again(
    taught: Cohort, tiny: Version
) -> None:
    first = asked(taught)
    work()
    version = ended(first).version
    assert version.name == "slim-unet-v3"
    second = asked(taught, start=version.name)
    assert second.split["validation"] == first.split["validation"]
    work()
    learned = set(ended(second).version.record["learned_before_sha256"])
    assert learned == set(version.record["training_sha256"])
    with pytest.raises(NotEnoughSubjects, match="has learned from 2 of them") as refused:
        asked(taught, start=version.name, validation=2)
    assert set(refused.value.fields) == {"validation"}


KILLED = """
import os, signal, django
django.setup()
from django.utils import timezone
from segmentation.operations import running
from segmentation.training.loop import Watch
from segmentation.operations import adapting
class Dies(adapting._Reports):
    def step(self, done):
        if done > 0.6:
            os.kill(os.getpid(), signal.SIGKILL)
        super().step(done)
adapting._Reports = Dies
running.run_next_job(clock=timezone.now)
"""


def test_a_killed_worker_costs_nothing_of_what_was_learned(
    taught: Cohort, tiny: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker goes on after the last whole epoch, to the very weights of an unkilled one."""
    monkeypatch.setattr(settings, "WORKER_THREADS", 1)
    training = asked(taught, epochs=3)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED],
        env=os.environ | as_this_test(),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    training.refresh_from_db()
    assert (training.state, [row["epoch"] for row in training.log]) == ("running", [1])
    later = timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS + 1)
    assert running.run_next_job(clock=lambda: later) is True
    whole = asked(taught, epochs=3)
    threads = torch.get_num_threads()
    work()
    torch.set_num_threads(threads)
    resumed, whole = ended(training), ended(whole)
    assert (resumed.state, whole.state) == ("succeeded", "succeeded")
    assert equal(resumed.version, whole.version)
    losses = [[row["loss"] for row in one.log] for one in (resumed, whole)]
    assert losses[0] == losses[1]


def as_this_test() -> dict[str, str]:
    """The environment of a worker on the database and the files of this test."""
    name = connection.settings_dict["NAME"]
    server = os.environ.get("DATABASE_URL", "")
    url = (
        f"sqlite:///{name}"
        if connection.vendor == "sqlite"
        else f"{server.rpartition('/')[0]}/{name}"
    )
    return {
        "DJANGO_SETTINGS_MODULE": "tests.segmentation.worker_settings",
        "DATABASE_URL": url,
        "PLAQUE_TEST_FOLDER": str(Path(settings.METHODS).parent),
        "PLAQUE_WORKER_THREADS": "1",
    }


def stop_at(epoch: int, act: Callable[[], None]) -> type[adapting._Reports]:
    """Reports that do something after an epoch."""

    class Acting(adapting._Reports):
        def epoch(self, course: Course, settings: TrainingSettings) -> None:
            super().epoch(course, settings)
            if course.epoch == epoch:
                act()
                self.last = 0.0  # the next step looks whether the job is still held

    return Acting


def test_a_cancelled_training_keeps_its_best_checkpoint(
    taught: Cohort, tiny: Version, cora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = asked(taught, epochs=50)

    def cancel() -> None:
        cancel_training(training_id=training.pk, by=cora, now=NOON)

    monkeypatch.setattr(adapting, "_Reports", stop_at(2, cancel))
    work()
    training = ended(training)
    assert training.state == "cancelled"
    assert len(training.log) == 2
    assert training.version.record["course"]["best_epoch"] == training.best_epoch
    assert is_settled(training)
    with pytest.raises(AlreadyFinished):
        cancel()


def test_a_loss_that_is_no_number_keeps_the_last_good_checkpoint_and_says_so(
    taught: Cohort, tiny: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = asked(taught, epochs=5)

    def spoil(settings_: TrainingSettings, step: int) -> float:
        return 1e-4 if step < settings_.steps else float("nan")

    monkeypatch.setattr(TrainingSettings, "rate_at", spoil)
    work()
    training = ended(training)
    assert training.state == "failed"
    assert "stopped in epoch 2: its loss is not a number" in training.reason
    assert "The checkpoint of epoch 1 was kept. Lower the learning rate." in training.reason
    assert all(value.isfinite().all() for value in weights_of(training.version).values())


def test_a_case_to_segment_does_not_wait_for_the_end_of_a_training(
    taught: Cohort, tiny: Version, cora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = taught.cases.first()
    assert case is not None
    alone = asked(taught, title="Alone")
    work()
    training = asked(taught, title="Disturbed")
    jobs: list[InferenceJob] = []

    def ask() -> None:
        jobs.append(request_segmentation(case=case, method=tiny.name, by=cora, now=NOON))

    monkeypatch.setattr(adapting, "_Reports", stop_at(1, ask))
    work()
    jobs[0].refresh_from_db()
    training = ended(training)
    assert (jobs[0].state, training.state) == ("succeeded", "succeeded")
    assert jobs[0].finished_at < training.finished_at
    assert equal(training.version, ended(alone).version)


def test_cases_that_were_deleted_meanwhile_are_said(taught: Cohort, tiny: Version) -> None:
    training = asked(taught)
    delete_case(case=taught.cases.get(code="C0001"), reason="Wrong.", by=None, now=NOON)
    work()
    training = ended(training)
    assert training.state == "failed"
    assert "1 of its 3 cases were deleted" in training.reason
    assert getattr(training, "version", None) is None
    assert is_settled(training)


def test_a_threshold_is_chosen_anew_and_the_weights_stay(taught: Cohort, cora: User) -> None:
    training = asked(taught, preset="threshold", start=DEFAULT_METHOD, measure="lesion F1")
    assert [len(training.split[side]["masks"]) for side in ("training", "validation")] == [3, 0]
    work()
    training = ended(training)
    assert (training.state, training.reason) == ("succeeded", "")
    assert [row["threshold"] for row in training.log] == list(THRESHOLDS)
    version = training.version
    f1 = {row["threshold"]: row["lesion_f1"] for row in training.log}
    assert f1[version.threshold] == max(f1.values()) == training.best_score
    assert version.record["calibration"]["weights_of"] == DEFAULT_METHOD
    shipped = load_checkpoint(CHECKPOINT).network.state_dict()
    assert all(torch.equal(shipped[name], one) for name, one in weights_of(version).items())
    case = taught.cases.get(code="C0001")
    made = {}
    for method in (DEFAULT_METHOD, version.name):
        request_segmentation(case=case, method=method, by=cora, now=NOON)
        work()
        made[method] = case.segmentations.get(method=method)
    old, new = made[DEFAULT_METHOD], made[version.name]
    assert new.probability_sha256 == old.probability_sha256
    thresholds = [one.provenance["settings"]["threshold"] for one in (old, new)]
    assert thresholds == [0.4, version.threshold]


class Everywhere:
    """A method that takes all of the brain that it sees for a lesion, but for its rim."""

    def segment(self, volumes: Mapping[str, Volume], **_: Any) -> Prediction:
        grid = volumes["FLAIR"].grid
        brain = np.zeros(grid.shape, bool)
        brain[3:-3, 3:-3] = True
        settings = {"rim_mm": 2 * max(grid.spacing_mm), "min_volume_mm3": 0.0, "connectivity": 26}
        return Prediction(
            probability=np.ones(grid.shape, np.float32),
            mask=without_rim(brain, grid=grid, rim_mm=settings["rim_mm"]),
            brain=brain,
            provenance={"settings": settings},
        )


def test_a_threshold_is_chosen_on_the_masks_that_the_method_makes(taught: Cohort) -> None:
    reference = taught.cases.get(code="C0001").segmentations.get()
    scans = scans_of(reference.case)
    prediction = Everywhere().segment(scans)
    assert prediction.mask.sum() < prediction.brain.sum()
    curves = curves_of(Everywhere(), reference, progress=lambda *_: None)
    scores = scores_of(prediction.mask, mask_of(reference), grid=scans["FLAIR"].grid)
    assert set(curves["DSC"]) == {scores["DSC"]}


@pytest.mark.parametrize("kind", ["sha256", "sent_sha256", "original_sha256"])
def test_a_threshold_is_not_chosen_on_whom_the_checkpoint_has_learned(
    taught: Cohort, tmp_path: Path, kind: str
) -> None:
    flairs = Scan.objects.filter(case__cohort=taught, sequence="FLAIR").order_by("case__code")
    hashes = [getattr(flair, kind) for flair in flairs]
    tiny_version(taught, tmp_path, training_sha256=hashes[:1])
    training = asked(taught, preset="threshold")
    assert training.split["training"]["subjects"] == 2
    tiny_version(taught, tmp_path, training_sha256=hashes[:2])
    words = refused("cohorts", taught, preset="threshold", start="slim-unet-v3")
    assert "at least 2 subjects" in words


@pytest.mark.real_scans
@pytest.mark.parametrize("preset", ["threshold", "short"])
def test_the_shipped_network_knows_the_cases_that_it_was_trained_on(
    cohort: Cohort, real_scans: Path, preset: str
) -> None:
    for name in ("long_patient01_study2", "long_patient12_study2"):
        folder = real_scans / "ljubljana" / name
        files = [
            NamedFile(called, (folder / file).read_bytes())
            for called, file in (
                ("FLAIR.nii.gz", "FLAIR.nii.gz"),
                ("mask.nii.gz", "change_mask.nii.gz"),
            )
        ]
        import_case(cohort=cohort, files=files, now=NOON)
    with pytest.raises(NotEnoughSubjects, match=r"has (not )?learned"):
        asked(cohort, preset=preset, start=DEFAULT_METHOD)


def test_the_threshold_is_chosen_by_a_command_too(
    taught: Cohort, tiny: Version, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--method", tiny.name, "--cohort", taught.title, "--title", "Ours"]
    call_command("calibrate", *words)
    said = capsys.readouterr().out
    assert re.search(r"0.50 +\S+ +\S+", said)
    assert re.search(r"\d+% Case 3 of 3: ", said)
    assert "slim-unet-v3" in said
    assert Version.objects.get(name="slim-unet-v3").record["calibration"]["measure"] == "DSC"
    with pytest.raises(CommandError, match="no checkpoint 'magic'"):
        call_command("calibrate", "--method", "magic", "--cohort", taught.title)


def refused(field: str, cohort: Cohort, **more: Any) -> str:
    with pytest.raises(Refusal) as caught:
        asked(cohort, **more)
    assert set(caught.value.fields) == {field}
    return " ".join(caught.value.fields[field])


def test_what_cannot_be_trained_is_refused_at_its_field(
    cohort: Cohort, tmp_path: Path, cora: User
) -> None:
    teach(cohort, 81)
    tiny_version(cohort, tmp_path)
    assert "1 subject with a reference" in refused("cohorts", cohort)
    teach(cohort, 84, lesions=False)
    (first, second) = cohort.cases.order_by("code")
    assert "called 'consensus'" in refused("reference", cohort, reference="consensus")
    assert "no checkpoint 'magic'" in refused("start", cohort, start="magic")
    assert "does not fit Adapted U-Net" in refused("start", cohort, preset="paper")
    assert "small, short, paper" in refused("preset", cohort, preset="huge")
    assert "Give it a name" in refused("title", cohort, title=" ")
    assert "From 1 to" in refused("epochs", cohort, epochs=10_001)
    assert "Choose the checkpoint" in refused("start", cohort, preset="threshold", start="")
    assert "not in these cohorts" in refused("masks", cohort, masks=[uuid4()])
    bare = second.segmentations.get()
    also = teach(cohort, 85, lesions=False)[0].segmentations.get()
    words = refused("reference", cohort, masks=[bare.pk, also.pk])
    assert "None of the cases to learn from has a lesion" in words
    third = also.case
    third.subject = second.subject = first.subject
    third.save()
    second.save()
    assert "1 subject with a reference" in refused("cohorts", cohort)
    assert not Training.objects.exists()
    assert not AuditEntry.objects.filter(act="training-started").exists()


def test_masks_can_be_chosen_one_by_one(taught: Cohort, tiny: Version) -> None:
    chosen = [mask.pk for mask in Segmentation.objects.order_by("pk")[:2]]
    training = asked(taught, masks=chosen)
    members = [one for side in training.split.values() for one in side["masks"]]
    assert sorted(members) == sorted(map(str, chosen))
    work()
    assert ended(training).state == "succeeded"


def test_of_a_subject_that_is_set_aside_for_tests_nothing_is_learned(
    taught: Cohort, tiny: Version
) -> None:
    tested, *others = taught.cases.order_by("code")
    tested.description = {"split": "test"}
    tested.save()
    sides = asked(taught).split.values()
    learned = {mask for side in sides for mask in side["masks"]}
    assert learned == {str(case.segmentations.get().pk) for case in others}
    assert tested.code in refused(
        "masks",
        taught,
        masks=[tested.segmentations.get().pk, *(case.segmentations.get().pk for case in others)],
    )
    for case in others:
        case.description = {"split": "test"}
        case.save()
    assert "set aside to test" in refused("reference", taught)


def test_a_version_belongs_to_the_people_of_its_cohort(
    taught: Cohort, tiny: Version, cora: User, otto: User
) -> None:
    case = taught.cases.first()
    assert case is not None
    names = {one["name"] for one in signed_in(cora).get("/api/v1/methods/").json()}
    assert tiny.name in names
    elsewhere = create_cohort(title="Elsewhere", coordinators=[otto])
    names = {one["name"] for one in signed_in(otto).get("/api/v1/methods/").json()}
    assert tiny.name not in names
    with pytest.raises(UnknownMethod):
        request_segmentation(case=case, method=tiny.name, by=otto, now=NOON)
    body = {"title": "Mine", "preset": "short", "also": [taught.slug]}
    answer = signed_in(otto).post(
        f"/api/v1/cohorts/{elsewhere.slug}/trainings/", body, content_type="application/json"
    )
    assert answer.status_code == 400
    said = (
        "You do not coordinate a cohort 'clinic-2019', or read cases of it that are hidden until "
        "you have finished."
    )
    assert answer.json()["fields"] == {"cohorts": [said]}


def test_the_page_knows_whether_a_worker_has_a_gpu(taught: Cohort, cora: User) -> None:
    def has_gpu() -> bool:
        page = signed_in(cora).get("/trainings/")
        return bool(page.context["page_data"]["has_gpu"])

    say_present(worker="one", now=timezone.now())
    assert has_gpu() is False
    say_present(worker="two", now=timezone.now(), has_gpu=True)
    assert has_gpu() is True


def test_the_presets_take_as_many_epochs_as_is_said() -> None:
    made = {
        "short": short(seed=1, half=False),
        "small": small(seed=1, half=False),
        "paper": paper(slices=1, seed=1, half=False),
    }
    assert {name: one.epochs for name, one in made.items()} == {
        name: PRESETS[name].epochs for name in made
    }
