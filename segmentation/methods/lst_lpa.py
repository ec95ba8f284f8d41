"""LST's lesion prediction algorithm (Schmidt 2017), on FLAIR alone.

How much brighter a voxel is than grey and white matter, times how likely it is white matter, is one
number; with it and with where the voxel lies, a logistic regression says how likely it is a lesion.
Intercept, slope and the map of places are fitted on your own cases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize, special

from segmentation.evaluation.overlap import dice
from segmentation.imaging.geometry import Grid
from segmentation.imaging.nifti import Volume
from segmentation.imaging.tissue import classify_tissue, six_neighbour_sum
from segmentation.inference.preparation import evened
from segmentation.methods import MethodCard, Prediction, Progress, require_sequences
from segmentation.methods.brain import find_brain
from segmentation.methods.coefficients import Coefficients, read_coefficients, write_coefficients
from segmentation.methods.fitting import LabelledCase, record_of
from segmentation.methods.provenance import provenance
from segmentation.methods.template import STEP_MM, Placed, bring_together, mean_of, place

Data = NDArray[np.float32]
NAME = "lst-lpa"
FLAIR_ORDER = (0, 2, 1)  # fluid darkest, grey matter brightest
SPREAD_MM = 4.0  # of the map of places
EVEN_CASES = 5.0  # how many cases with lesions anywhere the map of places counts besides
THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65)
RIDGE = 1e-7
SAMPLE = 20_000  # voxels without lesion of each case that the regression sees
SETTINGS: dict[str, Any] = {
    "smoothed_from": 0.1,
    "near_outer_fluid_mm": 4.0,
    "least_ml": 0.009,
    "grows_above": 0.5,
}


@dataclass(frozen=True, eq=False)
class Bright:
    """What the regression sees of a case, on its grid: the belief, and what cleaning up needs."""

    belief: Data
    excess: Data  # brightness over grey and white matter, before the white matter's share
    fluid: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Known:
    """A case that the method is fitted to, and what the others say of its places (x, y, z)."""

    case: LabelledCase
    bright: Bright
    places: Data


def brighten(flair: Volume, brain: NDArray[np.bool_], priors: Data) -> Bright:
    """This will compute how bright each voxel is for its place.

    `priors` (3, x, y, z) are CSF, grey and white matter. The FLAIR's bias field is removed first.
    A brain without contrast has no belief anywhere.
    """
    grid = flair.grid
    even = evened(flair)
    sigma = [1.5 / 2.3548 / mm for mm in grid.spacing_mm]
    smooth = np.asarray(ndimage.gaussian_filter(even, sigma), dtype=np.float32)
    tissue = classify_tissue(smooth, brain, order=FLAIR_ORDER, priors=priors)
    labels = tissue.labels
    grey, white = labels == 2, labels == 3
    if not grey.any() or not white.any():
        nothing = np.zeros(brain.shape, dtype=np.float32)
        return Bright(nothing, nothing, np.zeros(brain.shape, dtype=bool))
    labels = np.where((labels == 1) & (smooth > smooth[grey].mean()), 2, labels)
    grey = labels == 2
    relative = even / even[grey].mean()
    over = [np.maximum(relative - relative[one].mean(), 0) for one in (white, grey)]
    excess = np.where(brain, over[0] + over[1], 0).astype(np.float32)
    share = np.where(priors[2] < 0.05, 0, np.clip(1 - priors[0] - 0.5 * priors[1], 0, 1))
    return Bright(
        belief=np.asarray(excess * share, dtype=np.float32),
        excess=excess,
        fluid=brain & (labels == 1),
    )


def predict(bright: Bright, places: Data, *, intercept: float, slope: float) -> Data:
    """The regression: logistic(intercept + slope B + s(x)), 0 where there is no belief."""
    eta = intercept + slope * bright.belief + places
    return np.where(bright.belief > 0, special.expit(eta), 0).astype(np.float32)


def clean_up(likely: Data, bright: Bright, brain: NDArray[np.bool_], grid: Grid) -> Data:
    """This will smooth, drop and grow lesions as LST does.

    Dropped: voxels without a face neighbour, lesions of under 0.009 ml, and what lies within 4 mm
    of fluid at the brain's surface unless its lesion was more likely than not.
    """
    seen = likely >= SETTINGS["smoothed_from"]
    smooth = ndimage.gaussian_filter(likely, [1.0 / 2.3548 / mm for mm in grid.spacing_mm])
    likely = np.where(seen, smooth, likely)
    positive = likely > SETTINGS["smoothed_from"]
    likely = np.where(positive & (six_neighbour_sum(positive.astype(np.float32)) == 0), 0, likely)
    labels, count = ndimage.label(likely > SETTINGS["smoothed_from"], np.ones((3, 3, 3)))
    if not count:
        return np.asarray(likely, dtype=np.float32)
    ids = np.arange(count + 1)
    mean = ndimage.mean(likely, labels, ids)
    sizes_ml = np.bincount(labels.ravel(), minlength=count + 1) * grid.voxel_volume_mm3 / 1000
    near = _near_outer_fluid(bright.fluid, brain, grid)
    dropped = (sizes_ml < SETTINGS["least_ml"])[labels] | (near & (mean <= 0.5)[labels])
    likely = np.where((labels > 0) & dropped, 0, likely)
    positive = (likely > 0.5).astype(np.float32)
    around = six_neighbour_sum(positive)
    likely = np.where((positive == 0) & (around > 4), around / 6, likely)
    cube = np.ones((3, 3, 3), np.float32)
    share = ndimage.convolve((likely > 0.5).astype(np.float32), cube, mode="constant") / 26
    joins = (likely <= 0.5) & (share > 0.25) & (bright.excess > SETTINGS["grows_above"]) & ~near
    # Of 27 values the 23rd: the 85th percentile of the neighbourhood.
    ranked = ndimage.rank_filter(likely, rank=22, size=3, mode="constant")
    return np.where(joins, np.maximum(ranked, likely), likely).astype(np.float32)


def _near_outer_fluid(
    fluid: NDArray[np.bool_], brain: NDArray[np.bool_], grid: Grid
) -> NDArray[np.bool_]:
    """What lies within 4 mm of fluid that reaches the brain's surface (the ventricles do not)."""
    if not brain.any():
        return np.zeros(brain.shape, dtype=bool)
    depth = ndimage.distance_transform_edt(brain, sampling=grid.spacing_mm)
    reach = SETTINGS["near_outer_fluid_mm"]
    outer = fluid & (depth <= 2 * reach)
    if not outer.any():
        return np.asarray(brain & (depth <= 1e-6))
    away = ndimage.distance_transform_edt(~outer, sampling=grid.spacing_mm)
    return np.asarray(brain & (away <= reach))


class LesionPrediction:
    """LST-LPA with fitted coefficients."""

    def __init__(self, card: MethodCard, found: Coefficients) -> None:
        self.card, self.found = card, found

    def segment(
        self,
        volumes: Mapping[str, Volume],
        *,
        progress: Progress,
        brain: NDArray[np.bool_] | None = None,
    ) -> Prediction:
        """This will segment a FLAIR; see `segmentation.methods.Method`."""
        require_sequences(self.card, volumes, where="the case")
        flair = volumes["FLAIR"]
        inside = find_brain(flair, own=brain, progress=progress)
        progress(0.3, "Finding the brain's place")
        arrays, numbers = self.found.arrays, self.found.numbers
        placed = place(flair.data.astype(np.float32), inside, flair.grid, template=arrays["flair"])
        progress(0.5, "Weighing brightness")
        bright = brighten(flair, inside, _priors(placed, arrays["tissue"]))
        likely = predict(
            bright,
            placed.from_template(arrays["places"]),
            intercept=float(numbers["intercept"]),
            slope=float(numbers["slope"]),
        )
        progress(0.8, "Cleaning up the mask")
        likely = clean_up(likely, bright, inside, flair.grid)
        return Prediction(
            probability=likely,
            mask=(likely > float(numbers["threshold"])) & inside,
            brain=inside,
            provenance=provenance({**SETTINGS, **numbers}, self.found.sha256, grid=flair.grid),
        )


def fit(
    cases: Sequence[LabelledCase], *, folder: Path, home: Path, seed: int, progress: Progress
) -> dict[str, Any]:
    """This will make the maps, fit the regression and find the threshold of the best mean DSC.

    What a case is fitted to is the map of places of the *other* cases: its own lesions lie just
    where its own map says.
    """
    taught, template = bring_together(
        cases, sequences=("FLAIR",), progress=lambda done, stage: progress(0.4 * done, stage)
    )
    tissue = mean_of(
        np.stack([one.placed.to_template(part) for part in _tissue(one.case)]) for one in taught
    )
    lesions = [one.placed.to_template(one.case.lesions.astype(np.float32)) for one in taught]
    within = tissue.sum(axis=0) > 0.5
    known: list[Known] = []
    for number, one in enumerate(taught):
        case = one.case
        progress(0.4 + 0.3 * number / len(cases), f"Weighing {case.name}")
        bright = brighten(case.volumes["FLAIR"], case.brain, _priors(one.placed, tissue))
        others = places_of([*lesions[:number], *lesions[number + 1 :]], within)
        known.append(Known(case, bright, one.placed.from_template(others)))
    intercept, slope = regress(*_sampled(known, np.random.default_rng(seed)))
    threshold, score = _best_threshold(known, intercept=intercept, slope=slope, progress=progress)
    write_coefficients(
        folder,
        NAME,
        numbers={"intercept": intercept, "slope": slope, "threshold": threshold},
        arrays={"flair": template, "tissue": tissue, "places": places_of(lesions, within)},
        record=record_of(cases, seed=seed, training_dsc=score),
    )
    return {"slope": slope, "threshold": threshold, "training DSC": score}


def _sampled(known: Sequence[Known], rng: np.random.Generator) -> list[NDArray[Any]]:
    """Belief, offset, 1 for lesion and weight of the voxels that the regression sees."""
    columns: list[list[NDArray[Any]]] = [[], [], [], []]
    for one in known:
        case, belief = one.case, one.bright.belief
        for part, is_lesion in ((case.lesions, 1.0), (case.brain & ~case.lesions, 0.0)):
            found = np.flatnonzero(part & (belief > 0))
            taken = found if len(found) <= SAMPLE else rng.choice(found, SAMPLE, replace=False)
            values = (
                belief.ravel()[taken],
                one.places.ravel()[taken],
                np.full(len(taken), is_lesion),
                np.full(len(taken), len(found) / max(1, len(taken))),
            )
            for column, more in zip(columns, values, strict=True):
                column.append(more)
    return [np.concatenate(column) for column in columns]


def regress(
    belief: NDArray[Any], offset: NDArray[Any], lesion: NDArray[Any], weight: NDArray[Any]
) -> tuple[float, float]:
    """Intercept and slope of a weighted logistic regression with a fixed offset.

    A very weak pull of the slope towards 0 (ridge) keeps the numbers finite where the classes
    separate: lesions are a hundredth of the voxels and the loss is a mean, so that more than this
    would decide the slope.
    """
    scale = float(weight.sum())

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        eta = values[0] + values[1] * belief + offset
        error = (special.expit(eta) - lesion) * weight / scale
        cost = float((weight * (np.logaddexp(0, eta) - lesion * eta)).sum() / scale)
        slope = np.array([error.sum(), (error * belief).sum()])
        return cost + RIDGE * float(values @ values), slope + 2 * RIDGE * values

    found = optimize.minimize(loss, np.array([0.0, 5.0]), jac=True, method="L-BFGS-B")
    return float(found.x[0]), float(found.x[1])


def _best_threshold(
    known: Sequence[Known], *, intercept: float, slope: float, progress: Progress
) -> tuple[float, float]:
    """The threshold of the highest mean DSC over the cases with lesions, and that DSC."""
    scores = np.zeros(len(THRESHOLDS))
    counted = [one for one in known if one.case.lesions.any()]
    for number, one in enumerate(counted):
        case = one.case
        progress(0.7 + 0.3 * number / len(counted), f"Trying thresholds on {case.name}")
        likely = predict(one.bright, one.places, intercept=intercept, slope=slope)
        likely = clean_up(likely, one.bright, case.brain, case.volumes["FLAIR"].grid)
        found = [dice((likely > least) & case.brain, case.lesions) for least in THRESHOLDS]
        scores += [value if isinstance(value, float) else 0.0 for value in found]
    best = int(scores.argmax())
    return THRESHOLDS[best], float(scores[best] / max(1, len(counted)))


def _tissue(case: LabelledCase) -> Data:
    """A case's tissue (3, x, y, z), from T1 where it lies on the grid, else from FLAIR."""
    flair, t1 = case.volumes["FLAIR"], case.volumes.get("T1")
    if t1 is not None and t1.grid.matches(flair.grid):
        maps = classify_tissue(t1.data.astype(np.float32), case.brain).maps
    else:
        maps = classify_tissue(flair.data.astype(np.float32), case.brain, order=FLAIR_ORDER).maps
    # A lesion lies in white matter, whatever it looks like.
    white = np.array([0, 0, 1], np.float32)[:, None, None, None]
    return np.where(case.lesions, white, maps).astype(np.float32)


def places_of(lesions: Sequence[Data], within: NDArray[np.bool_]) -> Data:
    """s(x): log-odds of a lesion at each place of the template, relative to those anywhere.

    The mean of the cases' lesions is smoothed, and drawn towards the mean over all places
    (`within`) as if so many more cases were equal everywhere. 0 everywhere without lesions.
    """
    count = len(lesions)
    mean = mean_of(lesions) if count else np.zeros(within.shape, dtype=np.float32)
    overall = float(mean[within].mean()) if within.any() else 0.0
    if overall <= 0:
        return np.zeros(within.shape, dtype=np.float32)
    smooth = ndimage.gaussian_filter(mean, SPREAD_MM / STEP_MM)
    likely = (count * smooth + EVEN_CASES * overall) / (count + EVEN_CASES)
    odds = special.logit(np.clip(likely, 0, 0.9)) - special.logit(overall)
    return np.asarray(odds, dtype=np.float32)


def _priors(placed: Placed, tissue: Data) -> Data:
    return np.stack([placed.from_template(one) for one in tissue])


def load(card: MethodCard, parts: Sequence[Path]) -> LesionPrediction:
    """This will load the coefficients; raises UnusableCheckpoint."""
    found = read_coefficients(
        parts[0],
        NAME,
        numbers=("intercept", "slope", "threshold"),
        arrays={"flair": 3, "tissue": 4, "places": 3},
    )
    return LesionPrediction(card, found)
