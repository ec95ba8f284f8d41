"""Phantoms: synthetic FLAIR, T1 and T2 heads with known lesions, from a seed and nothing else.

The FLAIR looks like one where a network looks: dark ventricles, cortex brighter than white matter,
sulci, skull and scalp; bright caps, hippocampi, choroid plexus, vessels and flow that are no
lesions; diffusely abnormal white matter that is not labelled; bias field and Rician noise. T1 and
T2 show the same head, with lesions dark on T1 and bright on T2. `heads` says where everything lies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from segmentation.training.heads import (
    Field,
    Head,
    Space,
    ellipsoid,
    make_head,
    make_space,
    smooth_field,
    soft,
)

PAPER_GRIDS = {  # shape and spacing in mm of the paper's three acquisitions
    "384": ((384, 384, 35), (0.59, 0.59, 3.84)),
    "512": ((512, 512, 35), (0.49, 0.49, 3.85)),
    "256": ((256, 256, 44), (0.93, 0.93, 3.0)),
}
FINEST_MM = 0.75  # pixels smaller than this are computed at twice their size


@dataclass(frozen=True, eq=False)
class Phantom:
    """A synthetic case. Arrays are x, y, z in RAS order; `affine` takes voxels to mm.

    `diffuse` is the share (0 to 1) of unlabelled, diffusely abnormal white matter.
    """

    flair: NDArray[np.int16]
    t1: NDArray[np.int16]
    t2: NDArray[np.int16]
    mask: NDArray[np.bool_]
    brain: NDArray[np.bool_]
    diffuse: Field
    affine: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pathology:
    """Soft maps of lesions, of how bright each is (about 1), and of diffuse change."""

    lesions: Field
    brightness: Field
    diffuse: Field


@dataclass(frozen=True, eq=False)
class Scene:
    """What every sequence shows of one phantom, soft maps from 0 to 1 and factors about 1.

    `marrow` is the signal of the bone, `beyond` where the air begins.
    """

    head: Head
    pathology: Pathology
    texture: Field
    patches: Field
    spots: Field
    bone: Field
    marrow: Field
    outer: Field
    scalp: Field
    beyond: Field
    flow: Field


@dataclass(frozen=True)
class Signal:
    """Levels of a sequence (white matter is 100); `lesion` and what follows are added to them."""

    gray: float
    deep: float
    limbic: float
    csf: float
    choroid: float
    scalp: float
    lesion: float
    diffuse: float
    rim: float
    flow: float
    spots: float


def make_phantom(
    *,
    seed: int,
    shape: tuple[int, int, int] = (384, 384, 35),
    spacing_mm: tuple[float, float, float] = (0.59, 0.59, 3.84),
    lesions: int | None = None,
    skull: bool = True,
    confluent: bool | None = None,
    height_mm: float = 0.0,
    flair_only: bool = False,
) -> Phantom:
    """This will make a phantom; the same arguments give the same voxels.

    `lesions` is how many are placed (None: log-normal, median 30; those that meet become one),
    `confluent` adds periventricular bands (None: in 45 % of seeds). Slices are averages over their
    thickness; the middle of the stack lies `height_mm` above the head's origin. With `flair_only`,
    T1 and T2 are all 0 and a third of the time is saved. Raises ValueError for a shape under
    16 x 16 x 2.
    """
    if min(shape[:2]) < 16 or shape[2] < 2:
        raise ValueError(f"a phantom of {shape} voxels is too small")
    rng = np.random.default_rng([20260301, seed])
    fine = 2 if spacing_mm[2] > 1.5 else 1
    coarse = 2 if spacing_mm[0] < FINEST_MM and shape[0] % 2 == shape[1] % 2 == 0 else 1
    space = make_space(
        rng,
        (shape[0] // coarse, shape[1] // coarse, shape[2] * fine),
        (spacing_mm[0] * coarse, spacing_mm[1] * coarse, spacing_mm[2] / fine),
        (0.0, 0.0, height_mm),
    )
    head = make_head(rng, space)
    if lesions is None:
        lesions = int(np.clip(rng.lognormal(np.log(30), 0.9), 2, 200))
    if confluent is None:
        confluent = bool(rng.random() < 0.45)
    pathology = _pathology(rng, space, head, lesions, confluent=confluent)
    scene = _scene(rng, space, head, pathology)
    brain = _on_grid(head.brain, fine, coarse)
    scans = []
    signals = [_flair_signal(rng), _t1_signal(rng), _t2_signal(rng)]
    for signal in signals[:1] if flair_only else signals:
        image = _image(scene, signal)
        image = _with_head(scene, image, signal) if skull else image * head.brain
        scans.append(_scanned(rng, _on_grid(image, fine, coarse), brain))
    empty = [np.zeros(shape, np.int16) for _ in range(3 - len(scans))]
    flair, t1, t2 = scans + empty
    return Phantom(
        flair=flair,
        t1=t1,
        t2=t2,
        mask=(_on_grid(pathology.lesions, fine, coarse) > 0.5) & (brain > 0.5),
        brain=brain > 0.5,
        diffuse=_on_grid(pathology.diffuse, fine, coarse),
        affine=_affine(shape, spacing_mm, height_mm),
    )


def _affine(
    shape: tuple[int, int, int], spacing_mm: tuple[float, float, float], height_mm: float
) -> NDArray[np.float64]:
    affine = np.diag([*spacing_mm, 1.0])
    affine[:3, 3] = [-(n - 1) / 2 * mm for n, mm in zip(shape, spacing_mm, strict=True)]
    affine[2, 3] += height_mm
    return affine


def _pathology(
    rng: Generator, space: Space, head: Head, count: int, *, confluent: bool
) -> Pathology:
    """Noisy ellipsoids at the sites where MS puts them, confluent bands, diffuse change.

    Sizes follow the expert masks of the Ljubljana cases (median radius 1.6 mm with the finest
    specks, which a phantom's slices would not show).
    """
    white, ventricle, cortex = head.white_mm, head.ventricle_mm, head.cortex_mm
    in_white = (white > 0.5) & (head.deep_mm < 0)
    high = space.z > -8
    sites = {
        "periventricular": (0.42, in_white & (ventricle < 6) & high),
        "deep": (0.34, in_white & (ventricle > 6) & (cortex > 4) & high),
        "juxtacortical": (0.17, in_white & (cortex < 3) & (space.z > -15)),
        "infratentorial": (0.07, in_white & (space.z < -24)),
    }
    places = {name: np.flatnonzero(site) for name, (_, site) in sites.items()}
    names = [name for name, found in places.items() if found.size]
    weights = np.array([sites[name][0] for name in names])
    lesions = np.zeros_like(white)
    brightness = np.ones_like(white)
    rough = 0.25 * smooth_field(rng, space.axes, 9)
    for _ in range(count if names else 0):
        name = names[rng.choice(len(names), p=weights / weights.sum())]
        place = np.unravel_index(rng.choice(places[name]), white.shape)
        radius = float(np.clip(rng.lognormal(np.log(2.1), 0.5), 0.9, 10))
        long = rng.uniform(1.3, 2.4) if name == "periventricular" and rng.random() < 0.5 else 1.0
        radii = radius * rng.uniform(0.75, 1.3, 3) * np.array([long, 1, 1])
        box = tuple(
            slice(*np.searchsorted(axis, [axis[at] - 2.2 * reach - 2, axis[at] + 2.2 * reach + 2]))
            for axis, at, reach in zip(space.axes, place, radii, strict=True)
        )
        u, v, w = (
            (coordinate[box] - coordinate[place]) / reach
            for coordinate, reach in zip((space.x, space.y, space.z), radii, strict=True)
        )
        distance = (1 + rough[box] - np.sqrt(u * u + v * v + w * w)) * radius
        shape = np.minimum(soft(distance, rng.uniform(0.5, 1.2)), soft(white[box] + 1.0))
        brightness[box] = np.where(
            shape > lesions[box], np.float32(rng.uniform(0.7, 1.35)), brightness[box]
        )
        lesions[box] = np.maximum(lesions[box], shape)
    if confluent:
        reach = rng.uniform(2, 12) + 4 * smooth_field(rng, space.axes, 35)
        patchy = soft(smooth_field(rng, space.axes, 40) - rng.uniform(-0.3, 0.9), 0.25)
        band = soft(reach - ventricle, 0.8) * soft(white + 0.5) * patchy * (space.z > 0)
        band *= 1 - head.limbic
        lesions = np.maximum(lesions, band.astype(np.float32))
    diffuse = np.zeros_like(white)
    if rng.random() < 0.6:
        behind = soft(rng.uniform(-25, 40) - space.y, 25)
        near = np.exp(np.clip(ventricle, 0, None) * np.float32(-1 / rng.uniform(5, 12)))
        diffuse = behind * near * soft(smooth_field(rng, space.axes, 50) + 0.5, 0.8)
    return Pathology(np.where(head.csf > 0.5, 0, lesions), brightness, diffuse)


def _flair_signal(rng: Generator) -> Signal:
    csf, gray = rng.uniform(8, 40), rng.uniform(108, 138)
    return Signal(
        gray=gray,
        deep=100 + rng.uniform(0.2, 0.8) * (gray - 100),
        limbic=100 + rng.uniform(0.7, 1.4) * (gray - 100),
        csf=csf,
        choroid=rng.uniform(70, 180) if rng.random() < 0.8 else csf,
        scalp=rng.uniform(60, 200),
        lesion=rng.uniform(0.7, 1.3) * (gray - 100) + rng.uniform(10, 45),
        diffuse=rng.uniform(8, 30),
        rim=rng.uniform(5, 35),
        flow=rng.uniform(0, 70),
        spots=rng.uniform(0, 18),  # of the cortex: brighter ones would look like lesions
    )


def _t1_signal(rng: Generator) -> Signal:
    csf, gray = rng.uniform(18, 32), rng.uniform(62, 76)
    return Signal(
        gray=gray,
        deep=rng.uniform(78, 90),
        limbic=gray,
        csf=csf,
        choroid=rng.uniform(45, 75),
        scalp=rng.uniform(90, 170),
        lesion=rng.uniform(-45, -12),
        diffuse=rng.uniform(-10, -2),
        rim=0.0,
        flow=0.0,
        spots=0.0,
    )


def _t2_signal(rng: Generator) -> Signal:
    csf, gray = rng.uniform(260, 360), rng.uniform(120, 150)
    return Signal(
        gray=gray,
        deep=rng.uniform(98, 115),
        limbic=gray,
        csf=csf,
        choroid=rng.uniform(0.6, 0.9) * csf,
        scalp=rng.uniform(80, 150),
        lesion=rng.uniform(45, 110),
        diffuse=rng.uniform(8, 30),
        rim=rng.uniform(0, 20),
        flow=rng.uniform(-120, 0),
        spots=rng.uniform(0, 40),
    )


def _scene(rng: Generator, space: Space, head: Head, pathology: Pathology) -> Scene:
    """This will draw what does not depend on the sequence: texture, vessels, bone, scalp."""
    out = head.outside_mm
    bone, fat = rng.uniform(4, 7), rng.uniform(5, 9)
    outer = out - 1.2 * smooth_field(rng, space.axes, 40) - np.float32(2.5 + bone)
    return Scene(
        head=head,
        pathology=pathology,
        texture=1 + 0.018 * smooth_field(rng, space.axes, 6),
        patches=np.clip(0.2 * smooth_field(rng, space.axes, 12) + 1, 0.5, 1.4),
        spots=soft(smooth_field(rng, space.axes, 8) - 2.0, 0.3) * soft(4 - head.cortex_mm),
        bone=soft(out - np.float32(2.5)),
        marrow=8 + 25 * soft(1.5 - np.abs(out - np.float32(2.5 + bone / 2))),
        outer=soft(outer),
        scalp=1 + 0.25 * smooth_field(rng, space.axes, 14),
        beyond=soft(outer - np.float32(fat) - 1.5 * smooth_field(rng, space.axes, 30)),
        flow=soft(ellipsoid(space, (0, -33, -36), (4, 3, 7))) * head.csf,
    )


def _image(scene: Scene, signal: Signal) -> Field:
    """The brain's signal before the scanner's imperfections."""
    head, pathology = scene.head, scene.pathology
    image = (signal.gray - 100) * head.gray + np.float32(100)
    image += (signal.deep - 100) * head.deep
    image += (signal.limbic - image) * head.limbic
    image *= scene.texture
    image += signal.diffuse * pathology.diffuse
    if signal.rim:
        image += signal.rim * np.exp(np.clip(head.ventricle_mm, 0, None) * np.float32(-1 / 1.2))
    image += signal.lesion * scene.patches * pathology.brightness * pathology.lesions
    image += (signal.csf - image) * head.csf
    image += (signal.choroid - signal.csf) * head.choroid
    if signal.flow:
        image += signal.flow * scene.flow
    if signal.spots:
        image += signal.spots * scene.spots * head.gray
    return image


def _with_head(scene: Scene, image: Field, signal: Signal) -> Field:
    """This will put bone, fat and scalp around the brain, air beyond."""
    image = image + (scene.marrow - image) * scene.bone
    image += (signal.scalp * scene.scalp - image) * scene.outer
    image *= 1 - scene.beyond
    return image


def _on_grid(field: Field, fine: int, coarse: int) -> Field:
    """The mean over each slice's thickness, brought to the phantom's pixels linearly."""
    if fine > 1:
        field = field.reshape(*field.shape[:2], -1, fine).mean(axis=3)
    if coarse > 1:
        for axis in (0, 1):
            field = np.moveaxis(_doubled(np.moveaxis(field, axis, 0)), 0, axis)
    return np.ascontiguousarray(field)


def _doubled(field: Field) -> Field:
    """Twice as many samples along the first axis, between their neighbours."""
    padded = np.concatenate([field[:1], field, field[-1:]])
    between = np.stack(
        [0.25 * padded[:-2] + 0.75 * field, 0.75 * field + 0.25 * padded[2:]], axis=1
    )
    return np.asarray(between.reshape(-1, *field.shape[1:]), dtype=np.float32)


def _scanned(rng: Generator, image: Field, brain: Field) -> NDArray[np.int16]:
    """Bias field, gains, Rician noise and scaling to integers, as a scanner would add them."""
    axes = tuple(np.linspace(0, 180, n, dtype=np.float32) for n in image.shape)
    image = image * np.exp(rng.uniform(0.03, 0.14) * smooth_field(rng, axes, 220))
    image *= 1 + 0.012 * rng.standard_normal(image.shape[2], dtype=np.float32)
    inside = brain > 0.5
    level = float(image[inside].mean()) if inside.any() else 100.0
    sigma = np.float32(level * rng.uniform(0.015, 0.05))
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    noise *= sigma
    image += noise
    image *= image
    rng.standard_normal(out=noise, dtype=np.float32)
    noise *= sigma
    noise *= noise
    image += noise
    np.sqrt(image, out=image)
    image *= np.float32(rng.uniform(2, 10))
    return np.asarray(np.clip(np.rint(image, out=image), 0, 32767, out=image), dtype=np.int16)
