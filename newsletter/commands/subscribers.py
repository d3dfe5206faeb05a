"""`newsletter subscribers`: who reads, and with what consent."""

from datetime import timedelta

import click
from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.campaigns import streams
from newsletter.errors import NewsletterError
from newsletter.events import unsubscribes
from newsletter.events.setbacks import setbacks_of
from subscribers import consent, corrections, households, lists, subscriptions, suppressions
from subscribers import subscribers as people
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.languages import parse_language
from subscribers.tables import Subscriber, SubscriptionState, SuppressionReason

from . import subscribers_output as shown
from .children import child
from .output import ask, json_option, opened, say
from .rollover import rollover
from .subscribers_export import export
from .subscribers_import import import_
from .subscribers_privacy import data, erase
from .subscribers_suppressions import suppressions as suppressions_

_STAFF = Evidence(source="staff")
_list_option = click.option("--list", "list_slug", required=True, help="The list to put them on.")


class ReasonMissing(NewsletterError):
    """Say why the address is never mailed again: bounce, complaint or request, or in your own words."""


class OnlySuppressed(NewsletterError):
    """There is no subscriber with this address, and nobody is mailed there."""


class NotSuppressed(NewsletterError):
    """This address is not suppressed; there is nothing to lift."""


@click.group()
def subscribers() -> None:
    """Import, add, show, unsubscribe and suppress subscribers."""


for command in (import_, export, child, rollover, data, erase, suppressions_):
    subscribers.add_command(command)


@subscribers.command()
@click.argument("address")
@_list_option
@click.option("--grade", "grades", multiple=True, metavar="N", help="A child's grade: PK, K, 1 to 12, or a band.")
@click.option("--language", default="", help="The language they read, such as es.")
@json_option
def add(address: str, list_slug: str, grades: tuple[str, ...], language: str, as_json: bool) -> None:
    """Put one person on a list. On a double opt-in list they are asked by mail to confirm, and so is who had left.

    Grades add children; those that the family has already stay as they are.
    """
    to = EmailAddress.parse(address)
    code = parse_language(language) if language else ""
    with opened() as app, app.database.writing() as session:
        reader, is_asked = _join(session, app, to, list_slug, grades, code)
        facts = people.describe(session, reader, app.today(), app.settings.roll_over, app.settings.grade_bands)
        say(facts, lambda console: shown.added(console, facts, list_slug, is_asked=is_asked), as_json=as_json)


@subscribers.command()
@click.argument("address")
@json_option
def show(address: str, as_json: bool) -> None:
    """Show what is known of one person, and what came back of their last copies."""
    with opened() as app, app.database.reading() as session:
        reader = _known(session, app, EmailAddress.parse(address))
        facts = people.describe(session, reader, app.today(), app.settings.roll_over, app.settings.grade_bands)
        facts["consents"] = consent.standing(session, reader)
        why = suppressions.in_force_everywhere(session, app.organization, EmailAddress.parse(reader.address))
        facts["suppression"] = shown.suppression_facts(why) if why else None
        found = setbacks_of(session, app.organization, reader, app.clock.now())
        facts |= shown.setback_facts(found, app.returns.patience)
        say(facts, lambda console: shown.described(console, facts), as_json=as_json)


@subscribers.command()
@click.argument("address")
@click.option("--list", "list_slug", help="Only this list; all of them without it.")
@json_option
def unsubscribe(address: str, list_slug: str | None, as_json: bool) -> None:
    """Take one person off a list, or off all; they can come back."""
    with opened() as app, app.database.writing() as session:
        reader = people.get(session, app.organization.id, EmailAddress.parse(address))
        list_ = lists.get(session, app.organization.id, list_slug) if list_slug else None
        left = set(unsubscribes.leave(session, reader, list_, app.clock.now(), evidence=_STAFF))
        slugs = [one.slug for one in lists.all_of(session, app.organization.id) if one.id in left]
        facts = {"address": reader.address, "left": slugs}
        say(facts, lambda console: shown.left(console, reader.address, slugs), as_json=as_json)


@subscribers.command()
@click.argument("address")
@click.option("--reason", required=True, help="bounce, complaint or request, or in your own words.")
@json_option
def suppress(address: str, reason: str, as_json: bool) -> None:
    """Never mail an address again, whatever list it is on or comes to."""
    to, reason = EmailAddress.parse(address), reason.strip()
    if not reason:
        raise ReasonMissing
    kind = SuppressionReason(reason) if reason in set(SuppressionReason) else SuppressionReason.STAFF
    detail = "" if kind == reason else reason
    with opened() as app, app.database.writing() as session:
        is_new = suppressions.suppress(session, app.organization, to, kind, now=app.clock.now(), detail=detail)
        facts = {"address": to.mailed, "reason": kind.value, "detail": detail, "new": is_new}
        say(facts, lambda console: shown.suppressed(console, to.mailed, is_new=is_new), as_json=as_json)


@subscribers.command()
@click.argument("address")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def lift(address: str, yes: bool, as_json: bool) -> None:
    """End a suppression: a mistake, or a mailbox that works again. Lists that the reader left stay left."""
    to = EmailAddress.parse(address)
    with opened() as app:
        with app.database.reading() as session:
            found = suppressions.in_force_everywhere(session, app.organization, to)
        if found is None:
            raise NotSuppressed(f"{to.mailed} is not suppressed; there is nothing to lift.")
        if not yes:
            why = shown.reason(found)
            otherwise = f"{why} Nobody is here to be asked: add --yes to mail {to.mailed} again."
            ask(f"{why} Mail {to.mailed} again?", otherwise)
        with app.database.writing() as session:
            suppressions.lift(session, app.organization, to, now=app.clock.now())
    facts = {"address": to.mailed, "reason": found.reason.value, "detail": found.detail}
    say(facts, lambda console: shown.lifted(console, to.mailed), as_json=as_json)


def _known(session: Session, app: App, address: EmailAddress) -> Subscriber:
    """The reader of an address. Raises `SubscriberNotFound`, or `OnlySuppressed` where at least that is known."""
    try:
        return people.get(session, app.organization.id, address)
    except people.SubscriberNotFound:
        found = suppressions.in_force_everywhere(session, app.organization, address)
        if found is None:
            raise
    raise OnlySuppressed(f"There is no subscriber {address.mailed}, and nobody is mailed there. {shown.reason(found)}")


def _join(
    session: Session, app: App, address: EmailAddress, list_slug: str, grades: tuple[str, ...], language: str
) -> tuple[Subscriber, bool]:
    """Put an address on a list. Returns the reader, and whether they are asked to confirm."""
    list_ = lists.get(session, app.organization.id, list_slug)
    suppressions.refuse(session, app.organization, address)
    settings, now = app.settings, app.clock.now()
    children = households.parse_children(";".join(grades), app.today(), settings.roll_over, settings.grade_bands)
    reader = people.add(session, app.organization, address, language=language, now=now)
    corrections.add_missing(session, reader, children, now)
    at_once = subscriptions.joins_at_once(session, app.organization, address, list_)
    wanted = SubscriptionState.CONFIRMED if at_once else SubscriptionState.PENDING
    subscriptions.subscribe(session, reader, list_, wanted, now, evidence=_STAFF)
    is_asked = subscriptions.waits(session, reader, list_)
    if is_asked:
        window = timedelta(minutes=settings.signup_window_minutes)
        in_language = reader.language or settings.language_codes[0]
        streams.ask_confirmation(session, app.clock, reader, list_, language=in_language, window=window)
    return reader, is_asked
