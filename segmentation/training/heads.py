"""Synthetic heads: where brain, cortex, ventricles and deep grey matter of a phantom lie.

Every structure is a signed distance in mm (positive inside) turned into a soft membership, which
gives partial volume for free.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Field = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Space:
    """Where the voxels of a phantom lie: axes in mm, and warped coordinates of every voxel."""

    axes: tuple[Field, Field, Field]
    x: Field
    y: Field
    z: Field


@dataclass(frozen=True, eq=False)
class Head:
    """Soft maps of tissues (0 to 1), and signed distances in mm, positive inside.

    `gray` is cortex, `deep` thalamus and basal ganglia, `limbic` hippocampi and fornix, `choroid`
    the plexus inside the ventricles; `ventricle_mm` is the distance *from* the ventricles,
    `outside_mm` that from the brain, `deep_mm` that to deep and limbic structures.
    """

    brain: Field
    csf: Field
    gray: Field
    deep: Field
    limbic: Field
    choroid: Field
    white_mm: Field
    ventricle_mm: Field
    cortex_mm: Field
    outside_mm: Field
    deep_mm: Field


def make_space(
    rng: Generator,
    shape: tuple[int, int, int],
    spacing: tuple[float, ...],
    centre_mm: tuple[float, float, float],
) -> Space:
    """Millimetres of every voxel, turned and warped a little so that no two heads are alike."""
    axes = tuple(
        ((np.arange(n) - (n - 1) / 2) * mm + middle).astype(np.float32)
        for n, mm, middle in zip(shape, spacing, centre_mm, strict=True)
    )
    x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
    pitch, roll = np.deg2rad(rng.normal(0, 4, 2)).astype(np.float32)
    scale = 1 + rng.normal(0, 0.04, 3)
    x, z = x * np.cos(roll) - z * np.sin(roll), x * np.sin(roll) + z * np.cos(roll)
    y, z = y * np.cos(pitch) - z * np.sin(pitch), y * np.sin(pitch) + z * np.cos(pitch)
    warped = []
    for value, factor in zip((x, y, z), scale, strict=True):
        field = smooth_field(rng, axes, 45)
        field *= 2
        field += value
        field *= np.float32(1 / factor)
        warped.append(field)
    return Space((axes[0], axes[1], axes[2]), *warped)


def smooth_field(rng: Generator, axes: tuple[Field, ...], wavelength_mm: float) -> Field:
    """A smooth random field of mean 0 and SD about 1 (separable Gaussian bumps on a lattice)."""
    sigma = wavelength_mm / 4
    bumps = []
    for axis in axes:
        centres = np.arange(axis[0] - 2 * sigma, axis[-1] + 3 * sigma, sigma, dtype=np.float32)
        bump = np.exp(-0.5 * ((axis[:, None] - centres) / sigma) ** 2)
        bumps.append(bump / np.sqrt((bump**2).sum(axis=1, keepdims=True)))
    across, along, up = bumps
    field = rng.standard_normal([bump.shape[1] for bump in bumps], dtype=np.float32)
    field = along @ (field @ up.T)  # the largest product comes last, over contiguous memory
    flat = across @ field.reshape(len(field), -1)
    return np.asarray(flat, dtype=np.float32).reshape([len(axis) for axis in axes])


def soft(distance_mm: Field, width_mm: float = 1.0) -> Field:
    """Membership from a signed distance: 0 outside, 1 inside, a ramp of +-width in between."""
    share = distance_mm * np.float32(0.5 / width_mm)
    share += np.float32(0.5)
    return np.clip(share, 0, 1, out=share)


def ellipsoid(
    space: Space,
    centre: tuple[float, float, float],
    radii: tuple[float, float, float],
    *,
    both_sides: bool = False,
) -> Field:
    """Signed distance (approximate) to an ellipsoid, in mm; `both_sides` mirrors it left-right."""
    total = np.zeros(space.x.shape, np.float32)
    across = np.abs(space.x) if both_sides else space.x
    for values, middle, radius in zip((across, space.y, space.z), centre, radii, strict=True):
        part = values - np.float32(middle)
        part *= np.float32(1 / radius)
        part *= part
        total += part
    np.sqrt(total, out=total)
    reach = np.float32(np.cbrt(np.prod(radii)))
    total *= -reach
    total += reach
    return total


def make_head(rng: Generator, space: Space) -> Head:
    """This will draw a head: sulci, ventricles and cortex differ from one to the next."""
    cerebrum = ellipsoid(space, (0, 0, 12), (66, 82, 60))
    cerebellum = ellipsoid(space, (0, -44, -42), (48, 30, 24))
    stem = ellipsoid(space, (0, -18, -52), (15, 14, 38))
    # Sulci are the zero sheets of a random field; they reach 14 to 22 mm deep.
    apart_mm = rng.uniform(17, 28)
    fold = smooth_field(rng, space.axes, apart_mm)
    fold += 0.7 * smooth_field(rng, space.axes, 0.6 * apart_mm)
    # Where banks touch there is no fluid between them, and cortex seems to lie within white matter.
    thick, gap = rng.uniform(2.2, 3.6), rng.uniform(0.4, 1.4)
    touching = 1.3 * smooth_field(rng, space.axes, 22) + rng.uniform(-0.7, 1.7)
    sulcal = np.abs(fold) * (0.24 * apart_mm) + np.clip(touching, 0, gap + 0.6 * thick)
    sulcal += np.clip(cerebrum - rng.uniform(14, 22), 0, None)
    fissure = np.abs(space.x) + np.clip(20 - np.clip(space.z, 0, None) - cerebrum * 0.2, 0, 30)
    depth = np.minimum(np.minimum(cerebrum, sulcal), fissure)
    folia = np.abs(smooth_field(rng, space.axes, 10)) * 4
    inner_cerebellum = np.minimum(cerebellum, folia + np.clip(cerebellum - 10, 0, None))

    wide = rng.uniform(0.7, 1.7)
    body_mm = rng.uniform(1, 7) + 5.5 * wide  # of the lateral ventricles, from the midline
    ventricles = _ventricles(rng, space, wide, body_mm)
    limbic = _limbic(rng, space)
    deep = ellipsoid(space, (12, -16, 6), (9, 14, 9), both_sides=True)
    for centre, radii in [((14, 12, 10), (6, 14, 9)), ((25, 2, 2), (6, 15, 10))]:
        np.maximum(deep, ellipsoid(space, centre, radii, both_sides=True), out=deep)

    in_stem = soft(stem)
    tissue = np.maximum(np.maximum(soft(depth - gap), soft(inner_cerebellum - 0.8)), in_stem)
    in_ventricle = soft(ventricles)
    csf = np.maximum(1 - tissue, in_ventricle)
    gray = soft(thick + gap - depth) * soft(depth - gap) * (1 - in_stem)
    gray = np.maximum(gray, soft(2.2 - inner_cerebellum) * soft(inner_cerebellum - 0.8))
    plexus = ellipsoid(space, (22, -33, 12), (3.2, 6, 3.5), both_sides=True)
    for middle, reach in [((body_mm, -12, 19), (1.8, 12, 1.6)), ((31, -20, -14), (1.8, 9, 1.8))]:
        np.maximum(plexus, ellipsoid(space, middle, reach, both_sides=True), out=plexus)
    outside = -np.maximum(np.maximum(cerebrum, cerebellum), stem)
    cortex = depth - np.float32(thick + gap)
    from_ventricle = -ventricles
    return Head(
        brain=soft(-outside),
        csf=csf,
        gray=gray * (1 - csf),
        deep=soft(deep) * (1 - csf),
        limbic=soft(limbic) * (1 - csf),
        choroid=soft(plexus) * in_ventricle,
        white_mm=np.minimum(np.maximum(cortex, stem - 2), from_ventricle),
        ventricle_mm=from_ventricle,
        cortex_mm=cortex,
        outside_mm=outside,
        deep_mm=np.maximum(deep, limbic),
    )


def _limbic(rng: Generator, space: Space) -> Field:
    """Signed distance to the hippocampi, and to the fornix and septum between the ventricles.

    A hippocampus (head, body, tail) lies inside the temporal horn and climbs behind the thalamus.
    """
    thick = rng.uniform(0.8, 1.2)
    limbic = ellipsoid(space, (0, -4, 17), (thick, 22, 6))
    parts = [
        ((25, -7, -17), (8, 9, 7)),
        ((25, -20, -14), (6.5, 16, 5.5)),
        ((20, -34, -3), (5, 7, 9)),
    ]
    for centre, (rx, ry, rz) in parts:
        radii = (rx * thick, ry, rz * thick)
        np.maximum(limbic, ellipsoid(space, centre, radii, both_sides=True), out=limbic)
    return limbic


def _ventricles(rng: Generator, space: Space, wide: float, body_mm: float) -> Field:
    """Signed distance to the third, the lateral and the fourth ventricle."""
    ventricles = ellipsoid(space, (0, -12, 2), (3.0, 14, 9))
    parts = [  # body, frontal horn, atrium, occipital horn, temporal horn
        ((body_mm, -6, 22), (5.5, 24, 7)),
        ((body_mm - 1, 22, 14), (5.5, 14, 8)),
        ((22, -34, 12), (7, 11, 11)),
        ((22, -50, 8), (4, 16, 5)),
        ((32, -14, -16), (4, 18, 5)),
    ]
    for centre, (rx, ry, rz) in parts:
        radii = (rx * wide, ry * (0.85 + 0.15 * wide), rz * wide)
        part = ellipsoid(space, centre, radii, both_sides=True)
        np.maximum(ventricles, part, out=ventricles)
    np.maximum(ventricles, ellipsoid(space, (0, -32, -36), (7, 5, 10)), out=ventricles)
    return ventricles + 0.6 * smooth_field(rng, space.axes, 20)
