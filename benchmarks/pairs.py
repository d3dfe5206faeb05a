"""A benchmark's row: two things measured in one run, in alternating order, and the medians of the rounds."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

MANY, FEW = 5, 3
LONG_SECONDS = 60
"""A round that takes longer is repeated a few times only."""

_Ours = TypeVar("_Ours")
_Theirs = TypeVar("_Theirs")


@dataclass(frozen=True, slots=True)
class Bar:
    """What is to be reached, by the ratio to what stands beside or by the measured figure itself."""

    bound: float
    of: Literal["ratio", "measured"] = "ratio"
    is_ceiling: bool = False

    def is_met(self, measured: float, ratio: float | None) -> bool:
        """Whether a result reaches it."""
        found = measured if self.of == "measured" else ratio
        if found is None:
            return False
        return found <= self.bound if self.is_ceiling else found >= self.bound

    def __str__(self) -> str:
        """Such as `>= 0.9 x`."""
        return f"{'<=' if self.is_ceiling else '>='} {self.bound:,g}{' x' if self.of == 'ratio' else ''}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `ratio` is the median of the rounds' own ratios, ours divided by what stands beside."""

    name: str
    unit: str
    beside_is: str
    bar: Bar
    pairs: tuple[tuple[float, float], ...] = ()
    """Each round: ours, and what stands beside; 0 where nothing does."""
    notes: tuple[str, ...] = ()
    wrong: tuple[str, ...] = field(default=())
    """Counts and sums that do not agree. They must."""

    @property
    def measured(self) -> float | None:
        """Our median; None: it could not be measured, a note says why."""
        return statistics.median(ours for ours, _ in self.pairs) if self.pairs else None

    @property
    def beside(self) -> float | None:
        """The median of what stands beside; None: nothing does."""
        return statistics.median(theirs for _, theirs in self.pairs) or None if self.pairs else None

    @property
    def ratio(self) -> float | None:
        """How ours stands to the other."""
        ratios = [ours / theirs for ours, theirs in self.pairs if theirs]
        return statistics.median(ratios) if ratios else None

    @property
    def is_met(self) -> bool | None:
        """Whether the bar is reached; None where nothing was measured."""
        return None if self.measured is None else self.bar.is_met(self.measured, self.ratio)


def alternate(
    ours: Callable[[], _Ours], theirs: Callable[[], _Theirs], rounds: int | None = None
) -> list[tuple[_Ours, _Theirs]]:
    """Measure pairs, every second one in the other order: five, or three where the first took over a minute."""
    begin = time.perf_counter()
    found = [(ours(), theirs())]
    wanted = rounds or (FEW if time.perf_counter() - begin > LONG_SECONDS else MANY)
    while len(found) < wanted:
        if len(found) % 2:
            other = theirs()
            found.append((ours(), other))
        else:
            found.append((ours(), theirs()))
    return found


def seconds_of(work: Callable[[], object]) -> float:
    """How long it takes on the wall clock."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def spread(figures: Sequence[float], digits: int = 0) -> str:
    """The lowest and the highest of the rounds, such as `4,100-4,300`."""
    return f"{min(figures):,.{digits}f}-{max(figures):,.{digits}f}"
