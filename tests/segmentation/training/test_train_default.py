"""The command that makes the shipped weights, at its very smallest."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from segmentation.inference.precision import has_native_bfloat16
from segmentation.methods.slim_unet import CHECKPOINT
from segmentation.networks.checkpoint import load_checkpoint, save_checkpoint
from segmentation.training.examples import Example
from segmentation.training.journal import OtherTraining
from segmentation.training.settings import TrainingSettings
from segmentation.training.train_default import (
    Fold,
    Material,
    planned_folds,
    run_fold,
    same_patient,
)
from tests.segmentation.training.small import tiny_example, tiny_network

SMALLEST = (
    "--phantoms 1 --held-out 0 --shared 1 --epochs 1 1 --steps 2 --batch 2 --size 64 --device cpu"
)
COMMAND = [sys.executable, "-m", "segmentation.training.train_default", *SMALLEST.split()]
SETTINGS = TrainingSettings(
    epochs=1, steps=1, batch=2, size=64, rate=1e-3, loss="lesion and brain", shares={"real": 1.0}
)


def weights(file: Path) -> torch.Tensor:
    return load_checkpoint(file).network.state_dict()["down.0.0.conv.weight"]


def test_all_rounds_end_with_a_checkpoint_that_says_how_it_was_computed(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--half", "--out", str(tmp_path)], check=True, capture_output=True, text=True
    )
    last = load_checkpoint(tmp_path / "all" / "best.safetensors")
    assert last.record["examples"] == {"phantom": 1}
    assert last.record["precision"] == ("bfloat16" if has_native_bfloat16() else "float32")
    assert ("in single precision instead" in done.stdout) is not has_native_bfloat16()
    shared = load_checkpoint(tmp_path / "shared" / "best.safetensors")
    assert last.record["begun_with"] == shared.sha256
    kernels = [weights(file) for file in tmp_path.rglob("best.safetensors")]
    assert len(kernels) == 5, "of each round, and what comes out: the shared one's, the second's"
    assert len({tuple(one.flatten().tolist()) for one in kernels}) == 3, "every round learned"


def example(*subjects: str) -> Example:
    return replace(tiny_example(group="real"), subjects=frozenset(subjects))


def test_no_fold_learns_from_whom_it_leaves_out_nor_begins_with_a_network_that_did(
    tmp_path: Path,
) -> None:
    names = ["mni_patient01", "mni_patient02", "patient03"]
    examples = [example(*one) for one in (names[:1], names[1:2], names[2:], names[1:])]
    material = Material(examples, [], dict.fromkeys(names, "0" * 64))
    shared, folds = planned_folds([{names[0]}, {names[1]}, set()], SETTINGS, 1, 0, tmp_path)
    assert shared is not None
    learned = {}
    for fold in (shared, *folds):
        run_fold(
            fold,
            material,
            folder=tmp_path / fold.name,
            said={},
            device="cpu",
            threads=1,
            say=lambda _: None,
        )
        record = load_checkpoint(tmp_path / fold.name / "best.safetensors").record
        learned[fold.name] = (set(record["subjects"]), record["examples"]["real"])
    assert learned == {
        "shared": ({"patient03"}, 1),
        "mni_patient01": ({"mni_patient02", "patient03"}, 3),
        "mni_patient02": ({"mni_patient01", "patient03"}, 2),
        "all": (set(names), 4),
    }


def test_a_network_can_leave_out_several_and_nothing_is_made_of_them(tmp_path: Path) -> None:
    names = ["mni_patient01", "mni_patient02"]
    for name in names:
        (tmp_path / "cases" / name).mkdir(parents=True)
        (tmp_path / "cases" / name / "FLAIR.nii.gz").write_bytes(b"never read")
    given = ["--cases", str(tmp_path / "cases"), "--leave-out", ",".join(names), "--shared", "0"]
    given += ["--threshold", "0.35"]
    done = subprocess.run(
        [*COMMAND, *given, "--out", str(tmp_path / "out")],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "read 0 cases and 0 masks" in done.stdout
    record = load_checkpoint(tmp_path / "out" / "-".join(names) / "best.safetensors").record
    assert (record["left_out"], record["subjects"]) == (names, {})
    assert record["threshold"] == 0.35
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_whom_any_fold_leaves_out_does_not_say_where_lesions_are_rare(tmp_path: Path) -> None:
    head = tmp_path / "cases" / "long_patient01_study2"
    masks = tmp_path / "cases" / "masks_mni"
    for folder in (head, masks):
        folder.mkdir(parents=True)
    brain = np.zeros((48, 56, 24), np.uint8)
    brain[8:-8, 8:-8, 4:-4] = 1
    noise = np.random.default_rng(1).normal(300, 10, brain.shape)
    affine = np.diag([3.0, 3.0, 6.0, 1.0])
    nib.Nifti1Image((brain * noise + 5).astype(np.int16), affine).to_filename(head / "FLAIR.nii.gz")
    nib.Nifti1Image(brain, affine).to_filename(head / "brainmask.nii.gz")
    lesions = np.zeros((182, 218, 182), np.uint8)
    lesions[85:95, 100:110, 70:80] = 1
    for name in ("patient05", "patient06", "patient07"):
        nib.Nifti1Image(lesions, np.eye(4)).to_filename(masks / f"{name}.nii.gz")
    given = ["--cases", str(tmp_path / "cases"), "--shared", "0", "--implants", "0"]
    given += [
        "--leave-out",
        "patient05",
        "--leave-out",
        "patient06",
        "--out",
        str(tmp_path / "out"),
    ]
    subprocess.run([*COMMAND, *given], check=True, timeout=300)
    for name in ("patient05", "patient06"):
        record = load_checkpoint(tmp_path / "out" / name / "best.safetensors").record
        assert set(record["subjects"]) == {"long_patient01_study2", "patient07"}


def test_a_command_that_goes_on_from_a_network_ends(tmp_path: Path) -> None:
    given = ["--begin-with", str(CHECKPOINT), "--processes", "2", "--shared", "0"]
    subprocess.run([*COMMAND, *given, "--out", str(tmp_path)], check=True, timeout=300)
    record = load_checkpoint(tmp_path / "all" / "best.safetensors").record
    assert record["begun_with"] == load_checkpoint(CHECKPOINT).sha256


def test_a_fold_begins_with_the_shared_network(tmp_path: Path) -> None:
    material = Material([example("mni_patient01")], [], {"mni_patient01": "0" * 64})
    shared, (fold,) = planned_folds([set()], SETTINGS, 1, 0, tmp_path)
    assert shared is not None
    again = Fold("again", set(), fold.rounds)
    for one in (shared, fold, again):
        run_fold(
            one,
            material,
            folder=tmp_path / one.name,
            said={},
            device="cpu",
            threads=1,
            say=lambda _: None,
        )
    first, begun, fresh = (
        weights(tmp_path / one.name / "best.safetensors") for one in (shared, fold, again)
    )
    assert (begun - first).abs().max() < 0.01 < (fresh - first).abs().max()


def test_a_network_that_goes_on_says_whom_it_had_learned_from_before(tmp_path: Path) -> None:
    subjects = ["mni_patient01", "mni_patient02"]
    file: Path | None = None
    for name in subjects:
        run_fold(
            Fold(name, set(), [SETTINGS], file),
            Material([example(name)], [], {name: name[-2:] * 32}),
            folder=tmp_path / name,
            said={},
            device="cpu",
            threads=1,
            say=lambda _: None,
        )
        file = tmp_path / name / "best.safetensors"
    assert file is not None
    record = load_checkpoint(file).record
    assert record["subjects"] == {"mni_patient01": "01" * 32, "mni_patient02": "02" * 32}
    with pytest.raises(OtherTraining):  # what lies there began with another network
        run_fold(
            Fold("again", set(), [SETTINGS], file),
            Material([example(subjects[1])], [], {subjects[1]: "02" * 32}),
            folder=tmp_path / subjects[1],
            said={},
            device="cpu",
            threads=1,
            say=lambda _: None,
        )


@pytest.mark.parametrize(
    ("name", "other", "same"),
    [
        ("mni_patient07", "patient07", True),
        ("long_patient01_study1", "long_patient01_study2", True),
        ("mni_patient07", "patient17", False),
        ("mni_patient19", "long_patient19_study1", False),
    ],
)
def test_scans_and_masks_of_one_patient_are_known_by_name(
    name: str, other: str, *, same: bool
) -> None:
    assert same_patient(name, other) is same
    assert same_patient(other, name) is same


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--leave-out", "mni_patient7"], "--leave-out mni_patient7: no case and no mask"),
        (["--leave-out", "mni_patient07,"], "--leave-out : no case and no mask"),
        (["--epochs", "0", "0"], "no round is left"),
        (["--begin-with", "none.safetensors"], "none.safetensors"),
        (["--begin-with", "BEFORE", "--leave-out", "mni_patient07"], "learned from mni_patient07"),
        (["--begin-with", "BEFORE"], "not of the slim layout"),
        ([], "mni_patient07: "),  # its FLAIR is no image
    ],
)
def test_what_cannot_be_is_said_before_anything_is_made(
    given: list[str], told: str, tmp_path: Path
) -> None:
    (tmp_path / "cases" / "mni_patient07").mkdir(parents=True)
    (tmp_path / "cases" / "mni_patient07" / "FLAIR.nii.gz").write_bytes(b"never read")
    before = tmp_path / "before.safetensors"
    save_checkpoint(before, tiny_network(), {"subjects": {"patient07": "0" * 64}})
    words = [str(before) if word == "BEFORE" else word for word in given]
    folders = ["--cases", str(tmp_path / "cases"), "--out", str(tmp_path / "out")]
    done = subprocess.run([*COMMAND, *folders, *words], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert told in done.stderr
    assert not (tmp_path / "out").exists()
