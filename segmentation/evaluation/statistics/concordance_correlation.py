"""Lin's concordance correlation: do two measurements lie on the line of identity?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from segmentation.evaluation.statistics.quantiles import Interval, Z


@dataclass(frozen=True)
class Concordance:
    """The coefficient with its interval; None where all points lie on one line (r is 1 or -1)."""

    value: float
    interval: Interval | None


def concordance_correlation(first: ArrayLike, second: ArrayLike) -> Concordance | None:
    """This will compute rho_c = 2 s_xy / (s_x^2 + s_y^2 + (mean x - mean y)^2), s with n below.

    1 only on the line of identity: a constant or proportional bias lowers it, other than R2. The
    interval is normal on Fisher's scale. None below three pairs, or when neither side varies and
    both are equal. Source: Lin 1989, Biometrics 45:255, with the correction of 2000.
    """
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    n = len(x)
    if n < 3:
        return None
    var_x, var_y = float(x.var()), float(y.var())
    both, shift = float(np.mean((x - x.mean()) * (y - y.mean()))), float(x.mean() - y.mean())
    below = var_x + var_y + shift**2
    if below == 0:
        return None
    value = 2 * both / below
    if both == 0:
        return Concordance(value, None)
    r = both / math.sqrt(var_x * var_y)
    if abs(r) >= 1 - 1e-12 or abs(value) >= 1 - 1e-12:
        return Concordance(value, None)
    u2 = shift**2 / math.sqrt(var_x * var_y)
    c2 = value**2
    variance = (
        (1 - r**2) * c2 / ((1 - c2) * r**2)
        + 2 * value**3 * (1 - value) * u2 / (r * (1 - c2) ** 2)
        - value**4 * u2**2 / (2 * r**2 * (1 - c2) ** 2)
    ) / (n - 2)
    half = Z * math.sqrt(max(0.0, variance))
    centre = math.atanh(value)
    return Concordance(value, (math.tanh(centre - half), math.tanh(centre + half)))
