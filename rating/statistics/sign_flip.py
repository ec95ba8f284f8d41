"""The exact sign-flip test: no approximation, however few cases differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def sign_flip(differences: ArrayLike) -> float | None:
    """This will give the exact two-sided p that paired differences have no direction.

    One whole number per case (answers "accepted" of one side less those of the other). If the sides
    do not differ, each difference could as well have had the other sign: p is the share of all 2^k
    signs of the k non-zero differences whose sum lies at least as far from 0. None when no case
    differs. The distribution is convolved from one binomial per size of difference, so k may be
    large. Raises ValueError for numbers that are not whole. Source: Fisher 1935; `permutation_test`
    of SciPy with `permutation_type="samples"`.
    """
    given = np.asarray(differences, dtype=np.float64)
    whole = given.astype(np.int64)
    if not np.array_equal(whole, given):
        raise ValueError("differences between counts are whole numbers")
    sizes, times = np.unique(np.abs(whole[whole != 0]), return_counts=True)
    if not len(sizes):
        return None
    from scipy import signal, stats  # slow to import

    # Signs of n differences of size v sum to v (2 X - n) with X binomial; stored from the lowest.
    chances = np.ones(1)
    for size, n in zip(sizes.tolist(), times.tolist(), strict=True):
        own = np.zeros(2 * size * n + 1)
        own[:: 2 * size] = stats.binom.pmf(np.arange(n + 1), n, 0.5)
        chances = np.clip(signal.convolve(chances, own), 0, None)
    furthest = int(sizes @ times)
    sums = np.arange(-furthest, furthest + 1)
    return min(1.0, float(chances[np.abs(sums) >= abs(int(whole.sum()))].sum()))
