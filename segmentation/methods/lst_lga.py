"""LST's lesion growth algorithm (Schmidt et al., NeuroImage 2012), on T1 and FLAIR.

How much brighter a voxel is on FLAIR than its tissue should be becomes a belief; strong beliefs in
grey matter are the first lesions, and they grow into their surroundings as long as what lies there
looks more like lesion than like tissue. The only number that is fitted is kappa, the belief that
makes a first lesion; the map of white matter is made of the cases that it is fitted on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from segmentation.evaluation.overlap import dice
from segmentation.imaging.nifti import Volume
from segmentation.imaging.tissue import classify_tissue, six_neighbour_sum
from segmentation.inference.preparation import evened
from segmentation.methods import MethodCard, Prediction, Progress, require_sequences
from segmentation.methods.alignment import on_the_flairs_grid
from segmentation.methods.brain import find_brain
from segmentation.methods.coefficients import Coefficients, read_coefficients, write_coefficients
from segmentation.methods.fitting import LabelledCase, record_of
from segmentation.methods.provenance import provenance
from segmentation.methods.template import bring_together, mean_of, place

Data = NDArray[np.float32]
NAME = "lst-lga"
KAPPAS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
LEAST_BELIEF = 0.01  # around a voxel that may join a lesion
FACES = np.array([(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)])
SETTINGS: dict[str, Any] = {"threshold": 0.5, "growth_rounds": 50, "phi": 1.0}


@dataclass(frozen=True, eq=False)
class Belief:
    """What is known of a case before any kappa: intensities, tissue and beliefs on its grid.

    `flair` is divided by its mode in the brain; `labels` is 0 outside, 1 CSF, 2 grey, 3 white.
    """

    flair: Data
    labels: NDArray[np.uint8]
    total: Data
    first: Data


def believe(t1: Data, flair: Data, brain: NDArray[np.bool_], white: Data) -> Belief:
    """This will compute the belief maps of Schmidt et al. (their equation 1 and what leads to it).

    `flair` is without its bias field, `white` the prior of white matter on the scan's grid. A
    constant brain believes nothing.
    """
    maps = classify_tissue(t1, brain).maps
    level = (maps * np.array([1, 2, 3], np.float32)[:, None, None, None]).sum(axis=0)
    labels = np.where(brain, maps.argmax(axis=0) + 1, 0).astype(np.uint8)
    relative = np.asarray(flair / _mode(flair[brain]), dtype=np.float32)
    grey = relative[labels == 2]
    if grey.size:
        # Lesions that look like fluid on T1: bright "CSF", and bright grey matter that touches it.
        seeds = (labels == 1) & (relative > grey.mean()) & (white > 0.1)
        bright = (labels == 2) & (relative > np.percentile(grey, 95))
        grown = ndimage.binary_propagation(seeds, mask=seeds | bright)
        level = np.where(grown, 2.4, level)
        labels = np.where(grown, 2, labels).astype(np.uint8)
    parts = np.zeros((3, *brain.shape), dtype=np.float32)
    for one in (1, 2, 3):
        here = labels == one
        if here.any():
            excess = level * (relative - relative[here].mean()) * white
            parts[one - 1] = np.where(here, np.maximum(excess, 0), 0)
    return Belief(relative, labels, parts.sum(axis=0), parts[1])


def grow(belief: Belief, *, kappa: float) -> Data:
    """This will return the lesion probability map for one kappa.

    All 0 when no voxel starts a lesion. Only voxels that some belief surrounds can join, so the
    growth is computed on these alone.
    """
    start = belief.first * six_neighbour_sum(belief.first) / 6
    lesion = start > kappa
    lesion &= six_neighbour_sum(lesion.astype(np.float32)) >= 2
    whole = lesion.astype(np.float32)
    if not lesion.any():
        return whole
    mean = six_neighbour_sum(belief.total) / 6
    active = ((mean > LEAST_BELIEF) & (belief.labels > 0)) | lesion
    places = np.argwhere(active)
    number = np.full(tuple(n + 2 for n in active.shape), len(places))  # whoever is not active is 0
    number[1:-1, 1:-1, 1:-1][active] = np.arange(len(places))
    around = np.stack([number[tuple((places + 1 + step).T)] for step in FACES])
    black = places.sum(axis=1) % 2 == 0
    at = tuple(places.T)
    flair, labels, mean = belief.flair[at], belief.labels[at], mean[at]
    tissue = _sums(belief.flair, belief.labels)
    likely = np.zeros(len(places) + 1)
    likely[:-1] = lesion[at]
    phi = SETTINGS["phi"]
    for _ in range(SETTINGS["growth_rounds"]):
        ratio = _ratio(flair, labels, likely[:-1] > 0.5, tissue)
        if ratio is None:
            break
        largest = 0.0
        for turn in (black, ~black):
            near = likely[around]
            touches = (near > 0.01).sum(axis=0) >= 2
            weight = near.sum(axis=0)
            more = mean * ratio * np.exp(-phi * (6 - weight) + phi * weight)
            new = np.where(turn & touches, np.minimum(1, likely[:-1] + more), likely[:-1])
            largest = max(largest, float((new - likely[:-1]).max()))
            likely[:-1] = new
        if largest < 0.01:
            break
    whole[at] = likely[:-1]
    return _tidied(whole)


def _sums(flair: Data, labels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Voxels, sum and sum of squares of the intensities of CSF, grey and white matter: (3, 3)."""
    values = [flair[labels == one].astype(np.float64) for one in (1, 2, 3)]
    return np.array([[len(v), v.sum(), (v**2).sum()] for v in values])


def _ratio(
    flair: Data,
    labels: NDArray[np.uint8],
    lesion: NDArray[np.bool_],
    tissue: NDArray[np.float64],
) -> NDArray[np.float64] | None:
    """How much more a voxel looks like lesion (Gamma) than like tissue (three Gaussians).

    `tissue` holds the sums of whole classes; what is lesion now is taken off. None where the
    lesions are too few or too equal to have a distribution.
    """
    seen = flair[lesion].astype(np.float64)
    seen = seen[seen > 0]
    if seen.size < 3 or np.ptp(seen) == 0:
        return None
    shape, scale = fit_gamma(seen)
    value = np.maximum(flair.astype(np.float64), 1e-6)
    log_gamma = (
        (shape - 1) * np.log(value) - value / scale - shape * np.log(scale) - special.gammaln(shape)
    )
    rest = tissue - _sums(flair[lesion], labels[lesion])
    density = np.zeros(flair.shape)
    for count, total, squares in rest:
        if count > 1:
            mean = total / count
            spread = max(np.sqrt(max(squares / count - mean**2, 0)), 1e-3)
            share = count / max(1.0, rest[:, 0].sum())
            density += share / spread * np.exp(-0.5 * ((value - mean) / spread) ** 2)
    density /= np.sqrt(2 * np.pi)
    # Far from all tissue both densities vanish; there the belief decides, not a division by 0.
    return np.asarray(np.minimum(np.exp(log_gamma) / np.maximum(density, 1e-6), 1e6))


def fit_gamma(values: NDArray[np.float64]) -> tuple[float, float]:
    """Shape and scale of a Gamma distribution by maximum likelihood (Newton on the digamma).

    Raises ValueError unless there are two different values above 0.
    """
    if values.size < 2 or values.min() <= 0 or np.ptp(values) == 0:
        raise ValueError("a Gamma distribution needs two different values above 0")
    gap = float(np.log(values.mean()) - np.log(values).mean())
    shape = (3 - gap + np.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap)
    for _ in range(20):
        slope = 1 / shape - special.polygamma(1, shape)
        step = (np.log(shape) - special.digamma(shape) - gap) / slope
        shape = max(float(shape - step), 1e-3)
        if abs(step) < 1e-8 * shape:
            break
    return float(shape), float(values.mean() / shape)


def _tidied(likely: Data) -> Data:
    """Holes with more than 18 of 26 lesion neighbours filled, voxels without any dropped."""
    positive = (likely > 0.5).astype(np.float32)
    cube = np.ones((3, 3, 3), np.float32)
    cube[1, 1, 1] = 0
    around = ndimage.convolve(positive, cube, mode="constant")
    mean = ndimage.convolve(likely, cube, mode="constant") / 26
    filled = np.where((positive == 0) & (around > 18), np.maximum(likely, mean), likely)
    return np.where((positive > 0) & (around == 0), 0, filled).astype(np.float32)


def _mode(values: Data) -> float:
    """The most frequent intensity; the mean where all are equal, 1 where there is none."""
    if not values.size:
        return 1.0
    low, high = np.percentile(values, (1, 99))
    if not high > low:
        return float(values.mean()) or 1.0
    counts, edges = np.histogram(values, bins=150, range=(float(low), float(high)))
    at = int(ndimage.gaussian_filter1d(counts.astype(float), 3).argmax())
    return float((edges[at] + edges[at + 1]) / 2) or 1.0


class LesionGrowth:
    """LST-LGA with fitted kappa and white matter map."""

    def __init__(self, card: MethodCard, found: Coefficients) -> None:
        self.card, self.found = card, found

    def segment(
        self,
        volumes: Mapping[str, Volume],
        *,
        progress: Progress,
        brain: NDArray[np.bool_] | None = None,
    ) -> Prediction:
        """This will segment a case; see `segmentation.methods.Method`."""
        require_sequences(self.card, volumes, where="the case")
        flair = volumes["FLAIR"]
        inside = find_brain(flair, own=brain, progress=progress)
        progress(0.2, "Bringing the scans together")
        scans, said = on_the_flairs_grid(volumes, sequences=self.card.needs)
        progress(0.4, "Finding the white matter")
        placed = place(scans["FLAIR"], inside, flair.grid, template=self.found.arrays["flair"])
        white = placed.from_template(self.found.arrays["white"])
        belief = believe(scans["T1"], evened(flair), inside, white)
        progress(0.6, "Growing lesions")
        kappa = float(self.found.numbers["kappa"])
        likely = grow(belief, kappa=kappa)
        return Prediction(
            probability=likely,
            mask=(likely > SETTINGS["threshold"]) & inside,
            brain=inside,
            provenance=provenance(
                {**SETTINGS, "kappa": kappa}, self.found.sha256, grid=flair.grid, sequences=said
            ),
        )


def fit(
    cases: Sequence[LabelledCase], *, folder: Path, home: Path, seed: int, progress: Progress
) -> dict[str, Any]:
    """This will make the white matter map and find the kappa of the best mean DSC."""
    taught, template = bring_together(
        cases, sequences=("FLAIR", "T1"), progress=lambda done, stage: progress(done / 2, stage)
    )
    white = mean_of(
        one.placed.to_template(classify_tissue(one.scans["T1"], one.case.brain).maps[2])
        for one in taught
    )
    scores = dict.fromkeys(KAPPAS, 0.0)
    counted = [one for one in taught if one.case.lesions.any()]
    for number, one in enumerate(counted):
        case = one.case
        progress(0.5 + 0.5 * number / len(counted), f"Trying kappas on {case.name}")
        even = evened(case.volumes["FLAIR"])
        belief = believe(one.scans["T1"], even, case.brain, one.placed.from_template(white))
        for kappa in KAPPAS:
            found = dice(grow(belief, kappa=kappa) > SETTINGS["threshold"], case.lesions)
            scores[kappa] += (found if isinstance(found, float) else 0.0) / len(counted)
    kappa = max(KAPPAS, key=lambda one: scores[one])
    record = record_of(cases, seed=seed, dsc_by_kappa={str(k): v for k, v in scores.items()})
    write_coefficients(
        folder,
        NAME,
        numbers={"kappa": kappa},
        arrays={"flair": template, "white": white},
        record=record,
    )
    return {"kappa": kappa, "training DSC": scores[kappa]}


def load(card: MethodCard, parts: Sequence[Path]) -> LesionGrowth:
    """This will load the coefficients; raises UnusableCheckpoint."""
    arrays = {"flair": 3, "white": 3}
    return LesionGrowth(card, read_coefficients(parts[0], NAME, numbers=("kappa",), arrays=arrays))
