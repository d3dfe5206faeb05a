"""The effect of a sign-up, the same for every address as far as anybody can see from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.campaigns import streams
from subscribers import households, signups, subscribers, subscriptions, suppressions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.households import ChildTold
from subscribers.tables import List, OwnField, Role, Subscriber, Subscription, SubscriptionState, Told

PENDING, CONFIRMED = SubscriptionState.PENDING, SubscriptionState.CONFIRMED


@dataclass(frozen=True, slots=True)
class Entry:
    """What a person wrote into the sign-up form, already checked."""

    address: EmailAddress
    own: Mapping[OwnField, str]
    """What they wrote about themself."""
    lists: Sequence[List]
    children: tuple[ChildTold, ...]
    evidence: Evidence


def join(session: Session, app: App, entry: Entry) -> None:
    """Sign up an address. Anybody can write any address, so this changes nothing that its owner has confirmed.

    What waits for a confirmation is asked for by one mail a mailbox and window, and who joins at once is greeted by
    one.
    """
    if suppressions.is_suppressed(session, app.organization, entry.address):
        return
    reader = subscribers.find(session, app.organization.id, entry.address)
    if reader is None or not _is_proven(session, reader):
        reader = _add(session, app, entry)
    known = lists_in(session, reader, CONFIRMED)
    # By id, as the reader's own form does: two that change the same subscriptions never wait for each other.
    in_order = sorted(entry.lists, key=lambda list_: list_.id)
    is_waiting = [_subscribe(session, app, reader, list_, entry.evidence) for list_ in in_order]
    joined = [list_ for list_ in lists_in(session, reader, CONFIRMED) if list_ not in known]
    if any(is_waiting):
        _ask(session, app, reader, entry)
    elif any(list_.welcome for list_ in joined) and _may_mail(session, app, entry):
        streams.welcome(session, app.clock, reader, joined, language=reader.language or entry.evidence.language)


def lists_in(session: Session, reader: Subscriber, state: SubscriptionState) -> Sequence[List]:
    """The lists to which a reader's subscription stands so."""
    of_reader = select(List).join(Subscription, Subscription.list_id == List.id)
    of_reader = of_reader.where(Subscription.subscriber_id == reader.id, Subscription.state == state)
    return session.scalars(of_reader.order_by(List.id)).all()


def _ask(session: Session, app: App, reader: Subscriber, entry: Entry) -> None:
    if _may_mail(session, app, entry):
        waiting = lists_in(session, reader, PENDING)
        language = reader.language or entry.evidence.language
        streams.ask_confirmation(session, app.clock, reader, *waiting, language=language, window=_window(app))


def _may_mail(session: Session, app: App, entry: Entry) -> bool:
    return signups.may_mail(session, app.organization, entry.address, app.clock.now(), _window(app))


def _window(app: App) -> timedelta:
    return timedelta(minutes=app.settings.signup_window_minutes)


def _is_proven(session: Session, reader: Subscriber) -> bool:
    """Whether the owner of the address has ever acted: confirmed, or left."""
    acted = select(Subscription.list_id).where(Subscription.subscriber_id == reader.id, Subscription.state != PENDING)
    return session.scalar(acted.limit(1)) is not None


def _add(session: Session, app: App, entry: Entry) -> Subscriber:
    now = app.clock.now()
    reader = subscribers.add(session, app.organization, entry.address, roles=(Role.FAMILY,), now=now)
    subscribers.note_own(reader, entry.own, now)
    reader.language = reader.language or entry.evidence.language
    if entry.children:
        households.set_children(session, reader, entry.children, Told.FAMILY, now)
    return reader


def _subscribe(session: Session, app: App, reader: Subscriber, list_: List, evidence: Evidence) -> bool:
    """Subscribe as the list asks. Returns whether a confirmation is needed."""
    state = PENDING if list_.double_opt_in else CONFIRMED
    now = app.clock.now()
    subscription = subscriptions.subscribe(session, reader, list_, state, now, evidence=evidence)
    return subscription.state is PENDING
