"""Choosing a checkpoint's threshold anew on a site's own cases. Only workers and commands do it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmentation.evaluation.comparison import scores_of
from segmentation.evaluation.thresholds import THRESHOLDS, Choice, Score, choose_threshold
from segmentation.evaluation.undefined import Undefined
from segmentation.imaging.geometry import Grid
from segmentation.inference.cleaning import clean_mask, without_rim
from segmentation.methods import Method, Prediction, Progress, method_with
from segmentation.models import Segmentation, Training
from segmentation.networks.checkpoint import checkpoint_in, with_record
from segmentation.operations.leases import Lease
from segmentation.operations.planning import MEASURES, member_of
from segmentation.operations.versions import THRESHOLD, start_named
from segmentation.operations.voxels import brain_of, mask_of, scans_of

Curves = Mapping[str, list[Score]]  # by measure, a score for each of THRESHOLDS


def calibrated(
    training: Training,
    masks: Mapping[str, Segmentation],
    *,
    lease: Lease,
    meanwhile: Callable[[], None],
) -> bytes:
    """The file of a checkpoint with the threshold that fits the cases best, weights unchanged.

    The training's row gets the curve.
    """
    start = start_named(training.start, user=None)
    content = start.read()
    method = method_with(training.method, checkpoint_in(content, name=start.name))
    by_subject: dict[str, list[Curves]] = defaultdict(list)
    cases = sorted(masks.items())
    for number, (_, mask) in enumerate(cases):
        meanwhile()

        def part(done: float, stage: str, number: int = number) -> None:
            said = f"Case {number + 1} of {len(cases)}: {stage}"
            lease.report((number + done) / len(cases), said)

        by_subject[mask.case.subject].append(curves_of(method, mask, progress=part))
    before = float(start.record.get("threshold", THRESHOLD))
    choices = {name: _chosen(by_subject, name, before) for name in MEASURES}
    choice = choices[training.measure]
    facts: dict[str, Any] = {
        "measure": training.measure,
        "threshold": choice.threshold,
        "threshold_before": before,
        "score": choice.score,
        "left_out_score": choice.left_out,
        "cases": len(cases),
        "subjects": len(by_subject),
    }
    lease.change(
        log=[
            {
                "threshold": threshold,
                "dsc": choices["DSC"].curve[at],
                "lesion_f1": choices["lesion F1"].curve[at],
            }
            for at, threshold in enumerate(THRESHOLDS)
        ],
        best_score=choice.score,
        settings_used=facts,
    )
    record = {
        **start.record,
        "threshold": choice.threshold,
        "calibration": {**facts, "weights_of": start.name},
        "threshold_sha256": sorted(member_of(mask.case).sha256 for mask in masks.values()),
    }
    return with_record(content, record, name=start.name)


def _chosen(by_subject: Mapping[str, list[Curves]], measure: str, before: float) -> Choice:
    scores = {
        subject: [curves[measure] for curves in cases] for subject, cases in by_subject.items()
    }
    return choose_threshold(scores, before=before)


def curves_of(method: Method, reference: Segmentation, *, progress: Progress) -> Curves:
    """The scores of one case at each of THRESHOLDS, by measure.

    The method runs anew: a stored map may be of other code, or of another brain mask.
    """
    case = reference.case
    volumes = scans_of(case)
    prediction = method.segment(volumes, progress=progress, brain=brain_of(case, given_only=True))
    return _curves(prediction, mask_of(reference), volumes["FLAIR"].grid)


def _curves(prediction: Prediction, known: NDArray[np.bool_], grid: Grid) -> Curves:
    """The scores at each of THRESHOLDS, of the box that holds anything.

    Where a mask draws nothing of a case with lesions, or something of a case without, the lesion F1
    is 0, as DSC is: left out, it would speak for the threshold. Undefined where both are empty.
    """
    settings = prediction.provenance["settings"]
    within = prediction.brain if prediction.brain is not None else np.ones_like(known)
    within = without_rim(within, grid=grid, rim_mm=settings.get("rim_mm", 0.0))
    box = _box(((prediction.probability > THRESHOLDS[0]) & within) | known)
    small = Grid(shape=known[box].shape, affine=grid.affine)
    curves: dict[str, list[Score]] = {name: [] for name in MEASURES}
    for threshold in THRESHOLDS:
        mask = clean_mask(
            prediction.probability[box],
            brain=within[box],
            grid=small,
            threshold=threshold,
            min_volume_mm3=settings["min_volume_mm3"],
            connectivity=settings["connectivity"],
        )
        scores = scores_of(mask, known[box], grid=small)
        is_empty = isinstance(scores["DSC"], Undefined)
        for name, curve in curves.items():
            is_missed = isinstance(scores[name], Undefined) and not is_empty
            curve.append(0.0 if is_missed else scores[name])
    return curves


def _box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    """The smallest box around a mask; one voxel of an empty one."""
    if not mask.any():
        return tuple(slice(0, 1) for _ in mask.shape)
    places = np.nonzero(mask)
    return tuple(slice(int(one.min()), int(one.max()) + 1) for one in places)
