"""Lesions of other patients, painted into real scans where their white matter looks healthy.

Lesions of MS lie at the ventricles more than anywhere else, so the room for them reaches up to the
wall; fluid stays as dark as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

Stack = NDArray[np.float32]
Mask = NDArray[np.bool_]
FLUID = -2.0  # of a FLAIR normalised by `normalise`; darker than any tissue
WHITE = (-1.3, 0.45)  # white matter, once noise is smoothed away; cortex is brighter
SHALLOW_MM = 3.0  # from the brain's edge within its slice: no white matter
DEEP_MM = 15.0  # where fluid is a ventricle
SMALLEST_ML = 0.3  # of a ventricle, or of white matter in one piece
MIDDLE = ((0.25, 0.75), (0.15, 0.85), (0.35, 0.8))  # of the brain's box: where ventricles are
WALL_MM = 3.0
REACH = 3  # voxels; wider gaps between a lesion and the wall stay
LARGE_ML = 1.0  # lesions that seldom go: confluent ones hold most of a patient's volume
THICK_MM = 1.5
TOUCHING = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True, eq=False)
class Ground:
    """Where lesions can be painted: white matter and the walls of the `ventricles`.

    `tissue` is the share (0 to 1) of each voxel that is no fluid. Slices are `slice_mm` thick,
    pixels 1 mm.
    """

    room: Mask
    ventricles: Mask
    tissue: Stack
    slice_mm: float

    @property
    def cross(self) -> Mask:
        """Which neighbours a voxel grows into: where slices are thick, those of its own."""
        cross = ndimage.generate_binary_structure(3, 1)
        if self.slice_mm > THICK_MM:
            cross[:, :, [0, 2]] = False
        return np.asarray(cross)


def find_ground(pixels: Stack, brain: Mask, excluded: Mask, *, slice_mm: float) -> Ground:
    """This will find where lesions can lie in a normalised FLAIR of 1 mm pixels (x, y, z)."""
    fluid = pixels < FLUID
    depth = ndimage.distance_transform_edt(brain, sampling=(1, 1, 100))
    ventricles = _ventricles(fluid & (depth > DEEP_MM), brain, slice_mm)
    ground = Ground(
        room=np.zeros_like(brain),
        ventricles=ventricles,
        tissue=np.clip(pixels / 4 + 1, 0, 1).astype(np.float32),
        slice_mm=slice_mm,
    )
    sigma = (1.0, 1.0, 0.0 if slice_mm > THICK_MM else 1.0)
    weight = ndimage.gaussian_filter((~fluid).astype(np.float32), sigma)
    smooth = ndimage.gaussian_filter(np.where(fluid, 0, pixels), sigma) / np.maximum(weight, 1e-3)
    likely = (smooth > WHITE[0]) & (smooth < WHITE[1]) & ~fluid & ~excluded
    likely &= depth > SHALLOW_MM
    white = ndimage.binary_opening(likely, ground.cross)
    white = _large(ndimage.binary_closing(white, ground.cross) & ~fluid & ~excluded, slice_mm)
    wall = _distance_mm(ventricles, slice_mm) < WALL_MM
    beside = ndimage.binary_dilation(white, ground.cross, iterations=2)
    return replace(ground, room=white | (likely & wall & beside))


def _ventricles(fluid: Mask, brain: Mask, slice_mm: float) -> Mask:
    """Fluid in the middle of the head; beside it lie the Sylvian fissures, which are as deep."""
    middle = np.zeros_like(fluid)
    ends = [np.percentile(found, [0.5, 99.5]) for found in np.nonzero(brain)]
    middle[
        tuple(
            slice(int(low + a * (high - low)), int(low + b * (high - low)) + 1)
            for (low, high), (a, b) in zip(ends, MIDDLE, strict=True)
        )
    ] = True
    return _large(fluid & middle, slice_mm)


def _distance_mm(mask: Mask, slice_mm: float) -> Stack:
    """How far each voxel is from a mask; infinitely far from none."""
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=(1, 1, slice_mm)), np.float32)


def _large(mask: Mask, slice_mm: float) -> Mask:
    """The parts of a mask that are no specks."""
    labels, count = ndimage.label(mask, TOUCHING)
    large = np.bincount(labels.ravel(), minlength=count + 1) * slice_mm > SMALLEST_ML * 1000
    large[0] = False
    return np.asarray(large[labels])


def widened(pixels: Stack, ventricles: Mask, by_mm: float) -> Stack:
    """This will widen the ventricles of a 1 mm volume, as atrophy does, and push back the rest.

    Without ventricles it stays as it is.
    """
    if not ventricles.any():
        return pixels
    away = ndimage.distance_transform_edt(~ventricles) - ndimage.distance_transform_edt(ventricles)
    away = ndimage.gaussian_filter(away.astype(np.float32), 1.5)
    shift = by_mm * np.exp(-np.clip(away, 0, None) / (2 * by_mm + 4))
    places = np.indices(pixels.shape, dtype=np.float32) - shift * np.array(np.gradient(away))
    return np.asarray(ndimage.map_coordinates(pixels, places, order=1, mode="nearest"), np.float32)


def some_lesions(share: Stack, rng: Generator, *, slice_mm: float) -> Stack:
    """A random half or more of the lesions; `share` is how much of each voxel they fill."""
    labels, count = ndimage.label(share > 0.1, TOUCHING)
    large = np.bincount(labels.ravel(), minlength=count + 1) * slice_mm > LARGE_ML * 1000
    kept = rng.random(count + 1) < np.where(large, 0.9, rng.uniform(0.5, 1.0))
    kept[0] = False
    return np.where(kept[labels], share, 0).astype(np.float32)


def at_home(share: Stack, ground: Ground) -> Stack:
    """Lesions where there is room for them; those that almost reach the ventricles do."""
    lesion = share > 0.5
    closed = ndimage.binary_closing(lesion | ground.ventricles, ground.cross, iterations=2)
    for side in (lesion, ground.ventricles):
        closed &= ndimage.binary_dilation(side, ground.cross, iterations=REACH)
    return np.asarray(np.where(closed, 1, share) * ground.room, dtype=np.float32)


def painted(healthy: Stack, share: Stack, ground: Ground, rng: Generator) -> Stack:
    """Lesions of one contrast, each a little different, with texture and soft edges.

    `share` is how much of each voxel is lesion. Half of the cases also get slightly bright,
    unlabelled change that fades slowly; a third a faint halo around the lesions.
    """
    labels, count = ndimage.label(share > 0.2, TOUCHING)
    contrast = rng.uniform(0.9, 3.0)
    levels = np.concatenate([[contrast], contrast * rng.uniform(0.65, 1.3, count)])
    level = levels[labels].astype(np.float32)
    grain = ndimage.gaussian_filter(_slow(share.shape, 3, rng), 0.8)
    level = ndimage.maximum_filter(level * (labels > 0), 3) * (1 + 0.6 * grain)
    edge = ndimage.gaussian_filter(share, [*[rng.uniform(0.4, 0.9)] * 2, 0.4])
    change = np.clip(edge, 0, 1) * level
    if rng.random() < 0.33:
        wide = ndimage.gaussian_filter(share, [2.5, 2.5, 1.0])
        change += rng.uniform(0.1, 0.4) * contrast * wide * (1 - edge) * ground.room
    if rng.random() < 0.5:
        soft = ndimage.uniform_filter(ground.room.astype(np.float32), 5)
        change += rng.uniform(0.1, 0.35) * np.clip(_slow(share.shape, 12, rng), 0, 2) * soft
    return np.asarray(healthy + change * ground.tissue, dtype=np.float32)


def _slow(shape: tuple[int, ...], every: int, rng: Generator) -> Stack:
    """Noise that changes over `every` voxels."""
    coarse = rng.standard_normal([-(-n // every) + 1 for n in shape]).astype(np.float32)
    fine = ndimage.zoom(coarse, every, order=1, prefilter=False)
    return np.asarray(fine[tuple(slice(n) for n in shape)])
