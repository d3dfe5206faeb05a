"""Where the marks of a chart stand, in percent of its width and height: so a page scales it, and no text with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import NamedTuple

_MOST_LABELS = 6
"""As many words as stand side by side on a phone."""
_STEPS = (1, 2, 2.5, 5, 10)
_TICKS = 4
_AIR = 1.1
"""Below the lowest mark."""


class Tick(NamedTuple):
    """A line across the chart; `at` is its distance from the top."""

    value: float
    at: float


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` at the bottom to `high` at the top, with a round step between its lines."""

    low: float
    high: float
    step: float

    @classmethod
    def over(cls, values: Iterable[float]) -> "Axis":
        """One that zero and all the values are on."""
        found = [0.0, *values]
        low, high = min(found), max(found)
        step = _round_step((high - low) / _TICKS) if high > low else 1
        return cls(low * _AIR, max(ceil(high / step), 1) * step, step)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Its lines, from the bottom up."""
        first, last = ceil(self.low / self.step), round(self.high / self.step)
        values = (no * self.step for no in range(first, last + 1))
        return tuple(Tick(value, self.at(value)) for value in values)

    def at(self, value: float) -> float:
        """How far from the top a value is."""
        return round(100 * (self.high - value) / (self.high - self.low), 3)

    def long(self, value: float) -> float:
        """How long a mark of a value is."""
        return round(100 * abs(value) / (self.high - self.low), 3)


class Block(NamedTuple):
    """A part of a column: its `y` and `height`, of which series, and what it says."""

    y: float
    height: float
    series: int
    value: int


class Column(NamedTuple):
    """The parts of one period, from `x`, `width` wide; `label` is empty where there is no room for it."""

    x: float
    width: float
    label: str
    name: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Stacked columns: positive values grow up from zero, negative ones down."""

    axis: Axis
    columns: tuple[Column, ...]

    @classmethod
    def of(cls, names: Sequence[str], series: Sequence[Sequence[int]]) -> "Columns":
        """One column a name; each series gives one value a column."""
        rows = list(zip(*series, strict=True))
        ups = [sum(value for value in row if value > 0) for row in rows]
        downs = [sum(value for value in row if value < 0) for row in rows]
        axis = Axis.over([*ups, *downs])
        each, shown = 100 / max(len(names), 1), labelled(len(names))
        columns = (
            Column(round(at * each, 3), round(each, 3), name if at in shown else "", name, tuple(_stack(axis, row)))
            for at, (name, row) in enumerate(zip(names, rows, strict=True))
        )
        return cls(axis, tuple(columns))


@dataclass(frozen=True, slots=True)
class Line:
    """Several lines over the same steps; each is the `points` of an SVG polyline in a box of 100 by 100."""

    axis: Axis
    lines: tuple[str, ...]
    labels: tuple[tuple[float, str], ...]

    @classmethod
    def of(cls, names: Sequence[str], series: Sequence[Sequence[float]]) -> "Line":
        """One step a name."""
        axis = Axis.over(value for values in series for value in values)
        each = 100 / max(len(names) - 1, 1)
        lines = tuple(
            " ".join(f"{at * each:.2f},{axis.at(value):.2f}" for at, value in enumerate(values)) for values in series
        )
        shown = labelled(len(names))
        return cls(axis, lines, tuple((round(at * each, 3), names[at]) for at in sorted(shown)))


class Bar(NamedTuple):
    """A bar from the left, `width` of the room long."""

    label: str
    width: float
    value: int
    share: float | None


def bars(values: Mapping[str, int], whole: int | None = None) -> tuple[Bar, ...]:
    """Bars beside each other, the longest of all the room; with `whole`, each with its share of it."""
    longest = max(values.values(), default=0) or 1
    return tuple(
        Bar(label, round(100 * value / longest, 3), value, value / whole if whole else None)
        for label, value in values.items()
    )


def labelled(count: int) -> frozenset[int]:
    """The places that get a label, where there are more than stand side by side: the last is one of them."""
    every = ceil(count / _MOST_LABELS)
    return frozenset(range((count - 1) % every, count, every)) if count else frozenset()


def heat(share: float, most: float) -> int:
    """How warm a share is, in six steps from 0 to 5."""
    return min(5, floor(6 * share / most)) if most else 0


def _stack(axis: Axis, row: Sequence[int]) -> Iterable[Block]:
    up = down = 0
    for series, value in enumerate(row):
        if value > 0:
            up += value
            yield Block(axis.at(up), axis.long(value), series, value)
        elif value < 0:
            yield Block(axis.at(down), axis.long(value), series, value)
            down += value


def _round_step(rough: float) -> float:
    size = 10.0 ** floor(log10(rough))
    return next(step * size for step in _STEPS if step * size >= rough * 0.999)
