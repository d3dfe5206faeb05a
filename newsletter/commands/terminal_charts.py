"""Tables of figures and small charts on a terminal; in a pipe there are figures alone."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

WIDE = 100
"""Columns of a wide window."""
_EIGHTHS = " ▏▎▍▌▋▊▉"
_FULL = "█"
_HEIGHTS = " ▁▂▃▄▅▆▇█"
_BAR = 20


def figures_table(first: str, *figures: str) -> Table:
    """Names on the left, figures on the right."""
    table = Table(first, box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for figure in figures:
        table.add_column(figure, justify="right", no_wrap=True)
    return table


def add_bars(console: Console, table: Table) -> None:
    """Add a column of bars where there is a terminal."""
    if console.is_terminal:
        table.add_column("", justify="left", no_wrap=True, style="cyan", width=_room(console))


def block_bar(console: Console, value: int, most: int) -> tuple[str, ...]:
    """The cell of a bar: blocks on a terminal; no cell in a pipe."""
    if not console.is_terminal:
        return ()
    eighths = round(_room(console) * 8 * value / most) if most else 0
    return (_FULL * (eighths // 8) + _EIGHTHS[eighths % 8].strip(),)


def sparkline(values: Sequence[int]) -> str:
    """A column of at most eight eighths for each value; what is not zero is seen."""
    most = max(values, default=0)
    return "".join(_HEIGHTS[-(-value * 8 // most) if most else 0] for value in values)


def _room(console: Console) -> int:
    return _BAR if console.width >= WIDE else _BAR // 2
