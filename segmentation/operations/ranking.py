"""Which cases it pays to correct first: read from the files once, then remembered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from django.core.cache import cache

from segmentation.evaluation.overlap import disagreement
from segmentation.evaluation.uncertainty import uncertainty
from segmentation.evaluation.undefined import Undefined
from segmentation.models import Segmentation
from segmentation.operations.voxels import mask_of, probability_of
from segmentation.refusals import Refusal

MOST_READ = 40  # cases whose files one request reads: some seconds


class MaskRow(NamedTuple):
    """What ranking asks of a mask: whole models of thousands of masks take long to make.

    `key` is its UUID as the database has it; `has_map` is 0 where its probabilities are not stored.
    """

    key: str
    case: int
    code: str
    method: str
    has_map: int

    @property
    def pk(self) -> UUID:
        return UUID(self.key)


def disagreements(cohort: str, masks: Mapping[int, Sequence[MaskRow]]) -> dict[int, float]:
    """`overlap.disagreement` of each case's masks, by case; cases with fewer than two are left out.

    Of what is not known yet at most MOST_READ cases are read at a time; the others are left out.
    """
    several = {case: group for case, group in masks.items() if len(group) > 1}

    def measure(case: int) -> float | Undefined:
        stored = Segmentation.objects.select_related("case").in_bulk([m.pk for m in several[case]])
        return disagreement([mask_of(mask) for mask in stored.values()])

    keys = {case: " ".join(sorted(one.key for one in group)) for case, group in several.items()}
    return _remembered(f"disagreement-{cohort}", keys, measure)


def uncertainties(cohort: str, masks: Mapping[int, MaskRow]) -> dict[int, float]:
    """`uncertainty.uncertainty` of the probability map behind each case's mask, by case.

    Masks without a map are left out; MOST_READ as above.
    """
    mapped = {case: mask for case, mask in masks.items() if mask.has_map}

    def measure(case: int) -> float | Undefined:
        stored = Segmentation.objects.select_related("case").get(pk=mapped[case].pk)
        return uncertainty(probability_of(stored))

    keys = {case: mask.key for case, mask in mapped.items()}
    return _remembered(f"uncertainty-{cohort}", keys, measure)


def _remembered(
    place: str, keys: Mapping[int, str], measure: Callable[[int], float | Undefined]
) -> dict[int, float]:
    """What was measured of each case. A stored mask never changes: it holds for as long as the key.

    One entry of the cache has all cases of a cohort; what is undefined is None there. A case of
    which something is gone or damaged is left out, until it is mended.
    """
    kept: dict[int, tuple[str, float | None]] = cache.get(place, {})
    known = {case: kept[case] for case, key in keys.items() if kept.get(case, ("",))[0] == key}
    unknown = [case for case in keys if case not in known]
    for case in islice(unknown, MOST_READ):
        try:
            measured = measure(case)
        except (FileNotFoundError, Refusal, Segmentation.DoesNotExist):
            continue  # gone or damaged: `manage.py verify_files` names such files
        known[case] = keys[case], None if isinstance(measured, Undefined) else measured
    if unknown:
        cache.set(place, kept | known, timeout=None)  # others may see other cases
    return {case: measured for case, (_, measured) in known.items() if measured is not None}
