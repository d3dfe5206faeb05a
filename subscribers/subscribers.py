"""Subscribers: a person's address and what they told us."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import households, names, suppressions
from .addresses import EmailAddress, address_hash
from .db import insert_into
from .errors import NotFound
from .grades import Bands, RollOver
from .tables import List, Organization, OwnField, Role, Subscriber, SubscriberRole, SubscriberTag, Subscription, Tag

_OWN_COLUMNS = {
    OwnField.NAME: "name",
    OwnField.LANGUAGE: "language",
    OwnField.TIME_ZONE: "time_zone",
    OwnField.PLACE: "place",
}


class SubscriberNotFound(NotFound):
    """There is no subscriber with this address. Add one with `newsletter subscribers add`."""


def find(session: Session, organization_id: int, address: EmailAddress) -> Subscriber | None:
    """The reader of an address, or None."""
    of_address = select(Subscriber).where(
        Subscriber.organization_id == organization_id, Subscriber.address_key == address.key
    )
    return session.scalars(of_address).one_or_none()


def get(session: Session, organization_id: int, address: EmailAddress) -> Subscriber:
    """The reader of an address. Raises `SubscriberNotFound`."""
    found = find(session, organization_id, address)
    if found is None:
        raise SubscriberNotFound(f"There is no subscriber {address.mailed}. Add one with `newsletter subscribers add`.")
    return found


def by_public_id(session: Session, public_id: str) -> Subscriber | None:
    """The reader that a link names, or None."""
    return session.scalars(select(Subscriber).where(Subscriber.public_id == public_id)).one_or_none()


def add(
    session: Session,
    organization: Organization,
    address: EmailAddress,
    *,
    now: datetime,
    name: str = "",
    language: str = "",
    time_zone: str = "",
    roles: Iterable[Role] = (),
    tags: Iterable[str] = (),
) -> Subscriber:
    """Find or make the reader of an address. What is told now replaces what was known; what is not told stays."""
    _insert(session, organization, address, now)
    subscriber = get(session, organization.id, address)
    subscriber.name = name or subscriber.name
    subscriber.language = language or subscriber.language
    subscriber.time_zone = time_zone or subscriber.time_zone
    if session.is_modified(subscriber):
        subscriber.updated_at = now
    session.flush()
    _add_roles(session, subscriber, roles)
    _add_tags(session, subscriber, tags)
    return subscriber


def note_own(subscriber: Subscriber, told: Mapping[OwnField, str], now: datetime) -> None:
    """Keep what a reader wrote about themself, which no import replaces; an empty text takes away what was known.

    Texts are kept as an import keeps them: in Unicode's composed form (NFC), and cut where they are longer than such.
    """
    for field, words in told.items():
        column, text = _OWN_COLUMNS[field], names.composed(words)[: names.LONGEST].strip()
        if text or getattr(subscriber, column):
            setattr(subscriber, column, text)
            subscriber.own_fields |= field
            subscriber.updated_at = now


def describe(session: Session, subscriber: Subscriber, day: date, roll_over: RollOver, bands: Bands) -> dict[str, Any]:
    """Everything about a reader that staff need to see, ready for JSON."""
    children = households.children_of(session, subscriber)
    suppressed = select(suppressions.active_for(None, Subscriber.address_hash)).where(Subscriber.id == subscriber.id)
    return {
        "address": subscriber.address,
        "name": subscriber.name,
        "language": subscriber.language,
        "time_zone": subscriber.time_zone,
        "place": subscriber.place,
        "roles": sorted(roles_of(session, subscriber)),
        "tags": tags_of(session, subscriber),
        "children": households.describe_all(session, children, day, roll_over, bands),
        "bands": sorted(households.bands_of(children, day, roll_over, bands), key=bands.names.index),
        "tracking": subscriber.tracking,
        "suppressed": bool(session.scalar(suppressed)),
        "lists": _subscriptions_of(session, subscriber),
        "attributes": subscriber.attributes,
        "since": subscriber.created_at.isoformat(),
    }


def roles_of(session: Session, subscriber: Subscriber) -> list[Role]:
    """What the reader is to the school."""
    return list(session.scalars(select(SubscriberRole.role).where(SubscriberRole.subscriber_id == subscriber.id)))


def tags_of(session: Session, subscriber: Subscriber) -> list[str]:
    """The reader's tags, in order."""
    of_reader = select(Tag.name).join(SubscriberTag).where(SubscriberTag.subscriber_id == subscriber.id)
    return list(session.scalars(of_reader.order_by(Tag.name)))


def _insert(session: Session, organization: Organization, address: EmailAddress, now: datetime) -> None:
    values = {
        "organization_id": organization.id,
        "address": address.mailed,
        "address_key": address.key,
        "address_hash": address_hash(address.key, organization.salt),
        "created_at": now,
        "updated_at": now,
    }
    same_reader = ["organization_id", "address_key"]
    session.execute(insert_into(session, Subscriber).values(values).on_conflict_do_nothing(index_elements=same_reader))


def _add_roles(session: Session, subscriber: Subscriber, roles: Iterable[Role]) -> None:
    for role in roles:
        values = {"subscriber_id": subscriber.id, "role": role}
        session.execute(insert_into(session, SubscriberRole).values(values).on_conflict_do_nothing())


def _add_tags(session: Session, subscriber: Subscriber, names: Iterable[str]) -> None:
    for name in names:
        of_name = {"organization_id": subscriber.organization_id, "name": name}
        session.execute(insert_into(session, Tag).values(of_name).on_conflict_do_nothing())
        tag_id = session.scalars(select(Tag.id).filter_by(**of_name)).one()
        values = {"subscriber_id": subscriber.id, "tag_id": tag_id}
        session.execute(insert_into(session, SubscriberTag).values(values).on_conflict_do_nothing())


def _subscriptions_of(session: Session, subscriber: Subscriber) -> list[dict[str, Any]]:
    rows = session.execute(
        select(List.slug, Subscription)
        .join(Subscription, Subscription.list_id == List.id)
        .where(Subscription.subscriber_id == subscriber.id)
        .order_by(List.slug)
    )
    return [
        {
            "list": slug,
            "state": one.state.value,
            "frequency": one.frequency.value,
            "off_roster": one.off_roster_at is not None,
            "paused_until": one.paused_until.isoformat() if one.paused_until else None,
        }
        for slug, one in rows
    ]
