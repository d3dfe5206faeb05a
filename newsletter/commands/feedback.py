"""`newsletter feedback`: what came back by mail."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsletter.feedback.parsing import parse as parse_message
from newsletter.feedback.verdicts import Kind

from .feedback_ingest import ingest
from .files import FileUnreadable
from .mail_files import mail_in
from .output import json_option, say

_COUNTED = {
    Kind.BOUNCE: ("bounce", "bounces"),
    Kind.COMPLAINT: ("complaint", "complaints"),
    Kind.AUTO_REPLY: ("automatic reply", "automatic replies"),
    Kind.DELAYED: ("notice of delay", "notices of delay"),
    Kind.NONE: ("other message", "other messages"),
}
_PERMANENT = {True: "yes", False: "no", None: ""}
_WITH_REASONS = (Kind.BOUNCE, Kind.DELAYED)


@click.group()
def feedback() -> None:
    """Read what came back by mail: bounces, complaints, automatic replies."""


feedback.add_command(ingest)


@feedback.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(allow_dash=True))
@json_option
@click.pass_context
def parse(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> None:
    """Say what each message in FILE says of which recipient.

    FILE is a message, an mbox, a Maildir, a folder of .eml files, or - for standard input. Nothing is changed: no
    database is opened. What cannot be read is told on standard error and the others are read; then the exit code is 1.
    """
    rows: list[dict[str, Any]] = []
    are_all_read = True
    for name in files:
        try:
            rows.extend(_rows(name))
        except FileUnreadable as error:
            click.echo(f"Error: {error}", err=True)
            are_all_read = False
    say(rows, lambda console: _show(console, rows), as_json=as_json)
    if not are_all_read:
        ctx.exit(1)


def _rows(name: str) -> Iterator[dict[str, Any]]:
    for mail in mail_in(name):
        for verdict in parse_message(mail.raw).verdicts:
            yield {
                "file": mail.file,
                "kind": verdict.kind,
                "recipient": verdict.recipient,
                "permanent": verdict.permanent,
                "status": verdict.status,
                "reason": verdict.reason,
                "text": verdict.text,
            }


def _show(console: Console, rows: list[dict[str, Any]]) -> None:
    kinds = Counter(row["kind"] for row in rows)
    told = [f"{n} {_COUNTED[kind][n != 1]}" for kind in Kind if (n := kinds[kind])]
    messages = len({row["file"] for row in rows})
    for_good = {row["recipient"].casefold() or row["file"] for row in rows if row["permanent"]}
    console.print(
        f"Read {messages} {'message' if messages == 1 else 'messages'}: {', '.join(told) or 'nothing'}.", markup=False
    )
    if rows:
        console.print(f"{len(for_good)} of the addresses will never take mail.", markup=False)
        console.print(_table(rows))


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("file", "kind", "recipient", "for good", "status", "reason", "text"):
        table.add_column(heading, overflow="fold")
    last = ""
    for row in rows:
        name = "" if row["file"] == last else Path(row["file"]).name
        reason = row["reason"] if row["kind"] in _WITH_REASONS else ""
        cells = (name, row["kind"], row["recipient"], _PERMANENT[row["permanent"]], row["status"], reason, row["text"])
        table.add_row(*map(Text, cells))
        last = row["file"]
    return table
