"""The shipped method finds lesions that it was never shown, and says what it is."""

import hashlib
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from segmentation.evaluation.lesion_matching import match_lesions
from segmentation.evaluation.overlap import dice
from segmentation.imaging.lesions import drop_small_lesions
from segmentation.imaging.nifti import Volume, read_volume
from segmentation.methods import (
    DEFAULT_METHOD,
    METHOD_CARDS,
    MissingSequence,
    UnknownMethod,
    load_method,
    method_card,
)
from segmentation.methods.slim_unet import CHECKPOINT
from segmentation.networks.checkpoint import load_checkpoint
from segmentation.training.phantoms import Phantom, make_phantom
from segmentation.training.train_default import same_patient


def volume_of(phantom: Phantom) -> Volume:
    return read_volume(nib.Nifti1Image(phantom.flair, phantom.affine).to_bytes(), name="phantom")


def test_held_out_phantoms_are_segmented_with_an_f1_of_half_or_more() -> None:
    method = load_method(DEFAULT_METHOD)
    scores = []
    for seed in range(60_000, 60_004):
        phantom = make_phantom(seed=seed, shape=(256, 288, 32), spacing_mm=(0.8, 0.8, 4.5))
        volume = volume_of(phantom)
        prediction = method.segment({"FLAIR": volume}, progress=lambda *_: None)
        assert prediction.mask.shape == phantom.mask.shape
        assert not (prediction.mask & ~prediction.brain).any()
        assert dice(prediction.brain, phantom.brain) > 0.9
        known = drop_small_lesions(phantom.mask, grid=volume.grid, min_volume_mm3=10.7)
        scores.append(match_lesions(prediction.mask, known, grid=volume.grid).f1)
    assert np.mean(scores) >= 0.5


def test_a_prediction_names_checkpoint_code_and_settings() -> None:
    phantom = make_phantom(seed=60_000, shape=(64, 72, 10), spacing_mm=(3.0, 3.0, 14.0))
    prediction = load_method(DEFAULT_METHOD).segment(
        {"FLAIR": volume_of(phantom)}, progress=lambda *_: None
    )
    told: Mapping[str, object] = json.loads(json.dumps(prediction.provenance))
    assert told["checkpoint_sha256"] == hashlib.sha256(CHECKPOINT.read_bytes()).hexdigest()
    assert told["settings"] == {
        "threshold": 0.4,
        "min_volume_mm3": 10.7,
        "connectivity": 26,
        "three_planes_below_mm": 2.0,
        "rim_mm": 3.0,
    }
    assert told["min_voxels_kept"] == 1  # 126 mm3 per voxel
    assert len(str(told["code_version"])) == len(str(told["settings_sha256"])) == 64


def test_work_can_be_ended_by_the_progress_report() -> None:
    phantom = make_phantom(seed=60_000, shape=(64, 72, 10), spacing_mm=(3.0, 3.0, 14.0))
    stages = []

    def stop(done: float, stage: str) -> None:
        stages.append(stage)
        if done > 0.3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        load_method(DEFAULT_METHOD).segment({"FLAIR": volume_of(phantom)}, progress=stop)
    assert stages[0] == "Preparing the scan"


def test_an_unknown_method_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownMethod, match=DEFAULT_METHOD):
        method_card("magic")


def test_a_method_says_which_scan_it_lacks() -> None:
    with pytest.raises(MissingSequence, match="FLAIR"):
        load_method(DEFAULT_METHOD).segment({}, progress=lambda *_: None)


def test_every_card_leads_to_a_method_with_a_model_card() -> None:
    for card in METHOD_CARDS:
        assert importlib.util.find_spec(card.module)
        assert (CHECKPOINT.parent / f"{card.name}.md").read_text().startswith("# ")
    assert CHECKPOINT.stat().st_size < 3_000_000
    shipped = hashlib.sha256(CHECKPOINT.read_bytes()).hexdigest()
    assert f"`{shipped}`" in (CHECKPOINT.parent / f"{DEFAULT_METHOD}.md").read_text()


def test_the_shipped_network_has_seen_neither_complete_case() -> None:
    record = load_checkpoint(CHECKPOINT).record
    assert len(record["subjects"]) == 34
    for name in ("mni_patient07", "mni_patient19"):
        assert name in record["left_out"]
        assert not any(same_patient(name, one) for one in record["subjects"])


@pytest.mark.real_scans
@pytest.mark.parametrize("name", ["long_patient01_study2", "long_patient12_study2"])
def test_on_a_whole_head_nothing_is_found_outside_the_brain(real_scans: Path, name: str) -> None:
    folder = real_scans / "ljubljana" / name
    flair = read_volume((folder / "FLAIR.nii.gz").read_bytes(), name="FLAIR")
    published = read_volume((folder / "brainmask.nii.gz").read_bytes(), name="brain").data > 0
    brain = ndimage.binary_fill_holes(published)  # a lesion may be left out of it
    prediction = load_method(DEFAULT_METHOD).segment({"FLAIR": flair}, progress=lambda *_: None)
    assert prediction.mask.any()
    assert not (prediction.mask & ~brain).any()
    assert dice(prediction.brain, brain) > 0.95
