"""Examples from real cases: posed and sliced anew, with other patients' lesions painted in.

A case folder holds FLAIR.nii.gz and, as far as they exist, mask.nii.gz (all lesions),
change_mask.nii.gz (only lesions that changed since another time point: a partial label) and
brainmask.nii.gz. Lesion masks of other patients are on the 1 mm grid of the complete cases (MNI).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

from segmentation.imaging.nifti import read_volume
from segmentation.inference.preparation import AXIAL, LOWEST, PLANES, THICK_MM, normalise
from segmentation.refusals import Refusal
from segmentation.training.examples import Example, make_example
from segmentation.training.implants import (
    FLUID,
    Mask,
    Stack,
    at_home,
    find_ground,
    painted,
    some_lesions,
    widened,
)

BRIGHT = 0.6  # of a FLAIR normalised by `normalise`: brighter than almost all healthy white matter
MNI_SHAPE = (182, 218, 182)
MNI_ORIGIN = (90.5, 126.0, 72.0)  # the voxel of 0 mm; x so that both sides are alike
MNI_BRAIN = ((28, 154), (32, 188), (17, 142))  # where the brain lies on the grid of the masks
ENDS = (0.1, 99.9)  # percentiles between which a brain lies along an axis
DEEP_MM = 18.0  # from the brain's edge within its slice: mostly white matter and ventricles
NEAR_MM = 4.0  # SD of the Gaussian that spreads what patients' masks say
RARE = 0.003  # of the volume near: where patients' lesions fill less on average, they are rare
HIPPOCAMPI = [  # head, body and tail in MNI mm (x on either side): centres and radii
    ((24, -10, -19), (8, 10, 8)),
    ((27, -22, -14), (8, 12, 8)),
    ((25, -33, -6), (8, 9, 9)),
]
SUBSLICES = 4  # per slice of a whole head, for the share of a slice that a lesion fills


@dataclass(frozen=True, eq=False)
class RealCase:
    """A real case in RAS order at 1 mm pixels: normalised FLAIR and the masks it came with.

    `complete`: its mask marks all lesions, it is brain only, on the 1 mm grid of the lesion masks.
    `compared_with` are the patients who say where lesions are rare (mask "common").
    """

    name: str
    pixels: NDArray[np.float16]
    masks: dict[str, Mask]
    slice_mm: float
    compared_with: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return "mask" in self.masks

    @property
    def subjects(self) -> tuple[str, ...]:
        """All whose scan or mask is in it."""
        return (self.name, *self.compared_with)


class UnusableCase(Refusal):
    """A case folder holds what no example can be made of."""


def read_real_case(folder: Path) -> RealCase:
    """This will read a case folder and bring it to 1 mm pixels (nearest neighbour for masks).

    Raises UnusableImage, or UnusableCase where scan and masks do not fit to one another.
    """
    flair = read_volume((folder / "FLAIR.nii.gz").read_bytes(), name=folder.name)
    grid = flair.grid
    spacing = grid.ras.spacing_mm
    pixels = normalise(grid.to_ras(flair.data).astype(np.float32), spacing)
    factors = (spacing[0], spacing[1], 1.0)
    masks = {}
    for name in ("mask", "change_mask", "brainmask"):
        file = folder / f"{name}.nii.gz"
        if file.exists():
            mask = read_volume(file.read_bytes(), name=f"{folder.name}, {file.name}")
            if not mask.grid.matches(grid):
                raise UnusableCase(
                    f"{folder.name}: {file.name} lies on another grid than the FLAIR. Bring both "
                    "to one grid."
                )
            masks[name] = _zoomed(grid.to_ras(mask.data > 0).astype(np.float32), factors) > 0.5
    if "mask" in masks and max(abs(mm - 1) for mm in spacing) > 1e-3:
        raise UnusableCase(
            f"{folder.name}: mask.nii.gz marks all lesions, so the case is turned in space and has "
            "to be of 1 mm voxels; they are " + " x ".join(f"{mm:.4g}" for mm in spacing) + " mm. "
            "Resample scan and mask, or leave it out."
        )
    pixels = _zoomed(pixels, factors)
    if "mask" in masks and "brainmask" not in masks:
        masks["brainmask"] = _extracted_brain(pixels)
    if "brainmask" in masks and not _has_depth(masks["brainmask"]):
        raise UnusableCase(
            f"{folder.name}: its brain is empty, or flat. Draw it as brainmask.nii.gz; a whole "
            "head can do without, then its brain is unknown."
        )
    return RealCase(folder.name, pixels.astype(np.float16), masks, float(spacing[2]))


def _has_depth(brain: Mask) -> bool:
    """Whether there is a brain, and more than a slice of it along every axis."""
    if not brain.any():
        return False
    return all(np.ptp(np.percentile(found, ENDS)) > 0 for found in np.nonzero(brain))


def _extracted_brain(pixels: Stack) -> Mask:
    """All that skull stripping left at 1 mm, with the ventricles and sulci inside."""
    tissue = ndimage.binary_opening(pixels > LOWEST + 0.5, iterations=2)
    closed = ndimage.binary_closing(np.pad(tissue, 8), iterations=6)
    return np.asarray(ndimage.binary_fill_holes(closed)[8:-8, 8:-8, 8:-8])


def _zoomed(array: Stack, factors: tuple[float, float, float]) -> Stack:
    if all(abs(factor - 1) < 1e-6 for factor in factors):
        return array
    return np.asarray(ndimage.zoom(array, factors, order=1, prefilter=False), np.float32)


@dataclass(frozen=True, eq=False)
class LesionMask:
    """Where a patient's lesions are, in RAS order on the 1 mm grid of the complete cases."""

    subject: str
    voxels: Mask


def read_lesion_mask(file: Path) -> LesionMask:
    """This will read a lesion mask; the file is named after the patient.

    Raises UnusableImage, or UnusableCase for a mask of another shape.
    """
    volume = read_volume(file.read_bytes(), name=file.name)
    mask = np.asarray(volume.grid.to_ras(volume.data > 0))
    if mask.shape != MNI_SHAPE:
        raise UnusableCase(f"{file.name}: it has {mask.shape} voxels, not {MNI_SHAPE} as in MNI.")
    return LesionMask(file.name.split(".")[0], mask)


def compared(cases: list[RealCase], masks: list[LesionMask]) -> list[RealCase]:
    """Whole heads with a mask "common": where patients have lesions near, on either side.

    Hippocampi and the outer cortex are bright on FLAIR, and seldom have lesions; hippocampi, which
    lie close to where lesions are common, are taken out by their place. Cases that are complete or
    have no brain mask stay as they are, and so do all without masks.
    """
    if not masks:
        return cases
    share = np.mean([one.voxels | one.voxels[::-1] for one in masks], axis=0, dtype=np.float32)
    near = ndimage.gaussian_filter(share, NEAR_MM)
    near[_hippocampi()] = 0
    return [
        case
        if case.complete or "brainmask" not in case.masks
        else replace(
            case,
            masks={**case.masks, "common": _laid_over(near, case.masks["brainmask"]) > RARE},
            compared_with=tuple(one.subject for one in masks),
        )
        for case in cases
    ]


def _hippocampi() -> Mask:
    """Where hippocampi lie, about, on the grid of the masks."""
    x, y, z = (
        place - origin for place, origin in zip(np.indices(MNI_SHAPE), MNI_ORIGIN, strict=True)
    )
    inside = np.zeros(MNI_SHAPE, dtype=bool)
    for centre, radii in HIPPOCAMPI:
        scaled = zip((np.abs(x), y, z), centre, radii, strict=True)
        inside |= sum(((at - middle) / radius) ** 2 for at, middle, radius in scaled) < 1
    return inside


def posed_example(case: RealCase, *, rng: Generator) -> Example:
    """A complete case, turned in space and cut into slices of 1 mm, or 2 to 5 mm."""
    box = _around(case.masks["brainmask"])
    mask, brain = case.masks["mask"][box], case.masks["brainmask"][box]
    return _posed("real", case.pixels[box].astype(np.float32), mask, brain, case, rng)


def implanted_example(case: RealCase, other: LesionMask, *, rng: Generator) -> Example:
    """A complete case whose own lesions became white matter, with those of another patient.

    Its ventricles may become wider, as those of patients with many lesions are.
    """
    box = _around(case.masks["brainmask"])
    brain = case.masks["brainmask"][box]
    healthy = case.pixels[box].astype(np.float32)
    own = ndimage.binary_dilation(case.masks["mask"][box], iterations=2) & (healthy > FLUID)
    ground = find_ground(healthy, brain, own, slice_mm=1.0)
    white_level = float(np.median(healthy[ground.room])) if ground.room.any() else 0.0
    texture = ndimage.gaussian_filter(rng.normal(0, 0.35, own.shape).astype(np.float32), 0.8)
    feathered = ndimage.gaussian_filter(own.astype(np.float32), 0.7) * (healthy > FLUID)
    healthy += feathered * (white_level + texture - healthy)
    if rng.random() < 0.5:
        healthy = widened(healthy, ground.ventricles, brain, rng.uniform(1, 5))
    ground = find_ground(healthy, brain, np.zeros_like(own), slice_mm=1.0)
    mask = other.voxels[::-1] if rng.random() < 0.5 else other.voxels
    mask = np.roll(mask, rng.integers(-4, 5, 3), axis=(0, 1, 2))[box]
    share = at_home(some_lesions(mask.astype(np.float32), rng, slice_mm=1.0), ground)
    pixels = painted(healthy, share, ground, rng)
    return _posed("implant", pixels, share > 0.5, brain, case, rng, other.subject)


def _around(brain: Mask) -> tuple[slice, ...]:
    """The brain's box with 6 voxels of margin."""
    return tuple(
        slice(max(0, int(found.min()) - 6), int(found.max()) + 7) for found in np.nonzero(brain)
    )


def _posed(
    group: str, pixels: Stack, mask: Mask, brain: Mask, case: RealCase, rng: Generator, *others: str
) -> Example:
    """This will turn a 1 mm volume in space (three in four) and average it into thick slices.

    Half of them stay 1 mm thin, and are cut into the slices of any plane.
    """
    layers = [pixels - LOWEST, mask.astype(np.float32), brain.astype(np.float32)]
    thick = 1.0 if rng.random() < 0.5 else rng.uniform(THICK_MM, 5)
    parts = max(1, round(thick))
    if rng.random() < 0.75 or parts != thick:
        angles = np.deg2rad(rng.normal(0, 6, 2))
        scale = np.append(rng.uniform(0.94, 1.06, 2), thick / parts * rng.uniform(0.94, 1.06))
        matrix = _turn(*angles) @ np.diag(scale)
        shape = np.array(layers[0].shape)
        count = int(np.ceil(shape[2] / scale[2] * 1.05))
        out = (int(shape[0] * 1.08), int(shape[1] * 1.08), count)
        offset = (shape - 1) / 2 - matrix @ ((np.array(out) - 1) / 2)
        layers = [
            ndimage.affine_transform(one, matrix, offset, out, order=1, prefilter=False)
            for one in layers
        ]
    image, lesion, inside = (_mean_slices(one, parts) for one in layers)
    return make_example(
        group=group,
        subjects=(case.name, *others),
        pixels=image + LOWEST,
        slice_mm=thick,
        lesion=lesion > 0.5,
        brain=inside > 0.5,
        rng=rng,
        plane=int(rng.choice(PLANES)) if parts == 1 else AXIAL,
    )


def _turn(pitch: float, roll: float) -> NDArray[np.float64]:
    a, b = np.array([np.cos(pitch), np.sin(pitch)]), np.array([np.cos(roll), np.sin(roll)])
    around_x = np.array([[1, 0, 0], [0, a[0], -a[1]], [0, a[1], a[0]]])
    around_y = np.array([[b[0], 0, b[1]], [0, 1, 0], [-b[1], 0, b[0]]])
    return np.asarray(around_x @ around_y, dtype=np.float64)


def _mean_slices(array: Stack, slices: int) -> Stack:
    usable = array.shape[2] // slices * slices
    parts = array[:, :, :usable].reshape(*array.shape[:2], -1, slices)
    return np.asarray(parts.mean(axis=3), dtype=np.float32)


def partial_example(case: RealCase, *, rng: Generator) -> Example:
    """A whole head of which only changed lesions are labelled.

    The brightest pixels of the brain that no label explains stay unknown, where lesions are not
    rare; all else is no lesion. A change mask of a first study marks lesions that are not there
    yet, so it labels nothing.
    """
    lesion = _visible_change(case)
    return make_example(
        group="partial",
        subjects=case.subjects,
        pixels=case.pixels.astype(np.float32),
        slice_mm=case.slice_mm,
        lesion=lesion,
        brain=case.masks.get("brainmask"),
        lesion_known=~_unknown(case) | lesion,
        rng=rng,
    )


def _visible_change(case: RealCase) -> Mask:
    bright = case.pixels > BRIGHT
    if "change_mask" not in case.masks or case.name.endswith("study1"):
        return np.zeros_like(bright)
    return case.masks["change_mask"] & bright


def _unknown(case: RealCase) -> Mask:
    """What may be a lesion: what is bright, but for places where lesions are rare."""
    bright = _bright(case)
    return bright & case.masks["common"] if "common" in case.masks else bright


def _bright(case: RealCase) -> Mask:
    """The brightest of the brain (more of its depth), and what touches it.

    Most of the cortex stays known, as no lesion: otherwise nothing would teach that its folds,
    which look like islands in white matter, are none.
    """
    smooth = ndimage.gaussian_filter(case.pixels.astype(np.float32), (0.7, 0.7, 0))
    brain = case.masks.get("brainmask")
    if brain is None:
        bright = smooth > 1.0
        inner = np.zeros_like(bright)
        inner[12:-12, 12:-12] = True
    else:
        depth = ndimage.distance_transform_edt(brain, sampling=(1, 1, 100))
        outer, deep = np.percentile(smooth[brain], [93, 78])
        bright = smooth > np.where(depth > DEEP_MM, deep, outer)
        inner = ndimage.binary_fill_holes(brain)
    near = ndimage.binary_dilation(bright & inner, np.ones((3, 3, 1), dtype=bool))
    return np.asarray(inner & near)


def implanted_whole_head(case: RealCase, other: LesionMask, *, rng: Generator) -> Example:
    """A whole head with another patient's lesions painted where its white matter looks healthy.

    The lesion mask is laid over the head by the boxes of the two brains. What is unknown of the
    head stays unknown.
    """
    pixels = case.pixels.astype(np.float32)
    brain = case.masks["brainmask"]
    ground = find_ground(pixels, brain, _bright(case), slice_mm=case.slice_mm)
    unknown = _unknown(case) & ~ground.between
    mask = other.voxels[::-1] if rng.random() < 0.5 else other.voxels
    share = some_lesions(_laid_over(mask, brain, rng), rng, slice_mm=case.slice_mm)
    share = at_home(share, ground)
    lesion = _visible_change(case)
    implanted = share > 0.5
    return make_example(
        group="implanted-head",
        subjects=[*case.subjects, other.subject],
        pixels=painted(pixels, share, ground, rng),
        slice_mm=case.slice_mm,
        lesion=lesion | implanted,
        brain=brain,
        lesion_known=~unknown | lesion | implanted,
        rng=rng,
    )


def _laid_over(mask: Mask | Stack, brain: Mask, rng: Generator | None = None) -> Stack:
    """The mean of a map of the masks' grid in each voxel of a head, brain's box on brain's box.

    With `rng` it is shifted and scaled a little.
    """
    scales, offsets = [], []
    for axis, ((low, high), found) in enumerate(zip(MNI_BRAIN, np.nonzero(brain), strict=True)):
        first, last = np.percentile(found, ENDS)
        larger, shifted = (rng.uniform(0.92, 1.08), rng.uniform(-6, 6)) if rng else (1.0, 0.0)
        scale = (high - low) / (last - first) * larger
        offset = (low + high) / 2 - scale * (first + last) / 2 + shifted
        parts = SUBSLICES if axis == 2 else 1
        scales.append(scale / parts)
        offsets.append(offset - scale * (parts - 1) / (2 * parts))
    shape = (*brain.shape[:2], brain.shape[2] * SUBSLICES)
    fine = ndimage.affine_transform(
        mask.astype(np.float32), np.array(scales), np.array(offsets), shape, order=1
    )
    return _mean_slices(fine, SUBSLICES)
