"""The effect of a sign-up, the same for every address as far as anybody can see from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial

from sqlalchemy import ColumnElement, select
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
    one. Without a confirmation only the first sign-up of a mailbox in its window joins.
    """
    if suppressions.is_suppressed(session, app.organization, entry.address):
        return
    reader = subscribers.find(session, app.organization.id, entry.address)
    if reader is None or not _is_proven(session, reader):
        reader = _add(session, app, entry)
    is_first = cache(partial(_is_first, session, app, entry))  # counted where it matters, and then once
    known = {list_.id for list_ in current_lists(session, reader)}
    # By id, as the reader's own form does: two that change the same subscriptions never wait for each other.
    wanted = {list_.id: list_ for list_ in sorted(entry.lists, key=lambda list_: list_.id) if list_.id not in known}
    for list_ in wanted.values():
        at_once = subscriptions.joins_at_once(session, app.organization, entry.address, list_)
        state = CONFIRMED if at_once and is_first() else PENDING
        subscriptions.subscribe(session, reader, list_, state, app.clock.now(), evidence=entry.evidence)
    waiting = waiting_lists(session, reader)
    joined = [list_ for list_ in current_lists(session, reader) if list_.id not in known]
    language = reader.language or entry.evidence.language
    if any(list_.id in wanted for list_ in waiting):
        if is_first():
            streams.ask_confirmation(session, app.clock, reader, *waiting, language=language, window=_window(app))
    elif any(list_.welcome for list_ in joined) and is_first():
        streams.welcome(session, app.clock, reader, joined, language=language)


def current_lists(session: Session, reader: Subscriber) -> Sequence[List]:
    """The lists that a reader gets, or would but for a pause."""
    return _lists_where(session, reader, subscriptions.is_current())


def waiting_lists(session: Session, reader: Subscriber) -> Sequence[List]:
    """The lists that wait for the reader's confirmation."""
    return _lists_where(session, reader, subscriptions.is_waiting())


def _lists_where(session: Session, reader: Subscriber, such: ColumnElement[bool]) -> Sequence[List]:
    of_reader = select(List).join(Subscription, Subscription.list_id == List.id)
    return session.scalars(of_reader.where(Subscription.subscriber_id == reader.id, such).order_by(List.id)).all()


def _is_first(session: Session, app: App, entry: Entry) -> bool:
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
