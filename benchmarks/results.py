"""The table on the terminal, and the same as JSON and Markdown."""

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .pairs import Row

FOLDER = Path(__file__).parent / "results"
_WORDS = {True: "met", False: "MISSED", None: "not measured"}
_COLUMNS = ("what", "ours", "beside", "ratio", "bar", "", "what stands beside, and notes")


def as_facts(row: Row) -> dict[str, Any]:
    """One row as JSON, with the day and the machine it was measured on."""
    return {
        "name": row.name,
        "unit": row.unit,
        "measured": row.measured,
        "beside": row.beside,
        "beside_is": row.beside_is,
        "ratio": row.ratio,
        "bar": str(row.bar),
        "result": "WRONG" if row.wrong else _WORDS[row.is_met],
        "rounds": [list(pair) for pair in row.pairs],
        "notes": list(row.notes),
        "wrong": list(row.wrong),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def merged(folder: Path, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Earlier rows, each replaced by what was measured now under its name, and then the new ones.

    What was wrong earlier is not kept: it was told then, and it stands for nothing.
    """
    file = folder / "bench.json"
    earlier = json.loads(file.read_text(encoding="utf-8"))["rows"] if file.exists() else []
    by_name = {row["name"]: row for row in earlier if not row["wrong"]} | {row["name"]: row for row in found}
    return list(by_name.values())


def write(folder: Path, rows: list[dict[str, Any]]) -> None:
    """`bench.json` and `bench.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"rows": rows}, ensure_ascii=False, indent=2)
    (folder / "bench.json").write_text(text + "\n", encoding="utf-8")
    (folder / "bench.md").write_text(_markdown(rows), encoding="utf-8")


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    table = Table(*_COLUMNS, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell) for cell in _cells(row)))
    console = Console()
    (console if console.is_terminal else Console(width=200)).print(table)


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    unit = row["unit"]
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f} x"
    count = len(row["rounds"])
    rounds = "" if count == 0 else "1 round" if count == 1 else f"{count} rounds"
    said = [part for part in (row["beside_is"], rounds) if part]
    said += [*row["notes"], *(f"WRONG: {wrong}" for wrong in row["wrong"])]
    ours, beside = _figure(row["measured"], unit), _figure(row["beside"], unit)
    return row["name"], ours, beside, ratio, row["bar"], row["result"], "; ".join(said)


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    digits = 0 if value >= 100 else 1 if value >= 10 else 3
    return f"{value:,.{digits}f} {unit}"


def _markdown(rows: list[dict[str, Any]]) -> str:
    lines = [
        "# Measured by `make bench`",
        "",
        "Each row is a pair measured in one run, in alternating order; the figures are medians of the rounds, and the",
        "ratio is the median of the rounds' own ratios. Machines differ: read ratios, not rates.",
        "",
        "| what | ours | beside | ratio | bar | result | what stands beside, and notes | measured |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        where = f"{row['measured_at'][:10]}, {row['cores']} cores, Python {row['python']}"
        lines.append("| " + " | ".join((*(cell.replace("|", "\\|") for cell in _cells(row)), where)) + " |")
    return "\n".join(lines) + "\n"
