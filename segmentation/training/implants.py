"""Lesions of other patients, painted into real scans where their white matter looks healthy.

Lesions of MS lie at the ventricles more than anywhere else, so the room for them reaches up to the
wall; fluid stays as dark as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

Stack = NDArray[np.float32]
Mask = NDArray[np.bool_]
FLUID = -2.0  # of a FLAIR normalised by `normalise`; darker than any tissue
WHITE = (-1.3, 0.45)  # white matter, once noise is smoothed away; cortex is brighter
SHALLOW_MM = 3.0  # from the brain's edge within its slice: no white matter
VENTRICLE_DEPTH_MM = 15.0  # where fluid is a ventricle
SMALLEST_ML = 0.3  # of a ventricle, or of white matter in one piece
MIDDLE = ((0.25, 0.75), (0.15, 0.85), (0.35, 0.8))  # of the brain's box: where ventricles are
WALL_MM = 3.0
GAP = 4  # voxels between a lesion and the wall; wider ones stay
STIFF_MM = 20.0  # from the brain's edge: nearer to it, less is pushed back
LARGE_ML = 1.0  # lesions that seldom go: confluent ones hold most of a patient's volume
SEPARATE_MM = 1.5  # slices thicker than this do not continue one another
TOUCHING = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True, eq=False)
class Ground:
    """Where lesions can be painted: white matter and the walls of the `ventricles`.

    `between` is what lies between fluid and fluid: plexus and septum. `takes` is how much of a
    lesion's brightness a voxel takes: nothing in fluid, all in tissue. Pixels are 1 mm, slices
    `slice_mm` thick.
    """

    room: Mask
    ventricles: Mask
    between: Mask
    takes: Stack
    slice_mm: float


def find_ground(pixels: Stack, brain: Mask, excluded: Mask, *, slice_mm: float) -> Ground:
    """This will find where lesions can lie in a normalised FLAIR of 1 mm pixels (x, y, z)."""
    fluid = pixels < FLUID
    depth = ndimage.distance_transform_edt(brain, sampling=(1, 1, 100))
    ventricles = _ventricles(fluid & (depth > VENTRICLE_DEPTH_MM), brain, slice_mm)
    sigma = (1.0, 1.0, 0.0 if slice_mm > SEPARATE_MM else 1.0)
    weight = ndimage.gaussian_filter((~fluid).astype(np.float32), sigma)
    smooth = ndimage.gaussian_filter(np.where(fluid, 0, pixels), sigma) / np.maximum(weight, 1e-3)
    likely = (smooth > WHITE[0]) & (smooth < WHITE[1]) & ~fluid & ~excluded
    likely &= depth > SHALLOW_MM
    cross = _cross(slice_mm)
    white = ndimage.binary_closing(ndimage.binary_opening(likely, cross), cross)
    white = _large(white & ~fluid & ~excluded, slice_mm)
    wall = _distance_mm(ventricles, slice_mm) < WALL_MM
    wall &= ndimage.binary_dilation(white, cross, iterations=2)
    between = _filled(ventricles, slice_mm) & ~ventricles
    wall &= ~between
    return Ground(
        room=white | (likely & wall),
        ventricles=ventricles,
        between=between,
        takes=np.clip((pixels - FLUID) / -FLUID, 0, 1).astype(np.float32),
        slice_mm=slice_mm,
    )


def _cross(slice_mm: float) -> Mask:
    """Which neighbours a voxel grows into: where slices are thick, those of its own."""
    cross = ndimage.generate_binary_structure(3, 1)
    if slice_mm > SEPARATE_MM:
        cross[:, :, [0, 2]] = False
    return np.asarray(cross)


def _filled(mask: Mask, slice_mm: float) -> Mask:
    """A mask with its gaps of up to four voxels."""
    return np.asarray(ndimage.binary_closing(mask, _cross(slice_mm), iterations=GAP // 2))


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


def widened(pixels: Stack, ventricles: Mask, brain: Mask, by_mm: float) -> Stack:
    """This will widen the ventricles of a 1 mm volume as atrophy does: by up to `by_mm`.

    What lies around is pushed back, less and less up to the brain's edge, which stays. Without
    ventricles all does.
    """
    if not ventricles.any():
        return pixels
    away = ndimage.distance_transform_edt(~ventricles) - ndimage.distance_transform_edt(ventricles)
    away = ndimage.gaussian_filter(away.astype(np.float32), 1.5)
    outside = np.clip(away, 0, None)
    shift = by_mm * np.exp(-outside / (2 * by_mm + 4))
    shift = np.minimum(shift, outside + 1)  # from just inside the wall, not from the other side
    shift *= np.clip(ndimage.distance_transform_edt(brain) / STIFF_MM, 0, 1)
    places = np.indices(pixels.shape, dtype=np.float32) - shift * np.array(np.gradient(away))
    return np.asarray(ndimage.map_coordinates(pixels, places, order=1, mode="nearest"), np.float32)


def some_lesions(share: Stack, rng: Generator, *, slice_mm: float) -> Stack:
    """Some lesions: a large one stays nine times in ten, a small one with one chance of 0.5 to 1.

    `share` is how much of each voxel they fill.
    """
    labels, count = ndimage.label(share > 0.1, TOUCHING)
    large = np.bincount(labels.ravel(), minlength=count + 1) * slice_mm > LARGE_ML * 1000
    kept = rng.random(count + 1) < np.where(large, 0.9, rng.uniform(0.5, 1.0))
    kept[0] = False
    return np.where(kept[labels], share, 0).astype(np.float32)


def at_home(share: Stack, ground: Ground) -> Stack:
    """Lesions where there is room for them; those that almost reach the ventricles do."""
    lesion = share > 0.5
    joined = _filled(lesion | ground.ventricles, ground.slice_mm)
    for side in (lesion, ground.ventricles):
        joined &= ndimage.binary_dilation(side, _cross(ground.slice_mm), iterations=GAP)
    return np.asarray(np.where(joined, 1, share) * ground.room, dtype=np.float32)


def painted(healthy: Stack, share: Stack, ground: Ground, rng: Generator) -> Stack:
    """Lesions of one contrast, each a little different, with texture and soft edges.

    `share` is how much of each voxel is lesion. Half of the cases also get slightly bright,
    unlabelled change that fades slowly; a third a faint halo around the lesions.
    """
    labels, count = ndimage.label(share > 0.2, TOUCHING)
    contrast = rng.uniform(0.9, 3.0)
    levels = np.concatenate([[0], contrast * rng.uniform(0.65, 1.3, count)]).astype(np.float32)
    grain = ndimage.gaussian_filter(_slow(share.shape, 3, rng), 0.8)
    level = ndimage.maximum_filter(levels[labels], 3) * (1 + 0.3 * grain)
    edge = ndimage.gaussian_filter(share, [*[rng.uniform(0.4, 0.9)] * 2, 0.4])
    change = np.clip(edge, 0, 1) * level
    if rng.random() < 0.33:
        wide = ndimage.gaussian_filter(share, [2.5, 2.5, 1.0])
        change += rng.uniform(0.1, 0.4) * contrast * wide * (1 - edge) * ground.room
    if rng.random() < 0.5:
        soft = ndimage.uniform_filter(ground.room.astype(np.float32), 5)
        change += rng.uniform(0.1, 0.35) * np.clip(_slow(share.shape, 12, rng), 0, 2) * soft
    return np.asarray(healthy + change * ground.takes, dtype=np.float32)


def _slow(shape: tuple[int, ...], every: int, rng: Generator) -> Stack:
    """Noise that changes over `every` voxels."""
    coarse = rng.standard_normal([-(-n // every) + 1 for n in shape]).astype(np.float32)
    fine = ndimage.zoom(coarse, every, order=1, prefilter=False)
    return np.asarray(fine[tuple(slice(n) for n in shape)])
