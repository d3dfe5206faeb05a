"""What every command shares: opening the installation, saying facts as JSON or to a person, and progress."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, TypeVar

import click
import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from newsletter.app import App, build
from newsletter.errors import NewsletterError
from newsletter.settings import load

_Command = TypeVar("_Command", bound=Callable[..., Any])
NO_LIMIT_WIDTH = 200


@contextmanager
def opened() -> Iterator[App]:
    """Open the installation of the working directory and close it afterwards."""
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.add_log_level,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),  # standard output is for facts
    )
    app = build(load())
    try:
        yield app
    finally:
        app.close()


def json_option(command: _Command) -> _Command:
    """Add `--json`, which arrives as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")(command)


def console() -> Console:
    """Standard output: coloured and folded on a terminal, plain and unfolded in a pipe."""
    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(highlight=False, width=NO_LIMIT_WIDTH)


def say(facts: Any, human: Callable[[Console], None], *, as_json: bool) -> None:
    """Print facts as one JSON value, or as `human` shows them."""
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2, default=_as_text))
    else:
        human(console())


@contextmanager
def progress(description: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal's standard error; nothing in a pipe. Yields `advance(n)`."""
    terminal = Console(stderr=True)
    if not terminal.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=terminal, transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda n: bar.advance(task, n)


class NotAsked(NewsletterError):
    """Nobody is here to be asked. Add --yes."""


def ask(question: str, otherwise: str) -> None:
    """Go on only after a yes, and end at a no. Raises `NotAsked(otherwise)` where nobody is at a terminal."""
    if not sys.stdin.isatty():
        raise NotAsked(otherwise)
    click.confirm(question, abort=True)


def parse_day(ctx: click.Context, param: click.Parameter, value: str | None) -> date | None:
    """Click callback for an option that takes a day, YYYY-MM-DD."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not a day; write it like 2026-12-01.", ctx, param) from error


def some(count: int, one: str, several: str = "") -> str:
    """A number of things: `1 call`, `2 calls`; `several` where no `s` makes many of one."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
