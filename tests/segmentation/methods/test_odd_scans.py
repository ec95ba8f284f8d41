"""Scans that nobody should send: every method ends with a mask on the scan's grid, or says why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from segmentation.methods import METHOD_CARDS, load_method
from segmentation.methods.brain import NoBrain
from segmentation.methods.fitting import fit_method
from segmentation.networks.cascade import PatchNet, PatchSettings, save_cascade
from segmentation.networks.checkpoint import save_checkpoint
from segmentation.networks.unet import UNetSettings
from segmentation.training.phantoms import make_phantom
from tests.segmentation.methods.small import TINY, bright_detector, labelled, li_file, volume

SILENT = {"progress": lambda *_: None}
ALIKE = {"li-unet-t1", "nicmslesions-retrained"}  # the same code as another
METHODS = [card.name for card in METHOD_CARDS if card.name not in ALIKE]
rng = np.random.default_rng(1)


def noise(*shape: int) -> np.ndarray:
    return rng.integers(1, 900, shape).astype(np.int16)


PHANTOM = labelled(74).volumes["FLAIR"]
HEAD = PHANTOM.data[12:52, 16:60, 4:12]
ODD: dict[str, tuple[np.ndarray, tuple[float, float, float]]] = {
    "two slices": (noise(40, 44, 2), (4.0, 4.0, 8.0)),
    "a thousand slices": (noise(16, 17, 1000), (1.0, 1.0, 0.2)),
    "voxels of 4 mm": (noise(30, 32, 24), (4.0, 4.0, 4.0)),
    "voxels of 0.4 mm": (noise(80, 84, 10), (0.4, 0.4, 0.4)),
    "slices of zeros": (noise(40, 40, 8) * (np.arange(8) > 2), (4.0, 4.0, 4.0)),
    "constant": (np.full((30, 32, 6), 7), (5.0, 5.0, 10.0)),
    "nothing but zeros": (np.zeros((30, 32, 6)), (5.0, 5.0, 10.0)),
    "below zero": (-noise(30, 32, 6), (5.0, 5.0, 10.0)),
    "inverted": (HEAD.max() - HEAD, PHANTOM.grid.spacing_mm),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small parts of every method."""
    folder = tmp_path_factory.mktemp("methods")
    for name in METHODS:
        (folder / name).mkdir()
    li_file(folder / "li-unet" / "1.safetensors", axes="yx")
    three = bright_detector(UNetSettings(3, TINY, 5, 4, False, 0.2, 1))
    save_checkpoint(folder / "adapted-unet" / "1.safetensors", three, {})
    torch.manual_seed(0)
    small = PatchSettings(2, (2, 2), (3, 3, 3), "channel")
    stages = PatchNet(small).eval(), PatchNet(small).eval()
    save_cascade(folder / "nicmslesions" / "cascade.safetensors", stages, {})
    cases = [labelled(71), labelled(72)]
    for name in ("lst-lga", "lst-lpa", "bianca"):
        fit_method(name, cases, folder=folder / name, home=folder, seed=1, **SILENT)
    return folder


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("odd", ODD)
def test_an_odd_scan_gives_a_mask_on_its_grid(home: Path, name: str, odd: str) -> None:
    data, spacing = ODD[odd]
    scan = volume(data.astype(np.int16), np.diag([*spacing, 1.0]))
    brain = np.ones(data.shape, bool)
    brain[:3] = brain[-3:] = False
    volumes = dict.fromkeys(("FLAIR", "T1", "T2"), scan)
    found = load_method(name, folder=home).segment(volumes, brain=brain, **SILENT)
    assert found.mask.shape == found.probability.shape == data.shape
    if name != "li-unet":  # which knows no brain, as published
        assert not (found.mask & ~brain).any()
    assert np.isfinite(found.probability).all()
    assert found.probability.min() >= 0
    assert found.probability.max() <= 1
    if odd in {"constant", "nothing but zeros"}:
        assert not found.mask.any()


@pytest.mark.parametrize("name", [one for one in METHODS if one != "slim-unet"])
def test_a_scan_without_contrast_has_no_brain(home: Path, name: str) -> None:
    scan = volume(np.full((30, 32, 6), 7, np.int16), np.diag([5.0, 5.0, 10.0, 1.0]))
    with pytest.raises(NoBrain, match="same value"):
        load_method(name, folder=home).segment(dict.fromkeys(("FLAIR", "T1", "T2"), scan), **SILENT)


@pytest.mark.parametrize("name", ["slim-unet", "adapted-unet"])  # sees it itself, is told of it
def test_a_head_with_light_and_dark_exchanged_has_no_brain(home: Path, name: str) -> None:
    head = make_phantom(seed=75, shape=(192, 224, 24), spacing_mm=(1, 1, 5), flair_only=True).flair
    scan = volume((head.max() - head).astype(np.int16), np.diag([1.0, 1.0, 5.0, 1.0]))
    with pytest.raises(NoBrain, match=r"has 4,\d\d\d ml, more than any brain"):
        load_method(name, folder=home).segment({"FLAIR": scan}, **SILENT)
