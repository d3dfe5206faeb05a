"""What we hold about a person, and how they are forgotten: the subscriber's side of it."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any, TypeAlias

from sqlalchemy import Select, delete, exists, literal, or_, select
from sqlalchemy.orm import Session

from . import consent
from .db import insert_into
from .subscribers import roles_of, tags_of
from .tables import (
    Child,
    ConsentRecord,
    Household,
    List,
    OwnField,
    Participation,
    School,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)

Query: TypeAlias = Select[*tuple[Any, ...]]


def held(session: Session, reader: Subscriber) -> dict[str, Any]:
    """All that is held about a reader, ready for JSON; the keys are a contract and keep their order.

    `children` are those that the reader told us of, or an import of them. `consents` and `suppressions` are complete:
    answers taken back and suppressions lifted are in them. Moments are ISO 8601 in UTC, days `YYYY-MM-DD`; what is not
    known is an empty text or null.
    """
    return {
        **_facts(session, reader),
        "roles": sorted(roles_of(session, reader)),
        "tags": tags_of(session, reader),
        "attributes": reader.attributes,
        "household": _household(session, reader),
        "children": rows(session, _children(reader)),
        "participation": rows(session, _participation(reader)),
        "subscriptions": rows(session, _subscriptions(reader)),
        "consents": rows(session, _consents(reader)),
        "suppressions": suppressions(session, reader.organization_id, reader.address_hash),
    }


def forget(session: Session, reader_ids: Collection[int], now: datetime) -> int:
    """Remove readers with all that belongs to them; their consents stay as evidence that names nobody.

    That a list lost one of them stays as well. A household in which nobody is left goes with its children. Returns how
    many consents stay.
    """
    homes = _homes(session, reader_ids)
    unsynchronized = {"synchronize_session": False}
    consent.record_erasure(session, reader_ids, now)
    # The rest follows by ON DELETE CASCADE. The reader first: who writes a consent of theirs holds their row.
    session.execute(delete(Subscriber).where(Subscriber.id.in_(reader_ids)), execution_options=unsynchronized)
    somebody = exists().where(Subscriber.household_id == Household.id)
    session.execute(delete(Household).where(Household.id.in_(homes), ~somebody), execution_options=unsynchronized)
    return consent.forget_readers(session, reader_ids)


def keep_out(session: Session, reader_ids: Collection[int], now: datetime) -> int:
    """Suppress readers on each list that they have left, by their hash: no import brings them back to it.

    For readers who are to be forgotten: what is known of their leaving goes with them. Returns how many it were.
    """
    columns = (Suppression.organization_id, Suppression.address_hash, Suppression.list_id)
    constants = {Suppression.reason: SuppressionReason.REQUEST, Suppression.detail: "", Suppression.created_at: now}
    values = [literal(value, column.type) for column, value in constants.items()]
    has_left = or_(Subscription.state == SubscriptionState.UNSUBSCRIBED, Subscription.unsubscribed_at.is_not(None))
    left = (
        select(Subscriber.organization_id, Subscriber.address_hash, Subscription.list_id, *values)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscriber.id.in_(reader_ids), has_left)
    )
    insert = insert_into(session, Suppression).from_select([*columns, *constants], left).on_conflict_do_nothing()
    return len(session.scalars(insert.returning(Suppression.id)).all())


def rows(session: Session, query: Query) -> list[dict[str, Any]]:
    """Rows as JSON has them: moments and days as ISO text, words for what is one of several."""
    return [{name: _as_json(value) for name, value in row.items()} for row in session.execute(query).mappings()]


def _as_json(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def _facts(session: Session, reader: Subscriber) -> dict[str, Any]:
    school = session.scalar(select(School.name).where(School.id == reader.school_id)) if reader.school_id else None
    return {
        "address": reader.address,
        "public_id": reader.public_id,
        "name": reader.name,
        "language": reader.language,
        "time_zone": reader.time_zone,
        "place": reader.place,
        "school": school or "",
        "written_by_themself": [str(field.name).lower() for field in OwnField(reader.own_fields)],
        "tracking": reader.tracking,
        "created_at": reader.created_at.isoformat(),
        "updated_at": reader.updated_at.isoformat(),
    }


def _household(session: Session, reader: Subscriber) -> dict[str, Any] | None:
    """The household's name, if it has one, and how many other readers are in it."""
    if reader.household_id is None:
        return None
    others = select(Subscriber.id).where(Subscriber.household_id == reader.household_id, Subscriber.id != reader.id)
    key = session.scalar(select(Household.key).where(Household.id == reader.household_id))
    return {"name": key or "", "other_readers": len(session.scalars(others).all())}


def _children(reader: Subscriber) -> Query:
    return (
        select(
            Child.told_by,
            Child.graduation_year,
            Child.told_year,
            Child.band,
            Child.end_year,
            School.name.label("school"),
            Child.mark,
            Child.created_at,
        )
        .outerjoin(School, School.id == Child.school_id)
        .where(Child.subscriber_id == reader.id)
        .order_by(Child.id)
    )


def _participation(reader: Subscriber) -> Query:
    of_reader = select(Participation.kind, Participation.subject, Participation.on_day)
    of_reader = of_reader.where(Participation.subscriber_id == reader.id)
    return of_reader.order_by(Participation.kind, Participation.subject)


def _subscriptions(reader: Subscriber) -> Query:
    return (
        select(
            List.slug.label("list"),
            Subscription.state,
            Subscription.frequency,
            Subscription.created_at,
            Subscription.confirmed_at,
            Subscription.unsubscribed_at,
            Subscription.paused_until,
            Subscription.off_roster_at,
        )
        .join(List, List.id == Subscription.list_id)
        .where(Subscription.subscriber_id == reader.id)
        .order_by(List.slug)
    )


def _consents(reader: Subscriber) -> Query:
    return (
        select(
            ConsentRecord.purpose,
            List.slug.label("list"),
            ConsentRecord.given,
            ConsentRecord.wording,
            ConsentRecord.wording_version,
            ConsentRecord.language,
            ConsentRecord.recorded_at,
            ConsentRecord.source,
            ConsentRecord.network_address,
            ConsentRecord.user_agent,
        )
        .outerjoin(List, List.id == ConsentRecord.list_id)
        .where(ConsentRecord.subscriber_id == reader.id)
        .order_by(ConsentRecord.recorded_at, ConsentRecord.id)
    )


def suppressions(session: Session, organization_id: int, address_hash: str) -> list[dict[str, Any]]:
    """What keeps or kept an address from being mailed, ready for JSON."""
    of_address = (
        select(
            List.slug.label("list"),
            Suppression.reason,
            Suppression.detail,
            Suppression.created_at,
            Suppression.lifted_at,
        )
        .outerjoin(List, List.id == Suppression.list_id)
        .where(Suppression.organization_id == organization_id, Suppression.address_hash == address_hash)
        .order_by(Suppression.id)
    )
    return rows(session, of_address)


def _homes(session: Session, reader_ids: Collection[int]) -> Sequence[int | None]:
    of_readers = select(Subscriber.household_id).where(Subscriber.id.in_(reader_ids))
    return session.scalars(of_readers.where(Subscriber.household_id.is_not(None)).distinct()).all()
