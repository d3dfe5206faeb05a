"""How sure one can be of a share, and of the difference of two, at 95 %.

The intervals are Wilson's score interval and its hybrid for differences, method 10 of R. G. Newcombe, "Interval
estimation for the difference between independent proportions" (Statistics in Medicine 17, 1998): they hold for small
counts and shares near zero too, as clicks are.
"""

from dataclasses import dataclass
from math import hypot, sqrt
from statistics import NormalDist

_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure, and between which two it lies in 95 of 100 cases."""

    value: float
    low: float
    high: float

    @property
    def is_beyond_chance(self) -> bool:
        """Of a difference: whether zero is outside."""
        return not self.low <= 0 <= self.high


def share(part: int, whole: int) -> Interval:
    """A share from 0 to 1. `whole` is above zero."""
    p, z2 = part / whole, _Z * _Z
    middle, spread = (part + z2 / 2) / (whole + z2), _Z * sqrt(p * (1 - p) * whole + z2 / 4) / (whole + z2)
    return Interval(p, max(0.0, middle - spread), min(1.0, middle + spread))


def difference(first: Interval, second: Interval) -> Interval:
    """How much larger the second share is than the first, from -1 to 1."""
    value = second.value - first.value
    low = value - hypot(second.value - second.low, first.high - first.value)
    high = value + hypot(second.high - second.value, first.value - first.low)
    return Interval(value, low, high)
