"""Which cases it pays to correct first: measured from the files once, then kept with the mask."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import QuerySet

from segmentation.evaluation.overlap import disagreement
from segmentation.evaluation.uncertainty import uncertainty
from segmentation.evaluation.undefined import Undefined
from segmentation.models import Segmentation
from segmentation.operations.voxels import mask_of, probability_of
from segmentation.refusals import Refusal

MOST_READ = 40  # cases whose files one request reads: some seconds


def measure(made: Segmentation) -> None:
    """This will measure a method's new mask, by its file and by the others of its case."""
    measure_uncertainty(made)
    measure_disagreement(made)


def measure_uncertainty(made: Segmentation) -> None:
    """This will keep `uncertainty.uncertainty` of the map behind a mask; nothing without a map."""
    if made.probability:
        _keep(made, "uncertainty", lambda: uncertainty(probability_of(made)))


def measure_disagreement(made: Segmentation) -> None:
    """This will keep `overlap.disagreement` of the newest masks of the methods of its case.

    It is kept with the newest of them; nothing is where no other method has a mask of the case.
    """
    predictions = made.case.segmentations.filter(origin=Segmentation.Origin.PREDICTION)
    rows = list(predictions.select_related("case").order_by("created_at", "pk"))
    newest = {mask.method: mask for mask in rows}.values()
    if len(newest) > 1:
        _keep(rows[-1], "disagreement", lambda: disagreement([mask_of(one) for one in newest]))


def measure_some(masks: QuerySet[Segmentation], measured: Callable[[Segmentation], None]) -> None:
    """This will measure at most MOST_READ of these masks, any, lest it stop at damaged ones."""
    for mask in masks.select_related("case").order_by("?")[:MOST_READ]:
        measured(mask)


def _keep(mask: Segmentation, name: str, measured: Callable[[], float | Undefined]) -> None:
    """This will store a measure with its mask, unless it is undefined or a file cannot be read."""
    try:
        found = measured()
    except (FileNotFoundError, Refusal):
        return  # gone or damaged: `manage.py verify_files` names such files
    if not isinstance(found, Undefined):
        Segmentation.objects.filter(pk=mask.pk).update(**{name: found})
