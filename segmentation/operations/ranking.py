"""Which cases it pays to correct first: read from the files once, then remembered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

from django.core.cache import cache

from segmentation.evaluation.overlap import disagreement
from segmentation.evaluation.uncertainty import uncertainty
from segmentation.evaluation.undefined import Undefined
from segmentation.models import Segmentation
from segmentation.operations.voxels import mask_of, probability_of

MOST_READ = 40  # cases whose files one request reads: some seconds


def disagreements(masks: Mapping[int, Sequence[Segmentation]]) -> dict[int, float]:
    """`overlap.disagreement` of each case's masks, by case; cases with fewer than two are left out.

    Of what is not known yet at most MOST_READ cases are read at a time; the others are left out.
    """
    several = {case: group for case, group in masks.items() if len(group) > 1}
    return _remembered(
        {
            case: _key("disagreement", (one.sha256 for one in group))
            for case, group in several.items()
        },
        lambda case: disagreement([mask_of(mask) for mask in several[case]]),
    )


def uncertainties(masks: Mapping[int, Segmentation]) -> dict[int, float]:
    """`uncertainty.uncertainty` of the probability map behind each case's mask, by case.

    Masks without a map are left out; MOST_READ as above.
    """
    mapped = {case: mask for case, mask in masks.items() if mask.probability}
    return _remembered(
        {case: _key("uncertainty", [mask.probability_sha256]) for case, mask in mapped.items()},
        lambda case: uncertainty(probability_of(mapped[case])),
    )


def _remembered(
    keys: Mapping[int, str], measure: Callable[[int], float | Undefined]
) -> dict[int, float]:
    """What was measured of each case; stored files never change, so it is kept for good."""
    known = cache.get_many(keys.values())
    found = {case: known[key] for case, key in keys.items() if key in known}
    for case in islice((case for case in keys if case not in found), MOST_READ):
        measured = measure(case)
        if not isinstance(measured, Undefined):
            found[case] = measured
            cache.set(keys[case], measured, timeout=None)
    return found


def _key(kind: str, hashes: Iterable[str]) -> str:
    return f"{kind}-{hashlib.sha256(' '.join(sorted(hashes)).encode()).hexdigest()}"
