"""`make bench`: every row of the table of speeds, or those named: `python -m benchmarks smtp help`."""

import argparse
import importlib
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

from . import results
from .bench import Bench, Sizes
from .pairs import Bar, Row

ROWS = {
    "smtp": "a campaign to smtp-sink beside smtp-source",
    "sendgrid": "a campaign to a server that holds SendGrid's contract",
    "snapshot": "fixing the audience beside a bare INSERT ... SELECT",
    "counts": "counting whom each of a set of rules chooses beside a bare SELECT count(*)",
    "imports": "importing a CSV file beside loading the same rows",
    "exports": "exporting people beside a bare read of the same columns",
    "signups": "how long a sign-up takes to answer for an address we know, beside one we do not",
    "variants": "compiling every variant of an issue beside the reference mjml on one, and a preview",
    "tracking": "opens and clicks beside an empty route",
    "webhooks": "events that SendGrid posts, beside a bare INSERT of the same",
    "reports": "the report on a campaign of many events beside a bare SELECT count(*) of them",
    "workers": "two workers beside one, the mail server far away",
    "commands": "the command's help beside an empty Click program",
    "million": "the memory of sending to a million, which takes a quarter of an hour",
}
ASKED_FOR = "million"
"""Measured only where it is named, or by `--million`."""


def main() -> int:
    """Measure, print, write; 0 unless a count or a sum is wrong. A bar that is missed is shown, and is no error."""
    options = _options()
    bench = Bench(_sizes(options), options.folder)
    found = []
    try:
        for name in _chosen(options):
            for row in _measured(bench, name):
                found.append(results.as_facts(row))
                results.write(options.folder, results.merged(options.folder, found))
    finally:
        bench.close()
        results.show(found)
    return int(any(row["wrong"] for row in found))


def _chosen(options: argparse.Namespace) -> list[str]:
    chosen = set(options.rows or set(ROWS) - {ASKED_FOR}) | ({ASKED_FOR} if options.million else set())
    return [name for name in ROWS if name in chosen]


def _measured(bench: Bench, name: str) -> Iterator[Row]:
    """The rows of one module; what broke is a row too, so that the others are measured all the same."""
    try:
        yield from _rows_of(name)(bench)
    except Exception as error:  # noqa: BLE001 - whatever it is, it stands in the table
        traceback.print_exc()
        last = str(error).strip().splitlines()[-1:] or [type(error).__name__]
        yield Row(f"{name} broke off", "", "", Bar(0), wrong=(last[0],))


def _rows_of(name: str) -> Callable[[Bench], Iterator[Row]]:
    rows: Callable[[Bench], Iterator[Row]] = importlib.import_module(f"{__package__}.{name}").rows
    return rows


def _options() -> argparse.Namespace:
    shown = "\n".join(f"  {name:10}{what}" for name, what in ROWS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"Measure what the table of speeds names, all or some of:\n{shown}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "rows", nargs="*", choices=[*ROWS, []], metavar="ROW", help=f"all but {ASKED_FOR} where none is named"
    )
    parser.add_argument("--million", action="store_true", help="also that")
    parser.add_argument("--folder", type=Path, default=results.FOLDER, help="where bench.json and bench.md go")
    for size in fields(Sizes):
        what = f"{size.default:,} by default" if size.default else "five, or three where one takes over a minute"
        parser.add_argument(f"--{size.name.replace('_', '-')}", type=int, default=size.default, metavar="N", help=what)
    return parser.parse_args()


def _sizes(options: argparse.Namespace) -> Sizes:
    return Sizes(**{size.name: getattr(options, size.name) for size in fields(Sizes)})


if __name__ == "__main__":
    sys.exit(main())
