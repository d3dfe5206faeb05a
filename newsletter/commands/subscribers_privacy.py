"""`newsletter subscribers data` and `erase`: what we hold about a person, and being forgotten."""

import json
from typing import Any

import click
from rich.console import Console
from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.errors import NewsletterError
from newsletter.events import persons
from newsletter.webhooks import disclosures
from subscribers import subscribers as people
from subscribers.addresses import EmailAddress

from .output import ask, json_option, opened, say, some


class NothingHeld(NewsletterError):
    """We hold nothing about this address."""


class NothingToErase(NewsletterError):
    """Of this address we hold only a keyed hash, which keeps it from being mailed."""


@click.command()
@click.argument("address")
@click.option("--json", is_flag=True, expose_value=False, help="It is JSON with or without this.")
def data(address: str) -> None:
    """Print all that we hold about one person, as JSON: to be given to them when they ask."""
    with opened() as app, app.database.reading() as session:
        to = EmailAddress.parse(address)
        reader = people.find(session, app.organization.id, to)
        facts = disclosures.held(session, reader) if reader else _held_of_stranger(session, app, to)
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))


@click.command()
@click.argument("address")
@click.option("--never-again", is_flag=True, help="They also asked never to be mailed again.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def erase(address: str, never_again: bool, yes: bool, as_json: bool) -> None:
    """Erase one person for good. Figures stay as they are, and consents stay as evidence that names nobody."""
    to = EmailAddress.parse(address)
    with opened() as app:
        with app.database.reading() as session:
            reader = people.find(session, app.organization.id, to)
            if not (reader or _held_of_stranger(session, app, to)["mails"] or never_again):
                raise NothingToErase(f"Of {to.mailed} we hold only a keyed hash, which keeps it from being mailed.")
        if not yes:
            _ask(reader.address if reader else to.mailed)
        with app.database.writing() as session:
            facts = _erase(session, app, to, never_again=never_again)
        app.database.wipe()
    say(facts, lambda console: _erased(console, facts), as_json=as_json)


def _held_of_stranger(session: Session, app: App, address: EmailAddress) -> dict[str, Any]:
    """What is held of an address that is no reader's. Raises `NothingHeld`."""
    facts = persons.held_of_stranger(session, app.organization, address)
    if not (facts["mails"] or facts["suppressions"]):
        raise NothingHeld(f"We hold nothing about {address.mailed}.")
    return facts


def _erase(session: Session, app: App, address: EmailAddress, *, never_again: bool) -> dict[str, Any]:
    reader, now = people.find(session, app.organization.id, address), app.clock.now()
    if reader is None:
        return persons.erase_stranger(session, app.organization, address, now=now, never_again=never_again)
    return persons.erase(session, app.organization, reader, now=now, never_again=never_again)


def _ask(address: str) -> None:
    otherwise = f"Nobody is here to be asked: add --yes to erase {address} for good."
    ask(f"Erase {address} for good? This cannot be undone.", otherwise)


def _erased(console: Console, facts: dict[str, Any]) -> None:
    kept, stopped = facts["kept_without_them"], facts["stopped"]
    went = f"{some(facts['subscriptions'], 'subscription')}, {some(facts['children'], 'child', 'children')}"
    console.print(f"{facts['address']} is erased for good, with {went} and all else about them.", markup=False)
    if stopped:
        console.print(f"{some(stopped, 'mail')} not sent yet will not be.")
    mails, consents = some(kept["mails"], "mail"), some(kept["consents"], "consent record")
    console.print(f"Kept without their name, for figures and as evidence: {mails}, {consents}.")
    if facts["kept_off_lists"]:
        console.print("Of the lists they had left we keep only a keyed hash, so that no import brings them back.")
    if facts["never_mailed_again"]:
        console.print("The address is never mailed again; of it we keep only a keyed hash.")
    else:
        console.print("Whoever signs up with this address, or is imported with it, begins anew.")
