"""In which forms a report is put out: for a person, for a program, for a spreadsheet, or as a page."""

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from newsletter.app import App
from newsletter.folders import templates_folder
from newsletter.reports.pages import Frame
from newsletter.reports.spreadsheets import cell

from .files import write_again
from .output import json_option, say


@dataclass(frozen=True, slots=True)
class Output:
    """What was asked for: one form of a report."""

    csv_file: str | None
    html_file: Path | None
    as_json: bool

    def put(
        self,
        *,
        facts: Callable[[], Any],
        rows: Callable[[], Iterable[Iterable[Any]]],
        page: Callable[[], str],
        human: Callable[[Console], None],
    ) -> None:
        """Write or print it in that form."""
        if self.html_file is not None:
            write_again(self.html_file, page().encode())
            click.echo(f"The report is in {self.html_file}.\nNext: open it in a browser, or print it")
        elif self.csv_file is not None:
            put_rows(self.csv_file, rows())
        else:
            say(facts() if self.as_json else None, human, as_json=self.as_json)


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--csv`, `--html` and `--json`, of which one may be given; the command gets an `Output`."""

    @wraps(command)
    def asked(*args: Any, csv_file: str | None, html_file: Path | None, as_json: bool, **given: Any) -> Any:
        if sum(map(bool, (csv_file, html_file, as_json))) > 1:
            raise click.UsageError("Give one of --csv, --html and --json.")
        return command(*args, output=Output(csv_file, html_file, as_json), **given)

    for option in (json_option, html_option, csv_option):
        asked = option(asked)
    return asked


csv_option = click.option(
    "--csv",
    "csv_file",
    is_flag=False,
    flag_value="-",
    type=click.Path(dir_okay=False, allow_dash=True),
    metavar="[FILE]",
    help="Write the figures as CSV into this file, or to standard output.",
)
html_option = click.option(
    "--html",
    "html_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a page with charts into this file, to open in a browser or to print.",
)


def put_rows(path: str, rows: Iterable[Iterable[Any]]) -> None:
    """Write rows as CSV; no text is computed by the spreadsheet that opens them."""
    content = io.StringIO()
    csv.writer(content, lineterminator="\n").writerows([cell(value) for value in row] for row in rows)
    if path == "-":
        click.echo(content.getvalue(), nl=False)
    else:
        write_again(Path(path), content.getvalue().encode())
        click.echo(f"The report is in {path}.")


def frame_of(app: App, about: str) -> Frame:
    """What is around a page of this installation."""
    from newsletter.web.colours import in_colour  # noqa: PLC0415 - only pages need it

    sheet = (templates_folder() / "web" / "style.css").read_text(encoding="utf-8")
    zone = ZoneInfo(app.settings.timezone)
    return Frame(app.organization.name, about, in_colour(sheet, app.settings.colour), app.clock.now(), zone)
