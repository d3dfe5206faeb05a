"""`newsletter media`: the pictures and files that issues use."""

from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsletter.app import App
from newsletter.errors import NewsletterError
from newsletter.issues import media as store
from newsletter.issues import uploads
from newsletter.issues.media import MediaFacts
from newsletter.issues.shelf import Shelf
from newsletter.issues.uploads import Upload

from .files import read_bytes
from .output import json_option, opened, say

_THOUSAND = 1000


class OneNameForMany(NewsletterError):
    """A name is for one file. Add the files one by one, or without --name."""


class _Read(NamedTuple):
    """A file that was let in."""

    file: Path
    size_bytes: int
    upload: Upload


@click.group()
def media() -> None:
    """Add and show the pictures and files that issues use."""


@media.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--name", default="", help="What issues call it; made of the file's name by default.")
@json_option
def add(files: tuple[Path, ...], name: str, as_json: bool) -> None:
    """Store pictures (made small, without what cameras write into them) and files that readers may open."""
    if name and len(files) > 1:
        raise OneNameForMany
    with opened() as app:
        read = [_read(file) for file in files]  # all are judged before the first is stored
        rows = [_added(app, one, name) for one in read]
    say(rows, lambda console: _say_added(console, rows), as_json=as_json)


@media.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Show everything that is stored."""
    with opened() as app, app.database.reading() as session:
        rows = [_facts(app, facts) for facts in store.all_of(session, app.organization.id)]
    say(rows, lambda console: _list(console, rows), as_json=as_json)


@media.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show one picture or file, and which issues use it."""
    with opened() as app, app.database.reading() as session:
        found = store.get(session, app.organization.id, name)
        used = store.uses(session, app.organization.id, found.name)
        facts = _facts(app, found) | {"used_by": [{"issue": issue_id, "revision": no} for issue_id, no in used]}
    say(facts, lambda console: _show(console, facts), as_json=as_json)


@media.command()
@click.argument("name")
@json_option
def remove(name: str, as_json: bool) -> None:
    """Remove a picture or file that no issue uses."""
    with opened() as app:
        removed = _shelf(app).drop(name)
    say({"removed": removed.name}, lambda console: _removed(console, removed), as_json=as_json)


def _read(file: Path) -> _Read:
    content = read_bytes(file, uploads.LARGEST_PICTURE)
    return _Read(file, len(content), uploads.read(file.name, content))


def _added(app: App, read: _Read, name: str) -> dict[str, Any]:
    with app.database.reading() as session:
        is_known = store.known(session, app.organization.id, read.upload) is not None
    facts = _shelf(app).keep(read.upload, read.file.name, app.clock.now(), name=name)
    return _facts(app, facts) | {"file": str(read.file), "read_bytes": read.size_bytes, "is_new": not is_known}


def _shelf(app: App) -> Shelf:
    return Shelf(app.database, app.media_store(), app.organization.id)


def _facts(app: App, facts: MediaFacts) -> dict[str, Any]:
    return {
        "name": facts.name,
        "write": f"![What it shows]({facts.target})" if facts.is_picture else f"[What it is]({facts.target})",
        "content_type": facts.content_type,
        "size_bytes": facts.size_bytes,
        "width": facts.width,
        "height": facts.height,
        "digest": facts.digest,
        "url": facts.url(app.settings.base_url),
        "created_at": facts.created_at,
    }


def _say_added(console: Console, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["is_new"]:
            told = f"{row['file']} is stored as {row['name']}: {_look(row)} (the file had {_size(row['read_bytes'])})."
        else:
            told = f"{row['file']} was stored before, as {row['name']}: {_look(row)}."
        console.print(told, markup=False)
        console.print(f"  In a text: {row['write']}", markup=False)
    console.print("Next: write that into the issue, with words that say what it shows, and import it.")


def _list(console: Console, rows: list[dict[str, Any]]) -> None:
    if not rows:
        console.print("Nothing is stored yet. Next: newsletter media add photo.jpg")
        return
    total = sum(row["size_bytes"] for row in rows)
    console.print(f"{len(rows):,} {'item' if len(rows) == 1 else 'items'}, {_size(total)} in all")
    table = Table("name", "kind", "size", "pixels", "stored", box=None, pad_edge=False)
    for row in rows:
        pixels = f"{row['width']:,} x {row['height']:,}" if row["width"] else ""
        cells = (row["name"], row["content_type"].partition(";")[0], _size(row["size_bytes"]), pixels)
        table.add_row(*map(Text, cells), f"{row['created_at']:%Y-%m-%d}")
    console.print(table)
    console.print(f"Next: newsletter media show {rows[0]['name']}")


def _show(console: Console, facts: dict[str, Any]) -> None:
    console.print(f"{facts['name']}: {_look(facts)}", markup=False)
    console.print(f"  In a text: {facts['write']}", markup=False)
    console.print(f"  Its address: {facts['url']}", markup=False)
    issues = sorted({use["issue"] for use in facts["used_by"]})
    for issue_id in issues:
        numbers = [str(use["revision"]) for use in facts["used_by"] if use["issue"] == issue_id]
        console.print(f"  Used by issue {issue_id}, revision {', '.join(numbers)}")
    if not issues:
        console.print(f"No issue uses it. To take it away: newsletter media remove {facts['name']}")


def _removed(console: Console, removed: MediaFacts) -> None:
    console.print(f"{removed.name} is removed. Copies in browsers may stay for a while.", markup=False)
    console.print("Next: newsletter media list")


def _look(row: dict[str, Any]) -> str:
    pixels = f", {row['width']:,} x {row['height']:,} pixels" if row["width"] else ""
    return f"{row['content_type'].partition(';')[0]}, {_size(row['size_bytes'])}{pixels}"


def _size(count: int) -> str:
    """As people say it: 840 bytes, 84 KB, 2.1 MB."""
    if count < _THOUSAND:
        return f"{count} bytes"
    if count < _THOUSAND * _THOUSAND:
        return f"{count / _THOUSAND:,.0f} KB"
    return f"{count / _THOUSAND**2:,.1f} MB"
