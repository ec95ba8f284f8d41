"""A site trains a network on its own cases by a command; what would be dishonest is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from django.conf import settings
from django.core.management import CommandError, call_command

from segmentation.models import Case, Cohort, Version
from segmentation.networks.checkpoint import load_checkpoint, save_checkpoint
from segmentation.networks.unet import UNet, UNetSettings
from segmentation.operations.cases import NamedFile, import_case
from segmentation.operations.planning import Plan
from segmentation.operations.training import examples_of, starting_network
from segmentation.training.phantoms import make_phantom
from tests.segmentation.scans import NOON, nifti
from tests.segmentation.taught import teach

pytestmark = pytest.mark.django_db
WIDTHS = (4, 4, 6, 6, 6)


@pytest.fixture
def taught(cohort: Cohort) -> Cohort:
    """Three cases with reference and brain."""
    teach(cohort, 81, 82, 83)
    return cohort


def checkpoint(path: Path, *, channels: int, outputs: int, record: dict[str, object]) -> Path:
    torch.manual_seed(1)
    network = UNet(UNetSettings(channels, WIDTHS, 3, 3, True, 0.0, outputs))
    save_checkpoint(path, network, record)
    return path


def run(cohort: Cohort, folder: Path, *more: str) -> None:
    words = ["--epochs", "1", "--steps", "2", "--size", "48", "--validation-case", "C0003"]
    call_command("train", "--cohort", cohort.title, "--folder", str(folder), *words, *more)


def test_the_small_preset_fine_tunes_and_says_on_whom(
    taught: Cohort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = checkpoint(tmp_path / "start.safetensors", channels=3, outputs=2, record={})
    run(taught, tmp_path / "t", "--start", str(start), "--test-case", "C0002")
    said = capsys.readouterr().out
    assert "training: C0001" in said
    assert "validation: C0003" in said
    assert "test: Dice" in said
    trained = load_checkpoint(tmp_path / "t" / "best.safetensors")
    hashes = {case.code: case.scans.get(sequence="FLAIR").sha256 for case in Case.objects.all()}
    assert trained.record["training_sha256"] == [hashes["C0001"]]
    assert trained.record["validation_sha256"] == [hashes["C0003"]]
    assert "test_dice" in trained.record
    run(taught, tmp_path / "t", "--start", str(start), "--test-case", "C0002", "--install")
    assert "Installed as slim-unet-v2." in capsys.readouterr().out
    version = Version.objects.get()
    assert version.record["training_sha256"] == [hashes["C0001"]]
    with version.checkpoint.open("rb") as stored:
        assert stored.read() == (tmp_path / "t" / "best.safetensors").read_bytes()


def test_a_thin_scan_teaches_all_three_planes(cohort: Cohort) -> None:
    phantom = make_phantom(seed=84, shape=(40, 44, 90), spacing_mm=(4.0, 4.0, 1.5))
    voxels = {"FLAIR": phantom.flair, "mask": phantom.mask.astype(np.uint8)}
    files = [NamedFile(f"{name}.nii", nifti(one, phantom.affine)) for name, one in voxels.items()]
    case = import_case(cohort=cohort, files=files, now=NOON).case
    mask = case.segmentations.get()
    sagittal, coronal, axial = examples_of(mask, plan=Plan(preset="small"))
    assert sagittal.pixels.shape == (160, 176, 144)
    assert coronal.pixels.shape == (176, 160, 144)
    assert axial.pixels.shape == (144, 160, 176)
    assert sagittal.stride == coronal.stride == axial.stride == 3
    assert sagittal.lesion.sum() == coronal.lesion.sum() == axial.lesion.sum() > 0
    assert len(examples_of(mask, plan=Plan(preset="paper"))) == 1


def test_the_paper_preset_widens_a_network_of_one_slice_and_is_installed(
    taught: Cohort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = checkpoint(tmp_path / "start.safetensors", channels=1, outputs=1, record={})
    run(taught, tmp_path / "t", "--preset", "paper", "--start", str(start), "--install")
    assert "Installed as adapted-unet-v2." in capsys.readouterr().out
    part = Path(settings.METHODS) / "adapted-unet" / "1.safetensors"
    assert part.read_bytes() == (tmp_path / "t" / "best.safetensors").read_bytes()
    assert load_checkpoint(part).network.settings.in_channels == 3


def test_transfer_from_one_slice_preserves_the_function(tmp_path: Path) -> None:
    start = checkpoint(tmp_path / "start.safetensors", channels=1, outputs=1, record={})
    wide, _ = starting_network(Plan(preset="paper", start=start))
    slices = torch.rand(2, 3, 48, 48)
    with torch.inference_mode():
        narrow = load_checkpoint(start).network(slices[:, 1:2])
        assert torch.allclose(wide(slices), narrow, atol=1e-6)


def test_who_was_learned_from_cannot_validate(taught: Cohort, tmp_path: Path) -> None:
    third = Case.objects.get(code="C0003").scans.get(sequence="FLAIR").sha256
    record: dict[str, object] = {"training_sha256": [third]}
    start = checkpoint(tmp_path / "start.safetensors", channels=3, outputs=2, record=record)
    with pytest.raises(CommandError, match="was trained on C0003"):
        run(taught, tmp_path / "t", "--start", str(start))
    first = Case.objects.get(code="C0001")
    Case.objects.filter(code="C0003").update(subject=first.subject)
    with pytest.raises(CommandError, match=r"C0001 \(training\) and C0003 \(validation\)"):
        run(taught, tmp_path / "t")


def test_what_cannot_be_trained_is_said(taught: Cohort, tmp_path: Path) -> None:
    wrong = checkpoint(tmp_path / "wrong.safetensors", channels=2, outputs=1, record={})
    for words, told in [
        (["--preset", "huge"], "no preset 'huge'. There is: small, short, paper"),
        (["--start", str(wrong)], "takes 3 slices and has 2 outputs"),
        (["--start", str(tmp_path / "none")], "cannot be read"),
        (["--reference", "consensus"], "called 'consensus'"),
        (["--validation-case", "C0001", "--validation-case", "C0002"], "No case is left"),
    ]:
        with pytest.raises(CommandError, match=told):
            run(taught, tmp_path / "t", *words)
    assert not (tmp_path / "t" / "best.safetensors").exists()
