"""Prints what panoptica and SimpleITK say of the hand-made pairs, for test_scores_of_others.py.

Run in an environment of its own: python -m venv V; V/bin/pip install panoptica==2.1.7
SimpleITK==2.5.7; V/bin/python tests/segmentation/evaluation/oracles/panoptica_and_itk.py

panoptica (Apache-2.0): one to one, its default (IoU of 0.5) and its configuration `binaryMS` (Dice
of 0.1). HD95 and volume difference follow the WMH challenge's description with SimpleITK's own
erosion and coordinates, lesion recall, precision and F1 with its connected components (26) and the
correction of 2017 (lesions of each side counted on that side): no line of the challenge's script is
here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import SimpleITK
from panoptica import ConnectedComponentsInstanceApproximator as Components
from panoptica import InputType, NaiveThresholdMatching, Panoptica_Evaluator
from panoptica.metrics import Metric
from scipy.spatial.distance import cdist

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from hand_made import SPACING_MM, pairs


def by_panoptica(mask: np.ndarray, reference: np.ndarray, metric: Metric, least: float) -> list:
    evaluator = Panoptica_Evaluator(
        expected_input=InputType.SEMANTIC,
        instance_approximator=Components(),
        instance_matcher=NaiveThresholdMatching(matching_metric=metric, matching_threshold=least),
        instance_metrics=[Metric.DSC],
        global_metrics=[Metric.DSC],
    )
    found = evaluator.evaluate(mask.astype(np.uint8), reference.astype(np.uint8))["ungrouped"]
    return [
        *(int(found.tp), int(found.n_ref_instances), int(found.n_pred_instances)),
        *(float(found.rq), float(found.global_bin_dsc)),
    ]


def by_itk(mask: np.ndarray, reference: np.ndarray) -> list[float]:
    outlines = []
    for each in (mask, reference):
        image = SimpleITK.GetImageFromArray(each.T.astype(np.uint8))
        image.SetSpacing(SPACING_MM)
        outline = SimpleITK.GetArrayFromImage(image - SimpleITK.BinaryErode(image, (1, 1, 0)))
        outlines.append(
            np.array(
                [
                    image.TransformIndexToPhysicalPoint(index[::-1].tolist())
                    for index in np.argwhere(outline)
                ]
            )
        )
    away = cdist(*outlines)
    hd95 = max(np.percentile(away.min(axis=axis), 95) for axis in (0, 1))
    return [float(hd95), 100 * abs(int(mask.sum()) - int(reference.sum())) / int(reference.sum())]


def lesions_by_itk(mask: np.ndarray, reference: np.ndarray) -> list[float]:
    """Recall, precision and F1 of lesions, of which one shared voxel is enough."""
    labels = [
        SimpleITK.GetArrayFromImage(
            SimpleITK.ConnectedComponent(SimpleITK.GetImageFromArray(each.astype(np.uint8)), True)
        )
        for each in (mask, reference)
    ]
    both = (labels[0] > 0) & (labels[1] > 0)
    precision, recall = (len(np.unique(one[both])) / int(one.max()) for one in labels)
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return [recall, precision, f1]


if __name__ == "__main__":
    for name, (mask, reference) in pairs().items():
        print(
            json.dumps(
                {
                    "pair": name,
                    "dice-10": by_panoptica(mask, reference, Metric.DSC, 0.1),
                    "iou-50": by_panoptica(mask, reference, Metric.IOU, 0.5),
                    "outlines": by_itk(mask, reference),
                    "lesions": lesions_by_itk(mask, reference),
                }
            )
        )
