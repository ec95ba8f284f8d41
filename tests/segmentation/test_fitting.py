"""Methods learn from a cohort by a command; what cannot be learned from is said."""

from pathlib import Path

import numpy as np
import pytest
import torch
from django.conf import settings
from django.core.management import CommandError, call_command

from segmentation.methods import load_method
from segmentation.models import Cohort
from segmentation.networks.cascade import load_cascade
from segmentation.networks.header import record_of
from segmentation.operations import fitting
from segmentation.operations.cases import NamedFile, import_case
from segmentation.operations.fitting import Trial, fit_on_phantoms
from segmentation.training.phantoms import make_phantom
from tests.segmentation.scans import NOON, nifti

pytestmark = pytest.mark.django_db

GRID = {"shape": (56, 68, 12), "spacing_mm": (3.0, 3.0, 11.0)}

LITTLE = Trial(
    seeds=(71, 72), shape=(48, 56, 10), spacing_mm=(2.0, 2.0, 8.0), steps=2, samples=60, epochs=1
)


@pytest.fixture
def taught(cohort: Cohort) -> Cohort:
    """Two cases with reference and brain, one of them with T1, and a third without reference."""
    for seed, names in ((71, ("FLAIR", "T1")), (72, ("FLAIR",))):
        phantom = make_phantom(seed=seed, confluent=True, **GRID)  # type: ignore[arg-type]
        voxels = {
            "FLAIR": phantom.flair,
            "T1": phantom.t1,
            "mask": phantom.mask.astype(np.uint8),
            "brainmask": phantom.brain.astype(np.uint8),
        }
        files = [
            NamedFile(f"{name}.nii.gz", nifti(voxels[name], phantom.affine))
            for name in (*names, "mask", "brainmask")
        ]
        import_case(cohort=cohort, files=files, now=NOON)
    return cohort


def test_a_cohort_teaches_a_method_and_who_cannot_is_left_out(
    taught: Cohort, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("fit_method", "lst-lga", "--cohort", taught.title)
    said = capsys.readouterr().out
    assert "is left out. LST-LGA needs T1; case C0002 has none" in said
    assert "kappa: " in said
    assert [one.name for one in (Path(settings.METHODS) / "lst-lga").iterdir()] == [
        "coefficients.safetensors"
    ]


def test_whom_a_method_is_to_be_measured_on_teaches_it_nothing(taught: Cohort) -> None:
    call_command("fit_method", "lst-lpa", "--cohort", taught.title, "--leave-out", "C0001")
    [made] = (Path(settings.METHODS) / "lst-lpa").iterdir()
    known = {case.code: case.scans.get(sequence="FLAIR").sha256 for case in taught.cases.all()}
    assert record_of(made.read_bytes())["cases_sha256"] == [known["C0002"]]


def test_what_cannot_be_fitted_is_refused_and_leaves_nothing(taught: Cohort) -> None:
    for asked, told in [
        (("lst-lga", "--cohort", "nowhere"), "There is no cohort 'nowhere'. There is: Clinic"),
        (("lst-lga", "--cohort", taught.slug, "--reference", "consensus"), "called 'consensus'"),
        (("bianca", "--cohort", taught.slug), "0 cases with a reference hold none"),
        (("nicmslesions-retrained", "--cohort", taught.slug), "import_weights nicmslesions"),
        (("magic", "--cohort", taught.slug), "no method 'magic'"),
        (("lst-lpa", "--cohort", taught.slug, "--leave-out", "C9"), "is called C9"),
        (
            ("lst-lpa", "--cohort", taught.slug, *("--leave-out", "C0001", "--leave-out", "C0002")),
            "No case is left to learn from",
        ),
    ]:
        with pytest.raises(CommandError, match=told):
            call_command("fit_method", *asked)
    assert not any(Path(settings.METHODS).glob("*"))


def test_phantoms_give_methods_small_parts_once(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("li-unet-t1", "adapted-unet", "nicmslesions", "nicmslesions-retrained")
    said: list[str] = []
    outcome = fit_on_phantoms(only=asked, again=False, say=said.append, trial=LITTLE)
    assert outcome.made == asked
    assert not outcome.failed
    for name in asked:
        assert load_method(name, folder=settings.METHODS)
    cascade = load_cascade(Path(settings.METHODS) / "nicmslesions" / "cascade.safetensors")
    assert cascade.record["made_of"] == "phantoms"
    retrained = load_cascade(
        Path(settings.METHODS) / "nicmslesions-retrained" / "cascade.safetensors"
    )
    assert retrained.record["baseline_sha256"] == cascade.sha256
    for before, after in zip(cascade.stages, retrained.stages, strict=True):
        assert torch.equal(before.convs[3].weight, after.convs[3].weight)
        assert torch.equal(before.linear[1].weight, after.linear[1].weight)
        assert not torch.equal(before.linear[2].weight, after.linear[2].weight)
    call_command("fit_on_phantoms", "li-unet-t1", "slim-unet")
    told = capsys.readouterr().out
    assert "Li U-Net with T1 has its weights; they stay." in told
    assert "Made: nothing." in told


def test_a_method_that_cannot_be_made_is_named_and_the_others_are_made(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "TRIAL", LITTLE)
    with pytest.raises(CommandError, match=r"nicmslesions-retrained failed: .*no weights here yet"):
        call_command("fit_on_phantoms", "nicmslesions-retrained", "bianca")
    told = capsys.readouterr().out
    assert "nicMSlesions (retrained) FAILED" in told
    assert "Made: bianca." in told
    assert [one.name for one in Path(settings.METHODS).iterdir()] == ["bianca"]
