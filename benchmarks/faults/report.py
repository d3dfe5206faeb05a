"""The tables on the terminal, and the same as JSON and Markdown."""

import json
import os
import platform
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.support.instants import Instant

from .rounds import Outcome

FOLDER = Path(__file__).parents[1] / "results"
_JSON = FOLDER / "faults.json"
_DERIVED = ("at_most", "holds")
_COLUMNS = (
    "engine",
    "senders were",
    "times",
    "deliveries",
    "missing",
    "twice",
    "unknown",
    "at most",
    "of these arrived",
    "sums",
    "minutes",
)


def show(outcomes: Sequence[Outcome]) -> None:
    """Print both tables."""
    console = Console()
    console = console if console.is_terminal else Console(width=160)
    for columns, rows in ((_COLUMNS, [_cells(outcome) for outcome in outcomes]), _histogram(outcomes)):
        table = Table(*columns, box=None, pad_edge=False)
        for row in rows:
            table.add_row(*row)
        console.print(table)
        console.print()


def read() -> list[Outcome]:
    """What was found before; each engine's rows stay until it is tried again."""
    if not _JSON.exists():
        return []
    rows = json.loads(_JSON.read_text(encoding="utf-8"))["rows"]
    for row in rows:
        for struck in ("kills", "zombies"):
            row[struck] = Counter({Instant(instant): times for instant, times in row[struck].items()})
    return [Outcome(**{name: value for name, value in row.items() if name not in _DERIVED}) for row in rows]


def write(outcomes: Sequence[Outcome]) -> None:
    """`faults.json` and `faults.md`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    about: dict[str, object] = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
    rows = [vars(outcome) | {"at_most": outcome.bound, "holds": outcome.holds} for outcome in outcomes]
    text = json.dumps(about | {"rows": rows}, indent=2)
    _JSON.write_text(text + "\n", encoding="utf-8")
    (FOLDER / "faults.md").write_text(_markdown(outcomes, about), encoding="utf-8")


def _cells(outcome: Outcome) -> tuple[str, ...]:
    return (
        outcome.engine,
        outcome.fire,
        f"{outcome.strikes:,}",
        f"{outcome.deliveries:,}",
        f"{outcome.missing:,}",
        f"{outcome.duplicates:,}",
        f"{outcome.unknown:,}",
        f"{outcome.bound:,}",
        f"{outcome.unknown_arrived:,}",
        "BROKEN" if outcome.unbalanced else "balance",
        f"{outcome.seconds / 60:.1f}",
    )


def _histogram(outcomes: Sequence[Outcome]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """At which instant each stroke fell, and how many fell between attempt and settle."""
    columns = ("engine", "senders were", *Instant, "between attempt and settle")
    return columns, [_instants(outcome, outcome.kills + outcome.zombies) for outcome in outcomes]


def _instants(outcome: Outcome, struck: Counter[Instant]) -> tuple[str, ...]:
    return outcome.engine, outcome.fire, *(f"{struck[instant]:,}" for instant in Instant), _share(struck)


def _share(times: Counter[Instant]) -> str:
    between = sum(count for instant, count in times.items() if instant.is_between_attempt_and_settle)
    return f"{between:,} of {times.total():,}"


def _markdown(outcomes: Sequence[Outcome], about: dict[str, object]) -> str:
    lines = [
        "# Measured by `make faults`",
        "",
        "Sender processes are killed (`SIGKILL`) or frozen (`SIGSTOP`, until their lease is over and others have",
        "taken their chunks) while mails flow. What the receiving server wrote down judges. `at most` is one a",
        "connection and kill with the journal, and the groups in flight without it.",
        "",
        *_of_table(_COLUMNS, [_cells(outcome) for outcome in outcomes]),
        "",
        *_of_table(*_histogram(outcomes)),
        "",
        f"{about['measured_at']}, {about['cores']} cores, Python {about['python']}.",
    ]
    return "\n".join(lines) + "\n"


def _of_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (columns, ["---"] * len(columns), *rows)]
