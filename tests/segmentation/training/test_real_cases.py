"""Real cases are posed, and given other patients' lesions, without losing what is known of them."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from segmentation.training.examples import Example
from segmentation.training.real_cases import (
    LesionMask,
    RealCase,
    UnusableCase,
    compared,
    implanted_example,
    implanted_whole_head,
    partial_example,
    posed_example,
    read_lesion_mask,
    read_real_case,
)
from segmentation.training.train_default import allowed

SHAPE = (64, 72, 40)
BRAIN = np.zeros(SHAPE, bool)
BRAIN[8:-8, 8:-8, 4:-4] = True
LESIONS = np.zeros(SHAPE, bool)
LESIONS[30:36, 30:36, 18:22] = True


def complete(name: str = "mni_patient02") -> RealCase:
    rng = np.random.default_rng(1)
    pixels = np.where(BRAIN, rng.normal(0, 0.15, SHAPE) + 2.0 * LESIONS, -5).astype(np.float16)
    return RealCase(name, pixels, {"mask": LESIONS, "brainmask": BRAIN}, 1.0)


def head(name: str = "long_patient01_study2") -> RealCase:
    case = complete(name)
    change = np.zeros(SHAPE, bool)
    change[30:33, 30:36, 18:22] = True
    return RealCase(name, case.pixels, {"change_mask": change, "brainmask": BRAIN}, 3.0)


def other() -> LesionMask:
    mask = np.zeros(SHAPE, bool)
    for row, column in ((14, 48), (22, 56), (22, 40), (44, 14), (44, 24), (50, 40)):
        mask[row : row + 5, column : column + 5, 12:30] = True
    return LesionMask("patient05", mask)


def brightness(example: Example) -> tuple[float, float]:
    """The median of lesions and of the rest of the brain."""
    pixels = example.pixels.astype(np.float32)
    healthy = example.brain & ~example.lesion
    return float(np.median(pixels[example.lesion])), float(np.median(pixels[healthy]))


@pytest.mark.parametrize("seed", range(4))
def test_a_posed_case_keeps_its_lesions_where_it_is_bright(seed: int) -> None:
    example = posed_example(complete(), rng=np.random.default_rng(seed))
    bright, healthy = brightness(example)
    assert bright > 1
    assert abs(healthy) < 0.3
    assert example.lesion_known.all()
    assert example.subjects == {"mni_patient02"}
    volume = example.lesion.sum() / example.brain.sum() * BRAIN.sum()
    assert 0.5 * LESIONS.sum() < volume < 1.6 * LESIONS.sum()


def test_an_implant_replaces_the_cases_own_lesions_by_anothers() -> None:
    case = complete()
    made = [implanted_example(case, other(), rng=np.random.default_rng(n)) for n in range(6)]
    assert {one.subjects for one in made} == {frozenset({"mni_patient02", "patient05"})}
    for one in made:
        bright, healthy = brightness(one)
        assert bright > healthy + 0.4
        near = ndimage.binary_dilation(one.lesion, iterations=3)
        others = ndimage.uniform_filter(one.pixels.astype(np.float32), 3)[one.brain & ~near]
        assert others.max() < 1.2, "the case's own lesion, 2 brighter than the rest, is gone"


def test_a_left_out_patient_is_used_neither_as_scan_nor_as_mask() -> None:
    rng = np.random.default_rng(1)
    implant = implanted_example(complete(), other(), rng=rng)
    assert allowed(implant, {"mni_patient07"})
    assert not allowed(implant, {"mni_patient05"})
    assert not allowed(implant, {"patient02"})
    assert not allowed(posed_example(complete(), rng=rng), {"mni_patient02"})


def test_a_change_mask_labels_what_changed_and_leaves_other_bright_spots_open() -> None:
    example = partial_example(head(), rng=np.random.default_rng(1))
    lesion = example.lesion.transpose(1, 2, 0)
    known = example.lesion_known.transpose(1, 2, 0)
    assert lesion[30:33, 30:36, 18:22].all()
    assert lesion.sum() == 72
    assert known[lesion].all()
    assert not known[33:36, 30:36, 18:22].any()  # bright, unlabelled: who knows
    assert known[~BRAIN].mean() > 0.95
    assert known[BRAIN].mean() > 0.5


def test_bright_spots_are_no_lesions_where_patients_seldom_have_some() -> None:
    rng = np.random.default_rng(1)
    bright = head()
    spots = {"usual": (slice(33, 36), slice(30, 36)), "rare": (slice(50, 54), slice(56, 60))}
    pixels = bright.pixels.copy()
    for spot in spots.values():
        pixels[(*spot, slice(18, 22))] = 2.5
    bright = RealCase(bright.name, pixels, bright.masks, bright.slice_mm)
    mask = np.zeros((182, 218, 182), bool)
    mask[85:105, 95:115, 70:90] = True  # in the middle of the brain, as the usual spot
    others = [LesionMask("patient05", mask), LesionMask("patient06", mask)]
    (told,) = compared([bright], others)
    example = partial_example(told, rng=rng)
    known = example.lesion_known.transpose(1, 2, 0)
    assert not known[(*spots["usual"], slice(19, 21))].any()
    assert known[(*spots["rare"], slice(19, 21))].all()
    assert (
        not partial_example(bright, rng=rng)
        .lesion_known.transpose(1, 2, 0)[(*spots["rare"], slice(19, 21))]
        .any()
    )
    assert example.subjects == {bright.name, "patient05", "patient06"}
    assert not allowed(example, {"mni_patient06"})


def test_bright_hippocampi_are_no_lesions_even_where_all_have_some() -> None:
    pixels = head().pixels.copy()
    hippocampus = (slice(40, 43), slice(32, 35), slice(14, 15))  # 27, -22, -14 mm in MNI
    above = (slice(40, 43), slice(32, 35), slice(30, 31))
    pixels[hippocampus] = pixels[above] = 2.5
    everywhere = LesionMask("patient05", np.ones((182, 218, 182), bool))
    (told,) = compared([RealCase("head", pixels, {"brainmask": BRAIN}, 3.0)], [everywhere])
    example = partial_example(told, rng=np.random.default_rng(1))
    known = example.lesion_known.transpose(1, 2, 0)
    assert known[hippocampus].all()
    assert not known[above].any()


def test_a_first_study_shows_no_change_yet() -> None:
    example = partial_example(head("long_patient01_study1"), rng=np.random.default_rng(1))
    assert not example.lesion.any()


def test_a_head_with_implants_keeps_what_is_unknown_of_it() -> None:
    example = implanted_whole_head(head(), other(), rng=np.random.default_rng(2))
    lesion = example.lesion.transpose(1, 2, 0)
    assert lesion.sum() > 72
    assert example.lesion_known[example.lesion].all()
    assert not example.lesion_known.transpose(1, 2, 0)[33:36, 30:36, 18:22].any()
    assert example.brain_known
    assert not (lesion & ~BRAIN).any()


def test_a_folder_is_read_at_1_mm_pixels_with_its_masks(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    scan = np.where(BRAIN, 300 + rng.normal(0, 10, SHAPE), 5).astype(np.int16)
    affine = np.diag([0.5, 0.5, 3.0, 1.0])
    nib.Nifti1Image(scan, affine).to_filename(tmp_path / "FLAIR.nii.gz")
    for name, mask in (("change_mask", LESIONS), ("brainmask", BRAIN)):
        nib.Nifti1Image(mask.astype(np.uint8), affine).to_filename(tmp_path / f"{name}.nii.gz")
    case = read_real_case(tmp_path)
    assert case.pixels.shape == (32, 36, 40)
    assert not case.complete
    assert case.slice_mm == pytest.approx(3.0)
    assert case.masks["change_mask"].sum() == pytest.approx(LESIONS.sum() / 4, rel=0.5)
    assert case.masks["brainmask"].sum() == pytest.approx(BRAIN.sum() / 4, rel=0.2)


def test_a_lesion_mask_off_the_grid_of_mni_is_refused(tmp_path: Path) -> None:
    nib.Nifti1Image(LESIONS.astype(np.uint8), np.eye(4)).to_filename(tmp_path / "p05.nii.gz")
    with pytest.raises(UnusableCase, match=r"p05.nii.gz: it has \(64, 72, 40\) voxels"):
        read_lesion_mask(tmp_path / "p05.nii.gz")


def test_the_brain_of_a_complete_case_is_what_skull_stripping_left(tmp_path: Path) -> None:
    scan = np.where(BRAIN, 300 + np.random.default_rng(1).normal(0, 10, SHAPE), 5)
    nib.Nifti1Image(scan.astype(np.int16), np.eye(4)).to_filename(tmp_path / "FLAIR.nii.gz")
    nib.Nifti1Image(LESIONS.astype(np.uint8), np.eye(4)).to_filename(tmp_path / "mask.nii.gz")
    case = read_real_case(tmp_path)
    assert case.complete
    assert case.masks["mask"].sum() == LESIONS.sum()
    assert case.masks["brainmask"].sum() == pytest.approx(BRAIN.sum(), rel=0.2)


@pytest.mark.parametrize(
    ("file", "mask", "mm", "told"),
    [
        ("brainmask", np.zeros(SHAPE), 3.0, "its brain is empty, or flat"),
        ("brainmask", BRAIN & (np.arange(SHAPE[2]) == 20), 3.0, "its brain is empty, or flat"),
        ("brainmask", BRAIN[1:], 3.0, "brainmask.nii.gz lies on another grid"),
        ("mask", LESIONS, 3.0, "they are 1 x 1 x 3 mm"),
    ],
)
def test_masks_that_do_not_fit_the_scan_are_refused(
    file: str, mask: np.ndarray, mm: float, told: str, tmp_path: Path
) -> None:
    scan = np.where(BRAIN, 300 + np.random.default_rng(1).normal(0, 10, SHAPE), 5)
    affine = np.diag([1.0, 1.0, mm, 1.0])
    nib.Nifti1Image(scan.astype(np.int16), affine).to_filename(tmp_path / "FLAIR.nii.gz")
    nib.Nifti1Image(mask.astype(np.uint8), affine).to_filename(tmp_path / f"{file}.nii.gz")
    with pytest.raises(UnusableCase, match=told):
        read_real_case(tmp_path)
