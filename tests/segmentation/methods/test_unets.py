"""Li's U-Net and the paper's adaptation, with networks that only know what is bright."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy.special import expit

from segmentation.imaging.nifti import read_volume
from segmentation.imaging.registration import NotRegistered
from segmentation.inference.preparation import prepare
from segmentation.methods import (
    METHOD_CARDS,
    MissingSequence,
    NotMadeYet,
    load_method,
    method_card,
)
from segmentation.methods.li_unet import LiUNet
from segmentation.methods.slim_unet import AIR, SlimUNet
from segmentation.networks.checkpoint import UnusableCheckpoint, load_checkpoint, save_checkpoint
from segmentation.networks.unet import UNetSettings
from segmentation.training.phantoms import make_phantom
from tests.segmentation.methods.small import PHANTOM, TINY, bright_detector, li_file, volume

SILENT = {"progress": lambda *_: None}
FLAIR = volume(PHANTOM.flair)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for method, channels in (("li-unet", 1), ("li-unet-t1", 2)):
        (tmp_path / method).mkdir()
        li_file(tmp_path / method / "1.safetensors", channels=channels, axes="yx")
    (tmp_path / "adapted-unet").mkdir()
    network = bright_detector(UNetSettings(3, TINY, 5, 4, False, 0.2, 1))
    save_checkpoint(tmp_path / "adapted-unet" / "1.safetensors", network, {})
    return tmp_path


@pytest.mark.parametrize("name", [card.name for card in METHOD_CARDS if card.parts])
def test_a_method_without_parts_names_the_command_that_makes_them(
    name: str, tmp_path: Path
) -> None:
    card = method_card(name)
    with pytest.raises(NotMadeYet, match=f"manage.py {card.made_by.split()[0]}.*fit_on_phantoms"):
        load_method(name, folder=tmp_path)


@pytest.mark.parametrize("name", ["li-unet", "adapted-unet"])
def test_what_is_bright_is_found_at_its_place(folder: Path, name: str) -> None:
    found = load_method(name, folder=folder).segment(
        {"FLAIR": FLAIR}, brain=PHANTOM.brain, **SILENT
    )
    assert found.mask.shape == PHANTOM.flair.shape
    assert found.mask.any()
    inside = PHANTOM.flair[PHANTOM.brain].astype(float)
    normal = (PHANTOM.flair - inside.mean()) / inside.std()
    assert normal[found.mask].mean() > 1.0
    assert normal[PHANTOM.brain & ~found.mask].mean() < 0.2
    assert (found.probability >= 0).all()
    assert (found.probability <= 1).all()
    assert np.array_equal(found.brain, PHANTOM.brain)


def test_li_drops_an_eighth_of_the_slices_at_either_end(folder: Path) -> None:
    data = np.zeros((40, 40, 18), np.int16)
    data[6:34, 6:34] = 100
    data[16:20, 16:20] = 400  # through all slices, as no lesion would be
    found = load_method("li-unet", folder=folder).segment(
        {"FLAIR": volume(data, np.diag([1.0, 1.0, 3.0, 1.0]))}, brain=data > 0, **SILENT
    )
    assert list(np.flatnonzero(found.mask.any(axis=(0, 1)))) == list(range(2, 16))
    settings = found.provenance["settings"]
    assert (settings["dropped_share"], settings["threshold"]) == (0.125, 0.45)  # as published


def test_li_tells_air_by_the_published_threshold_where_that_is_asked_for(tmp_path: Path) -> None:
    card = method_card("li-unet")
    dim = volume((FLAIR.data / FLAIR.data.max() * 60).astype(np.int16))  # all below 70: no head
    for head, found in (("relative", True), ("published", False)):
        checkpoint = load_checkpoint(li_file(tmp_path / f"{head}.safetensors", head=head))
        made = LiUNet(card, [checkpoint]).segment({"FLAIR": dim}, brain=PHANTOM.brain, **SILENT)
        assert made.mask.any() == found
        assert made.provenance["settings"]["head"] == head


def test_li_averages_its_networks(tmp_path: Path) -> None:
    files = [
        li_file(tmp_path / f"{n}.safetensors", level=level, axes=axes)
        for n, (level, axes) in enumerate([(0.5, "yx"), (1.5, "xy")])
    ]
    checkpoints = [load_checkpoint(one) for one in files]
    card = method_card("li-unet")
    one, other, both = (
        LiUNet(card, these).segment({"FLAIR": FLAIR}, brain=PHANTOM.brain, **SILENT)
        for these in (checkpoints[:1], checkpoints[1:], checkpoints)
    )
    mean = (one.probability + other.probability) / 2
    np.testing.assert_allclose(both.probability, mean, atol=1e-4)
    assert both.provenance["ensemble"] == 2
    assert len({p.provenance["checkpoint_sha256"] for p in (one, other, both)}) == 3


def test_li_with_t1_registers_a_t1_on_another_grid_and_says_so(folder: Path) -> None:
    method = load_method("li-unet-t1", folder=folder)
    with pytest.raises(MissingSequence, match="Li U-Net with T1 needs T1"):
        method.segment({"FLAIR": FLAIR}, **SILENT)
    same = method.segment({"FLAIR": FLAIR, "T1": FLAIR}, brain=PHANTOM.brain, **SILENT)
    assert same.provenance["sequences"]["T1"] == "on the FLAIR's grid"
    other = PHANTOM.affine.copy()
    other[0, 3] += 6
    moved = method.segment(
        {"FLAIR": FLAIR, "T1": volume(PHANTOM.flair, other)}, brain=PHANTOM.brain, **SILENT
    )
    assert "registered" in moved.provenance["sequences"]["T1"]
    other[0, 3] += 500
    with pytest.raises(NotRegistered, match="T1 and FLAIR"):
        method.segment(
            {"FLAIR": FLAIR, "T1": volume(PHANTOM.flair, other)}, brain=PHANTOM.brain, **SILENT
        )


def test_weights_for_other_channels_are_refused(folder: Path) -> None:
    li_file(folder / "li-unet" / "2.safetensors", channels=2)
    with pytest.raises(UnusableCheckpoint, match=r"2\.safetensors.*takes 2 channels"):
        load_method("li-unet", folder=folder)
    li_file(folder / "adapted-unet" / "2.safetensors", channels=1)
    with pytest.raises(UnusableCheckpoint, match="takes 3 slices"):
        load_method("adapted-unet", folder=folder)


def test_the_adapted_window_grows_with_the_brain_and_clips_none_of_it(folder: Path) -> None:
    data = np.zeros((440, 60, 2), np.int16)
    data[10:430, 10:50] = 100
    data[12:16, 20:26, 0] = 1000
    data[424:428, 20:26, 1] = 1000
    brain = data > 0
    found = load_method("adapted-unet", folder=folder).segment(
        {"FLAIR": volume(data, np.diag([0.4, 0.4, 4.0, 1.0]))}, brain=brain, **SILENT
    )
    assert found.provenance["window"] == [432, 384]
    assert np.array_equal(found.mask, data == 1000)


def test_every_storage_order_gives_the_same_mask(folder: Path) -> None:
    flipped = nib.as_closest_canonical(nib.Nifti1Image(PHANTOM.flair, PHANTOM.affine))
    flipped = flipped.as_reoriented(np.array([[1, -1], [0, 1], [2, -1]]))
    turned = read_volume(flipped.to_bytes(), name="turned")
    for name in ("li-unet", "adapted-unet"):
        method = load_method(name, folder=folder)
        one = method.segment({"FLAIR": FLAIR}, brain=PHANTOM.brain, **SILENT)
        brain = turned.grid.to_native(PHANTOM.brain)
        other = method.segment({"FLAIR": turned}, brain=brain, **SILENT)
        assert np.array_equal(turned.grid.to_ras(other.mask), one.mask)


def test_a_thin_scan_is_looked_at_in_three_planes_and_a_thick_one_in_one(tmp_path: Path) -> None:
    network = bright_detector(UNetSettings(3, TINY, 3, 3, False, 0.0, 2), level=0.8)
    save_checkpoint(tmp_path / "bright.safetensors", network, {})
    method = SlimUNet(load_checkpoint(tmp_path / "bright.safetensors"))
    for slice_mm, planes in ((1.8, 3), (2.0, 1)):
        phantom = make_phantom(seed=3, shape=(64, 76, 40), spacing_mm=(2.6, 2.4, slice_mm))
        flair, stages = volume(phantom.flair, phantom.affine), []
        found = method.segment(
            {"FLAIR": flair},
            brain=phantom.brain,
            progress=lambda _, stage, heard=stages: heard.append(stage),
        )
        ready = prepare(flair)
        looked = {stage.partition("(")[2] for stage in stages if stage.startswith("Segmenting")}
        assert len(looked) == planes, looked
        bright = expit(10 * (ready.pixels - 0.8)) * (ready.pixels > AIR)
        np.testing.assert_allclose(found.probability, ready.to_scan(bright), atol=0.02)
        assert found.mask.any()
