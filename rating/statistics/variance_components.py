"""Where the scatter of counts comes from: cases, raters, their taste for cases, or repeats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Components:
    """Variances of a two-way random design with replicates; in squared units of the values.

    A negative estimate is set to 0 and named in `negative`: the data show no such variance.
    """

    case: float
    rater: float
    interaction: float
    repeat: float
    negative: tuple[str, ...]


def variance_components(values: ArrayLike) -> Components | None:
    """This will split the variance of values by case (rows), rater (columns) and repeat (depth).

    Balanced: every rater judged every case equally often. By the mean squares of the two-way
    analysis of variance: repeat = MSE, interaction = (MSAB - MSE) / m, rater = (MSB - MSAB) / nm,
    case = (MSA - MSAB) / rm, which is REML where none is negative. None below two cases, raters or
    repeats. Source: Searle, Casella and McCulloch 1992, section 4.3.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 3 or min(x.shape) < 2:
        return None
    n, r, m = x.shape
    cell, mean = x.mean(axis=2), x.mean()
    by_case, by_rater = cell.mean(axis=1), cell.mean(axis=0)
    ms_case = r * m * float(np.square(by_case - mean).sum()) / (n - 1)
    ms_rater = n * m * float(np.square(by_rater - mean).sum()) / (r - 1)
    rest = cell - by_case[:, None] - by_rater[None, :] + mean
    ms_both = m * float(np.square(rest).sum()) / ((n - 1) * (r - 1))
    ms_error = float(np.square(x - cell[:, :, None]).sum()) / (n * r * (m - 1))
    found = {
        "case": (ms_case - ms_both) / (r * m),
        "rater": (ms_rater - ms_both) / (n * m),
        "interaction": (ms_both - ms_error) / m,
    }
    tiny = 1e-12 * (1 + float(np.square(x).mean()))  # rounding is no negative variance
    negative = tuple(name for name, value in found.items() if value < -tiny)
    return Components(
        **{name: max(0.0, value) for name, value in found.items()},
        repeat=ms_error,
        negative=negative,
    )
