"""`newsletter lists`: what people subscribe to."""

from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsletter.app import App
from newsletter.campaigns import lists as campaign_lists
from newsletter.rendering import theme
from subscribers import audience
from subscribers import lists as lists_of
from subscribers.lists import ListFacts
from subscribers.tables import List

from .list_options import list_options
from .output import ask, json_option, opened, say


@click.group()
def lists() -> None:
    """Make and show the lists that people subscribe to."""


@lists.command()
@click.argument("slug")
@list_options
@json_option
def create(slug: str, facts: ListFacts, as_json: bool) -> None:
    """Make a list; SLUG is its short name, such as families, and --name what readers see."""
    if "name" not in facts:
        raise click.UsageError("Say what readers see: --name NAME.")
    with opened() as app, app.database.writing() as session:
        made = lists_of.create(session, app.organization.id, slug, facts["name"], now=app.clock.now())
        lists_of.edit(session, made, facts)
        say(_facts(made), lambda console: _made(console, made), as_json=as_json)


@lists.command()
@click.argument("slug")
@list_options
@json_option
def edit(slug: str, facts: ListFacts, as_json: bool) -> None:
    """Change a list. What is not named stays; an empty text takes the list's own away."""
    if not facts:
        raise click.UsageError("Say what to change, such as --reply-to office@school.example.")
    with opened() as app, app.database.writing() as session:
        list_ = lists_of.get(session, app.organization.id, slug)
        lists_of.edit(session, list_, facts)
        say(_all_facts(list_), lambda console: _shown(console, app, list_), as_json=as_json)


@lists.command()
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(slug: str, yes: bool, as_json: bool) -> None:
    """Delete a list that nobody ever subscribed to and no mail was made for; hide any other."""
    with opened() as app:
        with app.database.reading() as session:
            lists_of.get(session, app.organization.id, slug)
        if not yes:
            ask(f"Delete the list {slug}?", f"Nobody is here to be asked: add --yes to delete {slug}.")
        with app.database.writing() as session:
            campaign_lists.delete(session, lists_of.get(session, app.organization.id, slug))
    say({"deleted": slug}, lambda console: console.print(f"The list {slug} is deleted."), as_json=as_json)


@lists.command()
@click.argument("slug")
@json_option
def show(slug: str, as_json: bool) -> None:
    """Show everything of one list: its names, in whose name its mails go, how they look."""
    with opened() as app, app.database.reading() as session:
        list_ = lists_of.get(session, app.organization.id, slug)
        facts = _all_facts(list_) | audience.counts(session, app.organization.id)[list_.id]
        say(facts, lambda console: _shown(console, app, list_), as_json=as_json)


@lists.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Show every list, how many are on it, and how many of them would be mailed now."""
    with opened() as app, app.database.reading() as session:
        counts = audience.counts(session, app.organization.id)
        rows = [_facts(one) | counts[one.id] for one in lists_of.all_of(session, app.organization.id)]
        say(rows, lambda console: _table(console, rows), as_json=as_json)


def _facts(list_: List) -> dict[str, Any]:
    return {"list": list_.slug, "name": list_.name, "double_opt_in": list_.double_opt_in, "public": list_.is_public}


def _all_facts(list_: List) -> dict[str, Any]:
    return _facts(list_) | {
        "names": list_.names,
        "description": list_.description,
        "descriptions": list_.descriptions,
        "welcome": list_.welcome,
        "from": list_.from_address,
        "reply_to": list_.reply_to,
        "postal_address": list_.postal_address,
        "theme": list_.theme,
        "utm": list_.utm,
    }


def _shown(console: Console, app: App, list_: List) -> None:
    """What holds for a list's mails; what is not the list's own comes from the settings."""
    console.print(f"{list_.slug}: {list_.name}. {_how(list_)}", markup=False)
    identity = app.identity(list_)
    rows = [
        *((f"name, {language}", text, True) for language, text in sorted(list_.names.items())),
        ("description", list_.description, True),
        *((f"description, {language}", text, True) for language, text in sorted(list_.descriptions.items())),
        ("from", identity.from_header, bool(list_.from_address)),
        ("reply to", identity.reply_to, bool(list_.reply_to)),
        ("postal address", identity.postal_address, bool(list_.postal_address)),
        ("theme", list_.theme or theme.USUAL, bool(list_.theme)),
        ("welcome mail", "yes" if list_.welcome else "no", True),
        ("in links", "&".join(f"{name}={value}" for name, value in list_.utm.items()), True),
    ]
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value, is_own in rows:
        table.add_row(name, Text(value or "-"), "" if is_own else "(from the settings)")
    console.print(table)
    console.print(f"Next: newsletter lists edit {list_.slug} --help", markup=False)


def _how(list_: List) -> str:
    """How people come to a list."""
    who = "signs up" if list_.is_public else "is added"
    how = f"Who {who} confirms by mail." if list_.double_opt_in else f"Who {who} is on it at once."
    return how if list_.is_public else f"It is hidden: nobody finds it but its members. {how}"


def _made(console: Console, made: List) -> None:
    console.print(f"The list {made.slug} is made: {made.name}. {_how(made)}", markup=False)
    console.print(f"Next: newsletter subscribers import FILE --list {made.slug}")


def _ways(row: dict[str, Any]) -> tuple[str, str]:
    return "double" if row["double_opt_in"] else "single", "public" if row["public"] else "hidden"


def _table(console: Console, rows: list[dict[str, Any]]) -> None:
    console.print(f"{len(rows):,} lists" if len(rows) != 1 else "1 list")
    if not rows:
        console.print('Next: newsletter lists create families --name "Family newsletter"')
        return
    table = Table("list", "name", "opt-in", "sign-up form", box=None, pad_edge=False)
    counts = {"mailed": "mailed now", "confirmed": "confirmed", "pending": "pending", "unsubscribed": "unsubscribed"}
    for heading in counts.values():
        table.add_column(heading, justify="right")
    for row in rows:
        counted = (f"{row[name]:,}" for name in counts)
        table.add_row(row["list"], Text(row["name"]), *_ways(row), *counted)
    console.print(table)
