"""Phantoms: synthetic FLAIR heads with known lesions, from a seed and nothing else.

Every structure is a signed distance in mm (positive inside) turned into a soft membership, which
gives partial volume for free. The result looks like a FLAIR where a network looks: dark ventricles,
cortex brighter than white matter, sulci, skull and scalp; bright caps and choroid plexus that are
no lesions; diffusely abnormal white matter that is not labelled; bias field and Rician noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Field = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Phantom:
    """A synthetic case. Arrays are x, y, z in RAS order; `affine` takes voxels to mm."""

    flair: NDArray[np.int16]
    mask: NDArray[np.bool_]
    brain: NDArray[np.bool_]
    affine: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Space:
    """Where the voxels of a phantom lie: axes in mm, and warped coordinates of every voxel."""

    axes: tuple[Field, Field, Field]
    x: Field
    y: Field
    z: Field


def make_phantom(
    *,
    seed: int,
    shape: tuple[int, int, int] = (384, 384, 35),
    spacing_mm: tuple[float, float, float] = (0.59, 0.59, 3.84),
    lesions: int | None = None,
    skull: bool = True,
    confluent: bool | None = None,
) -> Phantom:
    """This will make a phantom; the same arguments give the same voxels.

    `lesions` is how many are placed (None: log-normal, median 22; those that meet become one),
    `confluent` adds periventricular bands (None: in 45 % of seeds). Slices are averages over their
    thickness. Raises ValueError for a shape under 16 x 16 x 2.
    """
    if min(shape[:2]) < 16 or shape[2] < 2:
        raise ValueError(f"a phantom of {shape} voxels is too small")
    rng = np.random.default_rng([20260301, seed])
    fine = 2 if spacing_mm[2] > 1.5 else 1
    space = _space(rng, shape, spacing_mm, fine)
    anatomy = _anatomy(rng, space)
    if lesions is None:
        lesions = int(np.clip(rng.lognormal(np.log(22), 0.8), 2, 130))
    if confluent is None:
        confluent = bool(rng.random() < 0.45)
    soft = _lesions(rng, space, anatomy, lesions, confluent=confluent)
    image = _intensities(rng, space, anatomy, soft)
    image = _with_head(rng, space, anatomy, image) if skull else image * anatomy["brain"]
    return Phantom(
        flair=_scanned(rng, _slices(image, fine), brain=_slices(anatomy["brain"], fine)),
        mask=_slices(soft, fine) > 0.5,
        brain=_slices(anatomy["brain"], fine) > 0.5,
        affine=_affine(shape, spacing_mm),
    )


def _affine(
    shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]
) -> NDArray[np.float64]:
    affine = np.diag([*spacing_mm, 1.0])
    affine[:3, 3] = [-(n - 1) / 2 * mm for n, mm in zip(shape, spacing_mm, strict=True)]
    return affine


def _space(
    rng: Generator,
    shape: tuple[int, int, int],
    spacing_mm: tuple[float, float, float],
    fine: int,
) -> Space:
    """Millimetres of every voxel, turned and warped a little so that no two heads are alike."""
    axes = tuple(
        ((np.arange(n) - (n - 1) / 2) * mm).astype(np.float32)
        for n, mm in zip(
            (*shape[:2], shape[2] * fine), (*spacing_mm[:2], spacing_mm[2] / fine), strict=True
        )
    )
    x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
    pitch, roll = np.deg2rad(rng.normal(0, 4, 2))
    scale = 1 + rng.normal(0, 0.04, 3)
    x, z = x * np.cos(roll) - z * np.sin(roll), x * np.sin(roll) + z * np.cos(roll)
    y, z = y * np.cos(pitch) - z * np.sin(pitch), y * np.sin(pitch) + z * np.cos(pitch)
    warped = [
        ((value + 2 * _smooth(rng, axes, 45)) / factor).astype(np.float32)
        for value, factor in zip((x, y, z), scale, strict=True)
    ]
    return Space((axes[0], axes[1], axes[2]), *warped)


def _smooth(rng: Generator, axes: tuple[Field, ...], wavelength_mm: float) -> Field:
    """A smooth random field of mean 0 and SD about 1 (separable Gaussian bumps on a lattice)."""
    sigma = wavelength_mm / 4
    bumps = []
    for axis in axes:
        centres = np.arange(axis[0] - 2 * sigma, axis[-1] + 3 * sigma, sigma, dtype=np.float32)
        bump = np.exp(-0.5 * ((axis[:, None] - centres) / sigma) ** 2)
        bumps.append(bump / np.sqrt((bump**2).sum(axis=1, keepdims=True)))
    field = rng.standard_normal([bump.shape[1] for bump in bumps]).astype(np.float32)
    for bump in bumps:
        field = np.tensordot(field, bump, axes=(0, 1))
    return np.asarray(field, dtype=np.float32)


def _soft(distance_mm: Field, width_mm: float = 1.0) -> Field:
    """Membership from a signed distance: 0 outside, 1 inside, a ramp of +-width in between."""
    return np.asarray(0.5 * (1 + np.clip(distance_mm / width_mm, -1, 1)), dtype=np.float32)


def _ellipsoid(
    space: Space, centre: tuple[float, float, float], radii: tuple[float, float, float]
) -> Field:
    """Signed distance (approximate) to an ellipsoid, in mm."""
    u = (space.x - centre[0]) / radii[0]
    v = (space.y - centre[1]) / radii[1]
    w = (space.z - centre[2]) / radii[2]
    length = np.sqrt(u * u + v * v + w * w)
    return np.asarray((1 - length) * float(np.cbrt(np.prod(radii))), dtype=np.float32)


def _anatomy(rng: Generator, space: Space) -> dict[str, Field]:
    """Soft maps of the tissues, and signed distances that lesions are placed by."""
    cerebrum = _ellipsoid(space, (0, 0, 12), (66, 82, 60))
    cerebellum = _ellipsoid(space, (0, -44, -42), (48, 30, 24))
    stem = _ellipsoid(space, (0, -18, -52), (15, 14, 38))
    # Sulci are the zero sheets of a random field; they reach 14 to 22 mm deep.
    sheet = np.abs(_smooth(rng, space.axes, 30) + 0.7 * _smooth(rng, space.axes, 18)) * 7
    sulcal = sheet + np.clip(cerebrum - rng.uniform(14, 22), 0, None)
    fissure = np.abs(space.x) + np.clip(20 - np.clip(space.z, 0, None) - cerebrum * 0.2, 0, 30)
    depth = np.minimum(cerebrum, np.minimum(sulcal, fissure))
    folia = np.abs(_smooth(rng, space.axes, 10)) * 4
    inner_cerebellum = np.minimum(cerebellum, folia + np.clip(cerebellum - 10, 0, None))

    ventricles = _ellipsoid(space, (0, -12, 2), (3.0, 14, 9))
    wide = rng.uniform(0.75, 1.5)
    parts = [  # body, frontal horn, atrium, occipital horn, temporal horn
        ((12, -6, 22), (5.5, 24, 7)),
        ((11, 22, 14), (5.5, 14, 8)),
        ((22, -34, 12), (7, 11, 11)),
        ((22, -50, 8), (4, 16, 5)),
        ((32, -14, -16), (4, 18, 5)),
    ]
    for side in (-1, 1):
        for (cx, cy, cz), (rx, ry, rz) in parts:
            radii = (rx * wide, ry * (0.85 + 0.15 * wide), rz * wide)
            ventricles = np.maximum(ventricles, _ellipsoid(space, (side * cx, cy, cz), radii))
    fourth = _ellipsoid(space, (0, -32, -36), (7, 5, 10))
    ventricles = np.maximum(ventricles, fourth) + 0.6 * _smooth(rng, space.axes, 20)

    deep = np.full_like(cerebrum, -99)
    for side in (-1, 1):
        for centre, radii in [
            ((side * 12, -16, 6), (9, 14, 9)),
            ((side * 14, 12, 10), (6, 14, 9)),
            ((side * 25, 2, 2), (6, 15, 10)),
        ]:
            deep = np.maximum(deep, _ellipsoid(space, centre, radii))
    inside = np.maximum(np.maximum(cerebrum, cerebellum), stem)
    thick = rng.uniform(2.4, 3.4)
    tissue = np.maximum(_soft(depth - 0.8), np.maximum(_soft(inner_cerebellum - 0.8), _soft(stem)))
    csf = np.maximum(1 - tissue, _soft(ventricles))
    gray = _soft(thick + 0.8 - depth) * _soft(depth - 0.8) * (1 - _soft(stem))
    gray = np.maximum(gray, _soft(2.2 - inner_cerebellum) * _soft(inner_cerebellum - 0.8))
    head = {
        "brain": _soft(inside),
        "csf": csf,
        "gray": np.clip(gray, 0, 1) * (1 - csf),
        "deep": _soft(deep) * (1 - csf),
        "choroid": np.zeros_like(csf),
        "white_mm": np.minimum(np.maximum(depth - thick - 0.8, stem - 2), -ventricles),
        "ventricle_mm": -ventricles,
        "cortex_mm": depth - thick - 0.8,
        "outside_mm": -inside,
        "deep_mm": deep,
    }
    for side in (-1, 1):
        plexus = _ellipsoid(space, (side * 22, -33, 12), (3.2, 6, 3.5))
        plexus = np.maximum(plexus, _ellipsoid(space, (side * 12, -12, 19), (1.8, 12, 1.6)))
        head["choroid"] = np.maximum(head["choroid"], _soft(plexus) * _soft(ventricles))
    return head


def _lesions(
    rng: Generator, space: Space, head: dict[str, Field], count: int, *, confluent: bool
) -> Field:
    """The soft map of all lesions: noisy ellipsoids at the sites where MS puts them."""
    white, ventricle, cortex = head["white_mm"], head["ventricle_mm"], head["cortex_mm"]
    in_white = (white > 0.5) & (head["deep_mm"] < 0)
    sites = {
        "periventricular": in_white & (ventricle < 6) & (space.z > -8),
        "deep": in_white & (ventricle > 6) & (cortex > 4) & (space.z > -8),
        "juxtacortical": in_white & (cortex < 3) & (space.z > -15),
        "infratentorial": in_white & (space.z < -24),
    }
    places = {name: np.flatnonzero(site) for name, site in sites.items()}
    names = [name for name, found in places.items() if found.size]
    weights = np.array([{"p": 0.42, "d": 0.36, "j": 0.15, "i": 0.07}[name[0]] for name in names])
    soft = np.zeros_like(white)
    rough = 0.22 * _smooth(rng, space.axes, 9)
    for _ in range(count if names else 0):
        name = names[rng.choice(len(names), p=weights / weights.sum())]
        place = np.unravel_index(rng.choice(places[name]), white.shape)
        radius = float(np.clip(rng.lognormal(np.log(2.6), 0.45), 1.3, 9))
        long = rng.uniform(1.3, 2.2) if name == "periventricular" and rng.random() < 0.5 else 1.0
        radii = radius * rng.uniform(0.8, 1.25, 3) * np.array([long, 1, 1])
        box = tuple(
            slice(*np.searchsorted(axis, [axis[at] - 2.2 * reach, axis[at] + 2.2 * reach]))
            for axis, at, reach in zip(space.axes, place, radii, strict=True)
        )
        u, v, w = (
            (coordinate[box] - coordinate[place]) / reach
            for coordinate, reach in zip((space.x, space.y, space.z), radii, strict=True)
        )
        distance = (1 + rough[box] - np.sqrt(u * u + v * v + w * w)) * radius
        shape = np.minimum(_soft(distance, 0.7), _soft(white[box] + 1.0))
        soft[box] = np.maximum(soft[box], shape * rng.uniform(0.75, 1.0))
    if confluent:
        reach = rng.uniform(3, 11) + 4 * _smooth(rng, space.axes, 35)
        patchy = _soft(_smooth(rng, space.axes, 40) - rng.uniform(0.0, 0.9), 0.25)
        band = _soft(reach - ventricle, 0.8) * _soft(white + 0.5) * patchy * (space.z > 0)
        soft = np.maximum(soft, band.astype(np.float32))
    return np.where(head["csf"] > 0.5, 0, soft).astype(np.float32)


def _intensities(rng: Generator, space: Space, head: dict[str, Field], soft: Field) -> Field:
    """FLAIR signal before the scanner's imperfections; white matter is 100."""
    csf, gray, deep = head["csf"], head["gray"], head["deep"]
    gray_level, csf_level = rng.uniform(112, 140), rng.uniform(8, 35)
    image = 100 + (gray_level - 100) * gray + (rng.uniform(104, 122) - 100) * deep
    image = image * (1 + 0.018 * _smooth(rng, space.axes, 5))
    if rng.random() < 0.6:  # diffusely abnormal white matter: bright, not labelled
        behind = _soft(-10 - space.y, 25) * np.exp(-np.clip(head["ventricle_mm"], 0, None) / 9)
        image += rng.uniform(12, 35) * behind * _soft(_smooth(rng, space.axes, 50) + 0.5, 0.8)
    rim = np.exp(-np.clip(head["ventricle_mm"], 0, None) / 1.2)
    image += rng.uniform(5, 30) * rim
    contrast = rng.uniform(28, 62)
    patches = 1 + 0.25 * _smooth(rng, space.axes, 25)
    image += contrast * np.clip(patches, 0.55, 1.35) * soft
    image = image * (1 - csf) + csf_level * csf
    image += (rng.uniform(70, 170) - csf_level) * head["choroid"] * (rng.random() < 0.8)
    flow = _ellipsoid(space, (0, -33, -36), (4, 3, 7))
    image += rng.uniform(0, 60) * _soft(flow) * csf
    spots = _soft(_smooth(rng, space.axes, 8) - 2.0, 0.3) * _soft(4 - head["cortex_mm"])
    image += rng.uniform(0, 50) * spots * (1 - csf)
    return np.asarray(image, dtype=np.float32)


def _with_head(rng: Generator, space: Space, head: dict[str, Field], image: Field) -> Field:
    """This will put bone, fat and scalp around the brain, air beyond."""
    out = head["outside_mm"]
    bone, fat = rng.uniform(4, 7), rng.uniform(5, 9)
    thick = 1.2 * _smooth(rng, space.axes, 40)
    outer = out - 2.5 - bone - thick
    scalp = rng.uniform(60, 170) * (1 + 0.25 * _smooth(rng, space.axes, 14))
    layers: list[tuple[Field, Any]] = [
        (_soft(out - 2.5), 8 + 25 * _soft(1.5 - np.abs(out - 2.5 - bone / 2))),
        (_soft(outer), scalp),
        (_soft(outer - fat - 1.5 * _smooth(rng, space.axes, 30)), 0.0),
    ]
    for share, level in layers:
        image = image * (1 - share) + level * share
    return np.asarray(image, dtype=np.float32)


def _slices(field: Field, fine: int) -> Field:
    """The mean over each slice's thickness."""
    means: Field = field.reshape(*field.shape[:2], -1, fine).mean(axis=3)
    return means


def _scanned(rng: Generator, image: Field, *, brain: Field) -> NDArray[np.int16]:
    """Bias field, gains, Rician noise and scaling to integers, as a scanner would add them."""
    axes = tuple(np.linspace(0, 180, n, dtype=np.float32) for n in image.shape)
    image = image * np.exp(rng.uniform(0.03, 0.14) * _smooth(rng, axes, 220))
    image = image * np.float32(1 + 0.012 * rng.standard_normal(image.shape[2]))
    level = float(image[brain > 0.5].mean()) if (brain > 0.5).any() else 100.0
    sigma = level * rng.uniform(0.015, 0.05)
    real = image + sigma * rng.standard_normal(image.shape, dtype=np.float32)
    imaginary = sigma * rng.standard_normal(image.shape, dtype=np.float32)
    noisy = np.sqrt(real**2 + imaginary**2) * rng.uniform(2, 10)
    return np.asarray(np.clip(np.round(noisy), 0, 32767), dtype=np.int16)
