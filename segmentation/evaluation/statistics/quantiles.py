"""The level of every interval, and the quantiles that go with it."""

from scipy import special

LEVEL = 0.95
Interval = tuple[float, float]
Z = float(special.ndtri((1 + LEVEL) / 2))


def t_quantile(degrees: int) -> float:
    """The two-sided 95 % quantile of Student's t, for degrees >= 1."""
    return float(special.stdtrit(degrees, (1 + LEVEL) / 2))
