"""`make bench`: every row of the table of speeds, or those named: `python -m benchmarks smtp help`."""

import argparse
import importlib
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from . import results
from .bench import Bench, Sizes
from .pairs import Bar, Row

ROWS = {
    "smtp": "a campaign to smtp-sink beside smtp-source",
    "sendgrid": "a campaign to a server that holds SendGrid's contract",
    "snapshot": "fixing the audience beside a bare INSERT ... SELECT",
    "imports": "importing a CSV file beside loading the same rows",
    "tracking": "opens and clicks beside an empty route",
    "workers": "two workers beside one, the mail server far away",
    "commands": "the command's help beside an empty Click program",
}
MILLION = "million"
"""Takes a quarter of an hour, so it is asked for by `--million`."""


def main() -> int:
    """Measure, print, write; 0 unless a count or a sum is wrong. A bar that is missed is shown, and is no error."""
    options = _options()
    bench = Bench(_sizes(options))
    found = []
    try:
        for name in [*(options.rows or ROWS), *([MILLION] if options.million else [])]:
            for row in _measured(bench, name):
                found.append(results.as_facts(row))
                results.write(options.folder, results.merged(options.folder, found))
    finally:
        bench.close()
        results.show(found)
    return int(any(row["wrong"] for row in found))


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
    default = Sizes()
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], metavar="ROW", help="all where none is named")
    parser.add_argument("--million", action="store_true", help="also a campaign to a million families: 15 minutes")
    parser.add_argument("--rounds", type=int, help="instead of five, or three where a round is over a minute")
    parser.add_argument("--mails", type=int, default=default.mails, help="of a campaign over SMTP")
    parser.add_argument("--sendgrid-readers", type=int, default=default.sendgrid_readers)
    parser.add_argument("--snapshot-readers", type=int, default=default.snapshot_readers)
    parser.add_argument("--import-rows", type=int, default=default.import_rows)
    parser.add_argument("--folder", type=Path, default=results.FOLDER, help="where bench.json and bench.md go")
    return parser.parse_args()


def _sizes(options: argparse.Namespace) -> Sizes:
    return Sizes(
        mails=options.mails,
        sendgrid_readers=options.sendgrid_readers,
        snapshot_readers=options.snapshot_readers,
        import_rows=options.import_rows,
        rounds=options.rounds,
        is_million=options.million,
    )


if __name__ == "__main__":
    sys.exit(main())
