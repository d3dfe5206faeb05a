"""`newsletter households`: guardians who share children."""

from typing import Any

import click
from rich.console import Console
from sqlalchemy.orm import Session

from newsletter.app import App
from subscribers import guardians
from subscribers import subscribers as people
from subscribers.addresses import EmailAddress
from subscribers.tables import Subscriber

from .output import json_option, opened, say
from .subscribers_output import child as child_words


@click.group()
def households() -> None:
    """Show, join and part the households of guardians."""


@households.command()
@click.argument("address")
@json_option
def show(address: str, as_json: bool) -> None:
    """Show who shares a household, and its children."""
    with opened() as app, app.database.reading() as session:
        facts = facts_of(session, app, reader_of(session, app, address))
        say(facts, lambda console: household(console, facts), as_json=as_json)


@households.command()
@click.argument("address")
@click.argument("other")
@json_option
def link(address: str, other: str, as_json: bool) -> None:
    """Make two households one. Each guardian gets one mail that fits all the children."""
    with opened() as app, app.database.writing() as session:
        reader, second = reader_of(session, app, address), reader_of(session, app, other)
        is_new = guardians.link(session, reader, second, app.clock.now())
        said = "share a household now" if is_new else "shared a household already; nothing changed"
        _answer(session, app, reader, f"{reader.address} and {second.address} {said}.", as_json=as_json)


@households.command()
@click.argument("address")
@json_option
def unlink(address: str, as_json: bool) -> None:
    """Let a guardian be a household of their own, with the children they told of."""
    with opened() as app, app.database.writing() as session:
        reader = reader_of(session, app, address)
        guardians.unlink(session, reader, app.clock.now())
        _answer(session, app, reader, f"{reader.address} is a household of their own now.", as_json=as_json)


def reader_of(session: Session, app: App, address: str) -> Subscriber:
    """The reader of an address as it was typed. Raises a sentence where there is none."""
    return people.get(session, app.organization.id, EmailAddress.parse(address))


def facts_of(session: Session, app: App, reader: Subscriber) -> dict[str, Any]:
    """A reader's household, as it stands today."""
    return guardians.describe(session, reader, app.today(), app.settings.roll_over, app.settings.grade_bands)


def household(console: Console, facts: dict[str, Any]) -> None:
    """Who lives together, and which children they have."""
    known = f" {facts['household']}" if facts["household"] else ""
    console.print(f"Household{known}", markup=False)
    for guardian in facts["guardians"]:
        language = f", reads {guardian['language']}" if guardian["language"] else ""
        console.print(f"  {guardian['address']}{language}", markup=False)
    for one in facts["children"] or [None]:
        console.print(f"  child: {child_words(one)}" if one else "  no child is known", markup=False)
    console.print(f"Next: newsletter subscribers show {facts['guardians'][0]['address']}", markup=False)


def _answer(session: Session, app: App, reader: Subscriber, sentence: str, *, as_json: bool) -> None:
    facts = facts_of(session, app, reader)

    def human(console: Console) -> None:
        console.print(sentence, markup=False)
        household(console, facts)

    say(facts, human, as_json=as_json)
