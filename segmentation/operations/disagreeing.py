"""How far the methods disagree about each case: read from the files once, then remembered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import islice

from django.core.cache import cache

from segmentation.evaluation.overlap import disagreement
from segmentation.evaluation.undefined import Undefined
from segmentation.models import Segmentation
from segmentation.operations.voxels import mask_of

MOST_READ = 40  # cases whose masks one request reads: some seconds


def disagreements(masks: Mapping[int, Sequence[Segmentation]]) -> dict[int, float]:
    """`overlap.disagreement` of each case's masks, by case; masks never change, so it is kept.

    Of what is not known yet at most MOST_READ cases are read at a time; the others are left out.
    """
    keys = {case: _key(group) for case, group in masks.items() if len(group) > 1}
    known = cache.get_many(keys.values())
    found = {case: known[key] for case, key in keys.items() if key in known}
    for case in islice((case for case in keys if case not in found), MOST_READ):
        measured = disagreement([mask_of(mask) for mask in masks[case]])
        if not isinstance(measured, Undefined):
            found[case] = measured
            cache.set(keys[case], measured, timeout=None)
    return found


def _key(masks: Sequence[Segmentation]) -> str:
    names = " ".join(sorted(mask.sha256 for mask in masks))
    return f"disagreement-{hashlib.sha256(names.encode()).hexdigest()}"
