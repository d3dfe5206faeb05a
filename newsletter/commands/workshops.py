"""`newsletter workshops`: when and where each is, typed once."""

from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsletter import workshops as store
from newsletter.app import App
from newsletter.rendering.dates import when
from newsletter.workshops import Workshop, WorkshopFacts

from .output import json_option, opened, say, some

_starts = click.option("--starts", metavar="TIME", help='When it begins, such as "2026-12-08 18:00".')
_ends = click.option("--ends", metavar="TIME", help="When it ends.")
_timezone = click.option("--timezone", help="The zone of these times; the organization's own by default.")
_place = click.option("--place", help="Where it is.")
_url = click.option("--url", help="The page that says more, or where people join.")


@click.group()
def workshops() -> None:
    """Say once when and where a workshop is; sections show it by workshop=SLUG."""


@workshops.command()
@click.argument("slug")
@click.option("--name", required=True, help="What it is called.")
@_starts
@_ends
@_timezone
@_place
@_url
@json_option
def create(slug: str, name: str, timezone: str | None, as_json: bool, **told: str | None) -> None:
    """Add a workshop; SLUG is its name in links and sections, such as one-team."""
    with opened() as app, app.database.writing() as session:
        zone = timezone or app.settings.timezone
        facts = WorkshopFacts.parse(name=name, time_zone=zone, **{key: value or "" for key, value in told.items()})
        made = store.create(session, app.organization.id, slug, facts, app.clock.now())
    shown = _facts(app, made)
    say(shown, lambda console: _made(console, shown, "is added"), as_json=as_json)


@workshops.command()
@click.argument("slug")
@click.option("--name", help="What it is called.")
@_starts
@_ends
@_timezone
@_place
@_url
@json_option
def edit(slug: str, timezone: str | None, as_json: bool, **told: str | None) -> None:
    """Change what you name; issues that are approved or scheduled keep what they have."""
    with opened() as app, app.database.writing() as session:
        workshop = store.get(session, app.organization.id, slug)
        store.edit(session, workshop, store.facts_of(workshop, time_zone=timezone, **told), app.clock.now())
    shown = _facts(app, workshop)
    say(shown, lambda console: _made(console, shown, "is changed"), as_json=as_json)


@workshops.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Show every workshop, the first to begin first."""
    with opened() as app, app.database.reading() as session:
        rows = [_facts(app, workshop) for workshop in store.all_of(session, app.organization.id)]
    say(rows, lambda console: _list(console, rows), as_json=as_json)


@workshops.command()
@click.argument("slug")
@json_option
def show(slug: str, as_json: bool) -> None:
    """Show one workshop, and how a section shows it."""
    with opened() as app, app.database.reading() as session:
        shown = _facts(app, store.get(session, app.organization.id, slug))
    say(shown, lambda console: _made(console, shown, "is known"), as_json=as_json)


def _facts(app: App, workshop: Workshop) -> dict[str, Any]:
    said = when({"starts": workshop.starts, "ends": workshop.ends, "timezone": workshop.time_zone}, _language(app))
    return {
        "slug": workshop.slug,
        "name": workshop.name,
        "starts": workshop.starts,
        "ends": workshop.ends or None,
        "timezone": workshop.time_zone,
        "when": said.short if said else "",
        "place": workshop.place,
        "url": workshop.url,
    }


def _language(app: App) -> str:
    return app.settings.language_codes[0]


def _made(console: Console, facts: dict[str, Any], what: str) -> None:
    console.print(Text(f"Workshop {facts['slug']} {what}: {facts['name']}"))
    console.print(Text(f"{facts['when']}; {facts['place'] or facts['url']}"))
    console.print(Text(f"Next: write in an issue  :::: section event {{#{facts['slug']} workshop={facts['slug']}}}"))


def _list(console: Console, rows: list[dict[str, Any]]) -> None:
    if not rows:
        console.print("There is no workshop yet. Next: newsletter workshops create --help")
        return
    console.print(f"{some(len(rows), 'workshop')}")
    table = Table("slug", "name", "when", "where", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(text) for text in (row["slug"], row["name"], row["when"], row["place"] or row["url"])))
    console.print(table)
    console.print(f"Next: newsletter workshops show {rows[0]['slug']}")
