"""The effect of a sign-up, the same for every address as far as anybody can see from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.campaigns import streams
from subscribers import households, subscribers, subscriptions, suppressions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.households import ChildTold
from subscribers.tables import List, Role, Subscriber, Subscription, SubscriptionState, Told


@dataclass(frozen=True, slots=True)
class Entry:
    """What a person wrote into the sign-up form, already checked."""

    address: EmailAddress
    name: str
    language: str
    lists: Sequence[List]
    children: tuple[ChildTold, ...]
    evidence: Evidence


def join(session: Session, app: App, entry: Entry) -> None:
    """Sign up an address. Anybody can write any address, so this changes nothing that its owner has confirmed.

    What waits for a confirmation is asked for by one mail an address and window.
    """
    if suppressions.is_suppressed(session, app.organization, entry.address):
        return
    reader = subscribers.find(session, app.organization.id, entry.address)
    if reader is None or not _is_proven(session, reader):
        reader = _add(session, app, entry)
    waiting = [list_ for list_ in entry.lists if _subscribe(session, app, reader, list_, entry.evidence)]
    if waiting:
        streams.ask_confirmation(
            session,
            app.clock,
            reader,
            waiting[0],
            language=reader.language or entry.language,
            window=timedelta(minutes=app.settings.signup_window_minutes),
        )


def lists_in(session: Session, reader: Subscriber, state: SubscriptionState) -> Sequence[List]:
    """The lists to which a reader's subscription stands so."""
    of_reader = select(List).join(Subscription, Subscription.list_id == List.id)
    of_reader = of_reader.where(Subscription.subscriber_id == reader.id, Subscription.state == state)
    return session.scalars(of_reader.order_by(List.id)).all()


def _is_proven(session: Session, reader: Subscriber) -> bool:
    """Whether the owner of the address has ever acted: confirmed, or left."""
    acted = select(Subscription.list_id).where(
        Subscription.subscriber_id == reader.id, Subscription.state != SubscriptionState.PENDING
    )
    return session.scalar(acted.limit(1)) is not None


def _add(session: Session, app: App, entry: Entry) -> Subscriber:
    now = app.clock.now()
    reader = subscribers.add(
        session,
        app.organization,
        entry.address,
        name=entry.name,
        language=entry.language,
        roles=(Role.FAMILY,),
        now=now,
    )
    if entry.children:
        households.set_children(session, reader, entry.children, Told.FAMILY, now)
    return reader


def _subscribe(session: Session, app: App, reader: Subscriber, list_: List, evidence: Evidence) -> bool:
    """Subscribe as the list asks. Returns whether a confirmation is needed."""
    state = SubscriptionState.PENDING if list_.double_opt_in else SubscriptionState.CONFIRMED
    now = app.clock.now()
    subscription = subscriptions.subscribe(session, reader, list_, state, now, evidence=evidence)
    return subscription.state is SubscriptionState.PENDING
